package resolver

import (
	"fmt"
	"strings"
	"testing"
)

func TestABatchFileGetsItsArgumentsAsTheyAreWritten(t *testing.T) {
	for name, test := range map[string]struct {
		path      string
		arguments []string
		want      string
	}{
		"plain ones":               {`C:\p\sec.cmd`, []string{"get", "--name", "ledger/password"}, `C:\p\sec.cmd get --name ledger/password`},
		"no argument":              {`C:\p\sec.cmd`, []string{""}, `C:\p\sec.cmd ""`},
		"blanks":                   {`C:\p\sec.cmd`, []string{"a b"}, `C:\p\sec.cmd "a b"`},
		"what separates arguments": {`C:\p\sec.cmd`, []string{"a=b", "a,b", "a;b", "(a)"}, `C:\p\sec.cmd "a=b" "a,b" "a;b" "(a)"`},
		"backslashes at the end":   {`C:\p\sec.cmd`, []string{`C:\a b\`, `C:\a\`}, `C:\p\sec.cmd "C:\a b\\" C:\a\`},
		"a path with blanks":       {`C:\Program Files (x86)\az.cmd`, []string{"login"}, `"C:\Program Files (x86)\az.cmd" login`},
		"letters of any alphabet":  {`C:\Büro\sec.cmd`, []string{"Öst"}, `"C:\Büro\sec.cmd" "Öst"`},
	} {
		t.Run(name, func(t *testing.T) {
			line, err := batchLine(test.path, test.arguments)
			if want := `cmd.exe /d /e:on /v:off /s /c "` + test.want + `"`; err != nil || line != want {
				t.Errorf("%s, error %v; want %s", line, err, want)
			}
		})
	}
}

func TestWhatABatchFileWouldNotGetAsItIsWrittenIsRefused(t *testing.T) {
	for _, character := range []string{"%", "!", `"`, "&", "|", "<", ">", "^", "\n", "\r", "\x00", "\x1a"} {
		line, err := batchLine(`C:\p\az.cmd`, []string{"harmless", "se" + character + "cret"})
		want := fmt.Sprintf("az.cmd is a batch file, and cmd.exe would interpret %q in argument 2: "+
			"call the program behind az.cmd directly, or put the whole call into your own batch file and name that file", character)
		if line != "" || err == nil || err.Error() != want {
			t.Errorf("%q: got line %q, error %v; want no line and %s", character, line, err, want)
		}
	}
	if _, err := batchLine(`C:\R&D 100%\az.cmd`, nil); err == nil || err.Error() != `az.cmd is a batch file, and cmd.exe would interpret "&" in its path: move it to another folder` {
		t.Errorf("got error %v, want the character of the path that cmd.exe would interpret", err)
	}
}

func TestWhichFilesAreBatchFiles(t *testing.T) {
	for _, path := range []string{`C:\a\az.cmd`, `C:\a\AZ.CMD`, "a/x.bat", "x.Bat", "x.cmd ", "x.cmd.", "x.bat . ."} {
		if !isBatch(path) {
			t.Errorf("%q is not recognized as a batch file", path)
		}
	}
	for _, path := range []string{"op.exe", "cmd.exe", "cmd", "x.cmd.exe", "bat", "x.cmdx", "x.ps1"} {
		if isBatch(path) {
			t.Errorf("%q is recognized as a batch file, want another kind", path)
		}
	}
}

// TestNoArgumentOfABatchFileEscapesItsQuotation walks over every line that is made of short
// arguments, and looks at it as cmd.exe does.
func TestNoArgumentOfABatchFileEscapesItsQuotation(t *testing.T) {
	letters := []string{"a", " ", `\`, `"`, "&", "%", "=", "é"}
	for _, first := range letters {
		for _, second := range letters {
			for _, third := range letters {
				argument := first + second + third
				line, err := batchLine("sec.cmd", []string{argument, "end"})
				if strings.ContainsAny(argument, `"&%`) {
					if err == nil {
						t.Fatalf("%q is not refused", argument)
					}
					continue
				}
				inner := strings.TrimSuffix(strings.TrimPrefix(line, `cmd.exe /d /e:on /v:off /s /c "`), `"`)
				if strings.Count(inner, `"`)%2 != 0 || !strings.HasSuffix(inner, " end") || !strings.Contains(inner, argument) {
					t.Fatalf("%q becomes %s, want the argument inside an even number of quotes", argument, line)
				}
			}
		}
	}
}
