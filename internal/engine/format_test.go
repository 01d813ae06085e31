package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFormatDoesNotReplaceAFileThatChangedInTheMeantime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(file, []byte("edited: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := new(Host).replaceText(file, []byte("read: 1 \n"), []byte("read: 1\n"))
	if err == nil || !strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("got error %v, want one that says that the file changed", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "edited: 1\n" {
		t.Errorf("the file has %q (%v), want the edited text", text, err)
	}
	if err := new(Host).replaceText(file, []byte("edited: 1\n"), []byte("formatted: 1\n")); err != nil {
		t.Errorf("got error %v for a file that did not change", err)
	}
}
