package progress_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/pkg/connection"
)

func plainText(io.Writer) report.Text { return report.Text{} }

// userEvents are all events that the user must hear.
var userEvents = map[string]engine.Event{
	"no owner has that name": engine.Warned{Problems: connection.Problems{{Severity: connection.SeverityWarning, Message: "no owner has that name"}}},
	"seed.yaml":              engine.Reseeded{Seed: "seed.yaml"},
	"GET /forbidden":         engine.Misused{Requests: []string{"GET /forbidden"}},
	"no such endpoint":       engine.UnknownID{Tenant: "demo", Reason: errors.New("no such endpoint")},
	"cache-folder":           engine.FromCache{Folder: "cache-folder", Cached: 1, Total: 2},
	"live.json":              engine.FromSnapshot{File: "live.json"},
	"one space is unread":    engine.NotExported{Reason: "one space is unread"},
}

func TestWhatTheUserMustHearIsWritten(t *testing.T) {
	for subject, event := range userEvents {
		var stderr strings.Builder
		progress.NewListener(&stderr, plainText, false, false).Notify("demo", event)
		if !strings.Contains(stderr.String(), subject) {
			t.Errorf("%T is written as %q, want a text about %q", event, stderr.String(), subject)
		}
	}
}

func TestEachLineOfSeveralTenantsBeginsWithTheTenant(t *testing.T) {
	var stderr strings.Builder
	listener := progress.NewListener(&stderr, plainText, false, false)
	end := listener.Several(2)
	for _, tenant := range []string{"dev", "prod"} {
		listener.Notify(tenant, engine.Began{})
		listener.Notify(tenant, engine.Misused{Requests: []string{"GET /a", "GET /b"}})
		_, _ = io.WriteString(listener.Lines(tenant), "a line without an end")
		listener.Notify(tenant, engine.Finished{})
		listener.Notify(tenant, engine.Ended{})
	}
	end()
	want := ""
	for _, tenant := range []string{"dev", "prod"} {
		want += tenant + ": misuse: GET /a\n" + tenant + ": misuse: GET /b\n" + tenant + ": a line without an end\n"
	}
	if stderr.String() != want {
		t.Errorf("standard error has\n%s\nwant each line behind the name of its tenant:\n%s", stderr.String(), want)
	}
}

// TestAQuietListenerShowsNoProgress works for a minute, without a terminal: progress is a line every
// few seconds then.
func TestAQuietListenerShowsNoProgress(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var written strings.Builder
			_, stream := terminal.NewStreams(io.Discard, &written)
			listener := progress.NewListener(stream, plainText, false, quiet)
			listener.Notify("demo", engine.Began{})
			listener.Notify("demo", engine.Read{Done: 1, Total: 9})
			time.Sleep(time.Minute)
			listener.Notify("demo", engine.Warned{Problems: connection.Problems{{Severity: connection.SeverityWarning, Message: "no owner"}}})
			listener.Notify("demo", engine.Ended{})
			text := written.String()
			if hasProgress := strings.Contains(text, "1 of 9"); hasProgress == quiet || !strings.Contains(text, "no owner") {
				t.Errorf("a listener (quiet: %t) writes %q, want the warning, and progress only if it is not quiet", quiet, text)
			}
		})
	}
}
