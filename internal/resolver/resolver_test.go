package resolver_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/resolver"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestSecretsAreReadFromWhereReferencesSay(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"plain": "hunter2", "line": "hunter2\n", "windows": "hunter2\r\n", "lines": "a\nb\n\n",
		"empty": "", "newline": "\n", "bytes": "p\xe9w\n", "large": strings.Repeat("x", 1<<20+1), "full": strings.Repeat("x", 1<<20),
		"marked": "\xef\xbb\xbfhunter2\r\n", "only a mark": "\xef\xbb\xbf\n", "utf16": "\xff\xfeh\x00\n\x00", "utf16be": "\x00h\x00u\x00n", "nul byte": "hunter\x002",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environment := map[string]string{
		"SET": " value\n", "EMPTY": "", "LATIN1": "p\xe9w", "MARKED": "\xef\xbb\xbfvalue", "MARK": "\xef\xbb\xbf", "SURROGATE": "p\xed\xa0\x80w", "UTF16": "\xff\xfep\x00",
	}
	secrets := resolver.New(resolver.Options{Dir: folder, Lookup: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}})
	for _, test := range []struct {
		name      string
		reference connection.Reference
		want      string
		wrong     string
	}{
		{"a variable is taken as it is", connection.Reference{Env: "SET"}, " value\n", ""},
		{"a variable that is not set", connection.Reference{Env: "UNSET"}, "", `c.yaml:3:4: environment variable "UNSET" is not set`},
		{"a variable that is empty", connection.Reference{Env: "EMPTY"}, "", `c.yaml:3:4: environment variable "EMPTY" is empty`},
		{"a file without a newline", connection.Reference{File: "plain"}, "hunter2", ""},
		{"a file with a newline", connection.Reference{File: "line"}, "hunter2", ""},
		{"a file with a Windows newline", connection.Reference{File: "windows"}, "hunter2", ""},
		{"one newline is cut, not two", connection.Reference{File: "lines"}, "a\nb\n", ""},
		{"a file by its full path", connection.Reference{File: filepath.Join(folder, "plain")}, "hunter2", ""},
		{"a file as large as allowed", connection.Reference{File: "full"}, strings.Repeat("x", 1<<20), ""},
		{"base64 encodes every byte of the file", connection.Reference{File: "line", Encoding: "base64"}, "aHVudGVyMgo=", ""},
		{"base64 encodes any file", connection.Reference{File: "bytes", Encoding: "base64"}, "cOl3Cg==", ""},
		{"base64 encodes a byte order mark too", connection.Reference{File: "marked", Encoding: "base64"}, "77u/aHVudGVyMg0K", ""},
		{"a variable in Latin-1", connection.Reference{Env: "LATIN1"}, "", `c.yaml:3:4: environment variable "LATIN1": its value is not UTF-8 text, so it cannot be sent unchanged`},
		{"a variable with half a character of Windows", connection.Reference{Env: "SURROGATE"}, "", `c.yaml:3:4: environment variable "SURROGATE": its value is not UTF-8 text, so it cannot be sent unchanged`},
		{"a variable in UTF-16", connection.Reference{Env: "UTF16"}, "", `c.yaml:3:4: environment variable "UTF16": its value is in UTF-16, so it cannot be sent unchanged`},
		{"a byte order mark is no part of a variable", connection.Reference{Env: "MARKED"}, "value", ""},
		{"a variable that is a byte order mark", connection.Reference{Env: "MARK"}, "", `c.yaml:3:4: environment variable "MARK" is empty`},
		{"a byte order mark is no part of a file", connection.Reference{File: "marked"}, "hunter2", ""},
		{"a file that is a byte order mark", connection.Reference{File: "only a mark"}, "", `c.yaml:3:4: secret file "only a mark" is empty`},
		{"a file in UTF-16", connection.Reference{File: "utf16"}, "", `c.yaml:3:4: secret file "utf16" is in UTF-16 (save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >)`},
		{"a file in UTF-16 without a mark", connection.Reference{File: "utf16be"}, "", `c.yaml:3:4: secret file "utf16be" is in UTF-16 (save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >)`},
		{"a file with a NUL byte", connection.Reference{File: "nul byte"}, "", `c.yaml:3:4: secret file "nul byte" is not text: it holds a NUL byte (to send its bytes, add encoding: base64)`},
		{"a file that is not there", connection.Reference{File: "none"}, "", `c.yaml:3:4: secret file "none": no such file or directory`},
		{"a file that is empty", connection.Reference{File: "empty"}, "", `c.yaml:3:4: secret file "empty" is empty`},
		{"an empty file to be encoded", connection.Reference{File: "empty", Encoding: "base64"}, "", `c.yaml:3:4: secret file "empty" is empty`},
		{"a file that is one newline", connection.Reference{File: "newline"}, "", `c.yaml:3:4: secret file "newline" is empty`},
		{"a file that is no text", connection.Reference{File: "bytes"}, "", `c.yaml:3:4: secret file "bytes" is not UTF-8 text (to send its bytes, add encoding: base64)`},
		{"a file that is too large", connection.Reference{File: "large"}, "", `c.yaml:3:4: secret file "large": larger than 1 MiB`},
		{"a folder", connection.Reference{File: "."}, "", `c.yaml:3:4: secret file ".": not a regular file`},
		{"a command", connection.Reference{Exec: []string{"op", "read"}}, "", `c.yaml:3:4: exec references are off (allow them with --allow-exec, and only where you trust everybody who can change the files)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.reference.Position = connection.Position{File: "c.yaml", Line: 3, Column: 4}
			secret, err := secrets.Resolve(t.Context(), test.reference)
			if test.wrong != "" {
				var problem connection.Problem
				if !errors.As(err, &problem) || problem.Error() != test.wrong || problem.Code == "" {
					t.Errorf("got error %v, want %s with a code", err, test.wrong)
				}
				return
			}
			if err != nil || secret.Reveal() != test.want {
				t.Errorf("got %q, error %v; want %q", secret.Reveal(), err, test.want)
			}
		})
	}
}

func TestNoSecretIsReadForACancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	secrets := resolver.New(resolver.Options{Dir: t.TempDir(), Lookup: func(string) (string, bool) { panic("the environment was read") }})
	if _, err := secrets.Resolve(ctx, connection.Reference{Env: "A"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
