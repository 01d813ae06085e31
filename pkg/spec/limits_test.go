package spec_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestRateLimitsBecomeABurstAndTheTimeThatEarnsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "qlsync.yaml")
	text := `version: 1
project: finance
rateLimits:
  reads: {rate: 1000}
  writes: {rate: 100, window: 1m}
tenants:
  inherits: {url: "sim:tenant.yaml"}
  steady: {url: "sim:steady.yaml", rateLimits: {writes: {rate: 600, window: 2m, burst: 20}}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	project, problems := spec.LoadProject(file)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	reads := connection.RateLimit{Requests: 5000, Window: 5 * time.Minute}
	for name, want := range map[string]spec.RateLimits{
		"inherits": {Reads: reads, Writes: connection.RateLimit{Requests: 100, Window: time.Minute}},
		"steady":   {Reads: reads, Writes: connection.RateLimit{Requests: 20, Window: 2 * time.Second}},
	} {
		tenant, err := project.Tenant(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tenant.RateLimits); diff != "" {
			t.Errorf("%s: rate limits differ (-want +got):\n%s", name, diff)
		}
	}
}
