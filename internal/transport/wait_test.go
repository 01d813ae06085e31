package transport_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
)

func TestRetryAfterIsReadByTheServersClock(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(offset time.Duration) string { return now.Add(offset).Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		after, date string
		want        time.Duration
		ok          bool
	}{
		"seconds":                         {after: "7", want: 7 * time.Second, ok: true},
		"seconds with blanks":             {after: " 7 ", want: 7 * time.Second, ok: true},
		"no wait at all":                  {after: "0", ok: true},
		"seconds that are negative":       {after: "-7"},
		"no number":                       {after: "soon"},
		"no header":                       {},
		"a date by a clock that is right": {after: at(4 * time.Second), date: at(0), want: 4 * time.Second, ok: true},
		"a date by a clock that is an hour ahead":   {after: at(time.Hour + 4*time.Second), date: at(time.Hour), want: 4 * time.Second, ok: true},
		"a date by a clock that is an hour behind":  {after: at(4*time.Second - time.Hour), date: at(-time.Hour), want: 4 * time.Second, ok: true},
		"a date that the server's clock has passed": {after: at(time.Hour), date: at(2 * time.Hour), ok: true},
		"a date without Date":                       {after: at(4 * time.Second), want: 4 * time.Second, ok: true},
		"a date without Date that is an hour away":  {after: at(time.Hour), want: 5 * time.Minute, ok: true},
		"a date without Date that has passed":       {after: at(-time.Hour)},
		"a date next to a Date that cannot be read": {after: at(4 * time.Second), date: "noon", want: 4 * time.Second, ok: true},
		"seconds with any clock of the server":      {after: "7", date: at(time.Hour), want: 7 * time.Second, ok: true},
	} {
		header := http.Header{}
		header.Set("Retry-After", test.after)
		header.Set("Date", test.date)
		if wait, ok := transport.RetryAfter(header, now); wait != test.want || ok != test.ok {
			t.Errorf("%s: got %v, %v; want %v, %v", name, wait, ok, test.want, test.ok)
		}
	}
}
