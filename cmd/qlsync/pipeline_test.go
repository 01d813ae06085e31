package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qlsync/qlsync/pkg/spec"
)

// TestPipelines runs the pipelines of examples/ci: the steps of their YAML files, in
// bash, against a forge on loopback and a tenant that is served by a process of its
// own. The stories are in testdata/ci.
func TestPipelines(t *testing.T) {
	needTools(t)
	testscript.Run(t, pipelines("", ""))
}

// A pipeline that trusts too much must be found out by the stories.
func TestAPipelineThatTrustsTooMuchFailsItsStory(t *testing.T) {
	needTools(t)
	mistakes := map[string]struct{ story, file, old, new string }{
		"a comment of anybody": {
			"github-apply", "ci/github.sh", `select(.user.login == "github-actions[bot]" and .user.type == "Bot")`, `select(true)`,
		},
		"a comment of who calls himself so": {
			"github-apply", "ci/github.sh", `and .user.type == "Bot"`, ``,
		},
		"a comment that somebody has changed": {
			"github-apply", "ci/github.sh", `(.author | ours) and (.editor == null or (.editor | ours))`, `true`,
		},
		"a marker that is quoted": {
			"github-apply", "ci/common.sh", `select(.body | split("\n")[0] | startswith($marker))`, `select(.body | contains($marker))`,
		},
		"a pull request that is not merged": {
			"github-apply", "ci/github.sh", `.merged_at != null and `, ``,
		},
		"a plan that is not the reviewed one": {
			"github-apply", "ci/apply.sh", `--plan-hash "$hash"`, `--auto-approve`,
		},
		"an old commit": {
			"github-apply", "ci/apply.sh", `$(head_of_branch) != "$(this_commit)"`, `-n ""`,
		},
		"an artifact of a fork": {
			"github-drift", "ci/github.sh", `and .workflow_run.head_repository_id == .workflow_run.repository_id`, ``,
		},
		"a forge that does not answer": {
			"github-drift", "ci/common.sh", `last_artifact last.zip`, `last_artifact last.zip || true`,
		},
		"a plan that stays when the next one fails": {
			"github-plan", "ci/common.sh", `if [[ ! -s $file ]]; then`, "if [[ ! -s $file ]]; then exit 1\n",
		},
		"only the first page of comments": {
			"github-plan", "ci/github.sh", `== 100`, `== 1000`,
		},
		"a note of anybody": {
			"gitlab", "ci/gitlab.sh", `.author.id == $me and `, ``,
		},
		"a folder that somebody has committed": {
			"github-plan", "ci/common.sh", `rm -rf last.zip "$1" "$1.new"`, `mkdir -p "$1"; rm -rf "$1.new"`,
		},
		"an address to which the forge redirects": {
			"gitlab", "ci/common.sh", `target=$("${@:2}" --output "$1"`, `target=$("${@:2}" --location --output "$1"`,
		},
		"any host that the files name": {
			"gitlab", "ci/common.sh", `export QLSYNC_HOSTS=${QLSYNC_HOSTS-}`, ``,
		},
		"an artifact of another branch": {
			"gitlab", "ci/gitlab.sh", `and .ref == $branch`, ``,
		},
	}
	for i, name := range slices.Sorted(maps.Keys(mistakes)) {
		if !isDrawn(i, 4) {
			continue
		}
		c := mistakes[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "..", "examples", "ci", c.file))
			if err != nil || strings.Count(string(text), c.old) == 0 {
				t.Fatalf("%s has no %q (%v)", c.file, c.old, err)
			}
			params := pipelines(c.file, strings.ReplaceAll(string(text), c.old, c.new))
			story := filepath.Join("..", "..", "testdata", "ci", c.story+".txtar")
			if _, err := os.Stat(story); err != nil {
				t.Fatal(err)
			}
			params.Dir, params.Files = "", []string{story}
			if failed := (&judge{T: t}).fails(params); !failed {
				t.Errorf("the story %s lets a pipeline pass that trusts %s", c.story, name)
			}
		})
	}
}

func needTools(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "jq", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
}

// judge is a test that may fail.
type judge struct {
	*testing.T
	failed bool
}

var errJudged = errors.New("judged")

func (j *judge) fails(params testscript.Params) bool {
	defer func() {
		if r := recover(); r != nil && r != errJudged {
			panic(r)
		}
	}()
	testscript.RunT(j, params)
	return j.failed
}

func (j *judge) Run(_ string, f func(testscript.T)) {
	defer func() {
		if r := recover(); r != nil && r != errJudged {
			panic(r)
		}
	}()
	f(j)
}
func (j *judge) Fatal(args ...any) { j.Log(args...); j.FailNow() }
func (j *judge) FailNow()          { j.failed = true; panic(errJudged) }
func (j *judge) Skip(args ...any)  { panic(fmt.Sprint(args...)) }
func (j *judge) Log(...any)        {}
func (j *judge) Parallel()         {}
func (j *judge) Verbose() bool     { return false }

const runnerKey = "runner"

// pipelines returns what the stories of the pipelines need. One file of examples/ci may
// be replaced by a text.
func pipelines(file, text string) testscript.Params {
	params := stories(filepath.Join("..", "..", "testdata", "ci"), "")
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Values[runnerKey] = &runner{secrets: map[string]map[string]string{}}
		return setup(env)
	}
	maps.Copy(params.Cmds, map[string]func(*testscript.TestScript, bool, []string){
		"pipelines": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join("..", "..", "examples", "ci"))))
			if file != "" {
				ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), file), []byte(text), 0o755))
			}
		},
		"forge":    inForge(startForge),
		"secret":   inForge(storeSecret),
		"job":      inForge(runJob),
		"comment":  inForge(writeComment),
		"comments": inForge(showComments),
		"artifact": inForge(keepArtifact),
	})
	return params
}

// runner is a machine that runs jobs, and the forge that it belongs to.
type runner struct {
	forge   *forge
	system  string
	secrets map[string]map[string]string // by environment; those of all jobs have the name all
	jobs    int
}

func inForge(do func(*testscript.TestScript, *runner, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("inforge cannot be negated")
		}
		r := ts.Value(runnerKey).(*runner)
		if r.forge != nil {
			r.forge.mu.Lock()
			defer r.forge.mu.Unlock()
		}
		do(ts, r, args)
	}
}

// startForge: forge github|gitlab starts one; forge merged NUMBER SHA, forge head SHA, forge broken, forge mended
// say what is so.
func startForge(ts *testscript.TestScript, r *runner, args []string) {
	switch args[0] {
	case "merged":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		r.forge.merged[args[2]], r.forge.heads["main"] = n, args[2]
	case "head":
		r.forge.heads["main"] = args[1]
	case "broken", "mended":
		r.forge.broken = args[0] == "broken"
	default:
		f := newForge(args[0])
		r.forge, r.system = f, args[0]
		f.tokens["bot-token"] = map[string]string{"api": "write"}
		ts.Defer(func() {
			f.Close()
			f.storage.Close()
			if len(f.misuse) > 0 {
				ts.Fatalf("the forge does not know: %s", strings.Join(f.misuse, "\n"))
			}
		})
	}
}

// storeSecret: secret ENVIRONMENT|all NAME VALUE
func storeSecret(_ *testscript.TestScript, r *runner, args []string) {
	if r.secrets[args[0]] == nil {
		r.secrets[args[0]] = map[string]string{}
	}
	r.secrets[args[0]][args[1]] = args[2]
}

// writeComment: comment NUMBER AUTHOR User|Bot FILE [TIMES] adds one; comment edit AUTHOR User|Bot FILE changes the last one.
func writeComment(ts *testscript.TestScript, r *runner, args []string) {
	text := ts.ReadFile(args[3])
	if args[0] == "edit" {
		last := r.forge.comments[len(r.forge.comments)-1]
		last.Editor, last.EditorKind, last.Body = args[1], args[2], text
		return
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	times := 1
	if len(args) > 4 {
		times, err = strconv.Atoi(args[4])
		ts.Check(err)
	}
	for range times {
		r.forge.say(n, args[1], args[2], text)
	}
}

// showComments: comments NUMBER FILE writes who wrote what on a pull request into a file.
func showComments(ts *testscript.TestScript, r *runner, args []string) {
	var b strings.Builder
	for _, c := range r.forge.comments {
		if strconv.Itoa(c.Number) == args[0] {
			fmt.Fprintf(&b, "== %s (%s)\n%s\n", c.Author, c.Kind, c.Body)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

// keepArtifact: artifact NAME BRANCH FOLDER [fork|expired]
func keepArtifact(ts *testscript.TestScript, r *runner, args []string) {
	ts.Check(r.forge.keep(args[0], args[1], ts.MkAbs(args[2]), slices.Contains(args, "fork")))
	r.forge.artifacts[len(r.forge.artifacts)-1].Expired = slices.Contains(args, "expired")
}

// pipelineFile is as much of a workflow, or of a .gitlab-ci.yml, as is understood here.
type pipelineFile struct {
	Env  map[string]string
	Jobs map[string]pipelineJob
}

type pipelineJob struct {
	If          string
	Environment string
	Permissions map[string]string
	Steps       []pipelineStep

	Variables map[string]string // GitLab's
	Rules     []struct{ If string }
	Script    []string
	Artifacts struct {
		Paths []string
		When  string
	}
}

type pipelineStep struct {
	Name, Run, Uses, If string
	With                map[string]any
	Env                 map[string]string
}

// runJob: job CODE FILE JOB [NAME=VALUE...] runs a job of the project in the folder repo, in a fresh folder job, and
// demands how it ends; "skipped" if its condition does not hold. The names are those of the system's contexts.
func runJob(ts *testscript.TestScript, r *runner, args []string) {
	folder := ts.MkAbs("job")
	ts.Check(os.RemoveAll(folder))
	ts.Check(os.CopyFS(folder, os.DirFS(ts.MkAbs("repo"))))
	for _, script := range []string{"plan.sh", "apply.sh", "drift.sh"} { // embedded modes do not matter here: git keeps them
		ts.Check(os.Chmod(filepath.Join(folder, "ci", script), 0o755))
	}
	given := map[string]string{}
	for _, pair := range args[3:] {
		name, value, _ := strings.Cut(pair, "=")
		given[name] = value
	}
	text, err := os.ReadFile(filepath.Join(folder, args[1]))
	ts.Check(err)
	asJSON, problems := spec.ToJSON(args[1], text)
	ts.Check(problems.Err())
	r.jobs++
	run := &jobRun{runner: r, folder: folder, given: given, path: ts.Getenv("PATH"), tenant: ts.Getenv("URL"), output: &bytes.Buffer{}}
	var got string
	if r.system == "github" {
		got, err = run.github(asJSON, args[2])
	} else {
		got, err = run.gitlab(asJSON, args[2])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("log"), run.output.Bytes(), 0o644))
	if got != args[0] {
		ts.Fatalf("%s %s: got %s, want %s\n%s", args[1], args[2], got, args[0], run.output)
	}
	ts.Logf("%s", run.output)
}

// jobRun is one run of a job.
type jobRun struct {
	*runner
	folder, path string
	tenant       string // its address
	given        map[string]string
	output       *bytes.Buffer
	unknown      []string
}

// github runs a job as GitHub's runner does: only what the file maps into the environment is there, besides the
// variables of the system; the token may do what the job's permissions say, and in a run of a fork it may only read.
func (run *jobRun) github(text []byte, name string) (string, error) {
	var file pipelineFile
	if err := json.Unmarshal(text, &file); err != nil {
		return "", err
	}
	job, ok := file.Jobs[name]
	if !ok {
		return "", fmt.Errorf("no job %q", name)
	}
	fork := run.given["github.event.pull_request.head.repo.full_name"]
	isFork := fork != "" && fork != "acme/bi"
	permissions := maps.Clone(job.Permissions)
	secrets := maps.Clone(run.secrets["all"])
	maps.Copy(secrets, run.secrets[job.Environment])
	if isFork {
		secrets = map[string]string{}
		for permission := range permissions {
			permissions[permission] = "read"
		}
	}
	token := fmt.Sprintf("token-%d", run.jobs)
	run.forge.tokens[token] = permissions
	context := map[string]string{
		"github.repository": "acme/bi", "github.actor": "ana", "github.token": token, "inputs.plan-hash": "", "inputs.confirm-deletes": "", "inputs.confirm-recreates": "",
		"vars.QLSYNC_HOSTS": strings.TrimPrefix(run.tenant, "http://"),
	}
	maps.Copy(context, run.given)
	lookup := func(name string) string {
		if secret, found := strings.CutPrefix(name, "secrets."); found {
			return secrets[secret]
		}
		value, found := context[name]
		if !found {
			run.unknown = append(run.unknown, name)
		}
		return value
	}
	if job.If != "" && !holds(job.If, lookup) {
		return "skipped", nil
	}
	base := map[string]string{
		"PATH": run.path, "HOME": run.folder, "NO_COLOR": "1", "CI": "true", "GITHUB_REPOSITORY": "acme/bi",
		"GITHUB_API_URL": run.forge.URL, "GITHUB_GRAPHQL_URL": run.forge.URL + "/graphql", "GITHUB_SERVER_URL": "https://forge.example",
		"GITHUB_RUN_ID": strconv.Itoa(run.jobs), "GITHUB_SHA": context["github.sha"], "GITHUB_REF_NAME": context["github.ref_name"],
		"GITHUB_STEP_SUMMARY": filepath.Join(run.folder, "summary.md"),
	}
	for name, value := range file.Env {
		base[name] = fillIn(value, lookup)
	}
	code := 0
	for _, step := range job.Steps {
		if code != 0 && !strings.Contains(step.If, "!cancelled()") {
			continue
		}
		env := maps.Clone(base)
		for name, value := range step.Env {
			env[name] = fillIn(value, lookup)
		}
		switch {
		case strings.HasPrefix(step.Uses, "actions/upload-artifact@"):
			folder := filepath.Join(run.folder, step.With["path"].(string))
			if err := run.forge.keep(step.With["name"].(string), context["github.ref_name"], folder, isFork); err != nil {
				return "", err
			}
		case step.Uses != "", strings.HasPrefix(step.Run, "go install "):
		default:
			if c := run.bash(fillIn(step.Run, lookup), env); code == 0 {
				code = c
			}
		}
	}
	if len(run.unknown) > 0 {
		return "", fmt.Errorf("the runner does not know %q", run.unknown)
	}
	return strconv.Itoa(code), nil
}

// gitlab runs a job as GitLab's runner does.
func (run *jobRun) gitlab(text []byte, name string) (string, error) {
	var all map[string]json.RawMessage
	var variables map[string]string
	var job pipelineJob
	if err := cmp.Or(json.Unmarshal(text, &all), json.Unmarshal(all["variables"], &variables)); err != nil {
		return "", err
	}
	if err := json.Unmarshal(all[name], &job); err != nil {
		return "", fmt.Errorf("job %q: %w", name, err)
	}
	env := map[string]string{
		"PATH": run.path, "HOME": run.folder, "NO_COLOR": "1", "CI": "true", "GITLAB_CI": "true", "CI_API_V4_URL": run.forge.URL,
		"CI_PROJECT_ID": "42", "CI_DEFAULT_BRANCH": "main", "CI_JOB_URL": "https://forge.example/job", "CI_REGISTRY_IMAGE": "registry.example/acme/bi",
	}
	if run.given["CI_PROJECT_ID"] == "" { // a fork has none of the variables of the project
		maps.Copy(env, run.secrets["all"])
		maps.Copy(env, run.secrets[job.Environment])
	}
	maps.Copy(env, run.given)
	lookup := func(name string) string { return env[strings.TrimPrefix(name, "$")] }
	if !slices.ContainsFunc(job.Rules, func(rule struct{ If string }) bool { return holds(rule.If, lookup) }) {
		return "skipped", nil
	}
	for _, more := range []map[string]string{variables, job.Variables} {
		for name, value := range more {
			env[name] = os.Expand(value, func(name string) string { return env[name] })
		}
	}
	code := run.bash(strings.Join(job.Script, "\n"), env)
	if len(job.Artifacts.Paths) > 0 && (code == 0 || job.Artifacts.When == "always") {
		folder := filepath.Join(run.folder, job.Artifacts.Paths[0])
		if err := run.forge.keep(name, env["CI_COMMIT_BRANCH"], folder, false); err != nil {
			return "", err
		}
	}
	return strconv.Itoa(code), nil
}

func (run *jobRun) bash(script string, env map[string]string) int {
	cmd := exec.Command("bash", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = run.folder, run.output, run.output
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	run.forge.mu.Unlock() // only while a script runs does the forge answer
	err := cmd.Run()
	run.forge.mu.Lock()
	if err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(run.output, err)
		return -1
	}
	return cmd.ProcessState.ExitCode()
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// fillIn replaces the expressions between ${{ and }}.
func fillIn(text string, lookup func(string) string) string {
	return expression.ReplaceAllStringFunc(text, func(found string) string { return lookup(expression.FindStringSubmatch(found)[1]) })
}

// holds evaluates a condition: names and literals, compared, with && and ||.
func holds(condition string, lookup func(string) string) bool {
	value := func(operand string) string {
		operand = strings.TrimSpace(operand)
		if strings.HasPrefix(operand, "'") || strings.HasPrefix(operand, `"`) {
			return strings.Trim(operand, `'"`)
		}
		return lookup(operand)
	}
	for _, alternative := range strings.Split(condition, "||") {
		all := true
		for _, part := range strings.Split(alternative, "&&") {
			if left, right, ok := strings.Cut(part, "!="); ok {
				all = all && value(left) != value(right)
			} else if left, right, ok := strings.Cut(part, "=="); ok {
				all = all && value(left) == value(right)
			} else {
				all = all && value(part) != ""
			}
		}
		if all {
			return true
		}
	}
	return false
}

// Workflows that are copied into other repositories run only pinned actions, and ask for
// every permission by name.
func TestWorkflowsRunPinnedActionsWithNamedPermissions(t *testing.T) {
	pinned := regexp.MustCompile(`^actions/[a-z-]+@[0-9a-f]{40}$`)
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "ci", ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows (%v)", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		asJSON, problems := spec.ToJSON(name, text)
		var file struct {
			pipelineFile
			Permissions map[string]string
		}
		if err := cmp.Or(problems.Err(), json.Unmarshal(asJSON, &file)); err != nil {
			t.Fatal(err)
		}
		if file.Permissions == nil || len(file.Permissions) > 0 {
			t.Errorf("%s: the permissions of all jobs are %v, not none", name, file.Permissions)
		}
		if !regexp.MustCompile(`^v\d+\.\d+\.\d+$`).MatchString(file.Env["QLSYNC_VERSION"]) {
			t.Errorf("%s: got version %q of qlsync, want a release", name, file.Env["QLSYNC_VERSION"])
		}
		for id, job := range file.Jobs {
			if job.Permissions == nil {
				t.Errorf("%s: job %s names no permissions", name, id)
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: job %s uses %s", name, id, step.Uses)
				}
			}
		}
	}
}

func TestTheContainerIsStaticAndNotRoot(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "ci", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split("\n"+string(text), "\nFROM ")[1:]
	last := stages[len(stages)-1]
	for name, pattern := range map[string]string{
		"it is empty but for what is copied": `\Ascratch\n`,
		"it is no root":                      `(?m)^USER [1-9][0-9]*:[1-9][0-9]*$`,
		"it trusts the usual authorities":    `(?m)^COPY --from=build /etc/ssl/certs/ca-certificates.crt `,
		"arguments go to qlsync":             `(?m)^ENTRYPOINT \["/usr/local/bin/qlsync"\]$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(last) {
			t.Errorf("%s: the last stage has no %s, want it:\n%s", name, pattern, last)
		}
	}
	if strings.Contains(string(text), "latest") {
		t.Error("the image builds the latest version, want a pinned one for jobs that write")
	}
	if !strings.Contains(stages[0], "AS build\n") || !strings.Contains(stages[0], "RUN CGO_ENABLED=0 ") {
		t.Errorf("the build is not static:\n%s", stages[0])
	}
}
