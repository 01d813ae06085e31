package connection

import (
	"regexp"
	"strings"
)

// runnerCommand matches the beginning of a command that a pipeline runner obeys anywhere in a line:
// ##vso[ of Azure Pipelines, ##[ of Azure Pipelines and GitHub Actions, ##teamcity[ of TeamCity.
var runnerCommand = regexp.MustCompile(`##([A-Za-z]*\[)`)

// HasRunnerCommand reports whether a pipeline runner would obey a part of the text if the text were
// printed. In addition to commands anywhere in a line, the runner of GitHub Actions obeys a line
// that begins with "::".
func HasRunnerCommand(text string) bool {
	if runnerCommand.MatchString(text) {
		return true
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			return true
		}
	}
	return false
}

// BreakRunnerCommands returns the text with `\x23` in place of the first character of each command
// that counts anywhere in a line. The caller must change lines that begin with "::", because only
// the caller knows where a line begins.
func BreakRunnerCommands(text string) string {
	if !strings.Contains(text, "##") {
		return text
	}
	return runnerCommand.ReplaceAllString(text, `\x23#$1`)
}
