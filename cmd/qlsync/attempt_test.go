package main

import "testing"

func TestAnAttemptIsOneMoreThanTheEarlierOnes(t *testing.T) {
	for text, want := range map[string]int{"": 0, "0": 1, "2": 3, "1+2": 4, "1+": 2, "+": 1, "+3": 4} {
		if got, err := parseAttempt(text); err != nil || got != want {
			t.Errorf("--earlier-attempts %q is attempt %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "-1", "1,2", "1+x", "70000"} {
		if got, err := parseAttempt(text); err == nil {
			t.Errorf("--earlier-attempts %q is attempt %d, want an error", text, got)
		}
	}
}
