package jsonpointer_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/jsonpointer"
)

func TestPointersAreThoseOfTheStandard(t *testing.T) {
	for pointer, names := range map[string][]string{
		"": nil, "/": {""}, "/a/b": {"a", "b"}, "/a~1b/m~0n": {"a/b", "m~n"}, "/~01": {"~1"}, "//x": {"", "x"},
	} {
		if got := jsonpointer.Split(pointer); !slices.Equal(got, names) {
			t.Errorf("Split(%q) = %q, want %q", pointer, got, names)
		}
		if got := jsonpointer.Join(names...); got != pointer {
			t.Errorf("Join(%q) = %q, want %q", names, got, pointer)
		}
	}
}

func TestSplitReversesJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.StringOf(rapid.SampledFrom([]rune("~/01aé")))).Draw(t, "names")
		if got := jsonpointer.Split(jsonpointer.Join(names...)); !slices.Equal(got, names) {
			t.Fatalf("Split(Join(%q)) = %q, want the same names", names, got)
		}
	})
}
