package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/apply"
)

// A tenant that is written to takes twice the memory of one that is read.
func TestAnApplyHasFewerTenantsInProgress(t *testing.T) {
	folder, text := t.TempDir(), "version: 1\nproject: fleet\nconnections: []\ntenants:\n"
	for i := range 2 * engine.TenantsAtOnce {
		text += fmt.Sprintf("  t%d: {url: \"http://127.0.0.1:%d\", auth: {apiKey: {env: KEY}}}\n", i, 2000+i)
	}
	if err := os.WriteFile(filepath.Join(folder, "qlsync.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	project := mustReadProject(t, &engine.Host{
		WorkDir: workdir.Dir(folder), Secrets: transport.NewRedactor(), Lifetime: t.Context(),
		Lookup: func(name string) (string, bool) { return "key", name == "KEY" },
	})
	var visited, now, most atomic.Int64
	look := func(context.Context, *engine.Session) (*apply.Result, error) {
		visited.Add(1)
		n := now.Add(1)
		defer now.Add(-1)
		for before := most.Load(); n > before && !most.CompareAndSwap(before, n); before = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		return &apply.Result{}, nil
	}
	fleet := &report.Fleet[apply.Result]{}
	project.RollOut(t.Context(), project.Tenants, engine.SessionOptions{Parallelism: 1}, fleet, engine.Outside{}, look, func(*report.Member[apply.Result]) {})
	if visited.Load() != 2*engine.TenantsAtOnce || most.Load() < 2 || most.Load() > engine.AppliesAtOnce {
		t.Errorf("%d tenants were visited, %d at the same time; want all, at most %d at the same time", visited.Load(), most.Load(), engine.AppliesAtOnce)
	}
}
