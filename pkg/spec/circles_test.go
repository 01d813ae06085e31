package spec

import (
	"strconv"
	"testing"
)

// TestLongChains: each block of a chain is asked for, so what one question finds out
// must answer the next. With a walk for each, this would take hours.
func TestLongChains(t *testing.T) {
	const length = 200_000
	key := func(i int) foldedKey { return foldedKey{"s", strconv.Itoa(i)} }
	c := chain{next: map[foldedKey]foldedKey{}, declared: map[foldedKey]string{}, round: map[foldedKey]bool{}}
	for i := range length {
		c.next[key(i)] = key(i + 1)
	}
	c.next[foldedKey{"s", "into"}] = foldedKey{"s", "a"}
	c.next[foldedKey{"s", "a"}] = foldedKey{"s", "b"}
	c.next[foldedKey{"s", "b"}] = foldedKey{"s", "a"}
	c.next[foldedKey{"s", "there"}] = foldedKey{"s", "declared"}
	c.next[foldedKey{"s", "declared"}] = foldedKey{"s", "there"}
	c.declared[foldedKey{"s", "declared"}] = "S/declared"
	for i := range length {
		if c.circles(key(i)) {
			t.Fatalf("%v: a chain that ends is no circle", key(i))
		}
	}
	for range 2 {
		for name, circles := range map[string]bool{"a": true, "b": true, "into": true, "there": false, "declared": false} {
			if c.circles(foldedKey{"s", name}) != circles {
				t.Errorf("%s: got a circle %v, want %v", name, !circles, circles)
			}
		}
	}
}
