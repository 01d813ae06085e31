package qlik_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// newPooled is a tenant of 50 connections of one data source, which shares samples with other tenants.
// service may stand between the tenant and its provider.
func newPooled(t *testing.T, name string, samples *qlik.Samples, service func(http.Handler) http.Handler, change func(i int, live map[string]any)) *fleet {
	t.Helper()
	f := newFleet(t, 50, 50, time.Millisecond, change)
	var served http.Handler = f.tenant
	if service != nil {
		served = service(served)
	}
	var err error
	f.provider, err = qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(f.tenant.Token())}, Project: "finance",
		HTTPClient: &http.Client{Transport: &road{service: served, latency: time.Millisecond}}, Samples: samples, Tenant: name,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// filledSamples are those of so many honest tenants, and firstOf is the only connection that the next
// tenant reads for its sample.
func filledSamples(t *testing.T, tenants int) (samples *qlik.Samples, firstOf string) {
	t.Helper()
	samples = qlik.NewSamples()
	for i := range tenants {
		f := newPooled(t, fmt.Sprint("honest ", i), samples, nil, nil)
		f.plan(t, true)
		if i < tenants-1 {
			continue
		}
		if f.in.Snapshot.Proved != 49 {
			t.Fatalf("got %d proved connections, want 49: the other tenants have shown enough", f.in.Snapshot.Proved)
		}
		for _, live := range f.in.Snapshot.Connections {
			if !live.Proved {
				firstOf = live.Key.Name
			}
		}
	}
	return samples, firstOf
}

// otherHosts makes the details of these connections show another host than the list.
func otherHosts(of func(name string) bool) func(http.Handler) http.Handler {
	return func(service http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			service.ServeHTTP(answer, r)
			body := answer.Body.Bytes()
			var detail struct {
				Name string `json:"qName"`
			}
			if json.Unmarshal(body, &detail) == nil && of(detail.Name) {
				body = bytes.ReplaceAll(body, []byte(`"host":"sql`), []byte(`"host":"edited`))
			}
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(body)
		})
	}
}

// editPort makes the list show that a connection is not as declared.
func editPort(of string) func(i int, live map[string]any) {
	return func(_ int, live map[string]any) {
		if live["name"] == of {
			live["properties"].(map[string]any)["port"] = "7"
		}
	}
}

func TestWhatASmallSampleProvedIsReadIfTheLargerOneDisagrees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples, honest := filledSamples(t, 16)
		other := "Connection 0"
		if honest == other {
			other = "Connection 1"
		}
		f := newPooled(t, "liar", samples, otherHosts(func(name string) bool { return name != honest }), editPort(other))
		p := f.plan(t, true)
		if len(f.in.Snapshot.Remarks) != 1 || f.in.Snapshot.Remarks[0].Code != "statement-differs" {
			t.Errorf("got remarks %v, want that the list differs", f.in.Snapshot.Remarks)
		}
		if f.in.Snapshot.Proved > 0 || p.Summary.Update != 49 {
			t.Errorf("got %d proved connections and %d updates, want 0 and 49: the sample of this tenant disagrees about the host", f.in.Snapshot.Proved, p.Summary.Update)
		}
	})
}

func TestAConnectionOutsideTheSampleShowsNothingAboutOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := newPooled(t, "alone", qlik.NewSamples(), nil, nil)
		alone.plan(t, true)
		outside := ""
		for _, live := range alone.in.Snapshot.Connections {
			if live.Proved {
				outside = live.Key.Name
			}
		}
		samples := qlik.NewSamples()
		f := newPooled(t, "first", samples, otherHosts(func(name string) bool { return name == outside }), editPort(outside))
		if p := f.plan(t, true); f.in.Snapshot.Proved != 40 || p.Summary.Update != 1 || len(f.in.Snapshot.Remarks) > 0 {
			t.Errorf("got %d proved connections, %d updates and remarks %v, want 40, 1 and none: the whole sample agrees", f.in.Snapshot.Proved, p.Summary.Update, f.in.Snapshot.Remarks)
		}
		next := newPooled(t, "next", samples, nil, nil)
		if next.plan(t, true); next.in.Snapshot.Proved != 41 {
			t.Errorf("got %d proved connections of the next tenant, want 41: no sample disagrees", next.in.Snapshot.Proved)
		}
	})
}
