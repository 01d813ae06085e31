package report_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/report"
)

func TestTheAgeOfASnapshotIsInTheUnitThatFits(t *testing.T) {
	for age, want := range map[time.Duration]string{
		-time.Hour: "in the future, by this computer's clock", -30 * time.Second: "just now", 90 * time.Second: "just now",
		2 * time.Minute: "2 minutes ago", 119 * time.Minute: "119 minutes ago", 2 * time.Hour: "2 hours ago", 47 * time.Hour: "47 hours ago",
		48 * time.Hour: "2 days ago", 100 * 24 * time.Hour: "100 days ago",
	} {
		var text strings.Builder
		if err := (report.Text{}).FromSnapshot(&text, "live.json", age); err != nil {
			t.Fatalf("cannot write of a snapshot that is %s old: %v", age, err)
		}
		if want := "live.json was taken " + want + "; later changes on the tenant are not visible.\n"; text.String() != want {
			t.Errorf("of a snapshot that is %s old, the text is %q, want %q", age, text.String(), want)
		}
	}
}

// Each command that reads dependents has the flag --cache.
func TestALongReadingOfDependentsIsAnnounced(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		29 * time.Second: "",
		6 * time.Minute: "Reading which connections the apps use takes 5,000 requests and about 6 min, because of the rate limit. " +
			"With --cache DIR, the next run takes seconds.\n",
	} {
		var text strings.Builder
		if err := (report.Text{}).UsagePlanned(&text, 5000, wait); err != nil || text.String() != want {
			t.Errorf("a wait of %v is announced as %q (%v), want %q", wait, text.String(), err, want)
		}
	}
}

func TestNoEventSteersATerminalOrAPipeline(t *testing.T) {
	const forged = "\x1b]0;pwn\a\n##vso[task.setvariable variable=PATH]/evil"
	t0, reason := report.Text{}, errors.New(forged)
	for event, write := range map[string]func(*strings.Builder) error{
		"cache": func(w *strings.Builder) error {
			return t0.FromCache(w, report.FromCache{Folder: forged, Cached: 1, Total: 2, NotKept: reason})
		},
		"snapshot":     func(w *strings.Builder) error { return t0.FromSnapshot(w, forged, 0) },
		"unknown id":   func(w *strings.Builder) error { return t0.UnknownID(w, forged, reason) },
		"not exported": func(w *strings.Builder) error { return t0.NotExported(w, forged) },
		"reseeded":     func(w *strings.Builder) error { return t0.Reseeded(w, forged) },
		"misuse":       func(w *strings.Builder) error { return t0.Misuse(w, []string{forged, forged}) },
	} {
		var text strings.Builder
		if err := write(&text); err != nil {
			t.Fatalf("%s: cannot write the event: %v", event, err)
		}
		if !strings.Contains(text.String(), "task.setvariable") {
			t.Errorf("%s: the text does not name its subject: %q", event, text.String())
		}
		for line := range strings.Lines(text.String()) {
			if strings.ContainsAny(line, "\x1b\a") || strings.Contains(line, "##") {
				t.Errorf("%s: a terminal or the runner of a pipeline obeys a part of the text: %q", event, line)
			}
		}
	}
}
