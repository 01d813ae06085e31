package words_test

import (
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/words"
)

func TestOnlyOneThingIsSingular(t *testing.T) {
	for n, want := range map[int][3]string{
		0: {"0 files", "0 properties", "are"}, 1: {"1 file", "1 property", "is"}, 2: {"2 files", "2 properties", "are"}, 1000: {"1,000 files", "1,000 properties", "are"},
	} {
		got := [3]string{words.Count(n, "file"), words.CountOf(n, "property", "properties"), words.Plural(n, "is", "are")}
		if got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestADurationHasNoUnitThatIsZero(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", time.Millisecond: "1 s", 38 * time.Second: "38 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min",
		4*time.Minute + 38*time.Second: "4 min 38 s", 6 * time.Minute: "6 min", 3599 * time.Second: "59 min 59 s",
		time.Hour: "1 h", time.Hour + 59*time.Second: "1 h", 2*time.Hour + 5*time.Minute: "2 h 5 min", 26 * time.Hour: "26 h",
	} {
		if got := words.Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
