package commandline_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
)

// uglyWords are words that shells change, and how each platform quotes them.
var uglyWords = []struct{ word, posix, windows string }{
	{"prod", "prod", "prod"},
	{"conf/qlsync.prod-2.yaml", "conf/qlsync.prod-2.yaml", "conf/qlsync.prod-2.yaml"},
	{"", "''", `""`},
	{"my dir", "'my dir'", `"my dir"`},
	{"it's", `'it'\''s'`, `"it's"`},
	{`say "hi"`, `'say "hi"'`, `"say ""hi"""`},
	{"„Nord“ ‚x‘", "'„Nord“ ‚x‘'", "\"„„Nord““ ‚x‘\""},
	{"$HOME", "'$HOME'", "\"`$HOME\""},
	{"$(whoami)", "'$(whoami)'", "\"`$(whoami)\""},
	{"a`b", "'a`b'", "\"a``b\""},
	{"%PATH%", "%PATH%", `"%PATH%"`},
	{"a&b", "'a&b'", `"a&b"`},
	{`x"&calc&"`, `'x"&calc&"'`, `"x""&calc&"""`},
	{"a|b;c", "'a|b;c'", `"a|b;c"`},
	{"a^b", "'a^b'", `"a^b"`},
	{"bang!", "'bang!'", `"bang!"`},
	{"a<b>c", "'a<b>c'", `"a<b>c"`},
	{"(x)", "'(x)'", `"(x)"`},
	{"#1", "'#1'", `"#1"`},
	{"~ana", "'~ana'", `"~ana"`},
	{"*.yaml", "'*.yaml'", `"*.yaml"`},
	{"a,b", "a,b", `"a,b"`},
	{"@list", "@list", `"@list"`},
	{"{a}", "'{a}'", `"{a}"`},
	{"-x.y", "-x.y", `"-x.y"`},
	{"=ls", "'=ls'", `"=ls"`},
	{"stage=prod", "stage=prod", `"stage=prod"`},
	{`C:\conf\qlsync.yaml`, `'C:\conf\qlsync.yaml'`, `"C:\conf\qlsync.yaml"`},
	{`C:\my conf\`, `'C:\my conf\'`, `"C:\my conf\\"`},
	{`\\server\share\\`, `'\\server\share\\'`, `"\\server\share\\\\"`},
	{"Größe", "'Größe'", `"Größe"`},
	{"日本 語", "'日本 語'", `"日本 語"`},
}

func TestAWordIsQuotedForTheShellsOfThePlatform(t *testing.T) {
	for _, test := range uglyWords {
		for _, goos := range []string{"linux", "darwin"} {
			if got := commandline.Quote(goos, test.word); got != test.posix {
				t.Errorf("Quote(%q, %q) = %s, want %s", goos, test.word, got, test.posix)
			}
		}
		if got := commandline.Quote("windows", test.word); got != test.windows {
			t.Errorf("Quote(windows, %q) = %s, want %s", test.word, got, test.windows)
		}
	}
}

// A POSIX shell is asked, because it is at hand; it must see the word that was quoted.
func TestAPOSIXShellReadsAQuotedWordUnchanged(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	for _, test := range uglyWords {
		out, err := exec.Command(shell, "-c", "printf '%s.' "+commandline.Quote("linux", test.word)).Output()
		if err != nil || string(out) != test.word+"." {
			t.Errorf("sh reads %s as %q (%v), want %q", commandline.Quote("linux", test.word), out, err, test.word+".")
		}
	}
}

// cmd.exe and PowerShell find the end of a string differently. In neither of them may a
// word end early, as what follows would be run.
func TestAWordNeverEndsACommandOnWindows(t *testing.T) {
	for _, test := range uglyWords {
		quoted := commandline.Quote("windows", test.word)
		if strings.HasPrefix(quoted, `"`) != strings.HasSuffix(quoted, `"`) {
			t.Fatalf("Quote(windows, %q) = %s, which has a quote on one side only", test.word, quoted)
		}
		outside := true // of a string, as cmd.exe counts
		for _, r := range quoted {
			if r == '"' {
				outside = !outside
			} else if outside && strings.ContainsRune("&|<>^()", r) {
				t.Errorf("Quote(windows, %q) = %s: cmd.exe acts on %q", test.word, quoted, r)
			}
		}
		if !outside {
			t.Errorf("Quote(windows, %q) = %s: cmd.exe misses the end of the string", test.word, quoted)
		}
		if word, ok := readByPowerShell(quoted); !ok || strings.TrimRight(word, `\`) != strings.TrimRight(test.word, `\`) {
			t.Errorf("PowerShell reads %s as %q (one string: %t), want %q", quoted, word, ok, test.word)
		}
	}
}

// readByPowerShell reads one word by PowerShell's rules for strings in double quotes
// (about_Quoting_Rules), and reports whether it is one word without expansions.
func readByPowerShell(quoted string) (string, bool) {
	isQuote := func(r rune) bool { return strings.ContainsRune("\"“”„", r) }
	runes := []rune(quoted)
	if len(runes) == 0 || !isQuote(runes[0]) {
		return quoted, !strings.ContainsAny(quoted, "`$'\"&|<>;,(){}@# ")
	}
	var word []rune
	for i := 1; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '`' && i+1 < len(runes):
			i++
			word = append(word, runes[i])
		case r == '$':
			return string(word), false
		case isQuote(r) && i+1 < len(runes) && isQuote(runes[i+1]):
			word = append(word, r)
			i++
		case isQuote(r):
			return string(word), i == len(runes)-1
		default:
			word = append(word, r)
		}
	}
	return string(word), false
}
