package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

// The story "completion" shows how the shells use the answers.
func TestTheWordAtTheCursorIsCompleted(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"a flag before a command is not the command":        {"--no-color ver", "version"},
		"the value of a flag is no command":                 {"--log-level debug ver", "version"},
		"the value of a flag before a command":              {"--log-level w", "warn"},
		"a value behind an equals sign":                     {"plan --format=js", "--format=json --format=jsonl"},
		"a value that is given is not asked for again":      {"plan --format=json --det", "--detailed-exitcode"},
		"a flag of another command is none of this one":     {"drift --detailed", ""},
		"a short flag has the values of the long one":       {"plan -c nowhere.yaml -t p", ""},
		"behind -- there are no flags":                      {"apply -- --", ""},
		"an argument is no command":                         {"apply plan.json pl", ""},
		"the tenant of the server is a file":                {"simulate --tenant ", ""},
		"an unknown flag takes no value":                    {"plan --nonsense --det", "--detailed-exitcode"},
		"what people are not told of is not offered":        {"__", ""},
		"the whole line may be help":                        {"help he", "help"},
		"a shell is offered once":                           {"completion bash z", ""},
		"kinds of drift":                                    {"drift --ignore un", "undeclared unmanaged unreadable"},
		"a value of --tenant is one of the project":         {"plan -C ../../examples/acme -t d", "dev"},
		"the project may be a folder":                       {"plan -c ../../examples/acme --tenant=p", "--tenant=prod"},
		"a connection is declared for the tenant":           {"plan -C ../../examples/acme -t prod --exclude Finance/E", "Finance/Exchange rates"},
		"a topic of the help":                               {"help ex", "export explain exit-codes"},
		"a report wants a file behind its format":           {"plan --report t", "text="},
		"the value of a repeatable flag is one of the flag": {"plan --var a=b --var c=d --o", "--out"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, found := range commandline.Complete(newApp(&environment{}), sharedFlags(), strings.Split(c.line, " "), streams(nil, io.Discard).names) {
				got = append(got, found.Word)
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("qlsync %s<TAB> is completed by %q, want %q", c.line, got, c.want)
			}
		})
	}
}

func TestAFlagThatTakesOneOfAFewValuesCompletesThem(t *testing.T) {
	for _, c := range visible(newApp(&environment{}).Commands, "qlsync") {
		for _, flag := range c.Flags {
			word := commandline.Placeholder(flag.(cli.DocGenerationFlag).GetUsage())
			if slices.Contains([]string{"FORMAT", "FORMAT=FILE", "LEVEL", "KIND"}, word) && !commandline.IsChoice(flag) {
				t.Errorf("%s --%s: make it a choice or choices, so that shells complete the %s", c.path, flag.Names()[0], word)
			}
		}
	}
}
