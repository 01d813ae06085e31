package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/internal/workdir"
)

func completionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes words in a shell",
		ArgsUsage: "SHELL",
		Description: "SHELL is bash, zsh, fish or powershell. To load the script into the running shell, run:\n\n" +
			"    bash        source <(qlsync completion bash)\n" +
			"    zsh         source <(qlsync completion zsh)\n" +
			"    fish        qlsync completion fish | source\n" +
			"    powershell  qlsync completion powershell | Out-String | Invoke-Expression\n\n" +
			"To load the script into every new shell, put the same line into its start file: ~/.bashrc, ~/.zshrc (after compinit), ~/.config/fish/config.fish, $PROFILE.",
		Action: func(c *cli.Context) error {
			script, known := commandline.Script(c.Args().First())
			if c.NArg() != 1 || !known {
				return fmt.Errorf("completion %q: it must be %s", strings.Join(c.Args().Slice(), " "), words.OneOf(commandline.Shells()))
			}
			_, err := env.stdout.Write(script)
			return err
		},
	}
}

// completeCommand is the command that the scripts call, with the words after "qlsync" up to the
// cursor. It prints one candidate on each line, followed by a tab and its description.
func completeCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name: "__complete", Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			for _, found := range commandline.Complete(c.App, sharedFlags(), c.Args().Slice(), env.names) {
				fmt.Fprintf(env.stdout, "%s\t%s\n", report.Sanitize(found.Word), report.Sanitize(found.Says))
			}
			return nil
		},
	}
}

// names returns the tenants or the declared connections of the project, depending on the flag, as
// far as the files can be read, or the codes that explain takes. given holds flags of the line.
func (env *environment) names(flag string, given map[string]string) []commandline.Candidate {
	if flag == "explain" {
		var found []commandline.Candidate
		for _, e := range messages.Explain(engine.Messages()) {
			found = append(found, commandline.Candidate{Word: e.Code, Says: e.Text})
		}
		return found
	}
	if !slices.Contains([]string{"tenant", groupName, waveName, "target", "exclude", "rotate", "impact"}, flag) {
		return nil
	}
	value := func(flag string) string {
		variable, _ := env.lookup(variableOf(flag))
		return cmp.Or(given[flag], variable)
	}
	host := env.files()
	if folder := value(directoryName); folder != "" {
		absolute, err := env.workDir.Abs(folder)
		if err != nil {
			return nil
		}
		host.WorkDir = workdir.Dir(absolute)
	}
	file, err := host.FindProject(value("config"))
	if err != nil {
		return nil
	}
	project, err := host.ReadProject(context.Background(), engine.ProjectOptions{File: file})
	if err != nil {
		return nil
	}
	var found []commandline.Candidate
	if flag == "tenant" {
		for _, tenant := range project.Tenants {
			found = append(found, commandline.Candidate{Word: tenant.Name, Says: tenant.URL})
		}
		return found
	}
	if flag == groupName {
		tenants := map[string]int{}
		for i := range project.Tenants {
			for _, group := range project.Tenants[i].Groups {
				tenants[group]++
			}
		}
		for _, group := range project.GroupNames() {
			found = append(found, commandline.Candidate{Word: group, Says: words.Count(tenants[group], "tenant")})
		}
		return found
	}
	if flag == waveName {
		if rollout := project.Rolling(); rollout != nil {
			for _, wave := range rollout.Waves {
				found = append(found, commandline.Candidate{Word: wave.Name, Says: words.Count(wave.Tenants, "tenant")})
			}
		}
		return found
	}
	tenants, err := project.Choose(engine.TenantChoice{Names: cmp.Or(value("tenant"), project.DefaultTenant)})
	if err != nil {
		return nil
	}
	for i := range tenants {
		declared, _ := project.Desired(&tenants[i], nil)
		for _, d := range declared.Connections {
			found = append(found, commandline.Candidate{Word: d.Space.String() + "/" + d.Name, Says: d.DataSource})
		}
	}
	slices.SortFunc(found, func(a, b commandline.Candidate) int { return strings.Compare(a.Word, b.Word) })
	return slices.CompactFunc(found, func(a, b commandline.Candidate) bool { return a.Word == b.Word })
}
