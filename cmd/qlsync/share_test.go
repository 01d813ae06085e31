package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/transport"
)

// TestNoPathOfAProjectLeadsToAShare writes paths that make Windows open a share or a device into
// each field of the project's files that is a path. Every platform refuses them, and names the
// path in an error.
func TestNoPathOfAProjectLeadsToAShare(t *testing.T) {
	const project, connections = "version: 1\nproject: acme\n", "version: 1\ndefaults: {space: Finance, dataSource: snowflake}\nconnections:\n  - {name: Orders, properties: {server: acme.example}"
	tenant := func(rest string) string { return "tenants: {demo: {" + rest + "}}\n" }
	plain := project + "connections: [c.yaml]\n" + tenant(`url: "sim:t.yaml"`)
	type files struct{ project, connections string }
	fields := map[string]func(path string) files{
		"connections": func(p string) files {
			return files{project + "connections: [c.yaml, " + p + "]\n" + tenant(`url: "sim:t.yaml"`), ""}
		},
		"schemas":         func(p string) files { return files{plain + "schemas: " + p + "\n", ""} },
		"the seed of sim": func(p string) files { return files{project + tenant("url: 'sim:"+p[1:]), ""} },
		"an API key": func(p string) files {
			return files{project + tenant(`url: "https://a.example", auth: {apiKey: {file: `+p+"}}"), ""}
		},
		"a client secret": func(p string) files {
			return files{project + tenant(`url: "https://a.example", auth: {oauth: {clientId: x, clientSecret: {file: `+p+"}}}"), ""}
		},
		"a program for the key": func(p string) files {
			return files{project + tenant(`url: "https://a.example", auth: {apiKey: {exec: [`+p+"]}}"), ""}
		},
		"a credential": func(p string) files {
			return files{plain, connections + ", credentials: {password: {file: " + p + "}}}\n"}
		},
		"an encoded credential": func(p string) files {
			return files{plain, connections + ", credentials: {privateKey: [{name: k, value: {file: " + p + ", encoding: base64}}]}}\n"}
		},
		"a program for a credential": func(p string) files {
			return files{plain, connections + ", credentials: {password: {exec: [" + p + "]}}}\n"}
		},
	}
	for field, write := range fields {
		for _, path := range []string{"//host/share/x", `\\host\share\x`, `\\?\C:\x`, `\\.\pipe\x`, `\??\C:\x`, `/\host/share`} {
			t.Chdir(t.TempDir())
			text := write("'" + path + "'")
			for name, content := range map[string]string{"qlsync.yaml": text.project, "c.yaml": text.connections, "t.yaml": "spaces: [{name: Finance, type: shared}]\n"} {
				if content == "" {
					content = "version: 1\nconnections: []\n"
				}
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var output bytes.Buffer
			env := &environment{
				stdin: strings.NewReader(""), stdout: &output, stderr: &output, secrets: transport.NewRedactor(),
				lookup: func(string) (string, bool) { return "", false },
			}
			app := newApp(env)
			code := env.exitCode(app.RunContext(t.Context(), commandline.Arrange(app, sharedFlags(), []string{"qlsync", "validate", "--allow-exec"})))
			if code != exitError || !strings.Contains(output.String(), "a path to a network share or a device") {
				t.Errorf("%s: %s is not refused (exit code %d):\n%s", field, path, code, output.String())
			}
		}
	}
}
