package commandline

import (
	"embed"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts are thin: they pass the words of the line up to the cursor to `qlsync __complete`,
// and offer files if it returns nothing.
//
//go:embed completions
var completions embed.FS

// shells maps the name of a shell to the file of its script.
var shells = map[string]string{"bash": "qlsync.bash", "zsh": "qlsync.zsh", "fish": "qlsync.fish", "powershell": "qlsync.ps1"}

// Shells returns the names of the shells that have a script, sorted.
func Shells() []string { return slices.Sorted(maps.Keys(shells)) }

// Script returns the script that completes words in a shell, and whether there is one.
func Script(shell string) ([]byte, bool) {
	file, known := shells[shell]
	if !known {
		return nil, false
	}
	script, err := completions.ReadFile("completions/" + file)
	return script, err == nil
}

// Candidate is a possible word at the cursor, and its description.
type Candidate struct{ Word, Says string }

// line is the part of a command line before the cursor, as far as it can be parsed.
type line struct {
	app     *cli.App
	names   func(flag string, given map[string]string) []Candidate
	command *cli.Command // nil before the first one
	flags   []cli.Flag   // flags that are possible here
	pending cli.Flag     // the flag whose value comes next
	plain   bool         // after --
	args    int
	given   map[string]string // the values of the flags that locate the names
	current string            // the word at the cursor
}

// Complete returns the possible words at the cursor of a command line, in order. The last of the
// words is the one at the cursor, and may be empty. shared are the flags that are allowed before a
// command. names returns the values of a flag that the project file contains, such as its tenants,
// for the values of --directory, --config and --tenant on the line.
func Complete(app *cli.App, shared []cli.Flag, words []string, names func(flag string, given map[string]string) []Candidate) []Candidate {
	l := newLine(app, shared, words)
	l.names = names
	return slices.DeleteFunc(l.candidates(), func(found Candidate) bool { return !strings.HasPrefix(found.Word, l.current) })
}

func newLine(app *cli.App, shared []cli.Flag, words []string) *line {
	app.Setup()
	l := &line{app: app, flags: slices.Concat(shared, app.Flags), given: map[string]string{}}
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

// note records the values of flags that locate the names.
func (l *line) note(flag cli.Flag, value string) {
	if name := flag.Names()[0]; slices.Contains([]string{"directory", "config", "tenant"}, name) {
		l.given[name] = value
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

// commands returns the commands that may come next.
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

// candidates returns the possible words at the cursor, in order. It returns nil for a file, or for
// a value that only the user knows.
func (l *line) candidates() []Candidate {
	name, _, given := strings.Cut(l.current, "=")
	switch {
	case l.pending != nil:
		return l.values(l.pending)
	case strings.HasPrefix(l.current, "-") && given && !l.plain:
		found := l.values(l.flag(name))
		for i := range found {
			found[i].Word = name + "=" + found[i].Word
		}
		return found
	case strings.HasPrefix(l.current, "-") && !l.plain:
		return l.flagNames()
	case l.command != nil && l.command.Name == "completion" && l.args == 0:
		return plain(Shells())
	case l.command != nil && (l.command.Name == "explain" || l.command.Name == "impact") && l.args == 0:
		return l.names(l.command.Name, l.given)
	}
	return l.commandNames()
}

func (l *line) flagNames() []Candidate {
	var found []Candidate
	if l.flag("--help") == nil {
		found = append(found, Candidate{"--help", "show help"})
	}
	for _, flag := range l.flags {
		if shown, ok := flag.(cli.VisibleFlag); ok && !shown.IsVisible() {
			continue
		}
		for _, name := range flag.Names() {
			if len(name) > 1 {
				found = append(found, Candidate{"--" + name, usage(flag)})
			}
		}
	}
	slices.SortFunc(found, func(a, b Candidate) int { return strings.Compare(a.Word, b.Word) })
	return found
}

func usage(flag cli.Flag) string {
	described, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	return strings.ReplaceAll(described.GetUsage(), "`", "")
}

func (l *line) commandNames() []Candidate {
	var found []Candidate
	for _, command := range l.commands() {
		if !command.Hidden {
			found = append(found, Candidate{command.Name, command.Usage})
		}
	}
	if l.command != nil && l.command.Name == "help" && l.args == 0 {
		found = append(found, Topics()...)
	}
	return found
}

func (l *line) values(flag cli.Flag) []Candidate {
	switch flag := flag.(type) {
	case nil:
		return nil
	case choice:
		return plain(flag.values)
	case choices:
		return plain(flag.values)
	}
	if l.flag("config") != nil {
		return l.names(flag.Names()[0], l.given)
	}
	return nil
}

func plain(values []string) []Candidate {
	found := make([]Candidate, len(values))
	for i, value := range values {
		found[i].Word = value
	}
	return found
}
