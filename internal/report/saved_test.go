package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// savedKinds are the values that a file may hold, and what they are written as.
var savedKinds = map[string]struct {
	value any
	write func(text []byte, formats map[string]string) error
}{
	"plan": {everydayPlan(), func(text []byte, formats map[string]string) error {
		p, err := report.ReadPlan(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{"text": func(w io.Writer) error { return report.Text{}.Plan(w, p) }, "markdown": mdPlan(p), "json": jsonOf(p)})
	}},
	"refused plan": {refusedPlan(), func(text []byte, formats map[string]string) error {
		p, err := report.ReadPlan(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{"text": func(w io.Writer) error { return report.Text{}.Plan(w, p) }, "markdown": mdPlan(p), "json": jsonOf(p)})
	}},
	"result": {everydayResult(), func(text []byte, formats map[string]string) error {
		r, err := apply.Decode(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{
			"text":   func(w io.Writer) error { return report.Text{}.Result(w, r) },
			"ending": func(w io.Writer) error { return report.Text{}.Ending(w, r, report.Ending{}) }, "markdown": mdResult(r), "json": jsonOf(r),
		})
	}},
	"drift": {ignoring(everydayDrift()), func(text []byte, formats map[string]string) error {
		d, err := report.ReadDrift(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{
			"text": func(w io.Writer) error { return report.Text{}.Drift(w, d) }, "markdown": mdDrift(d), "json": jsonOf(d),
			"html": htmlDrift(d, report.NewPoint(d)), "junit": func(w io.Writer) error { return report.JUnit{}.Drift(w, d) }, "history": report.NewPoint(d).Line,
		})
	}},
	"plans": {plans(), func(text []byte, formats map[string]string) error {
		f, err := report.ReadFleet[plan.Plan](bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{
			"text": func(w io.Writer) error { return report.Text{}.Plans(w, f) }, "json": jsonOf(f),
			"markdown": func(w io.Writer) error { return report.Markdown{}.Plans(w, f) },
		})
	}},
	"drifts": {ignoringAll(drifts()), func(text []byte, formats map[string]string) error {
		f, err := report.ReadFleet[plan.Drift](bytes.NewReader(text))
		if err != nil {
			return err
		}
		return writeAll(formats, map[string]func(io.Writer) error{
			"text": func(w io.Writer) error { return report.Text{}.Drifts(w, f) }, "json": jsonOf(f),
			"markdown": func(w io.Writer) error { return report.Markdown{}.Drifts(w, f) },
			"html":     func(w io.Writer) error { return report.HTML{}.Drifts(w, f) }, "junit": func(w io.Writer) error { return report.JUnit{}.Drifts(w, f) },
		})
	}},
}

func ignoring(d *plan.Drift) *plan.Drift {
	d.Ignored = []plan.DriftKind{plan.DriftUnmanaged}
	return d
}

func ignoringAll(f *report.Fleet[plan.Drift]) *report.Fleet[plan.Drift] {
	for _, member := range f.Tenants {
		if member.Report != nil {
			ignoring(member.Report)
		}
	}
	return f
}

func jsonOf(value any) func(io.Writer) error {
	return func(w io.Writer) error { return report.JSON(w, value) }
}

func writeAll(formats map[string]string, writers map[string]func(io.Writer) error) error {
	for name, write := range writers {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		formats[name] = text.String()
	}
	return nil
}

// forgedTexts are what somebody may write into a saved file by hand.
var forgedTexts = []string{
	"-->\n\n# Approved by @octocat [click](https://evil.example)<img src=\"https://evil.example/x.png\">\x1b]0;pwn\a</code>```\n```\n</details>" +
		"\n::set-env name=PATH::/evil\n##vso[task.setvariable variable=PATH]/evil\n##TeamCity[x]\n##[add-path]/evil\r\x1b[0K",
	"::error::x", "##vso[task.setvariable variable=PATH]/evil ###[add-path]/evil ##teamcity[publishArtifacts '.']",
}

// TestNoTextOfASavedFileSteersAnything replaces each text of each kind of saved file, one
// at a time, and writes the file in every format. A text that the reader refuses is fine.
func TestNoTextOfASavedFileSteersAnything(t *testing.T) {
	for kind, saved := range savedKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(saved.value)
			if err != nil {
				t.Fatal(err)
			}
			leaves := textsIn(t, text)
			if len(leaves) < 20 {
				t.Fatalf("the saved value has only %d texts: the test needs a fuller one", len(leaves))
			}
			written := 0
			for place, path := range leaves {
				for _, forged := range forgedTexts {
					formats := map[string]string{}
					if err := saved.write(withText(t, text, place, forged), formats); err != nil {
						continue
					}
					written++
					for format, out := range formats {
						if why := steers(out); why != "" {
							t.Errorf("%s of the file is %q; written as %s, %s", path, forged, format, why)
						}
						switch format {
						case "markdown":
							harmless(t, out)
						case "html":
							walk(pageOf(t, out), func(n *html.Node) {
								if n.Type == html.ElementNode && n.Data == "img" || n.Type == html.CommentNode {
									t.Errorf("%s of the file is %q; it is markup in the page: %s", path, forged, n.Data)
								}
							})
						}
					}
				}
				if t.Failed() {
					break
				}
			}
			if written < len(leaves)*len(forgedTexts)/2 {
				t.Errorf("only %d files of %d texts could be read: the test shows too little", written, len(leaves))
			}
		})
	}
}

// steers says how an output steers what shows it; empty: it does not.
func steers(out string) string {
	if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && r != '\t' && connection.IsUnseen(r) }); i >= 0 {
		return fmt.Sprintf("it holds %q", out[i:min(len(out), i+4)])
	}
	for line := range strings.Lines(out) {
		lower := strings.ToLower(strings.TrimSpace(line))
		for _, command := range []string{"##[", "##vso[", "##teamcity["} {
			if strings.Contains(lower, command) {
				return "a runner obeys " + command
			}
		}
		if strings.HasPrefix(lower, "::") {
			return "a runner obeys a line that begins with ::"
		}
	}
	return ""
}

// textsIn lists the paths of the texts in JSON, in an order that does not change.
func textsIn(t *testing.T, text []byte) []string {
	t.Helper()
	var paths []string
	eachText(decoded(t, text), "", func(path, was string) string {
		paths = append(paths, path)
		return was
	})
	return paths
}

// withText returns the JSON with another text in one place.
func withText(t *testing.T, text []byte, place int, other string) []byte {
	t.Helper()
	at := -1
	value := eachText(decoded(t, text), "", func(_, was string) string {
		if at++; at == place {
			return other
		}
		return was
	})
	replaced, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return replaced
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func eachText(value any, path string, change func(path, was string) string) any {
	switch value := value.(type) {
	case string:
		return change(path, value)
	case []any:
		for i := range value {
			value[i] = eachText(value[i], fmt.Sprint(path, "/", i), change)
		}
	case map[string]any:
		var keys []string
		for key := range value {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			value[key] = eachText(value[key], path+"/"+key, change)
		}
	}
	return value
}

// TestAPlanOfAnEarlierVersionHasItsTextsWithoutCodes reads what a version wrote that had no codes.
func TestAPlanOfAnEarlierVersionHasItsTextsWithoutCodes(t *testing.T) {
	old := `{"format": "qlsync.plan/v1", "hash": "sha256:00", "project": "finance", "tenant": {"name": "prod", "url": "https://a.example"}, "caller": "u",
		"changes": [{"action": "update", "connection": {"space": "A", "name": "x"}, "reason": "moved in the files; it changes", "manual": "sign in",
			"refused": "it is protected: declare it again", "fields": [{"path": "/properties/n", "before": 10000000000000000001, "after": 1e400}]}],
		"steps": [{"id": "s1", "kind": "patch", "connections": [{"space": "A", "name": "x"}], "after": [], "calls": 1, "description": "renames it, sets the tags"}],
		"warnings": [{"message": "look here"}], "refusal": {"rule": "maxDeletes", "message": "too many", "hint": "pass a confirmation"}, "seen": []}`
	p, err := report.ReadPlan(strings.NewReader(old))
	if err != nil {
		t.Fatal(err)
	}
	c := &p.Changes[0]
	got := []string{
		connection.Join(c.Reasons, "; "), c.Manual.String(), c.Refused.String(), p.Steps[0].Description(), p.Warnings[0].Reason.String(), p.Refusal.Reason.Text, p.Refusal.Reason.Next,
		fmt.Sprint(c.Fields[0].Before, " ", c.Fields[0].After), c.Refused.Code + c.Manual.Code,
	}
	want := []string{
		"moved in the files; it changes", "sign in", "it is protected: declare it again", "renames it, sets the tags", "look here", "too many", "pass a confirmation",
		"10000000000000000001 1e400", "",
	}
	if diff := cmp.Diff(want, got); diff != "" || !c.Refused.Holds() {
		t.Errorf("the plan has other texts than its file (-want +got):\n%s", diff)
	}
}
