package main

import (
	"os"
	"strings"
	"testing"
)

func TestTheNotesOfAReleaseAreItsSectionOfTheChangelog(t *testing.T) {
	const changelog = "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [0.2.0] - 2027-01-01\n\n### Added\n\n- a [link](x)\n\n## [0.1.0] - 2026-11-29\n\nFirst.\n\n## [0.0.1]\n\n[0.2.0]: https://example.com\n"
	for version, want := range map[string]string{
		"v0.2.0": "### Added\n\n- a [link](x)\n",
		"0.1.0":  "First.\n",
		"v0.0.1": "", // empty
		"v0.3.0": "", // missing
		"v0.1":   "", // a part of a version
	} {
		got, err := notesOf(changelog, version)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("the notes of %s are %q with the error %v, want %q", version, got, err, want)
		}
	}
}

func TestTheChangelogHasNotesOfTheFirstRelease(t *testing.T) {
	text, err := os.ReadFile("../../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	notes, err := notesOf(string(text), "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) < 1000 || strings.Contains(notes, "\n## ") {
		t.Errorf("the notes have %d characters, want at least 1,000, and no heading of another version", len(notes))
	}
}
