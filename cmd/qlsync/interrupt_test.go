//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAnInterruptEndsTheReadingOfFiles: a pipe that nobody writes to is a file that
// takes for ever to be read.
func TestAnInterruptEndsTheReadingOfFiles(t *testing.T) {
	for _, command := range []string{"validate", "plan", "schemas list"} {
		for _, endless := range []string{"qlsync.yaml", "pipe.yaml"} {
			t.Run(command+" reads "+endless, func(t *testing.T) {
				t.Chdir(t.TempDir())
				if endless != "qlsync.yaml" {
					text := "version: 1\nproject: acme\nconnections: " + endless + "\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n"
					if err := os.WriteFile("qlsync.yaml", []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if err := syscall.Mkfifo(endless, 0o600); err != nil {
					t.Fatal(err)
				}
				pipe, err := filepath.Abs(endless)
				if err != nil {
					t.Fatal(err)
				}
				ctx, interrupt := context.WithCancel(t.Context())
				opened := make(chan *os.File)
				go func() {
					writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for a reader
					if err != nil {
						t.Error(err)
					}
					interrupt()
					opened <- writer
				}()
				env := streams(nil, io.Discard)
				if err := newApp(env).RunContext(ctx, append([]string{"qlsync"}, strings.Fields(command)...)); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				_ = (<-opened).Close()
			})
		}
	}
}
