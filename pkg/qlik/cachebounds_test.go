package qlik

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestACacheThatIsTooLargeIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cache")
	live := connection.Live{ID: "1", UpdatedAt: time.Unix(1, 0), DataSource: "rest", Properties: map[string]any{"url": strings.Repeat("x", 1000)}}
	c, err := openCache(path, "me", 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.most != limits.CacheBytes {
		t.Errorf("got a limit of %d bytes, want %d", c.most, limits.CacheBytes)
	}
	c.most = 1000
	if err := c.save([]*connection.Live{&live}, nil); err != nil {
		t.Errorf("saving too much: got %v, want no error", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("got a file that is larger than the limit, want none")
	}
	c.most = 2000
	if err := c.save([]*connection.Live{&live}, nil); err != nil {
		t.Fatal(err)
	}
	if c, err = openCache(path, "me", 1); err != nil || len(c.known) != 1 {
		t.Errorf("got %d connections and %v, want the one that was kept", len(c.known), err)
	}
	if err := os.Truncate(path, limits.CacheBytes+1); err != nil {
		t.Fatal(err)
	}
	if c, err := openCache(path, "me", 1); err != nil || len(c.known) != 0 {
		t.Errorf("a file over the limit: got %d connections and %v, want none and no error", len(c.known), err)
	}
}
