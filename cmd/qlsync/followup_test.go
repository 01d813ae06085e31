package main

import (
	"flag"
	"runtime"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

func TestAFollowUpReadsTheSameProject(t *testing.T) {
	word := func(text string) string { return commandline.Quote(runtime.GOOS, text) }
	for _, test := range []struct {
		line         []string
		tenant, want string
	}{
		{nil, "", "qlsync plan"},
		{nil, "my tenant", "qlsync plan -t " + word("my tenant")},
		{[]string{"--config", "my conf/qlsync.yaml"}, "prod", "qlsync plan -c " + word("my conf/qlsync.yaml") + " -t prod"},
		{[]string{"-t", "other", "--no-color", "--log-level", "debug", "--parallelism", "2"}, "prod", "qlsync plan -t prod"},
		{
			[]string{"--var", "a=x y", "--var", "b=$c", "--allow-exec", "--raise-limits", "3"},
			"",
			"qlsync plan --var " + word("a=x y") + " --var " + word("b=$c") + " --allow-exec --raise-limits 3",
		},
	} {
		set := flag.NewFlagSet("export", flag.ContinueOnError)
		for _, known := range sharedFlags() {
			if err := known.Apply(set); err != nil {
				t.Fatalf("cannot prepare the flag %s: %v", known.Names()[0], err)
			}
		}
		if err := set.Parse(test.line); err != nil {
			t.Fatalf("cannot read the line %q: %v", test.line, err)
		}
		c := cli.NewContext(cli.NewApp(), set, nil)
		c.Command = &cli.Command{Name: "export", Flags: sharedFlags()}
		if got := followUp(c, "plan", test.tenant); got != test.want {
			t.Errorf("after export %q, the next command is\n %s, want\n %s", test.line, got, test.want)
		}
	}
}
