package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report"
)

// MaxWrittenFile bounds files that people write, in bytes.
const MaxWrittenFile = limits.FileBytes

// ReadSaved reads a file that qlsync wrote and that the command line names, or standard input for
// "-". Its limits are multiplied by raise; zero means one.
func (host *Host) ReadSaved(ctx context.Context, name string, raise int) ([]byte, error) {
	content, err := host.readSaved(ctx, name, raise)
	if err != nil {
		return nil, err
	}
	if most := limits.SavedValues.At(raise); jsontext.Marks(content) > most {
		return nil, fmt.Errorf("the file holds more than %s commas and brackets: %s", limits.Grouped(most), limits.SavedValues.Hint(""))
	}
	text, err := infile.Text(content)
	if errors.Is(err, infile.ErrUTF16) {
		return nil, fmt.Errorf("the file is %w. Write it again with --out FILE or --report json=FILE, not with > of Windows PowerShell", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the file is %w", err)
	}
	return text, nil
}

func (host *Host) readSaved(ctx context.Context, name string, raise int) ([]byte, error) {
	content, err := host.readArgument(ctx, name, limits.Saved.At(raise))
	var large *infile.TooLargeError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &large):
		return nil, fmt.Errorf("the file is %w: %s", large, limits.Saved.Hint(""))
	case err != nil:
		return nil, errors.New(infile.Reason(err)) // the caller names the file
	}
	return content, nil
}

// ReadArgument reads a file that the command line names, or standard input for "-". It may be a
// pipe, so the end of the context ends the wait for its writer.
func (host *Host) ReadArgument(ctx context.Context, name string, limit int64) ([]byte, error) {
	content, err := host.readArgument(ctx, name, limit)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, errors.New(infile.Reason(err)) // the caller names the file
	}
	return content, nil
}

func (host *Host) readArgument(ctx context.Context, name string, limit int64) ([]byte, error) {
	var content []byte // belongs to the read, which may continue after the wait has ended
	err := Interruptibly(ctx, func() (err error) {
		if name == "-" {
			content, err = infile.ReadStream(host.Stdin, limit)
		} else {
			content, err = infile.ReadArgument(host.at(name), limit)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return content, nil
}

// ReadReports reads the reports in files, or in standard input for "-", among lines of other
// programs. Its limits are multiplied by raise; zero means one.
func (host *Host) ReadReports(ctx context.Context, names []string, raise int) (*report.Scan, error) {
	scan := &report.Scan{}
	for _, name := range names {
		content, err := host.readSaved(ctx, name, raise)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case infile.IsUTF16(content):
			return nil, fmt.Errorf("%s: the file is %w. Write it again with --report json=FILE, not with > of Windows PowerShell", name, infile.ErrUTF16)
		}
		scan.Read(name, infile.WithoutMark(content))
	}
	if most := limits.SavedValues.At(raise); scan.Marks() > most {
		return nil, fmt.Errorf("a report holds more than %s commas and brackets: %s", limits.Grouped(most), limits.SavedValues.Hint(""))
	}
	return scan, nil
}
