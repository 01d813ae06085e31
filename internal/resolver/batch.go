package resolver

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// batchError says why a batch file is not run.
type batchError string

func (e batchError) Error() string { return string(e) }

// isBatch reports whether Windows runs a file through cmd.exe. Windows ignores blanks and dots at
// the end of a name.
func isBatch(path string) bool {
	extension := strings.ToLower(filepath.Ext(strings.TrimRight(path, " .")))
	return extension == ".cmd" || extension == ".bat"
}

// notForBatch are the characters that cmd.exe interprets within quotation marks too, or once a
// batch file passes its arguments on: % fills in variables, ! does so under delayed expansion, "
// ends the quotation, and the others join, redirect or escape commands. A line end, as any control
// character, is refused too: it ends a command.
const notForBatch = `%!"&|<>^`

// batchUnsafe returns the first character that cmd.exe would interpret; empty if there is none.
func batchUnsafe(text string) string {
	for _, r := range text {
		if strings.ContainsRune(notForBatch, r) || unicode.IsControl(r) {
			return string(r)
		}
	}
	return ""
}

// batchLine returns the command line by which cmd.exe runs a batch file with these arguments, so
// that the file gets each of them unchanged. Characters that cmd.exe would interpret are refused,
// because no escape works for every batch file.
func batchLine(path string, arguments []string) (string, error) {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	if unsafe := batchUnsafe(path); unsafe != "" {
		return "", batchError(fmt.Sprintf("%s is a batch file, and cmd.exe would interpret %q in its path: move it to another folder", name, unsafe))
	}
	line := quoteForBatch(path)
	for i, argument := range arguments {
		if unsafe := batchUnsafe(argument); unsafe != "" {
			return "", batchError(fmt.Sprintf("%s is a batch file, and cmd.exe would interpret %q in argument %d: "+
				"call the program behind %[1]s directly, or put the whole call into your own batch file and name that file", name, unsafe, i+1))
		}
		line += " " + quoteForBatch(argument)
	}
	// /d: no AutoRun, whose output would become part of the secret; /v:off: ! is an ordinary character;
	// /s: cmd.exe removes only the outer quotation marks of the rest.
	return `cmd.exe /d /e:on /v:off /s /c "` + line + `"`, nil
}

// quoteForBatch quotes an argument with a character that may separate arguments or end a block, and
// doubles the backslashes before the last quotation mark, as programs expect.
func quoteForBatch(argument string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(`-_./:\@+`, r)
	}
	if argument != "" && !slices.ContainsFunc([]rune(argument), func(r rune) bool { return !plain(r) }) {
		return argument
	}
	backslashes := len(argument) - len(strings.TrimRight(argument, `\`))
	return `"` + argument + strings.Repeat(`\`, backslashes) + `"`
}
