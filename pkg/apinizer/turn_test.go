package apinizer_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// slow takes a second for each request, and counts the reads that run side by side.
type slow struct {
	inProcess
	written func(n int) // before a write is carried out, from 1

	mu                    sync.Mutex
	reading, most, writes int
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.begin(r.Method)
	time.Sleep(time.Second)
	response, err := s.inProcess.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodGet {
		s.reading--
	}
	return response, err
}

func (s *slow) begin(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if method == http.MethodGet {
		s.reading++
		s.most = max(s.most, s.reading)
		return
	}
	s.writes++
	if s.written != nil {
		s.written(s.writes)
	}
}

// slowly connects by a slow way.
func (r *rig) slowly() *slow {
	r.t.Helper()
	way := &slow{inProcess: inProcess{r.manager}}
	var err error
	if r.provider, err = connect(r.manager, testProject, &http.Client{Transport: way}); err != nil {
		r.t.Fatal(err)
	}
	return way
}

// TestNoReadBeforeAWriteIsOlderThanTheWriteBeforeIt has somebody edit and create while the
// first of many writes is under way: nothing of that is overwritten.
func TestNoReadBeforeAWriteIsOlderThanTheWriteBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, twoProjects, behaviour{})
		for i := range 7 {
			r.mail(fmt.Sprint("Mail ", i))
		}
		r.apply()
		way := r.slowly()
		for i := range r.desired {
			r.desired[i].Properties["port"] = number(25)
		}
		r.mail("New")
		p := r.plan()
		edited := map[string]bool{}
		way.written = func(n int) {
			if n != 1 {
				return
			}
			for i := range 7 {
				name := fmt.Sprint("Mail ", i)
				if err := r.manager.Edit("Payments", name, func(c *inspect.Connection) { c.Fields["host"] = "by.hand" }); err != nil {
					t.Error(err)
				}
				edited[name] = true
			}
			if _, there := r.manager.Find("Payments", "New"); !there {
				r.add("email", "New", map[string]any{"host": "by.hand", "port": 1})
				edited["New"] = true
			}
		}
		result := r.run(p)
		lost := 0
		for _, item := range result.Items {
			there, _ := r.manager.Find("Payments", item.Connection.Name)
			told := strings.Contains(item.Why.String(), "changed it after the plan") || strings.Contains(item.Why.String(), "was created under it after the plan")
			switch {
			case there.Fields["host"] == "by.hand" && !told:
				t.Errorf("%s: got %s, want a conflict with the change by hand", item.Connection, item.Why.String())
			case there.Fields["host"] != "by.hand":
				lost++ // its write was the one under way
			}
		}
		if lost > 1 {
			t.Errorf("%d edits were overwritten: %+v", lost, result.Items)
		}
		if way.most > 4 {
			t.Errorf("%d reads side by side", way.most)
		}
	})
}

// TestAWriteThatIsSentAgainReadsAgain has the manager refuse a write by its rate limit, and
// somebody edit the connection while that is waited for.
func TestAWriteThatIsSentAgainReadsAgain(t *testing.T) {
	for _, test := range []struct {
		method string
		change func(*rig)
	}{
		{http.MethodPut, func(r *rig) { r.desired[0].Properties["port"] = number(25) }},
		{http.MethodDelete, func(r *rig) { r.desired = r.desired[1:] }},
	} {
		t.Run(test.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigWithFaults(t, simulator.Fault{Method: test.method, Status: http.StatusTooManyRequests, RetryAfter: 60, Skip: map[string]int{http.MethodPut: 2}[test.method]})
				r.mail("Mail")
				r.mail("Other")
				r.apply()
				test.change(r)
				p := r.plan()
				go func() {
					time.Sleep(30 * time.Second)
					if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["host"] = "by.hand" }); err != nil {
						t.Error(err)
					}
				}()
				r.demand(r.run(p).Items[0].Why.String(), connection.ErrChanged.Error())
				if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["host"] != "by.hand" {
					t.Errorf("got fields %+v, want the host that was set by hand", there.Fields)
				}
			})
		})
	}
}

// TestADeleteNeedsTheRecordThatThePlanSaw also where the connection was never read in detail.
func TestADeleteNeedsTheRecordThatThePlanSaw(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	r.apply()
	r.reconnect()
	key := connection.Key{Space: "Payments", Name: "Mail"}
	if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["description"] = "ours no more" }); err != nil {
		t.Fatal(err)
	}
	seen := &connection.Live{ID: key.String(), Key: key, Record: connection.Record{Project: testProject}}
	got := r.execute(connection.Operation{Kind: connection.Delete, Key: key, ID: key.String(), DataSource: "email", Seen: seen})
	if _, there := r.manager.Find("Payments", "Mail"); !there || !errors.Is(got.Err, connection.ErrChanged) {
		t.Errorf("got error %v, want ErrChanged and the connection kept", got.Err)
	}
}
