package report_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
)

func place(file string, line, column int) connection.Position {
	return connection.Position{File: file, Line: line, Column: column}
}

var badFiles = connection.Problems{
	{Severity: connection.SeverityError, Message: "the project names no tenant"},
	{Position: place("connections/empty.yaml", 0, 0), Severity: connection.SeverityWarning, Message: "the file declares nothing"},
	{Position: place("connections/finance.yaml", 6, 5), Severity: connection.SeverityError, Message: `unknown key "propertys"`, Hint: `did you mean "properties"?`},
	{Position: place("a b/50%,c:d\n日本.yaml", 1, 1), Severity: connection.SeverityError, Message: "100 % of, this\r\nis: wrong ::error::x \x1b[31m"},
}

// The runner of GitHub unescapes data and properties so.
var unescapeGitHub = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")

func TestAnnotationsAreEscapedAsGitHubReadsThem(t *testing.T) {
	var out strings.Builder
	if err := (report.GitHub{}).Problems(&out, badFiles); err != nil {
		t.Fatal(err)
	}
	want := `::error title=qlsync::the project names no tenant
::warning file=connections/empty.yaml,title=qlsync::the file declares nothing
::error file=connections/finance.yaml,line=6,col=5,title=qlsync::unknown key "propertys" (did you mean "properties"?)
`
	if got := out.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got annotations %s, want first %s", got, want)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(badFiles) {
		t.Fatalf("%d lines for %d problems", len(lines), len(badFiles))
	}
	head, data, _ := strings.Cut(strings.TrimPrefix(lines[3], "::"), "::")
	if got := unescapeGitHub.Replace(data); got != report.Sanitize(badFiles[3].Message) {
		t.Errorf("the message is read as %q", got)
	}
	_, properties, _ := strings.Cut(head, " ")
	file, _, _ := strings.Cut(properties, ",")
	if got := unescapeGitHub.Replace(strings.TrimPrefix(file, "file=")); got != report.Sanitize(badFiles[3].Position.File) {
		t.Errorf("the file is read as %q", got)
	}
}

// The agent of Azure Pipelines unescapes data and properties so, the percent sign last.
var unescapeAzure = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%5D", "]", "%3B", ";", "%AZP25", "%")

// azureCommand is how the agent reads a line: the first command in it, wherever that begins.
var azureCommand = regexp.MustCompile(`##vso\[([a-z]+\.[a-z]+) ([^\]]*)\](.*)$`)

func TestIssuesAreEscapedAsAzureReadsThem(t *testing.T) {
	problems := slices.Clone(badFiles)
	problems[2].Code = "unknown-field"
	hostile := "50%]a;type=warning;##vso[task.setvariable variable=PATH]/tmp\n%AZP25%0D.yaml"
	problems = append(problems, connection.Problem{Position: place(hostile, 7, 8), Severity: connection.SeverityError, Message: hostile})
	var out strings.Builder
	if err := (report.Azure{}).Problems(&out, problems); err != nil {
		t.Fatal(err)
	}
	want := `##vso[task.logissue type=error;]the project names no tenant
##vso[task.logissue type=warning;sourcepath=connections/empty.yaml;]the file declares nothing
##vso[task.logissue type=error;sourcepath=connections/finance.yaml;linenumber=6;columnnumber=5;code=unknown-field;]unknown key "propertys" (did you mean "properties"?)
`
	if got := out.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got issues %s, want first %s", got, want)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(problems) {
		t.Fatalf("got %d lines, want one for each of %d problems", len(lines), len(problems))
	}
	for i, line := range lines {
		command := azureCommand.FindStringSubmatch(line)
		if command == nil || command[1] != "task.logissue" {
			t.Fatalf("the agent reads %q as the command %q, want task.logissue", line, command)
		}
		properties := map[string]string{}
		for property := range strings.SplitSeq(strings.TrimSuffix(command[2], ";"), ";") {
			name, value, _ := strings.Cut(property, "=")
			properties[name] = unescapeAzure.Replace(value)
		}
		if got, want := properties["sourcepath"], report.Sanitize(problems[i].Position.File); got != want {
			t.Errorf("the agent reads the file as %q, want %q", got, want)
		}
		if got := unescapeAzure.Replace(command[3]); !strings.HasPrefix(got, report.Sanitize(problems[i].Message)) {
			t.Errorf("the agent reads the message as %q, want %q", got, problems[i].Message)
		}
		if want := "error"; i != 1 && properties["type"] != want {
			t.Errorf("the agent reads the type as %q, want %q", properties["type"], want)
		}
	}
}

// sarifRules is the part of the SARIF 2.1.0 standard that concerns what qlsync writes:
// which members an object must have, which it may have, and which values they take.
const sarifRules = `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object", "additionalProperties": false, "required": ["version", "runs"],
  "properties": {
    "$schema": {"type": "string", "format": "uri"},
    "version": {"const": "2.1.0"},
    "runs": {"type": "array", "items": {"$ref": "#/definitions/run"}}
  },
  "definitions": {
    "text": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {"text": {"type": "string"}}},
    "run": {
      "type": "object", "additionalProperties": false, "required": ["tool"],
      "properties": {
        "tool": {"type": "object", "additionalProperties": false, "required": ["driver"], "properties": {"driver": {"$ref": "#/definitions/component"}}},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": {"$ref": "#/definitions/result"}}
      }
    },
    "component": {
      "type": "object", "additionalProperties": false, "required": ["name"],
      "properties": {
        "name": {"type": "string"}, "version": {"type": "string"}, "informationUri": {"type": "string", "format": "uri"},
        "rules": {"type": "array", "uniqueItems": true, "items": {
          "type": "object", "additionalProperties": false, "required": ["id"],
          "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": {"$ref": "#/definitions/text"}}
        }}
      }
    },
    "result": {
      "type": "object", "additionalProperties": false, "required": ["message"],
      "properties": {
        "ruleId": {"type": "string"}, "level": {"enum": ["none", "note", "warning", "error"]}, "message": {"$ref": "#/definitions/text"},
        "locations": {"type": "array", "items": {
          "type": "object", "additionalProperties": false,
          "properties": {"physicalLocation": {
            "type": "object", "additionalProperties": false, "required": ["artifactLocation"],
            "properties": {
              "artifactLocation": {"type": "object", "additionalProperties": false, "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
              "region": {"type": "object", "additionalProperties": false,
                "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}}
            }
          }}
        }}
      }
    }
  }
}`

func TestSARIFIsAcceptedByItsSchema(t *testing.T) {
	for name, problems := range map[string]connection.Problems{"problems": badFiles, "none": nil} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := (report.SARIF{Version: "v1.2.3"}).Problems(&out, problems); err != nil {
				t.Fatal(err)
			}
			if err := checkSARIF(out.String()); err != nil {
				t.Fatalf("the standard does not allow this document: %v", err)
			}
			var again struct {
				Version string
				Runs    []struct {
					ColumnKind string
					Results    []struct {
						RuleID, Level string
						Message       struct{ Text string }
						Locations     []struct {
							PhysicalLocation struct {
								ArtifactLocation struct{ URI string }
								Region           *struct{ StartLine, StartColumn int }
							}
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(out.String()), &again); err != nil {
				t.Fatal(err)
			}
			if again.Version != "2.1.0" || len(again.Runs) != 1 || len(again.Runs[0].Results) != len(problems) || again.Runs[0].ColumnKind != "unicodeCodePoints" {
				t.Fatalf("got SARIF %+v, want one run of version 2.1.0 with every problem", again)
			}
			if problems == nil {
				return
			}
			third := again.Runs[0].Results[2]
			place := third.Locations[0].PhysicalLocation
			if third.Level != "error" || third.Message.Text != `unknown key "propertys" (did you mean "properties"?)` ||
				place.ArtifactLocation.URI != "connections/finance.yaml" || place.Region.StartLine != 6 || place.Region.StartColumn != 5 {
				t.Errorf("got the third result %+v, want the unknown key at connections/finance.yaml:6:5", third)
			}
			if uri := again.Runs[0].Results[3].Locations[0].PhysicalLocation.ArtifactLocation.URI; uri != "a%20b/50%25,c:d%0A%E6%97%A5%E6%9C%AC.yaml" {
				t.Errorf("the file is called %q", uri)
			}
		})
	}
}

func checkSARIF(text string) error {
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	return jsonschema.MustCompileString("https://schema.invalid/sarif", sarifRules).Validate(document)
}

func TestTheRulesOfSARIFRefuseWhatTheStandardDoesNotKnow(t *testing.T) {
	for name, text := range map[string]string{
		"another version":        `{"version": "2.0.0", "runs": []}`,
		"a run without a tool":   `{"version": "2.1.0", "runs": [{}]}`,
		"an unknown column kind": `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "qlsync"}}, "columnKind": "bytes"}]}`,
		"a line 0": `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "qlsync"}}, "results": [
			{"message": {"text": "x"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"startLine": 0}}}]}]}]}`,
	} {
		if err := checkSARIF(text); err == nil {
			t.Errorf("the rules accept %s", name)
		}
	}
}

func TestProblemsAsJUnit(t *testing.T) {
	for name, problems := range map[string]connection.Problems{"problems.xml": badFiles, "no-problems.xml": nil} {
		var out strings.Builder
		if err := (report.JUnit{}).Problems(&out, problems); err != nil {
			t.Fatal(err)
		}
		compare(t, name, out.String())
	}
}

func TestAnExcerptMarksWhatIsMeant(t *testing.T) {
	var out strings.Builder
	err := report.Text{}.Excerpts(&out, badFiles, map[connection.Position]connection.Excerpt{
		place("connections/finance.yaml", 6, 5): {Text: "    propertys: {日本: ***}", Column: 5, Width: 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "excerpts.txt", out.String())
	out.Reset()
	_ = report.Text{}.Excerpts(&out, badFiles[2:3], map[connection.Position]connection.Excerpt{
		place("connections/finance.yaml", 6, 5): {Text: "日本\x1b: 名前", Column: 5, Width: 99},
	})
	if want := "  6 | 日本\\x1b: 名前\n    |          ^~~~~\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got the excerpt %s, want the mark under the wide characters: %s", out.String(), want)
	}
}
