//go:build unix

package main

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// pictured is the project of the pictures in README.md.
var pictured = map[string]string{
	"qlsync.yaml": `version: 1
project: acme
connections: [connections.yaml]
spaces: [Finance, Operations]
policy: {prune: owned}
tenants: {prod: {url: "sim:tenant.yaml"}}
`,
	"connections.yaml": `version: 1
connections:
  - name: Archive
    space: Finance
    dataSource: File_GoogleCloudStorageConnector
    properties: {bucketName: acme-archive}
  - name: Invoices
    space: Finance
    dataSource: File_AmazonS3ConnectorV2
    properties: {region: eu-west-1, bucketName: acme-invoices}
    credentials: {accessKey: {env: INVOICES_ACCESS_KEY}, secretKey: {env: INVOICES_SECRET_KEY}}
  - name: Sensors lake
    space: Operations
    dataSource: File_AmazonS3ConnectorV2
    properties: {region: eu-west-1, bucketName: acme-sensors}
moved:
  - {from: {space: Operations, name: Sensors S3}, to: {space: Operations, name: Sensors lake}}
`,
	"tenant.yaml": `users: [{name: Ana, email: ana@example.com, roles: [TenantAdmin]}]
spaces: [{name: Finance, type: shared}, {name: Operations, type: shared}]
connections:
  - {name: Archive, space: Finance, dataSource: File_GoogleCloudStorageConnector, properties: {bucketName: acme-archive-test}, tags: ["qlsync:acme"]}
  - {name: Sensors S3, space: Operations, dataSource: File_AmazonS3ConnectorV2, properties: {region: eu-west-1, bucketName: acme-sensors}, tags: ["qlsync:acme"]}
  - {name: Retired, space: Operations, dataSource: rest, properties: {url: "https://retired.example.com"}, tags: ["qlsync:acme", "qlsync-key:5e88538dc83e919b"]}
`,
}

// TestTheReferencePicturesShowWhatQlsyncPrints draws the pictures of README.md again and compares.
func TestTheReferencePicturesShowWhatQlsyncPrints(t *testing.T) {
	dir := t.TempDir()
	for name, text := range pictured {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.Command("qlsync", args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=")
		c.Stderr = new(bytes.Buffer)
		return c
	}
	terminal, err := pty.StartWithSize(command("plan"), &pty.Winsize{Rows: 50, Cols: 100})
	if err != nil {
		t.Skipf("no terminal here: %v", err)
	}
	defer terminal.Close()
	var screen bytes.Buffer
	_, _ = screen.ReadFrom(terminal) // the end of a terminal is an error on Linux
	comment, err := command("plan", "--format", "markdown").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"plan.svg":    drawTerminal("$ qlsync plan\n" + strings.ReplaceAll(screen.String(), "\r\n", "\n")),
		"comment.svg": drawComment(string(comment)),
	} {
		file := filepath.Join("..", "..", "docs", "images", name)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if difference := firstDifference(string(got), want); difference != "" {
			t.Errorf("docs/images/%s does not show what qlsync prints now. Run make docs, look at the picture, and commit it.\n%s", name, difference)
		}
	}
}

var (
	escapes = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	colours = map[string]string{
		"1": "bold", "1;4": "bold under", "38;5;196": "red", "38;5;28": "green", "38;5;130": "yellow", "38;5;30": "cyan",
		"1;38;5;196": "strong red", "1;38;5;28": "strong green", "1;38;5;130": "strong yellow", "1;38;5;30": "strong cyan",
	}
)

// drawTerminal draws text with colours as SVG.
func drawTerminal(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var b strings.Builder
	width, height := 0, 60+18*len(lines)
	for _, line := range lines {
		width = max(width, 40+8*len(escapes.ReplaceAllString(line, "")))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="qlsync plan on a terminal">
<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d4d8de;white-space:pre}
.bold{font-weight:bold;fill:#fff}.strong{font-weight:bold}.under{text-decoration:underline}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.cyan{fill:#79c0ff}</style>
<rect width="%[1]d" height="%[2]d" rx="8" fill="#0d1117"/>
<g fill="#484f58"><circle cx="20" cy="18" r="6"/><circle cx="40" cy="18" r="6"/><circle cx="60" cy="18" r="6"/></g>
`, width, height)
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="18" y="%d" xml:space="preserve">`, 52+18*i)
		class, from := "", 0
		write := func(part string) {
			if part = html.EscapeString(part); class != "" && part != "" {
				part = fmt.Sprintf(`<tspan class="%s">%s</tspan>`, class, part)
			}
			b.WriteString(part)
		}
		for _, at := range escapes.FindAllStringSubmatchIndex(line, -1) {
			write(line[from:at[0]])
			class, from = colours[line[at[2]:at[3]]], at[1]
		}
		write(line[from:])
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^```[a-z]+\n(.*?)^```$")
	tableLines = regexp.MustCompile(`(?m)^\|.*\|\n\|[ :|-]+\|\n(?:\|.*\|\n)+`)
	quoted     = regexp.MustCompile(`(?m)(?:^>.*\n)+`)
	boldText   = regexp.MustCompile(`\*\*(.*?)\*\*`)
)

// drawComment draws the markdown that the reports use as a comment on a pull request.
func drawComment(markdown string) string {
	text := regexp.MustCompile(`<!--.*-->`).ReplaceAllString(markdown, "")
	text = strings.ReplaceAll(text, "<br>", "<br/>")
	text = strings.ReplaceAll(text, "<details>", `<details open="">`)
	text = codeBlock.ReplaceAllStringFunc(text, func(block string) string {
		lines := strings.Split(html.EscapeString(codeBlock.FindStringSubmatch(block)[1]), "\n")
		for i, line := range lines {
			if line != "" {
				lines[i] = fmt.Sprintf(`<i class="c%d">%s</i>`, line[0], line)
			}
		}
		return "<pre>" + strings.TrimSpace(strings.Join(lines, "\n")) + "</pre>"
	})
	text = tableLines.ReplaceAllStringFunc(text, func(table string) string {
		var b strings.Builder
		for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
			if i != 1 {
				b.WriteString("<tr><td>" + strings.ReplaceAll(strings.Trim(line, "| "), " | ", "</td><td>") + "</td></tr>")
			}
		}
		return "<table>" + b.String() + "</table>\n"
	})
	text = quoted.ReplaceAllStringFunc(text, func(quote string) string {
		quote = regexp.MustCompile(`(?m)^> ?`).ReplaceAllString(quote, "")
		kind := strings.Trim(strings.SplitN(quote, "\n", 2)[0], "[!]")
		return fmt.Sprintf("<blockquote class=\"%s\">\n<b>%[1]s</b>\n%s</blockquote>\n", kind, strings.SplitN(quote, "\n", 2)[1])
	})
	text = boldText.ReplaceAllString(text, "<b>$1</b>")
	text = regexp.MustCompile(`(?m)^#+ (.*)$`).ReplaceAllString(text, "<h4>$1</h4>")
	text = regexp.MustCompile(`(?m)^- (.*)$`).ReplaceAllString(text, "<p>• $1</p>")
	return `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="900" viewBox="0 0 860 900" role="img" aria-label="the plan as a comment on a pull request">
<foreignObject width="860" height="900"><div xmlns="http://www.w3.org/1999/xhtml" class="comment"><style>
.comment{font:14px/1.4 -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;color:#1f2328;background:#fff;border:1px solid #d1d9e0;border-radius:6px;max-height:898px;overflow:hidden}
.head{background:#f6f8fa;border-bottom:1px solid #d1d9e0;padding:8px 16px;color:#59636e}.body{padding:4px 16px}
h4{font-size:15px;margin:10px 0 6px}p{margin:4px 0}code{background:#eff1f3;border-radius:4px;padding:1px 4px;font-size:12px}
pre{background:#f6f8fa;border-radius:6px;padding:6px 10px;margin:4px 0 8px;font-size:12px;line-height:1.4}pre i{font-style:normal}
.c43{background:#dafbe1;color:#116329}.c45{background:#ffebe9;color:#82071e}.c33{color:#953800}
table{border-collapse:collapse;margin:8px 0}td{border:1px solid #d1d9e0;padding:3px 12px}
blockquote{margin:8px 0;padding:2px 14px;border-left:4px solid #cf222e}blockquote.WARNING{border-color:#9a6700}sub{font-size:12px}
</style><div class="head"><b>github-actions</b> bot commented</div><div class="body">
` + strings.TrimSpace(text) + "\n</div></div></foreignObject></svg>\n"
}
