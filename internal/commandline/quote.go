package commandline

import (
	"regexp"
	"runtime"
	"strings"
)

// The words that no shell of a platform changes. On Windows they contain no backslash, because Git
// Bash and other Unix shells there remove it.
var (
	plainPOSIX   = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+=,-]*$`)
	plainWindows = regexp.MustCompile(`^[A-Za-z0-9_./:+][A-Za-z0-9_./:+-]*$`)
)

// Quote returns a word as a part of a command that can be pasted into a shell of the operating
// system, named as in [runtime.GOOS]. A word without special characters is returned unchanged.
//
// On Windows, the result is for PowerShell and for cmd.exe, with these limits of cmd.exe: it passes
// a dollar sign, a backtick and a double quote on with the backtick or double quote that PowerShell
// needs before it, and it replaces %NAME% if that variable exists. A word never ends the command in
// either of them. PowerShell before 7.3 drops the double quotes of a word. On other systems the
// result is for any POSIX shell.
func Quote(goos, word string) string {
	if goos != "windows" {
		if plainPOSIX.MatchString(word) {
			return word
		}
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	if plainWindows.MatchString(word) {
		return word
	}
	// Programs read a backslash before the last quote as an escape.
	trailing := word[len(strings.TrimRight(word, `\`)):]
	return `"` + powerShellEscapes.Replace(word) + trailing + `"`
}

// powerShellEscapes escapes the special characters between the double quotes of PowerShell, which
// treats typographic quotes as double quotes too.
var powerShellEscapes = strings.NewReplacer("$", "`$", "`", "``", `"`, `""`, "“", "““", "”", "””", "„", "„„")

// Word returns a word as a part of a command that can be pasted on this computer.
func Word(word string) string { return Quote(runtime.GOOS, word) }
