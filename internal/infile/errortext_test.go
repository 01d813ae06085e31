package infile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"testing"
)

func TestAPathInAnErrorHasOneKindOfSlash(t *testing.T) {
	cause := errors.New(`access to \\.\pipe is denied`)
	opened := &fs.PathError{Op: "open", Path: `out\plan.json`, Err: cause}
	for want, err := range map[string]error{
		`write the plan: open out/plan.json: access to \\.\pipe is denied`: fmt.Errorf("write the plan: %w", opened),
		`read "out/plan.json": again`:                                      fmt.Errorf("read %q: %w", opened.Path, errWith{"again", opened}),
		`rename a/x b/y: access to \\.\pipe is denied`:                     &os.LinkError{Op: "rename", Old: `a\x`, New: `b\y`, Err: cause},
		`exec: "bin/vault": not found`:                                     &exec.Error{Name: `bin\vault`, Err: errors.New("not found")},
		"open out/plan.json: one\nopen in/x: two": errors.Join(
			&fs.PathError{Op: "open", Path: `out\plan.json`, Err: errors.New("one")},
			&fs.PathError{Op: "open", Path: `in\x`, Err: errors.New("two")}),
		`the pattern \d is wrong`: errors.New(`the pattern \d is wrong`),
	} {
		if got := withSlashes(err, '\\'); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := withSlashes(err, '/'); got != err.Error() {
			t.Errorf("changed where %q may be a part of a name: %s", '\\', got)
		}
	}
}

// errWith is an error with a text of its own.
type errWith struct {
	text  string
	cause error
}

func (e errWith) Error() string { return e.text }
func (e errWith) Unwrap() error { return e.cause }
