package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// commandsOf returns the commands of each job of a pipeline, without those that install qlsync.
func commandsOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	var github struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	readYAML(t, file, &github)
	commands := map[string][]string{}
	for name, job := range github.Jobs {
		for _, step := range job.Steps {
			if step.Run != "" && step.Name != "Install qlsync" {
				commands[name] = append(commands[name], step.Run)
			}
		}
	}
	if len(commands) > 0 {
		return commands
	}
	var gitlab map[string]any
	readYAML(t, file, &gitlab)
	for name, value := range gitlab {
		job, _ := value.(map[string]any)
		script, _ := job["script"].([]any)
		for _, line := range script {
			commands[name] = append(commands[name], line.(string))
		}
	}
	return commands
}

// The jobs run in the order of the pipeline, each once for each shard. Files of the folder are the
// artifacts.
func TestThePipelinesOfAFleetGoWaveAfterWave(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the runners of these pipelines are Linux")
	}
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	const seed = "users: [{name: Ana, email: ana@example.com, roles: [TenantAdmin]}]\nspaces: [{name: %s, type: shared}]\n"
	for forge, file := range map[string]string{
		"GitHub": "examples/ci-fleet/.github/workflows/qlsync-fleet.yml", "GitLab": "examples/ci-fleet/.gitlab-ci.yml",
	} {
		t.Run(forge, func(t *testing.T) {
			folder, commands := t.TempDir(), commandsOf(t, file)
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("qlsync.yaml", `version: 1
project: acme
connections: [connections.yaml]
spaces: [Finance]
tenants: {alpha: {url: "sim:alpha.yaml"}, eu: {url: "sim:eu.yaml"}, us: {url: "sim:us.yaml"}}
groups: {canary: alpha}
rollout: {waves: [{name: canary, group: canary}, {name: rest}]}
`)
			write("connections.yaml", "version: 1\nconnections:\n  - {name: Rates, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: rates, region: eu-west-1}}\n")
			write("alpha.yaml", fmt.Sprintf(seed, "Sales"))
			write("eu.yaml", fmt.Sprintf(seed, "Finance"))
			write("us.yaml", fmt.Sprintf(seed, "Finance"))
			ran := map[string]bool{}
			run := func(job string) (worst int, output string) {
				if len(commands[job]) == 0 {
					t.Fatalf("the pipeline has no job %s, want one with commands", job)
				}
				ran[job] = true
				for shard := range 2 {
					if shard > 0 && !strings.Contains(strings.ToLower(commands[job][0]), "--shard") {
						break
					}
					for _, text := range commands[job] {
						text = strings.ReplaceAll(text, "${{ matrix.shard }}", strconv.Itoa(shard))
						command := exec.Command("sh", "-ec", text)
						command.Dir = folder
						command.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"),
							"SHARDS=2", "SHARD="+strconv.Itoa(shard), "GITHUB_STEP_SUMMARY="+filepath.Join(folder, "summary.md"), "XDG_CACHE_HOME="+folder)
						said, err := command.CombinedOutput()
						if ended, isExit := errors.AsType[*exec.ExitError](err); isExit {
							worst = max(worst, ended.ExitCode())
						} else if err != nil {
							t.Fatal(err)
						}
						output += string(said)
					}
				}
				return worst, output
			}
			demand := func(job string, want int, says string) {
				t.Helper()
				if got, output := run(job); got != want || !strings.Contains(output, says) {
					t.Fatalf("job %s ends with %d, want %d and %q:\n%s", job, got, want, says, output)
				}
			}
			// The canary has no plan, so that its gate stays closed.
			demand("plan", exitError, `this token sees no space "Finance"`)
			demand("review", exitError, "not looked at")
			demand("canary", exitError, "alpha")
			demand("canary-gate", exitRefused, "wave canary has failed (alpha)")
			// Once it is fixed, the pipeline runs again.
			write("alpha.yaml", fmt.Sprintf(seed, "Finance"))
			demand("plan", exitOK, "1 to create")
			demand("review", exitOK, "Tenants: 3 with changes, 0 without.")
			demand("canary", exitOK, "Tenants: 1 done.")
			demand("canary-gate", exitOK, "The rollout may go on after wave canary.")
			demand("rest", exitOK, "done")
			demand("result", exitOK, "Tenants: 3 done.")
			demand("drift", exitOK, "no drift")
			demand("drift-report", exitOK, "Tenants: 0 with drift, 3 without.")
			for job := range commands {
				if !ran[job] && !slices.Contains([]string{"approve"}, job) {
					t.Errorf("job %s did not run, want a test of each job", job)
				}
			}
			for _, name := range []string{"plans.md", "plans.html", "result.md", "result.xml", "drift.md", "drift.html", "drift.xml"} {
				if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
					t.Errorf("got no report %s, want one to keep: %v", name, err)
				}
			}
		})
	}
}
