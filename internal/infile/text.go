package infile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// The reasons why content is not read as text.
var (
	ErrUTF16   = errors.New("in UTF-16")
	ErrNotUTF8 = errors.New("not UTF-8 text")
	ErrNUL     = errors.New("not text: it holds a NUL byte")
)

// mark is the byte order mark in UTF-8. It marks the encoding of a file and is not part of a value.
const mark = "\xef\xbb\xbf"

// Text returns content without a byte order mark. It refuses content that is not exactly
// representable as text: [ErrUTF16], [ErrNotUTF8], [ErrNUL].
func Text(content []byte) ([]byte, error) {
	switch {
	case IsUTF16(content):
		return nil, ErrUTF16
	case !utf8.Valid(content):
		return nil, ErrNotUTF8
	case bytes.IndexByte(content, 0) >= 0:
		return nil, ErrNUL
	}
	return WithoutMark(content), nil
}

// TextReader returns a reader of text without a byte order mark, or [ErrUTF16]. It checks the
// beginning only: the rest may not be UTF-8.
func TextReader(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	head, err := buffered.Peek(sample)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case IsUTF16(head):
		return nil, ErrUTF16
	case bytes.HasPrefix(head, []byte(mark)):
		_, err = buffered.Discard(len(mark))
		return buffered, err
	}
	return buffered, nil
}

// sample is how many bytes are checked for UTF-16.
const sample = 16

// WithoutMark returns content without a byte order mark of UTF-8 at its beginning.
func WithoutMark(content []byte) []byte { return bytes.TrimPrefix(content, []byte(mark)) }

// IsUTF16 reports whether content is text in UTF-16, in either byte order: it has that byte order
// mark, or its first characters are ASCII with a zero byte before or after each.
func IsUTF16(content []byte) bool {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return true
	}
	head := content[:min(len(content), sample)&^1]
	if len(head) < 2 {
		return false
	}
	little, big := true, true
	for i := 0; i < len(head); i += 2 {
		little = little && head[i] != 0 && head[i+1] == 0
		big = big && head[i] == 0 && head[i+1] != 0
	}
	return little || big
}

// WayOut returns what to do about content that [Text] refuses; may be empty. It is for files of
// people or of other programs; advice for files that qlsync wrote also names the flag that writes
// them.
func WayOut(err error) string {
	if errors.Is(err, ErrUTF16) {
		return "save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >"
	}
	return ""
}
