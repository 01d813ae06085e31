package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

func TestTheHelpOfEveryCommandHasExamplesExitCodesAndAPage(t *testing.T) {
	reference := (&document{T: t}).read(filepath.Join("..", "..", "docs", "reference", "commands.md"))
	app := newApp(&environment{})
	grouped := 0
	for _, group := range groups {
		grouped += len(group.Commands)
	}
	if shown := len(slices.DeleteFunc(slices.Clone(app.Commands), isHidden)); grouped != shown {
		t.Errorf("the overview lists %d commands, want %d: add the missing ones to a group", grouped, shown)
	}
	for _, c := range visible(app.Commands, "qlsync") {
		guide := guides[c.path]
		if len(guide.Examples) != 2 || len(guide.Exits) == 0 || guide.Exits[0].Code != exitOK {
			t.Errorf("%s has %d examples and the exit codes %v, want two examples and at least the exit code 0", c.path, len(guide.Examples), guide.Exits)
		}
		if section := strings.TrimPrefix(c.path, "qlsync "); !strings.Contains(reference, "\n## "+section+"\n") {
			t.Errorf("docs/reference/commands.md has no section %q, want one about each command", section)
		}
		help := commandline.Help(c.Command, c.path, guide, sharedFlags(), 1000)
		if formats := strings.Count(help, " text,") + strings.Count(help, "or text "); formats > 1 {
			t.Errorf("the help of %s lists the format text %d times, want it once", c.path, formats)
		}
		if words := strings.Fields(help); len(words[len(words)-1]) > 80 {
			t.Errorf("the help of %s ends with %q, want an address that fits 80 columns", c.path, words[len(words)-1])
		}
		if !strings.HasPrefix(help, commandline.Sentence(c.Usage)+".\n") {
			t.Errorf("the help of %s begins with\n%.100s\nwant the purpose of the command", c.path, help)
		}
	}
}

func TestTheTextsOfAllCommandsInTheOverviewBeginInOneColumn(t *testing.T) {
	app := newApp(&environment{})
	overview := "\n" + commandline.Overview(app, groups, 110)
	begin := 0
	for _, group := range groups {
		for _, name := range group.Commands {
			_, line, _ := strings.Cut(overview, "\n  "+name+" ")
			at := 2 + len(name) + 1 + len(line) - len(strings.TrimLeft(line, " "))
			if begin == 0 {
				begin = at
			}
			if at != begin {
				t.Errorf("the text about %s begins in column %d, want %d as for the others", name, at, begin)
			}
		}
	}
}

func TestNoFlagIsTooLongForItsColumn(t *testing.T) {
	for _, c := range visible(newApp(&environment{}).Commands, "qlsync") {
		_, flags, _ := strings.Cut(commandline.Help(c.Command, c.path, guides[c.path], sharedFlags(), 110), "\nFlags:\n")
		for line := range strings.Lines(flags) {
			if term := strings.TrimSpace(line); strings.HasPrefix(term, "-") && !strings.Contains(term, "  ") {
				t.Errorf("the help of %s has the flag %q without its text on the same line, want both on one", c.path, term)
			}
		}
	}
}

func TestTheHelpFitsTheTerminal(t *testing.T) {
	app := newApp(&environment{})
	for _, width := range []int{60, 80, 110} {
		texts := map[string]string{"the overview": commandline.Overview(app, groups, width)}
		for _, c := range visible(app.Commands, "qlsync") {
			texts[c.path] = commandline.Help(c.Command, c.path, guides[c.path], sharedFlags(), width)
		}
		for _, topic := range commandline.Topics() {
			text, _ := commandline.Topic(topic.Word)
			texts[topic.Word] = commandline.Wrap(text, width)
		}
		for name, text := range texts {
			for line := range strings.Lines(text) {
				words := strings.Fields(line)
				isExample := strings.HasPrefix(line, "  # ") || strings.Contains(line, "qlsync ") && strings.HasPrefix(line, "  ")
				if length := utf8.RuneCountInString(line) - 1; length > width && len(words) > 1 && !isExample {
					t.Errorf("at %d columns, a line of %s has %d:\n%s", width, name, length, line)
				}
			}
		}
		for name, text := range texts {
			wide := strings.Fields(commandline.Wrap(text, 10000))
			if got := strings.Fields(text); !slices.Equal(got, wide) {
				t.Errorf("at %d columns, %s has %d words, want %d", width, name, len(got), len(wide))
			}
		}
	}
}

// TestTheExamplesOfTheHelpRun runs the examples of every command in a project that init wrote, in
// a shell. The exit code of an example is one that the help of its command lists.
func TestTheExamplesOfTheHelpRun(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the examples need bash")
	}
	for _, c := range visible(newApp(&environment{}).Commands, "qlsync") {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			for _, example := range guides[c.path].Examples {
				folder := t.TempDir()
				run := func(line string) (int, string) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					cmd := exec.CommandContext(ctx, shell, "-c", line)
					cmd.Dir = folder
					cmd.WaitDelay = time.Second // a process in the background keeps the output open
					out, err := cmd.CombinedOutput()
					if ctx.Err() != nil || err != nil && cmd.ProcessState == nil {
						t.Fatalf("cannot run %s: %v", line, err)
					}
					return cmd.ProcessState.ExitCode(), string(out)
				}
				if c.path != "qlsync init" {
					if code, out := run("qlsync init && qlsync plan --out plan.json"); code != exitOK {
						t.Fatalf("cannot prepare the folder: exit code %d\n%s", code, out)
					}
				}
				if strings.HasPrefix(c.path, "qlsync fleet") {
					prepare := `echo 'fleet: {from: {file: tenants.csv}, tenant: {auth: {apiKey: {env: KEY}}}}' >> qlsync.yaml && ` +
						`printf 'id,host\nt1,acme.eu.qlikcloud.com\n' > tenants.csv && qlsync fleet refresh`
					if code, out := run(prepare); code != exitOK {
						t.Fatalf("cannot prepare a fleet: exit code %d\n%s", code, out)
					}
				}
				line := example.Line
				if strings.Contains(line, "| man ") {
					if _, err := exec.LookPath("man"); err != nil {
						continue
					}
				}
				if c.Name == "simulate" { // it ends when it is interrupted
					line = fmt.Sprintf("%s > out.txt & until grep -qi 'token\\|secret' out.txt; do sleep 0.1; done; kill -INT $!; wait $!", line)
				}
				code, out := run(line)
				if !slices.ContainsFunc(guides[c.path].Exits, func(exit commandline.Exit) bool { return exit.Code == code && code != exitError }) {
					t.Errorf("the example %q ends with %d, want an exit code of the help:\n%s", example.Line, code, out)
				}
			}
		})
	}
}

func TestTheManualHasEveryCommandAndFlag(t *testing.T) {
	var page bytes.Buffer
	if code := runLine([]string{"qlsync", "man"}, nil, &page, io.Discard); code != exitOK {
		t.Fatalf("qlsync man ends with %d, want %d", code, exitOK)
	}
	for _, c := range visible(newApp(&environment{}).Commands, "qlsync") {
		if !strings.Contains(page.String(), `.SS "`+c.path+` [flag`) && !strings.Contains(page.String(), `.SS "`+c.path+` COMMAND`) {
			t.Errorf("the manual has no section of %s", c.path)
		}
		for _, flag := range c.Flags {
			if name := strings.ReplaceAll("--"+flag.Names()[0], "-", `\-`); !strings.Contains(page.String(), name) {
				t.Errorf("the manual has no flag %s", name)
			}
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "qlsync.1")
	if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff reports (%v):\n%s", err, out)
	}
}

// A line of the manual that begins with a dot would be a request.
func TestNoTextIsARequestOfTheManual(t *testing.T) {
	app := newApp(&environment{})
	app.Usage = ".so /etc/passwd"
	page := commandline.Manual(app, groups, map[string]commandline.Guide{
		"qlsync plan": {Examples: []commandline.Example{{For: "x", Line: `.so \*[x] 'y'`}}},
	}, sharedFlags(), "1.0")
	for _, want := range []string{"\n\\&.so \\e*[x] \\(aqy\\(aq\n", "\nqlsync \\- .so /etc/passwd\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the manual has no line %q", want)
		}
	}
}

func isHidden(command *cli.Command) bool { return command.Hidden }
