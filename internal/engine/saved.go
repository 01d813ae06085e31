package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/qlsync/qlsync/internal/infile"
)

const (
	// maxSavedFile bounds what is read of a file that qlsync wrote, in bytes.
	maxSavedFile = 256 << 20
	// MaxWrittenFile bounds what is read of a file that people write, in bytes.
	MaxWrittenFile = 32 << 20
)

// ReadSaved reads a file that qlsync wrote and that the command line names, or - for standard
// input.
func ReadSaved(ctx context.Context, stdin io.Reader, name string) ([]byte, error) {
	content, err := ReadArgument(ctx, stdin, name, maxSavedFile)
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

// ReadArgument reads a file that the command line names, or - for standard input. It may be a
// pipe, so the end of the context ends the wait for whoever writes to it.
func ReadArgument(ctx context.Context, stdin io.Reader, name string, limit int64) ([]byte, error) {
	var content []byte
	err := Interruptibly(ctx, func() (err error) {
		if name == "-" {
			content, err = infile.ReadStream(stdin, limit)
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
