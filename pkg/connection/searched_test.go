package connection

import (
	"fmt"
	"strings"
	"testing"
)

// TestATextIsSearchedOnce covers texts of defaults, which each connection of a file has again.
func TestATextIsSearchedOnce(t *testing.T) {
	m := newMemory()
	searches := 0
	for i := range 1000 {
		for _, want := range []bool{true, false} {
			text := fmt.Sprintf("%s %v", strings.Repeat("a long text ", 10), want)
			if got := m.holds(text, func() bool { searches++; return want }); got != want {
				t.Fatalf("asked %d times: got %v for %q, want %v", i+1, got, text, want)
			}
		}
	}
	if searches != 2 {
		t.Errorf("got %d searches of two texts, want one of each", searches)
	}
}

// TestTextsThatShareAPlaceAreSeparated asks about more texts than there are places.
func TestTextsThatShareAPlaceAreSeparated(t *testing.T) {
	m := newMemory()
	for range 2 {
		for i := range 2 * memoryPlaces {
			want := i%3 == 0
			if got := m.holds(fmt.Sprintf("the text %d", i), func() bool { return want }); got != want {
				t.Fatalf("text %d: got %v, want %v", i, got, want)
			}
		}
	}
}
