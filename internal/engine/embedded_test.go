package engine

import (
	"slices"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestASessionReportsTheMisuseOfItsEmbeddedTenant(t *testing.T) {
	var heard []Event
	host := &Host{Notify: func(_ string, event Event) { heard = append(heard, event) }}
	s := &Session{host: host, project: &Project{Project: &spec.Project{Dir: t.TempDir()}}, tenant: &spec.Tenant{URL: "sim:tenant.yaml"}}
	want := []string{"GET /api/v1/apps: no such operation"}
	kind := provider{embed: func([]byte, string) (*embedded, error) {
		return &embedded{misuse: func() []string { return want }, close: func() {}}, nil
	}}
	if _, _, err := s.embed(kind, nil); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if len(heard) != 1 {
		t.Fatalf("events %v, want one", heard)
	}
	if misused, ok := heard[0].(Misused); !ok || !slices.Equal(misused.Requests, want) {
		t.Errorf("the event is %v, want the requests %q", heard[0], want)
	}
}
