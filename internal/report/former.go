package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// Former is what a file holds that is about to be written, by its beginning.
type Former int

const (
	// Foreign is a text that qlsync did not write as a report or a saved value.
	Foreign Former = iota
	// FormerReport is a report or a saved value: a new run may replace it.
	FormerReport
	// FormerHistory is a history: runs are added to it, and nothing may replace it.
	FormerHistory
)

// formerHeads are the beginnings of what qlsync writes for people and for other
// programs, apart from JSON. A report that gets another beginning needs a line here. The
// template of a .env file has none: by now it may hold the values.
var formerHeads = regexp.MustCompile(strings.Join([]string{
	`^<!-- qlsync:`,
	`(?s)^<!DOCTYPE html>.{0,1000}<meta name="generator" content="qlsync">`,
	`^<\?xml [^>]*>\s*<testsuites name="qlsync `,
	`^(Plan|Plans) for project `, `^Drift of .* from project `, `^Applied project `,
	`^([^\n]*: )?(error|warning): `, `^.+: [0-9]+ connections? in [0-9]+ files? (is|are) valid\.`,
	`^::(error|warning) [^\n]*title=qlsync::`,
	`^DATA SOURCE +VERSION `, `^No schemas are vendored`, `^No change: tenant `, `^Changed on tenant `,
	`^[-~] [^\n]*\([0-9]+ connections?\)`, `^.+ is not valid on tenant `,
	`^.+: ([0-9]+ secrets?, |the files refer to no secrets\.)`, `^.+ \(.+\)\r?\n  (ok  |warn|FAIL|--  )  [a-z]+:`,
}, "|"))

// formatHead is the beginning of a JSON value of ours.
var formatHead = regexp.MustCompile(`^\{\s*"format"\s*:\s*"qlsync\.([a-z-]+)/`)

// Recognize reports what a text is. It needs the whole text of SARIF, and of everything
// else the first few thousand bytes.
func Recognize(text []byte) Former {
	text = bytes.TrimSpace(text)
	if head := formatHead.FindSubmatch(text); head != nil {
		switch string(head[1]) {
		case "history":
			return FormerHistory
		case "schemas-lock":
			return Foreign
		}
		return FormerReport
	}
	if formerHeads.Match(text) || isOurSARIF(text) {
		return FormerReport
	}
	return Foreign
}

func isOurSARIF(text []byte) bool {
	var document struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Name string `json:"name"`
				} `json:"driver"`
			} `json:"tool"`
		} `json:"runs"`
	}
	return bytes.HasPrefix(text, []byte("{")) && json.Unmarshal(text, &document) == nil &&
		len(document.Runs) == 1 && document.Runs[0].Tool.Driver.Name == "qlsync"
}
