package infile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/infile"
)

func TestPathsThatLeaveTheFileSystemAreRefusedOnEveryPlatform(t *testing.T) {
	for path, want := range map[string]error{
		`connections`: nil, `a/b.yaml`: nil, `../common`: nil, `/run/secrets/x`: nil, `C:/secrets/key`: nil, `C:\secrets\key`: nil,
		`a//b`: nil, `key.txt`: nil, `$DATA`: nil,
		`//host/share`: infile.ErrNetworkPath, `\\host\share\x`: infile.ErrNetworkPath, `/\host\share`: infile.ErrNetworkPath, `\/host/share`: infile.ErrNetworkPath,
		`\\?\C:\x`: infile.ErrNetworkPath, `\\.\pipe\x`: infile.ErrNetworkPath, `//./COM1`: infile.ErrNetworkPath, `\??\C:\x`: infile.ErrNetworkPath,
		`\\?\UNC\host\share`: infile.ErrNetworkPath, `///host/share`: infile.ErrNetworkPath,
		`key.txt::$DATA`: infile.ErrStreamPath, `a\key.txt::$data`: infile.ErrStreamPath, `key.txt:hidden:$DATA`: infile.ErrStreamPath, `folder::$INDEX_ALLOCATION`: infile.ErrStreamPath,
	} {
		if err := infile.CheckPath(path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func TestTextIsCarriedExactlyOrRefused(t *testing.T) {
	for name, test := range map[string]struct {
		content, want string
		wrong         error
	}{
		"plain text":                       {"a", "a", nil},
		"nothing":                          {"", "", nil},
		"a byte order mark":                {"\xef\xbb\xbfa", "a", nil},
		"only the first mark goes":         {"\xef\xbb\xbf\xef\xbb\xbfa", "\xef\xbb\xbfa", nil},
		"UTF-16 with a mark":               {"\xff\xfea\x00", "", infile.ErrUTF16},
		"UTF-16 of the other order":        {"\xfe\xff\x00a", "", infile.ErrUTF16},
		"UTF-16 without a mark":            {"{\x00\"\x00f\x00", "", infile.ErrUTF16},
		"the other order without a mark":   {"\x00{\x00\"", "", infile.ErrUTF16},
		"Latin-1":                          {"p\xe9w", "", infile.ErrNotUTF8},
		"half of a pair":                   {"p\xed\xa0\x80w", "", infile.ErrNotUTF8},
		"a NUL byte":                       {"abc\x00d", "", infile.ErrNUL},
		"letters that are not ASCII":       {"pässwörd 🔑", "pässwörd 🔑", nil},
		"the character for what is broken": {"\ufffd", "\ufffd", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := infile.Text([]byte(test.content))
			if string(got) != test.want || !errors.Is(err, test.wrong) {
				t.Errorf("got %q, error %v; want %q, error %v", got, err, test.want, test.wrong)
			}
			reader, err := infile.TextReader(strings.NewReader(test.content))
			if (err != nil) != errors.Is(test.wrong, infile.ErrUTF16) {
				t.Fatal(err)
			}
			if test.wrong == nil {
				if got, err := io.ReadAll(reader); string(got) != test.want || err != nil {
					t.Errorf("as a stream: %q, %v", got, err)
				}
			}
		})
	}
}

func TestOnlyRegularFilesAreReadAndOnlyUpToTheLimit(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	write(t, path("file"), "12345")
	mustLink(t, "file", path("link"))
	mustLink(t, path("file"), path("full link"))
	mustLink(t, "none", path("broken"))
	mustLink(t, "loop", path("loop"))
	mustLink(t, "//host/share/x", path("share"))
	for name, want := range map[string]string{
		path("file"): "", path("link"): "", path("full link"): "",
		path("none"):   "no such file or directory",
		path("broken"): `a link to "none" that cannot be followed: no such file or directory`,
		path("loop"):   "a link that leads back to itself",
		path("share"):  `a link to "//host/share/x" that cannot be followed: a path to a network share or a device`,
		folder:         "not a regular file",
	} {
		text, err := infile.Read(name, 5)
		switch {
		case err == nil && (want != "" || string(text) != "12345"):
			t.Errorf("%s: %q, want %q", name, text, want)
		case err != nil && infile.Reason(err) != want:
			t.Errorf("%s: %v, want %q", name, err, want)
		case errors.Is(err, fs.ErrNotExist) != (name == path("none")):
			t.Errorf("%s: got error %v, want one that says whether the file is missing", name, err)
		}
	}
	var large *infile.TooLargeError
	if _, err := infile.Read(path("file"), 4); !errors.As(err, &large) || large.Limit != 4 {
		t.Error(err)
	}
}

func TestFilesOfTheSystemAreNotRead(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	link := filepath.Join(t.TempDir(), "link")
	mustLink(t, "/proc/self/environ", link)
	for _, path := range []string{"/proc/self/environ", "/proc/self/status", link} {
		if text, err := infile.Read(path, 1<<20); !errors.Is(err, infile.ErrSystemFile) {
			t.Errorf("%s: got %d bytes, error %v; want ErrSystemFile", path, len(text), err)
		}
	}
	for _, path := range []string{"/dev/zero", "/dev/ptmx"} {
		if _, err := infile.Read(path, 1<<20); !errors.Is(err, infile.ErrNotRegular) {
			t.Errorf("%s: got error %v, want ErrNotRegular", path, err)
		}
		if _, err := infile.ReadArgument(path, 1<<20); !errors.Is(err, infile.ErrNotRegular) {
			t.Errorf("%s as an argument: %v", path, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustLink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
}
