package report

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/qlsync/qlsync/internal/impact"
)

// Former is the kind of content of an existing file, judged by its beginning.
type Former int

const (
	// Foreign is a text that qlsync did not write as a report or a saved value.
	Foreign Former = iota
	// FormerReport is a report or a saved value, which a new run may replace.
	FormerReport
	// FormerHistory is a history of drift, to which runs are appended and which must not be replaced.
	FormerHistory
	// FormerUsage is a history of what uses connections, which must not be replaced by anything else.
	FormerUsage
)

// formerHeads are the beginnings of qlsync's outputs for people and for other programs, except
// JSON. A report with a new beginning needs a line here. The template of a .env file is not in the
// list, because it may contain values by now.
var formerHeads = regexp.MustCompile(strings.Join([]string{
	`^<!-- qlsync:`,
	`(?s)^<!DOCTYPE html>.{0,1000}<meta name="generator" content="qlsync">`,
	`^<\?xml [^>]*>\s*<testsuites name="qlsync `,
	`^(Plan|Plans) for project `, `^Drift of .* from project `, `^(Applied|Nothing to apply for) project `,
	`^([^\n]*: )?(error|warning): `, `^.+: [0-9]+ connections? in [0-9]+ files? (is|are) valid\.`,
	`^::(error|warning) [^\n]*title=qlsync::`,
	`^##vso\[task\.logissue type=(error|warning);`,
	`^What depends on the connections of project `, `^Check of project `, `^space,connection,connectionId,`,
	`^DATA SOURCE +VERSION `, `^No schemas are vendored`, `^No change: tenant `, `^Changed on tenant `,
	`^[-~] [^\n]*\([0-9]+ connections?\)`, `^.+ is not valid on tenant `,
	`^.+: ([0-9]+ secrets?, |the files refer to no secrets\.)`, `^.+ \(.+\)\r?\n  (ok  |warn|FAIL|--  )  [a-z]+:`,
}, "|"))

// formatHead is the beginning of a JSON value of qlsync.
var formatHead = regexp.MustCompile(`^\{\s*"format"\s*:\s*"qlsync\.([a-z-]+)/`)

// Recognize returns the kind of a text. It needs the whole text of SARIF, and only the first few
// thousand bytes of other texts.
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
	if bytes.HasPrefix(text, []byte(impact.KeptHead)) {
		return FormerUsage
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
