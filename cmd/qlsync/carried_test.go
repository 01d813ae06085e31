package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestAVariableThatCannotBeSentAsItIsIsRefused(t *testing.T) {
	for value, want := range map[string]string{
		"p\xe9w":        `variable "x": its value is not UTF-8 text, so it cannot be sent unchanged`,
		"a\xed\xa0\x80": `variable "x": its value is not UTF-8 text, so it cannot be sent unchanged`,
		"abc\x00d":      `variable "x": its value is not text: it holds a NUL byte, so it cannot be sent unchanged`,
		"\xff\xfea\x00": `variable "x": its value is in UTF-16, so it cannot be sent unchanged`,
	} {
		t.Chdir(t.TempDir())
		for name, text := range map[string]string{
			"qlsync.yaml": "version: 1\nproject: p\nconnections: [c.yaml]\ntenants: {demo: {url: \"sim:t.yaml\"}}\n",
			"c.yaml":      "version: 1\nconnections: []\n",
			"t.yaml":      "spaces: []\n",
		} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, command := range []string{"validate", "plan"} {
			err := newApp(streams(nil, io.Discard)).RunContext(t.Context(), []string{"qlsync", command, "--var", "x=" + value})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: got error %v, want one with %q", command, value, err, want)
			}
		}
	}
}
