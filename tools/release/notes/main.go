// Command notes prints the section of CHANGELOG.md about one version, as the text of its release.
//
//	go run ./notes ../../CHANGELOG.md v0.1.0
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: notes CHANGELOG VERSION")
		os.Exit(1)
	}
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		var notes string
		if notes, err = notesOf(string(text), os.Args[2]); err == nil {
			fmt.Print(notes)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "notes:", err)
		os.Exit(1)
	}
}

// notesOf returns the section of a version, without its heading. A release without a text about it is
// an error.
func notesOf(changelog, version string) (string, error) {
	heading := "\n## [" + strings.TrimPrefix(version, "v") + "]"
	_, rest, found := strings.Cut(changelog, heading)
	if !found {
		return "", fmt.Errorf("the changelog has no section %q: rename [Unreleased] before the release", strings.TrimSpace(heading))
	}
	_, rest, _ = strings.Cut(rest, "\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	section, _, _ = strings.Cut(section, "\n[") // the links of the headings, at the end of the file
	if section = strings.TrimSpace(section); section == "" {
		return "", fmt.Errorf("the section %q of the changelog is empty", strings.TrimSpace(heading))
	}
	return section + "\n", nil
}
