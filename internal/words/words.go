// Package words formats counted nouns, durations, alternatives and suggestions in English.
package words

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
)

// Count returns the number and the noun: "1 file", "2 files".
func Count(n int, noun string) string { return CountOf(n, noun, noun+"s") }

// CountOf is [Count] for a noun whose plural is not the singular and an s: "2 properties".
func CountOf(n int, one, many string) string { return Number(n) + " " + Plural(n, one, many) }

// Number returns a number with separators of thousands: "12,000".
func Number(n int) string { return limits.Grouped(int64(n)) }

// Duration returns a duration in whole units, without those that are zero: "38 s", "4 min 38 s", "6 min", "2 h 5 min".
func Duration(d time.Duration) string {
	seconds := int(math.Ceil(d.Seconds()))
	switch {
	case seconds < 120:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 3600:
		return units(seconds/60, "min", seconds%60, "s")
	}
	return units(seconds/3600, "h", seconds/60%60, "min")
}

func units(large int, unit string, small int, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smaller)
}

// Plural returns the form of a word that follows the number: "is" or "are".
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// OneOf returns alternatives: "text, markdown or json".
func OneOf(names []string) string { return joined(names, " or ") }

// AllOf returns a list: "plan, apply and drift".
func AllOf(names []string) string { return joined(names, " and ") }

func joined(names []string, last string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + last + names[len(names)-1]
}
