package words_test

import (
	"testing"

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
