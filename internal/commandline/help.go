package commandline

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// Guide is what the help of a command says in addition to its definition.
type Guide struct {
	Examples []Example
	Exits    []Exit
}

// Example is a command line that can be pasted, and what it is for.
type Example struct{ For, Line string }

// Exit is an exit code and what it means.
type Exit struct {
	Code    int
	Meaning string
}

// Group is some of the commands under a heading.
type Group struct {
	Title    string
	Commands []string
}

// Page is the address of the reference of the commands.
const Page = "https://github.com/qlsync/qlsync/blob/main/docs/reference/commands.md"

// topics are texts about more than one command. The first line of each is its title.
//
//go:embed topics/*.txt
var topics embed.FS

// Topics returns the names of the help topics with their titles, in order.
func Topics() []Candidate {
	entries, _ := topics.ReadDir("topics")
	var found []Candidate
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".txt")
		text, _ := Topic(name)
		title, _, _ := strings.Cut(text, "\n")
		found = append(found, Candidate{name, title})
	}
	return found
}

// Topic returns the text of a help topic, and whether it exists.
func Topic(name string) (string, bool) {
	text, err := topics.ReadFile(path.Join("topics", name+".txt"))
	return string(text), err == nil
}

// Overview returns the help of the program for a width in columns.
func Overview(app *cli.App, groups []Group, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n\nUsage: %s COMMAND [flag...]\n", app.Name, app.Usage, app.Name)
	var lists []list
	for _, group := range groups {
		rows := [][2]string{}
		for _, name := range group.Commands {
			rows = append(rows, [2]string{name, app.Command(name).Usage})
		}
		lists = append(lists, list{group.Title, rows})
	}
	rows := [][2]string{}
	for _, topic := range Topics() {
		rows = append(rows, [2]string{"help " + topic.Word, topic.Says})
	}
	writeLists(&b, lists...)
	writeLists(&b, list{"Topics", rows})
	writeLists(&b, list{"Flags", flagRows(app.Flags)})
	fmt.Fprintf(&b, "\nHelp for a command: %s COMMAND --help\nMore: %s\n", app.Name, Page)
	return Wrap(b.String(), width)
}

// Help returns the help of a command for a width in columns. The path is the words that call
// the command. Flags that many commands share stand apart from those of the command. Examples are
// not wrapped, so that they can be pasted.
func Help(command *cli.Command, path string, guide Guide, shared []cli.Flag, width int) string {
	var b strings.Builder
	b.WriteString(Sentence(command.Usage) + ".\n")
	if command.Description != "" {
		b.WriteString("\n" + strings.TrimSpace(command.Description) + "\n")
	}
	b.WriteString("\nUsage: " + UsageLine(command, path) + "\n")
	writeLists(&b, list{"Commands", commandRows(command.Subcommands)})
	head := Wrap(b.String(), width)
	b.Reset()
	for i, example := range guide.Examples {
		if i == 0 {
			b.WriteString("\nExamples:\n")
		}
		fmt.Fprintf(&b, "  # %s\n  %s\n", example.For, example.Line)
	}
	head += b.String()
	b.Reset()
	own := OwnFlags(command, shared)
	writeLists(&b, list{"Flags", flagRows(own)})
	if len(own) < len(command.Flags) {
		writeLists(&b, list{"Flags of every command on a project", flagRows(shared)})
	}
	rows := [][2]string{}
	for _, exit := range guide.Exits {
		rows = append(rows, [2]string{strconv.Itoa(exit.Code), exit.Meaning})
	}
	writeLists(&b, list{"Exit codes", rows})
	b.WriteString("\nMore: " + Page + "#" + strings.Fields(path)[1] + "\n")
	return head + Wrap(b.String(), width)
}

// UsageLine returns the form of a line that calls a command.
func UsageLine(command *cli.Command, path string) string {
	if len(command.Subcommands) > 0 {
		path += " COMMAND"
	}
	path += " [flag...]"
	if command.ArgsUsage != "" {
		path += " " + command.ArgsUsage
	}
	return path
}

// Sentence returns a text with its first letter as a capital.
func Sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// OwnFlags returns the flags of a command without the shared ones. A command that does not take
// all of those has only flags of its own.
func OwnFlags(command *cli.Command, shared []cli.Flag) []cli.Flag {
	var own []cli.Flag
	for _, flag := range command.Flags {
		if !slices.ContainsFunc(shared, func(other cli.Flag) bool { return sameFlag(flag, other) }) {
			own = append(own, flag)
		}
	}
	if len(own)+len(shared) > len(command.Flags) {
		return command.Flags
	}
	return own
}

func sameFlag(a, b cli.Flag) bool { return slices.Equal(a.Names(), b.Names()) && usage(a) == usage(b) }

func commandRows(commands []*cli.Command) [][2]string {
	var rows [][2]string
	for _, command := range commands {
		if !command.Hidden {
			rows = append(rows, [2]string{command.Name, command.Usage})
		}
	}
	return rows
}

// flagRows returns what a list says about flags: their names with the value, and what they are.
func flagRows(flags []cli.Flag) [][2]string {
	var rows [][2]string
	for _, flag := range flags {
		if shown, ok := flag.(cli.VisibleFlag); ok && !shown.IsVisible() {
			continue
		}
		names, says := FlagNames(flag), usage(flag)
		if described, ok := flag.(cli.DocGenerationFlag); ok && described.TakesValue() {
			if value := described.GetValue(); value != "" {
				says += " (default: " + value + ")"
			}
		}
		text := strings.Join(names, ", ")
		if len(names) == 1 {
			text = "    " + text
		}
		rows = append(rows, [2]string{text, says})
	}
	return rows
}

// FlagNames returns the names of a flag with their hyphens, the short one first, and the last
// one with the value that the flag takes.
func FlagNames(flag cli.Flag) []string {
	var names []string
	for _, name := range flag.Names() {
		names = append(names, dashed(name))
	}
	slices.SortFunc(names, func(a, b string) int { return len(a) - len(b) })
	if described, ok := flag.(cli.DocGenerationFlag); ok && described.TakesValue() {
		names[len(names)-1] += " " + Placeholder(described.GetUsage())
	}
	return names
}

// Placeholder returns the word in backquotes of a usage text, which stands for the value.
func Placeholder(usage string) string {
	parts := strings.SplitN(usage, "`", 3)
	if len(parts) < 3 {
		return "VALUE"
	}
	return parts[1]
}

// list is rows of two columns under a heading.
type list struct {
	title string
	rows  [][2]string
}

// writeLists writes lists whose second columns begin at the same place. An empty list is left out.
func writeLists(b *strings.Builder, lists ...list) {
	first := 0
	for _, l := range lists {
		for _, row := range l.rows {
			first = max(first, min(maxTerm, utf8.RuneCountInString(row[0])))
		}
	}
	for _, l := range lists {
		if len(l.rows) > 0 {
			fmt.Fprintf(b, "\n%s:\n", l.title)
		}
		for _, row := range l.rows {
			if utf8.RuneCountInString(row[0]) > first {
				fmt.Fprintf(b, "  %s\n  %-*s  %s\n", row[0], first, "", row[1])
				continue
			}
			fmt.Fprintf(b, "  %-*s  %s\n", first, row[0], row[1])
		}
	}
}

// maxTerm is the greatest width of the first column of a list. A longer term has a line of its own.
const maxTerm = 30

// hanging is the beginning of a line that the rest of the line is indented to: spaces, or a term
// and at least two spaces.
var hanging = regexp.MustCompile(`^ *(\S+( \S+)*  +)?`)

// Wrap breaks lines that are wider than so many columns between words. A line of two columns goes
// on below the second one.
func Wrap(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if utf8.RuneCountInString(line) <= width {
			b.WriteString(line + "\n")
			continue
		}
		begin := hanging.FindString(line)
		indent := utf8.RuneCountInString(begin)
		at := indent
		b.WriteString(begin)
		for i, word := range strings.Fields(line[len(begin):]) {
			length := utf8.RuneCountInString(word)
			switch {
			case i > 0 && at+1+length > width:
				b.WriteString("\n" + strings.Repeat(" ", indent))
				at = indent
			case i > 0:
				b.WriteString(" ")
				at++
			}
			b.WriteString(word)
			at += length
		}
		b.WriteString("\n")
	}
	return b.String()
}
