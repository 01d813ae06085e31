// Command demo shows qlsync's main job on an embedded tenant, with explanations: it plans and
// applies an example project, plans again without changes, changes a connection by hand, and shows
// and repairs the drift. It works on a copy in a temporary folder and fails if anything differs
// from its explanations.
//
//	go run ./test/demo PATH-TO-QLSYNC PROJECT-FOLDER
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: demo PATH-TO-QLSYNC PROJECT-FOLDER")
		os.Exit(1)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo is a copy of a project, and the program to run in it.
type demo struct {
	qlsync string
	folder string
}

func run(qlsync, project string) error {
	qlsync, err := filepath.Abs(qlsync)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "qlsync-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.CopyFS(folder, os.DirFS(project)); err != nil {
		return err
	}
	// The copy may contain the state of earlier experiments.
	if err := os.RemoveAll(filepath.Join(folder, "tenants", ".qlsync")); err != nil {
		return err
	}
	d := &demo{qlsync: qlsync, folder: folder}
	if err := d.secrets(); err != nil {
		return err
	}
	return d.story()
}

// secrets creates the secrets to which the project's credentials refer.
func (d *demo) secrets() error {
	for _, name := range []string{"ACME_AWS_ACCESS_KEY", "ACME_AWS_SECRET_KEY", "ACME_LEDGER_PASSWORD", "ACME_CRM_PASSWORD"} {
		if err := os.Setenv(name, "demo-"+strings.ToLower(name)); err != nil {
			return err
		}
	}
	folder := filepath.Join(d.folder, "secrets")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "budget-password"), []byte("demo-password\n"), 0o600),
		os.WriteFile(filepath.Join(folder, "campaigns-key.json"), []byte(`{"type": "service_account"}`), 0o600),
	)
}

func (d *demo) story() error {
	say("The project has a dozen connections in three spaces.\n# In a pull request, plan shows what would change, and which apps could break.")
	if err := d.qlsyncRun(2, "plan", "-t", "dev", "--detailed-exitcode", "--impact"); err != nil {
		return err
	}
	say("On merge, apply carries it out.")
	if err := d.qlsyncRun(0, "apply", "-t", "dev", "--auto-approve"); err != nil {
		return err
	}
	say("Planning again finds nothing to do.")
	if err := d.qlsyncRun(0, "plan", "-t", "dev", "--detailed-exitcode"); err != nil {
		return err
	}
	say("Now somebody points a connection at another bucket by hand,\n# behind qlsync's back, and adds a tag.")
	if err := d.changeByHand(); err != nil {
		return err
	}
	say("At night, drift finds it.")
	if err := d.qlsyncRun(2, "drift", "-t", "dev"); err != nil {
		return err
	}
	say("Applying again repairs it.")
	if err := d.qlsyncRun(0, "apply", "-t", "dev", "--auto-approve"); err != nil {
		return err
	}
	if err := d.qlsyncRun(0, "plan", "-t", "dev", "--detailed-exitcode"); err != nil {
		return err
	}
	say("Done: planned, applied, found the drift and repaired it,\n# on real HTTP, without a network. The project was a copy in a temporary\n# folder, which is deleted now. To run commands yourself, continue with\n# docs/tutorial/first-project.md.")
	return nil
}

func say(text string) { fmt.Printf("\n# %s\n\n", text) }

// qlsyncRun runs a command in the project and returns an error unless it exits with the code.
func (d *demo) qlsyncRun(code int, args ...string) error {
	fmt.Println("$ qlsync " + strings.Join(args, " "))
	cmd := exec.Command(d.qlsync, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.folder, os.Stdout, os.Stderr
	err := cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		return fmt.Errorf("qlsync %s: exit code %d, not %d: %w", strings.Join(args, " "), got, code, err)
	}
	return nil
}

// changeByHand serves the tenant and changes a connection over its API, as the
// hub would.
func (d *demo) changeByHand() error {
	tenant := filepath.Join("tenants", "dev.yaml")
	serve := exec.Command(d.qlsync, "simulate", "--tenant", tenant, "--state", filepath.Join("tenants", ".qlsync", "dev.yaml.json"))
	serve.Dir = d.folder
	output, err := serve.StdoutPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	stop := func() error {
		_ = serve.Process.Signal(os.Interrupt)
		return serve.Wait()
	}
	var hub hub
	if _, err := fmt.Fscanf(output, "url: %s\ntoken: %s\n", &hub.url, &hub.token); err != nil {
		return errors.Join(fmt.Errorf("simulate: %w", err), stop())
	}
	return errors.Join(hub.change("Orders lake"), stop())
}

// hub is a client with the session of a user.
type hub struct{ url, token string }

func (h *hub) change(name string) error {
	var list struct {
		Data []struct {
			ID   string   `json:"qID"`
			Name string   `json:"qName"`
			Tags []string `json:"tags"`
		} `json:"data"`
	}
	if err := h.call(http.MethodGet, "", nil, &list); err != nil {
		return err
	}
	for _, c := range list.Data {
		if c.Name != name {
			continue
		}
		fmt.Printf("PATCH %s: bucketName = scratch, tags + my-test\n", name)
		return h.call(http.MethodPatch, "/"+c.ID, []map[string]any{
			{"op": "replace", "path": "/connectionProperties/bucketName", "value": "scratch"},
			{"op": "replace", "path": "/tags", "value": append(c.Tags, "my-test")},
		}, nil)
	}
	return fmt.Errorf("no connection %q", name)
}

func (h *hub) call(method, path string, body, answer any) error {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, h.url+"/api/v1/data-connections"+path, &text)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		problem, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s: %s", method, response.Status, problem)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
