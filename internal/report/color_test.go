package report

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// luminance is that of a colour of the 6 by 6 by 6 cube of 256-colour terminals, as the Web
// Content Accessibility Guidelines define it.
func luminance(index int) float64 {
	part := func(level int, weight float64) float64 {
		value := float64([]int{0, 95, 135, 175, 215, 255}[level]) / 255
		if value <= 0.04045 {
			return weight * value / 12.92
		}
		return weight * math.Pow((value+0.055)/1.055, 2.4)
	}
	index -= 16
	return part(index/36, 0.2126) + part(index/6%6, 0.7152) + part(index%6, 0.0722)
}

func TestEveryColourCanBeReadOnALightAndOnADarkTerminal(t *testing.T) {
	const least = 3.8 // times as bright as the other; 3 is the least for signs
	for name, h := range map[string]hue{"red": red, "green": green, "amber": amber, "teal": teal} {
		index, err := strconv.Atoi(strings.TrimPrefix(string(h), "38;5;"))
		if err != nil || index < 16 || index > 231 {
			t.Errorf("%s is %q, want a colour of the fixed cube", name, h)
			continue
		}
		l := luminance(index)
		for theme, background := range map[string]float64{"Solarized Light": 0.926, "Solarized Dark": 0.020, "Visual Studio Code, dark": 0.013} {
			bright, dark := max(l, background)+0.05, min(l, background)+0.05
			if ratio := bright / dark; ratio < 3 {
				t.Errorf("%s has a contrast of %.1f on the background of %s, want at least 3", name, ratio, theme)
			}
		}
		if white, black := 1.05/(l+0.05), (l+0.05)/0.05; white < least || black < least {
			t.Errorf("%s has a contrast of %.1f on white and %.1f on black, want at least %.1f", name, white, black, least)
		}
	}
}

func TestACommandInASentenceIsOnOneRow(t *testing.T) {
	for _, test := range []struct{ text, command string }{
		{"Nothing was written. To list every secret of the tenant, run: qlsync secrets -C 'my project' -t dev", "qlsync secrets -C 'my project' -t dev"},
		{"Fix that, then run again: qlsync apply --var 'greeting=it'\\''s me' --var bucket=new --auto-approve", "qlsync apply --var 'greeting=it'\\''s me' --var bucket=new --auto-approve"},
		{"to start a project, run: qlsync init; to use a project elsewhere, pass -c FILE or -C DIR", "qlsync init;"},
		{"the connections of the plan have changed since (run qlsync -C there plan --target 'Finance/Old rates') by hand", "qlsync -C there plan --target 'Finance/Old rates')"},
	} {
		for width := 30; width < 90; width++ {
			rows := wrapped("  "+test.text, width)
			if !slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, test.command) }) {
				t.Errorf("at %d columns the rows are %q, want one with all of %q", width, rows, test.command)
			}
			for _, row := range rows {
				if cells(row) > width && !strings.HasPrefix(strings.TrimSpace(row), test.command) {
					t.Errorf("at %d columns the row %q is wider, want only a row with nothing but a command to be", width, row)
				}
			}
		}
	}
	if rows := wrapped("that file is not one that qlsync has written for the tenant", 30); len(rows) != 3 {
		t.Errorf("a sentence about qlsync is in the rows %q, want it wrapped like others", rows)
	}
}

func TestASignIsNextToAValueThatIsWiderThanTheTerminal(t *testing.T) {
	url := strconv.Quote("https://orders.example.com/" + strings.Repeat("path/", 20))
	var out strings.Builder
	p := Text{Width: 80, Color: true}.printer(&out)
	p.block(plan.Field{Path: "/properties/url", Before: "short", After: strings.Trim(url, `"`)})
	if got, want := escapeCode.ReplaceAllString(out.String(), ""), "          - \"short\"\n          + "+url+"\n"; got != want {
		t.Errorf("the difference is %q, want %q: each sign is on the row of its value", got, want)
	}
}

func TestTheMarkedPartOfALongSourceLineIsInView(t *testing.T) {
	line := strings.Repeat("abcdefghij ", 12) + "MARKED" + strings.Repeat(" klmnopqrst", 12)
	for _, width := range []int{30, 40, 80, 120} {
		var out strings.Builder
		p := Text{Width: width}.printer(&out)
		p.excerpt("  ", connection.Problem{Position: connection.Position{File: "a.yaml", Line: 7, Column: 133}}, connection.Excerpt{Text: line, Column: 133, Width: 6})
		rows := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
		if len(rows) != 2 || len(rows[0]) > width {
			t.Fatalf("at %d columns the excerpt is %q, want two rows that fit", width, rows)
		}
		if at := strings.Index(rows[1], "^~~~~~"); at < 0 || !strings.HasPrefix(rows[0][at:], "MARKED") {
			t.Errorf("at %d columns the mark is not below the marked part:\n%s", width, out.String())
		}
	}
}

func TestTheRedWordOfARowIsTheOneThatIsSerious(t *testing.T) {
	key := connection.Key{Space: "Finance", Name: "Rates"}
	var out strings.Builder
	text := Text{Color: true}
	err := errors.Join(
		text.Result(&out, &apply.Result{Items: []apply.Item{{Action: plan.ActionUpdate, Connection: key, Outcome: apply.Failed}}, Ledger: apply.Ledger{Planned: 1, Failed: 1}}),
		text.Plan(&out, &plan.Plan{Changes: []plan.Change{
			{Action: plan.ActionCreate, Connection: key, Refused: connection.Reason{Text: "no space"}}, {Action: plan.ActionDelete, Connection: key},
		}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"failed": true, "update": false, "refused:": true, "create": false, "delete": true} {
		if got := strings.Contains(out.String(), "\x1b["+string(red)+"m"+word); got != want {
			t.Errorf("%q is red: %t, want %t, in\n%q", word, got, want, out.String())
		}
	}
}

func TestWrappingChangesNothingButLineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line strings.Builder
		line.WriteString(strings.Repeat(" ", rapid.IntRange(0, 12).Draw(t, "indent")))
		p := &printer{color: true}
		for range rapid.IntRange(1, 20).Draw(t, "pieces") {
			piece := rapid.SampledFrom([]string{"a", "word", "注文", "two words", "https://rates.example.com/api/v1", "end  "}).Draw(t, "piece")
			if rapid.Bool().Draw(t, "coloured") {
				piece = p.paint(red, piece)
			}
			line.WriteString(piece + strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "blanks")))
		}
		width := rapid.IntRange(10, 80).Draw(t, "width")
		rows := wrapped(line.String(), width)
		plain := func(text string) string { return escapeCode.ReplaceAllString(text, "") }
		if got, want := strings.Join(strings.Fields(plain(strings.Join(rows, "\n"))), " "), strings.Join(strings.Fields(plain(line.String())), " "); got != want {
			t.Errorf("the rows have the words %q, want %q", got, want)
		}
		for _, row := range rows {
			if text := plain(row); cells(strings.TrimRight(text, " ")) > width && len(strings.Fields(text)) > 1 {
				t.Errorf("the row %q takes %d of %d columns and could be broken", text, cells(text), width)
			}
			if strings.Count(row, "\x1b[")%2 != 0 {
				t.Errorf("a colour goes on into the row after %q", row)
			}
		}
	})
}
