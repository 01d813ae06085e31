package main

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

// The scripts are thin: they pass the words of the line up to the cursor to
// `qlsync __complete`, and offer files where that has nothing to say.
//
//go:embed completions
var completions embed.FS

// shells are those that there is a script for, with the files of these.
var shells = map[string]string{"bash": "qlsync.bash", "zsh": "qlsync.zsh", "fish": "qlsync.fish", "powershell": "qlsync.ps1"}

func shellNames() []string { return slices.Sorted(maps.Keys(shells)) }

func completionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands, flags and tenants in a shell",
		ArgsUsage: "SHELL",
		Description: "SHELL is bash, zsh, fish or powershell. For the running shell only:\n\n" +
			"    bash        source <(qlsync completion bash)\n" +
			"    zsh         source <(qlsync completion zsh)\n" +
			"    fish        qlsync completion fish | source\n" +
			"    powershell  qlsync completion powershell | Out-String | Invoke-Expression\n\n" +
			"For every shell to come, put that line into its start file: ~/.bashrc, ~/.zshrc (after compinit),\n" +
			"~/.config/fish/config.fish, $PROFILE.",
		Action: func(c *cli.Context) error {
			file, known := shells[c.Args().First()]
			if c.NArg() != 1 || !known {
				return fmt.Errorf("completion %q: it must be %s", strings.Join(c.Args().Slice(), " "), oneOf(shellNames()))
			}
			script, err := completions.ReadFile("completions/" + file)
			if err != nil {
				return err
			}
			_, err = env.stdout.Write(script)
			return err
		},
	}
}

// completeCommand is what the scripts call, with the words behind "qlsync" up to
// the cursor. It prints a candidate a line, with a tab before what it is.
func completeCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name: "__complete", Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			line := newLine(newApp(env), c.Args().Slice())
			for _, found := range line.candidates() {
				if strings.HasPrefix(found.word, line.current) {
					fmt.Fprintf(env.stdout, "%s\t%s\n", report.Clean(found.word), report.Clean(found.says))
				}
			}
			return nil
		},
	}
}

// choice is a flag that takes one of a few values, choices one that takes several.
type (
	choice struct {
		*cli.StringFlag
		values []string
	}
	choices struct {
		*cli.StringSliceFlag
		values []string // those that end in = want something behind it
	}
)

type candidate struct{ word, says string }

// line is a command line up to the cursor, as far as it can be understood.
type line struct {
	app     *cli.App
	command *cli.Command // nil before the first one
	flags   []cli.Flag   // what may stand here
	pending cli.Flag     // whose value comes next
	plain   bool         // behind --
	args    int
	config  string // what --config says
	current string // the word at the cursor
}

// newLine reads the words; the last one is that at the cursor.
func newLine(app *cli.App, words []string) *line {
	app.Setup() // the library adds its help
	l := &line{app: app, flags: append(sharedFlags(), app.Flags...), config: "qlsync.yaml"}
	if len(words) == 0 {
		words = []string{""}
	}
	for _, word := range words[:len(words)-1] {
		l.read(word)
	}
	l.current = words[len(words)-1]
	return l
}

func (l *line) read(word string) {
	switch {
	case l.pending != nil:
		l.note(l.pending, word)
		l.pending = nil
	case l.plain:
		l.args++
	case word == "--":
		l.plain = true
	case strings.HasPrefix(word, "-") && word != "-":
		name, value, given := strings.Cut(word, "=")
		switch flag := l.flag(name); {
		case flag == nil:
		case given:
			l.note(flag, value)
		case takesValue(l.flags, name):
			l.pending = flag
		}
	default:
		if command := named(l.commands(), word); command != nil {
			l.command, l.flags = command, command.Flags
			return
		}
		l.args++
	}
}

// note keeps what the project file is; where the tenants stand is in there.
func (l *line) note(flag cli.Flag, value string) {
	if slices.Contains(flag.Names(), "config") {
		l.config = value
	}
}

func (l *line) flag(word string) cli.Flag {
	name := strings.TrimLeft(word, "-")
	for _, flag := range l.flags {
		if slices.Contains(flag.Names(), name) {
			return flag
		}
	}
	return nil
}

// commands are those that may come next.
func (l *line) commands() []*cli.Command {
	switch {
	case l.args > 0:
		return nil
	case l.command == nil, l.command.Name == "help":
		return l.app.Commands
	}
	return l.command.Subcommands
}

func named(commands []*cli.Command, word string) *cli.Command {
	for _, command := range commands {
		if command.HasName(word) {
			return command
		}
	}
	return nil
}

// candidates are the words that may stand at the cursor, in order. There are none
// where a file is wanted, or something that only the user knows.
func (l *line) candidates() []candidate {
	name, _, given := strings.Cut(l.current, "=")
	switch {
	case l.pending != nil:
		return l.values(l.pending)
	case strings.HasPrefix(l.current, "-") && given && !l.plain:
		found := l.values(l.flag(name))
		for i := range found {
			found[i].word = name + "=" + found[i].word
		}
		return found
	case strings.HasPrefix(l.current, "-") && !l.plain:
		return l.flagNames()
	case l.command != nil && l.command.Name == "completion" && l.args == 0:
		return words(shellNames())
	}
	return l.commandNames()
}

func (l *line) flagNames() []candidate {
	var found []candidate
	if l.flag("--help") == nil {
		found = append(found, candidate{"--help", "show help"})
	}
	for _, flag := range l.flags {
		if shown, ok := flag.(cli.VisibleFlag); ok && !shown.IsVisible() {
			continue
		}
		for _, name := range flag.Names() {
			if len(name) > 1 {
				found = append(found, candidate{"--" + name, usage(flag)})
			}
		}
	}
	slices.SortFunc(found, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return found
}

func usage(flag cli.Flag) string {
	described, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	return strings.ReplaceAll(described.GetUsage(), "`", "")
}

func (l *line) commandNames() []candidate {
	var found []candidate
	for _, command := range l.commands() {
		if !command.Hidden {
			found = append(found, candidate{command.Name, command.Usage})
		}
	}
	return found
}

func (l *line) values(flag cli.Flag) []candidate {
	switch flag := flag.(type) {
	case nil:
		return nil
	case choice:
		return words(flag.values)
	case choices:
		return words(flag.values)
	}
	if slices.Contains(flag.Names(), "tenant") && l.flag("config") != nil {
		return tenants(l.config)
	}
	return nil
}

func words(values []string) []candidate {
	found := make([]candidate, len(values))
	for i, value := range values {
		found[i].word = value
	}
	return found
}

// tenants are those of a project file, if it can be read that far.
func tenants(config string) []candidate {
	project, _ := spec.LoadProject(config)
	if project == nil {
		return nil
	}
	var found []candidate
	for _, tenant := range project.Tenants {
		found = append(found, candidate{tenant.Name, tenant.URL})
	}
	return found
}
