package connection

import (
	"regexp"
	"strings"
)

// runnerCommand matches the beginning of a command that the runner of a pipeline obeys anywhere in
// a line: ##vso[ of Azure Pipelines, ##[ of Azure Pipelines and GitHub Actions, ##teamcity[ of
// TeamCity.
var runnerCommand = regexp.MustCompile(`##([A-Za-z]*\[)`)

// HasRunnerCommand reports whether the runner of a pipeline would obey a part of a text if the
// text were printed. Besides the commands that count anywhere in a line, the runner of GitHub
// Actions obeys a line that begins with "::".
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

// BreakRunnerCommands returns a text in which `\x23` replaces the first character of each command
// that counts anywhere in a line. A line that begins with "::" is for the caller to change: only the
// caller knows where the text is printed.
func BreakRunnerCommands(text string) string {
	if !strings.Contains(text, "##") {
		return text
	}
	return runnerCommand.ReplaceAllString(text, `\x23#$1`)
}
