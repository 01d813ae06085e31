package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/internal/infile"
)

const (
	// maxSavedFile bounds what is read of a file that qlsync wrote, in bytes.
	maxSavedFile = 256 << 20
	// MaxWrittenFile bounds what is read of a file that people write, in bytes.
	MaxWrittenFile = 32 << 20
)

// Saved reads a file that qlsync wrote and that the command line names.
func (host *Host) Saved(ctx context.Context, name string) ([]byte, error) {
	content, err := host.Argument(ctx, name, maxSavedFile)
	if err != nil {
		return nil, err
	}
	text, err := infile.Text(content)
	if errors.Is(err, infile.ErrUTF16) {
		return nil, fmt.Errorf("the file is %w: write it again with --out FILE or --report json=FILE, not with > of Windows PowerShell", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the file is %w", err)
	}
	return text, nil
}

// Argument reads a file that the command line names, or - for standard input. It may be a pipe, so an
// interrupt ends the wait for whoever writes to it.
func (host *Host) Argument(ctx context.Context, name string, limit int64) ([]byte, error) {
	var content []byte
	err := Interruptibly(ctx, func() (err error) {
		if name == "-" {
			content, err = infile.ReadStream(host.Stdin, limit)
		} else {
			content, err = infile.ReadArgument(name, limit)
		}
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, errors.New(infile.Reason(err)) // the caller names the file
	}
	return content, nil
}
