package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/limits"
)

// sparse makes a file of a size that takes no room on the disk, with an end.
func sparse(t *testing.T, size int64, begin, end string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(begin); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte(end), size-int64(len(end))); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASavedFileIsBounded(t *testing.T) {
	path := sparse(t, limits.SavedBytes+1, "{", "}")
	_, err := (&Host{}).ReadSaved(t.Context(), path, 1)
	if want := "the file is larger than 128 MiB: raise the limits with --raise-limits N"; err == nil || err.Error() != want {
		t.Errorf("a large file: got %v, want %s", err, want)
	}
	if _, err := (&Host{}).ReadSaved(t.Context(), path, 2); err == nil || strings.Contains(err.Error(), "larger") {
		t.Errorf("a large file under twice the limit: got %v, want that it is no text", err)
	}
	values := "[" + strings.Repeat("{},", limits.SavedMarks/2) + `",,,,"]`
	_, err = (&Host{Stdin: strings.NewReader(values)}).ReadSaved(t.Context(), "-", 1)
	if want := "the file holds more than 2,000,000 commas and brackets: raise the limits with --raise-limits N"; err == nil || err.Error() != want {
		t.Errorf("many values: got %v, want %s", err, want)
	}
	if text, err := (&Host{Stdin: strings.NewReader(values)}).ReadSaved(t.Context(), "-", 2); err != nil || string(text) != values {
		t.Errorf("many values under twice the limit: got %d bytes and %v, want the whole file", len(text), err)
	}
}

func TestOnlyTheEndOfALongHistoryIsRead(t *testing.T) {
	line := func(tenant string) string {
		return `{"format": "qlsync.history/v1", "at": "2026-01-02T03:04:05Z", "project": "acme", "tenant": "` + tenant + "\"}\n"
	}
	tenants := []string{"old", "prod", "dev"}
	points, broken, err := (&Host{}).ReadHistory(sparse(t, limits.HistoryBytes+1000, line("old"), "\n"+line("prod")+line("dev")), "acme", tenants)
	if err != nil || broken != 0 || len(points) != 2 || points[0].Tenant != "prod" || points[1].Tenant != "dev" {
		t.Errorf("a long file: got %v, %d broken lines and %v, want the two runs at the end", points, broken, err)
	}
	// The part of the file that is read begins with a whole line.
	end := line("prod")
	whole := end + strings.Repeat(" ", limits.HistoryBytes-len(end)-len(line("dev"))-1) + "\n" + line("dev")
	points, broken, err = (&Host{}).ReadHistory(sparse(t, limits.HistoryBytes+int64(len(line("old"))), line("old"), whole), "acme", tenants)
	if err != nil || broken != 1 || len(points) != 2 {
		t.Errorf("a line at the limit: got %v, %d broken lines and %v, want two runs and the line of blanks", points, broken, err)
	}
	if points, _, err := (&Host{}).ReadHistory(filepath.Dir(sparse(t, 10, "", "x")), "acme", tenants); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: got %v and %v, want that it is not a regular file", points, err)
	}
}

func TestASeedIsBounded(t *testing.T) {
	_, err := (&Host{}).readSeed(sparse(t, limits.FileBytes+1, "{", "}"))
	if err == nil || !strings.Contains(err.Error(), `file": larger than 32 MiB`) || strings.Contains(err.Error(), "--raise-limits") {
		t.Errorf("a large seed: got %v, want the limit of 32 MiB and no option, which does not raise it", err)
	}
	list := func(number int) []byte {
		return []byte("connections: [" + strings.Repeat("{},", number) + "]\nspaces: []\n")
	}
	if _, err := Seed("t.yaml", list(limits.SeedItems)); err != nil {
		t.Errorf("a seed at the limit: got %v, want no error", err)
	}
	want := "t.yaml: the seed has more than 20,000 connections (keep fewer in the seed)"
	if _, err := Seed("t.yaml", list(limits.SeedItems+1)); err == nil || err.Error() != want {
		t.Errorf("a seed over the limit: got %v, want %s", err, want)
	}
	if _, err := (&Host{}).readSeed(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: got %v, want that it is not a regular file", err)
	}
}
