package engine

import (
	"fmt"
	"testing"
)

func TestEachConnectionIsInOnePartOfTheSubsets(t *testing.T) {
	const of = 7
	counts := make([]int, of)
	for i := range 7000 {
		id, parts := fmt.Sprintf("b5f6ae68-%04d", i), 0
		for part := range of {
			subset, err := ParseSubset(fmt.Sprintf("%d/%d", part, of))
			if err != nil {
				t.Fatal(err)
			}
			if subset.has(id) {
				parts++
				counts[part]++
			}
		}
		if parts != 1 {
			t.Fatalf("connection %s is in %d parts, want one", id, parts)
		}
	}
	for part, count := range counts {
		if count < 800 || count > 1200 {
			t.Errorf("part %d has %d of 7000 connections, want about 1000", part, count)
		}
	}
	if (Subset{}).has("b5f6ae68") {
		t.Error("the zero subset has a connection, want none")
	}
}

func TestASubsetIsReadAsKOfN(t *testing.T) {
	for text, want := range map[string]Subset{
		"0/7": {0, 7}, "6/7": {6, 7}, "0/1": {0, 1},
		"7/7": {}, "-1/7": {}, "1": {}, "/": {}, "1/0": {}, "a/b": {}, "1/2/3": {}, "": {}, "1/-2": {},
	} {
		got, err := ParseSubset(text)
		if got != want || (err == nil) != (want.Of > 0) {
			t.Errorf("%q is read as %+v with error %v, want %+v", text, got, err, want)
		}
	}
}
