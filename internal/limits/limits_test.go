package limits

import (
	"strings"
	"testing"
)

func TestTheOptionIsNamedOnlyWhereItRaisesALimit(t *testing.T) {
	for _, limit := range Table {
		raises := limit.At(3) == 3*limit.Most
		if names := strings.Contains(limit.Hint("split it"), "--raise-limits"); names != raises || raises != limit.Raised {
			t.Errorf("%s, %s: got a hint that names the option: %v, and an option that raises the limit: %v; want both to be %v", limit.Of, limit, names, raises, limit.Raised)
		}
		if limit.At(0) != limit.Most || limit.Most < 1 || strings.Count(limit.Text, "%s") != 1 || limit.Test == "" {
			t.Errorf("%s, %s: got a line without a number, a place for it or a test", limit.Of, limit)
		}
	}
}

func TestLimitsAreWrittenForPeople(t *testing.T) {
	for want, limit := range map[string]Limit{
		"64 MiB* in all":   {Text: "%s in all", Most: 64 << 20, Bytes: true, Raised: true},
		"1,000,000 values": {Text: "%s values", Most: 1_000_000},
		"12 KiB":           {Text: "%s", Most: 12 << 10, Bytes: true},
		"1,025 bytes":      {Text: "%s", Most: 1025, Bytes: true},
		"1,024 MiB":        {Text: "%s", Most: 1 << 30, Bytes: true},
		"7":                {Text: "%s", Most: 7},
	} {
		if got := limit.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
