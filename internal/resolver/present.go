package resolver

import (
	"context"
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Present returns why a secret cannot be read, without reading it: nil if no reason is known. An
// error is a [connection.Problem] with the position of the reference and the text of
// [Resolver.Resolve]. No value is kept, and no command runs.
//
//   - {env: NAME}: the variable must be set and not empty.
//   - {file: PATH}: the file must be a regular file that can be opened, of 1 byte to 1 MiB.
//   - {exec: [COMMAND, ...]}: commands must be allowed, and the command must exist.
//
// Resolve may still fail later: a file may not be text, and a command may fail.
func (r *Resolver) Present(ref connection.Reference) error {
	var err error
	var hint string
	switch {
	case ref.Env != "":
		_, err = r.env(ref.Env)
	case ref.File != "":
		err = presentFile(infile.Under(r.options.Dir, ref.File))
		if err != nil {
			err = fmt.Errorf("secret file %q%w", ref.File, err)
		}
	case !r.options.AllowExec:
		err, hint = errors.New("exec references are off"), HintAllowExec
	default:
		err = r.presentCommand(ref.Exec)
	}
	if err == nil {
		return nil
	}
	return connection.Problem{Position: ref.Position, Severity: connection.SeverityError, Message: err.Error(), Hint: hint}
}

// presentFile checks the file of a secret without reading from it. The text of an error follows the
// name of the file.
func presentFile(path string) error {
	file, err := infile.Open(path)
	if err != nil {
		return errors.New(": " + infile.Reason(err))
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return errors.New(": " + infile.Reason(err))
	case info.Size() == 0:
		return errors.New(" is empty")
	case info.Size() > maxSecret:
		return errors.New(": larger than " + limits.Size(maxSecret))
	}
	return nil
}

// presentCommand finds a command as [Resolver.Resolve] does, and prepares it without running it.
func (r *Resolver) presentCommand(command []string) error {
	if len(command) == 0 {
		return errors.New("exec names no command")
	}
	if _, err := r.command(context.Background(), command); err != nil {
		return fmt.Errorf("secret command %q: %w", command[0], exitReason(err))
	}
	return nil
}
