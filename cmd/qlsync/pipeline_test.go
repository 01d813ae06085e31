package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TestPipelines runs the pipelines of examples/ci: the steps of their YAML files, and of the action
// and the templates that they use, in a shell, against a forge on loopback and a tenant that is
// served by a process of its own. A job begins without qlsync. The stories are in testdata/ci.
func TestPipelines(t *testing.T) {
	needTools(t)
	testscript.Run(t, pipelines("", ""))
}

// A pipeline that trusts too much must be found out by the stories.
func TestAPipelineThatTrustsTooMuchFailsItsStory(t *testing.T) {
	needTools(t)
	mistakes := map[string]struct{ story, file, old, new string }{
		"a comment of anybody": {
			"github-apply", "action/github.sh", `select(.user.login == "github-actions[bot]" and .user.type == "Bot")`, `select(true)`,
		},
		"a comment of who calls himself so": {
			"github-apply", "action/github.sh", `and .user.type == "Bot"`, ``,
		},
		"a comment that somebody has changed": {
			"github-apply", "action/github.sh", `(.author | ours) and (.editor == null or (.editor | ours))`, `true`,
		},
		"a marker that is quoted": {
			"github-apply", "action/common.sh", `select(.body | split("\n")[0] | startswith($marker))`, `select(.body | contains($marker))`,
		},
		"a pull request that is not merged": {
			"github-apply", "action/github.sh", `.merged_at != null and `, ``,
		},
		"a plan that is not the reviewed one": {
			"github-apply", "action/apply.sh", `--plan-hash "$hash"`, `--auto-approve`,
		},
		"an old commit": {
			"github-apply", "action/apply.sh", `$(head_of_branch) != "$(this_commit)"`, `-n ""`,
		},
		"an artifact of a fork": {
			"github-drift", "action/github.sh", `and .workflow_run.head_repository_id == .workflow_run.repository_id`, ``,
		},
		"a forge that does not answer": {
			"github-drift", "action/common.sh", `last_artifact last.zip`, `last_artifact last.zip || true`,
		},
		"a plan that stays when the next one fails": {
			"github-plan", "action/common.sh", `if [[ ! -s $file ]]; then`, "if [[ ! -s $file ]]; then exit 1\n",
		},
		"only the first page of comments": {
			"github-plan", "action/github.sh", `== 100`, `== 1000`,
		},
		"a note of anybody": {
			"gitlab", "action/gitlab.sh", `.author.id == $me and `, ``,
		},
		"a folder that somebody has committed": {
			"github-plan", "action/common.sh", `rm -rf last.zip "$1" "$1.new"`, `mkdir -p "$1"; rm -rf "$1.new"`,
		},
		"an address to which the forge redirects": {
			"gitlab", "action/common.sh", `target=$("${@:2}" --output "$1"`, `target=$("${@:2}" --location --output "$1"`,
		},
		"any host that the files name": {
			"gitlab", "action/common.sh", `export QLSYNC_HOSTS=${QLSYNC_HOSTS-}`, ``,
		},
		"a pull request of a fork": {
			"github-plan", "action/run.sh", `$HEAD_REPOSITORY == "$GITHUB_REPOSITORY" && `, ``,
		},
		"a pull request of a bot without secrets": {
			"github-plan", "action/run.sh", ` && $ACTOR != 'dependabot[bot]'`, ``,
		},
		"an event with which everybody starts runs that have secrets": {
			"github-plan", "action/run.sh", `*:pull_request*)`, `*:no_event)`,
		},
		"an archive with another checksum on Azure": {
			"azure", "azure/install.yml", `$actual != "$CHECKSUM"`, `a == b`,
		},
		"any branch": {
			"azure", "azure/qlsync.yml", `eq(variables['Build.SourceBranch'], 'refs/heads/main'), `, ``,
		},
		"a fork on Azure": {
			"azure", "azure/qlsync.yml", `ne(variables['System.PullRequest.IsFork'], 'True')`, `succeeded()`,
		},
		"the variables of the key that reads": {
			"azure", "azure/qlsync.yml", `group: "${{ parameters.applyGroup }}"`, `group: "${{ parameters.planGroup }}"`,
		},
		"an archive with another checksum": {
			"install", "action/install.sh", `[[ $actual == "$expected" ]]`, `true`,
		},
		"an archive that nobody lists": {
			"install", "action/install.sh", `[[ $expected =~ ^[0-9a-f]{64}$ ]]`, `true`,
		},
		"an address without TLS": {
			"install", "action/install.sh", `--proto =https`, ``,
		},
		"the list of a release more than its own": {
			"install", "action/install.sh", `if [[ -f $here/checksums.txt ]]`, `if false`,
		},
		"any text as a version": {
			"install", "action/install.sh", `[[ $version =~ ^[0-9]+`, `[[ a =~ a || $version =~ ^[0-9]+`,
		},
		"an archive with another checksum on GitLab": {
			"gitlab", "templates/qlsync.yml", `echo "$expected  $folder/$archive" | sha256sum -c -`, `true`,
		},
		"a wave that has failed": {
			"github-fleet", "action/gate.sh", `qlsync merge --gate "${WAVE:?}"`, `qlsync merge`,
		},
		"an attempt whose runner was lost": {
			"github-fleet", "action/gate.sh", `((number >= ${attempt%.begun}))`, `true`,
		},
		"a fleet's pull request of a fork": {
			"github-fleet", "action/run.sh", `$HEAD_REPOSITORY == "$GITHUB_REPOSITORY" && `, ``,
		},
		"a plan of a fleet that stays when the next one fails": {
			"gitlab-fleet", "action/common.sh", `if [[ ! -s $file ]]; then`, "if [[ ! -s $file ]]; then exit 1\n",
		},
		"any host that a fleet names": {
			"gitlab-fleet", "examples/ci-fleet/.gitlab-ci.yml", `  QLSYNC_HOSTS: "" `, `  OTHER: "" `,
		},
		"plans that nobody has approved": {
			"gitlab-fleet", "examples/ci-fleet/.gitlab-ci.yml", `dependencies: [approve]`, `dependencies: [review]`,
		},
		"reports that the repository contains": {
			"gitlab-fleet", "examples/ci-fleet/.gitlab-ci.yml", `reports-$CI_PIPELINE_ID`, `.`,
		},
		"a run of the gate alone": {
			"github-fleet", "examples/ci-fleet/.github/workflows/qlsync-fleet.yml", `.begun"}`, `.none"}`,
		},
		"results of a wave with a similar name": {
			"github-fleet", "action/gate.sh", `$number =~ ^[0-9]+$ ]] && ((number >=`, `1 ]] && ((${number##*-} >=`,
		},
		"variables of the job with the names of its own": {
			"gitlab", "action/common.sh", "page=\n", "page=${page:-}\n",
		},
		"a kind that a variable of the job chooses": {
			"gitlab", "action/plan.sh", "kind=plan\n", "kind=${kind:-plan}\n",
		},
		"a pull request that applies": {
			"github-fleet", "examples/ci-fleet/.github/workflows/qlsync-fleet.yml", `!cancelled() && github.event_name == 'push' && needs.review`, `!cancelled() && needs.review`,
		},
		"an artifact of another branch": {
			"gitlab", "action/gitlab.sh", `and .ref == $branch`, ``,
		},
	}
	for i, name := range slices.Sorted(maps.Keys(mistakes)) {
		if !isDrawn(i, 4) {
			continue
		}
		c := mistakes[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := readRepositoryFile(t, c.file)
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			params := pipelines(c.file, strings.ReplaceAll(text, c.old, c.new))
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

// pipelines returns what the stories of the pipelines need. One file of the folder action, or of the
// templates, may be replaced by a text.
func pipelines(file, text string) testscript.Params {
	params := stories(filepath.Join("..", "..", "testdata", "ci"), "")
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Values[runnerKey] = &runner{secrets: map[string]map[string]string{}}
		return setup(env)
	}
	maps.Copy(params.Cmds, map[string]func(*testscript.TestScript, bool, []string){
		"pipelines": func(ts *testscript.TestScript, _ bool, args []string) {
			example := "ci"
			if len(args) > 1 {
				example = args[1]
			}
			ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join("..", "..", "examples", example))))
			for _, folder := range []string{"action", "azure", "templates"} {
				ts.Check(os.CopyFS(ts.MkAbs(folder), os.DirFS(filepath.Join("..", "..", folder))))
			}
			if file != "" {
				ts.Check(os.WriteFile(ts.MkAbs(strings.Replace(file, "examples/"+example, args[0], 1)), []byte(text), 0o600))
			}
			served, err := newReleases(ts.MkAbs("."), ts.MkAbs("action"))
			ts.Check(err)
			ts.Defer(served.Close)
			ts.Setenv("ARCHIVE", archiveName)
			ts.Value(runnerKey).(*runner).releases = served
		},
		"forge":      inForge(startForge),
		"secret":     inForge(storeSecret),
		"job":        inForge(runJob),
		"comment":    inForge(writeComment),
		"comments":   inForge(showComments),
		"artifact":   inForge(keepArtifact),
		"azure":      inForge(runAzure),
		"azureshell": checkShell,
		// shard NAME ADDRESS sets a variable to the shard, of two, of the tenant at an address.
		"shard": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Setenv(args[0], "0")
			if (engine.Shard{Index: 1, Count: 2}).Has(args[1]) {
				ts.Setenv(args[0], "1")
			}
		},
		"release": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Value(runnerKey).(*runner).releases.fault.Store(args[0])
		},
	})
	return params
}

// runner is a machine that runs jobs, and the forge that it belongs to.
type runner struct {
	forge    *forge
	releases *releases
	system   string
	secrets  map[string]map[string]string // by environment; those of all jobs have the name all
	jobs     int
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
	Env       scalars
	Variables scalars // GitLab's
	Jobs      map[string]pipelineJob
}

type pipelineJob struct {
	If          string
	Environment string
	Permissions map[string]string
	Env         scalars
	Steps       []pipelineStep

	Variables    scalars // GitLab's
	Rules        []jobRule
	MayFail      bool     `json:"allow_failure"`
	Before       []string `json:"before_script"`
	Script       []string
	Dependencies []string
	Artifacts    struct {
		Paths []string
		When  string
	}
}

// jobRule is an entry of GitLab's rules.
type jobRule struct {
	If      string
	MayFail *bool `json:"allow_failure"` // nil: as the job says
}

// scalars are named values, whose numbers are their texts.
type scalars map[string]string

func (s *scalars) UnmarshalJSON(text []byte) error {
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	if *s == nil {
		*s = scalars{}
	}
	for name, value := range values {
		(*s)[name] = fmt.Sprint(value)
	}
	return nil
}

type pipelineStep struct {
	Name, Run, Uses, If string
	Folder              string `json:"working-directory"`
	With                map[string]any
	Env                 map[string]string
}

// actionFile is as much of an action.yml as is understood here.
type actionFile struct {
	Inputs map[string]struct {
		Default  string
		Required bool
	}
	Runs struct {
		Using string
		Steps []pipelineStep
	}
}

// runJob: job CODE FILE JOB [NAME=VALUE...] runs a job of the project in the folder repo, in a fresh folder job, and
// demands how it ends; "skipped" if its condition does not hold. The names are those of the system's contexts.
func runJob(ts *testscript.TestScript, r *runner, args []string) {
	folder := ts.MkAbs("job")
	ts.Check(os.RemoveAll(folder))
	ts.Check(os.CopyFS(folder, os.DirFS(ts.MkAbs("repo"))))
	given := map[string]string{}
	for _, pair := range args[3:] {
		name, value, _ := strings.Cut(pair, "=")
		given[name] = value
	}
	text, err := os.ReadFile(filepath.Join(folder, args[1]))
	ts.Check(err)
	var asJSON json.RawMessage
	ts.Check(decodeYAML(args[1], text, &asJSON))
	r.jobs++
	temporary := ts.MkAbs("temporary")
	ts.Check(os.RemoveAll(temporary))
	ts.Check(os.Mkdir(temporary, 0o700))
	run := &jobRun{
		runner: r, folder: folder, temporary: temporary, kept: ts.MkAbs("kept"), action: ts.MkAbs("action"), given: given, path: pathWithout(ts.Getenv("PATH"), "qlsync"),
		curl: ts.MkAbs("."), tenant: ts.Getenv("URL"), output: &bytes.Buffer{},
	}
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
	temporary    string
	kept         string // a folder for each artifact that other jobs of the same run use
	action       string // the folder of the action
	curl         string // the folder of the configuration of curl
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
	if isFork {
		for permission := range permissions {
			permissions[permission] = "read"
		}
	}
	token := fmt.Sprintf("token-%d", run.jobs)
	run.forge.tokens[token] = permissions
	context := map[string]string{
		"github.repository": "acme/bi", "github.actor": "ana", "github.token": token, "inputs.plan-hash": "", "inputs.confirm-deletes": "", "inputs.confirm-recreates": "", "inputs.confirm-impact": "", "vars.QLSYNC_CHECK_SINCE": "",
		"vars.QLSYNC_HOSTS": strings.TrimPrefix(run.tenant, "http://"), "github.event_name": "push", "github.ref_name": "", "!cancelled()": "true", "always()": "true",
		"github.run_attempt": "1", "runner.temp": run.temporary, "vars.QLIK_PLAN_CLIENT": "client", "vars.QLIK_APPLY_CLIENT": "client",
		"github.event.pull_request.number": "", "github.event.pull_request.head.repo.full_name": "", // of other events
	}
	if strings.HasSuffix(name, "plan") {
		context["github.event_name"] = "pull_request"
	}
	maps.Copy(context, run.given)
	secrets := map[string]string{}
	if !isFork {
		maps.Copy(secrets, run.secrets["all"])
		maps.Copy(secrets, run.secrets[fillIn(job.Environment, func(name string) string { return context[name] })])
	}
	lookup := func(name string) string {
		if secret, found := strings.CutPrefix(name, "secrets."); found {
			return secrets[secret]
		}
		value, found := context[name]
		if strings.HasPrefix(name, "needs.") && !found {
			return "success"
		}
		if !found {
			run.unknown = append(run.unknown, name)
		}
		return value
	}
	if job.If != "" && !holds(job.If, lookup) {
		return "skipped", nil
	}
	base := map[string]string{
		"PATH": run.path, "HOME": run.folder, "CURL_HOME": run.curl, "NO_COLOR": "1", "CI": "true", "GITHUB_REPOSITORY": "acme/bi",
		"GITHUB_API_URL": run.forge.URL, "GITHUB_GRAPHQL_URL": run.forge.URL + "/graphql", "GITHUB_SERVER_URL": "https://forge.example",
		"GITHUB_RUN_ID": strconv.Itoa(run.jobs), "GITHUB_SHA": context["github.sha"], "GITHUB_REF_NAME": context["github.ref_name"],
		"GITHUB_BASE_REF": context["github.base_ref"], "GITHUB_EVENT_NAME": context["github.event_name"],
		"GITHUB_STEP_SUMMARY": filepath.Join(run.folder, "summary.md"), "GITHUB_PATH": filepath.Join(run.temporary, "path"), "RUNNER_TEMP": run.temporary,
		"GITHUB_RUN_ATTEMPT": context["github.run_attempt"],
	}
	for _, env := range []scalars{file.Env, job.Env} {
		for name, value := range env {
			base[name] = fillIn(value, lookup)
		}
	}
	code, err := run.steps(job.Steps, base, func(name string) string {
		if variable, found := strings.CutPrefix(name, "env."); found {
			return base[variable]
		}
		return lookup(name)
	}, isFork)
	if err == nil && len(run.unknown) > 0 {
		err = fmt.Errorf("the runner does not know %q", run.unknown)
	}
	return strconv.Itoa(code), err
}

// steps runs the steps of a job or of an action, and returns the first exit code that is not zero.
func (run *jobRun) steps(steps []pipelineStep, base map[string]string, lookup func(string) string, isFork bool) (int, error) {
	code := 0
	for _, step := range steps {
		condition := step.If
		isForFailed := strings.Contains(condition, "!cancelled()") || strings.Contains(condition, "always()")
		if code != 0 && !isForFailed || condition != "" && !holds(condition, lookup) {
			continue
		}
		env := maps.Clone(base)
		for name, value := range step.Env {
			env[name] = fillIn(value, lookup)
		}
		added, _ := os.ReadFile(env["GITHUB_PATH"])
		for folder := range strings.Lines(string(added)) {
			env["PATH"] = strings.TrimSpace(folder) + string(filepath.ListSeparator) + env["PATH"]
		}
		with := map[string]string{}
		for name, value := range step.With {
			with[name] = fillIn(fmt.Sprint(value), lookup)
		}
		c, err := 0, error(nil)
		switch {
		case strings.HasPrefix(step.Uses, "actions/upload-artifact@") && filepath.IsAbs(with["path"]):
			err = keepFiles(filepath.Join(run.kept, with["name"]), with["path"], with["overwrite"] == "true")
		case strings.HasPrefix(step.Uses, "actions/download-artifact@"):
			err = fetchFiles(filepath.Join(run.kept, cmp.Or(with["pattern"], with["name"])), with["path"])
		case strings.HasPrefix(step.Uses, "actions/upload-artifact@"):
			err = run.forge.keep(with["name"], lookup("github.ref_name"), filepath.Join(run.folder, with["path"]), isFork)
		case strings.HasPrefix(step.Uses, "qlsync/qlsync/action@"):
			c, err = run.useAction(with, env, lookup, isFork)
		case strings.HasPrefix(step.Uses, "actions/checkout@"):
		case step.Uses != "":
			err = fmt.Errorf("the runner does not know the action %s", step.Uses)
		default:
			c = run.shell(filepath.Join(run.folder, fillIn(step.Folder, lookup)), fillIn(step.Run, lookup), env, "bash", "-eo", "pipefail", "-c")
		}
		if err != nil {
			return c, err
		}
		code = cmp.Or(code, c)
	}
	return code, nil
}

// keepFiles keeps the files of a pattern as an artifact for other jobs of the run. An artifact is only replaced if
// that is asked for; without files, there is none.
func keepFiles(artifact, pattern string, overwrite bool) error {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return err
	}
	if _, err := os.Stat(artifact); err == nil && !overwrite {
		return fmt.Errorf("the run already has an artifact %s", filepath.Base(artifact))
	}
	return cmp.Or(os.RemoveAll(artifact), copyFiles(artifact, files...))
}

// fetchFiles copies the files of all artifacts of a pattern, such as {a,b}-*, into a folder.
func fetchFiles(pattern, folder string) error {
	head, rest, hasNames := strings.Cut(pattern, "{")
	names, tail, _ := strings.Cut(rest, "}")
	if !hasNames {
		head, tail = pattern, ""
	}
	for name := range strings.SplitSeq(names, ",") {
		files, err := filepath.Glob(filepath.Join(head+name+tail, "*"))
		if err := cmp.Or(err, copyFiles(folder, files...)); err != nil {
			return err
		}
	}
	return nil
}

func copyFiles(folder string, files ...string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err := cmp.Or(err, os.WriteFile(filepath.Join(folder, filepath.Base(file)), text, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// useAction runs the steps of our action as GitHub's runner does: its expressions know its inputs,
// and no secrets.
func (run *jobRun) useAction(with, env map[string]string, lookup func(string) string, isFork bool) (int, error) {
	name := filepath.Join(run.action, "action.yml")
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	var file actionFile
	if err := decodeYAML(name, text, &file); err != nil {
		return 0, err
	}
	inputs := map[string]string{}
	for input, declared := range file.Inputs {
		value, isGiven := with[input]
		if declared.Required && !isGiven {
			return 0, fmt.Errorf("input %s of the action is missing", input)
		}
		if !isGiven {
			value = fillIn(declared.Default, lookup)
		}
		inputs[input] = value
		delete(with, input)
	}
	if len(with) > 0 || file.Runs.Using != "composite" {
		return 0, fmt.Errorf("the action has no inputs %v, or is not composite", with)
	}
	env["GITHUB_ACTION_PATH"] = run.action
	return run.steps(file.Runs.Steps, env, func(name string) string {
		if input, found := strings.CutPrefix(name, "inputs."); found {
			return inputs[input]
		}
		if strings.HasPrefix(name, "secrets.") {
			run.unknown = append(run.unknown, name)
		}
		return lookup(name)
	}, isFork)
}

// gitlab runs a job as GitLab's runner does.
func (run *jobRun) gitlab(text []byte, name string) (string, error) {
	job, err := gitlabJob(text, name, filepath.Dir(run.action))
	if err != nil {
		return "", err
	}
	env := map[string]string{
		"PATH": run.path, "HOME": run.folder, "CURL_HOME": run.curl, "NO_COLOR": "1", "CI": "true", "GITLAB_CI": "true", "CI_API_V4_URL": run.forge.URL,
		"TMPDIR": run.temporary, "CI_JOB_NAME": name, "CI_PIPELINE_ID": "99", "CI_MERGE_REQUEST_IID": "",
		"CI_PROJECT_ID": "42", "CI_DEFAULT_BRANCH": "main", "CI_JOB_URL": "https://forge.example/job", "CI_REGISTRY_IMAGE": "registry.example/acme/bi",
	}
	if run.given["CI_PROJECT_ID"] == "" { // a fork has none of the variables of the project
		maps.Copy(env, run.secrets["all"])
		maps.Copy(env, run.secrets[job.Environment])
	}
	maps.Copy(env, run.given)
	var file pipelineFile
	if err := json.Unmarshal(text, &file); err != nil {
		return "", err
	}
	for name, value := range file.Variables {
		if _, isSet := env[name]; !isSet { // a variable of the project has priority
			env[name] = os.Expand(value, func(name string) string { return env[name] })
		}
	}
	lookup := func(name string) string { return env[strings.TrimPrefix(name, "$")] }
	if !slices.ContainsFunc(job.Rules, func(rule jobRule) bool { return holds(rule.If, lookup) }) {
		return "skipped", nil
	}
	for name, value := range job.Variables {
		env[name] = os.Expand(value, func(name string) string { return env[name] })
	}
	for _, dependency := range job.Dependencies {
		if err := fetchFiles(filepath.Join(run.kept, dependency+"@*"), filepath.Join(run.folder, env["REPORTS"])); err != nil {
			return "", err
		}
	}
	code := run.shell(run.folder, strings.Join(append(job.Before, job.Script...), "\n"), env, "sh", "-e", "-c")
	if len(job.Artifacts.Paths) == 0 || code != 0 && job.Artifacts.When != "always" {
		return strconv.Itoa(code), nil
	}
	if env["REPORTS"] != "" { // the new artifact of a job replaces that of its run before
		artifact := filepath.Join(run.kept, name+"@"+env["SHARD"])
		if err := os.RemoveAll(artifact); err != nil {
			return "", err
		}
		for _, path := range job.Artifacts.Paths {
			path = filepath.Join(run.folder, strings.ReplaceAll(path, "$REPORTS", env["REPORTS"]))
			inFolder, _ := filepath.Glob(filepath.Join(path, "*"))
			file, _ := filepath.Glob(path)
			if len(inFolder) > 0 {
				file = inFolder
			}
			if err := copyFiles(artifact, file...); err != nil {
				return "", err
			}
		}
		return strconv.Itoa(code), nil
	}
	folder := filepath.Join(run.folder, job.Artifacts.Paths[0])
	return strconv.Itoa(code), run.forge.keep(name, env["CI_COMMIT_BRANCH"], folder, false)
}

// gitlabJob returns a job of a .gitlab-ci.yml that includes templates/qlsync.yml: what the file says
// about the job, over the job of the template, over the hidden job that this one extends. The template
// is that of a story, and its integrity is that of the repository's template.
func gitlabJob(text []byte, name, story string) (pipelineJob, error) {
	var job pipelineJob
	var including struct {
		Include []struct {
			Remote, Integrity string
			Inputs            map[string]string
		}
	}
	var own, included map[string]json.RawMessage
	if err := cmp.Or(json.Unmarshal(text, &including), json.Unmarshal(text, &own)); err != nil {
		return job, err
	}
	include := including.Include[0]
	template, err := os.ReadFile(filepath.Join("..", "..", "templates", path.Base(include.Remote)))
	if err != nil {
		return job, err
	}
	sum := sha256.Sum256(template)
	if got := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); got != include.Integrity {
		return job, fmt.Errorf("the template has the integrity %s, and .gitlab-ci.yml wants %s: GitLab refuses it", got, include.Integrity)
	}
	if template, err = os.ReadFile(filepath.Join(story, "templates", path.Base(include.Remote))); err != nil {
		return job, err
	}
	head, body, _ := strings.Cut(string(template), "\n---\n")
	var declared struct {
		Spec struct {
			Inputs map[string]struct{ Default *string }
		}
	}
	if err := decodeYAML("head", []byte(head), &declared); err != nil {
		return job, err
	}
	for input, value := range declared.Spec.Inputs {
		given, ok := include.Inputs[input]
		if !ok && value.Default == nil {
			return job, fmt.Errorf("input %s of the template is missing", input)
		} else if !ok {
			given = *value.Default
		}
		body = strings.ReplaceAll(body, "$[[ inputs."+input+" ]]", given)
	}
	if err := decodeYAML("body", []byte(body), &included); err != nil {
		return job, err
	}
	parts, err := extended(name, own, included)
	if err != nil {
		return job, err
	}
	for _, part := range parts {
		if err := json.Unmarshal(part, &job); err != nil { // maps are merged
			return job, err
		}
	}
	return job, nil
}

// extended returns what a job of a file and of the file that it includes is made of: the jobs that it extends before
// its own parts, and of two jobs with one name the included one first.
func extended(name string, own, included map[string]json.RawMessage) (parts []json.RawMessage, err error) {
	for _, part := range []json.RawMessage{included[name], own[name]} {
		if part == nil {
			continue
		}
		var extends struct{ Extends string }
		if err := json.Unmarshal(part, &extends); err != nil {
			return nil, fmt.Errorf("job %q: %w", name, err)
		}
		if extends.Extends != "" {
			before, err := extended(extends.Extends, own, included)
			if err != nil {
				return nil, err
			}
			parts = append(parts, before...)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("there is no job %q", name)
	}
	return parts, nil
}

// pathWithout returns a search path without the folders that have a program.
func pathWithout(search, program string) string {
	folders := slices.DeleteFunc(filepath.SplitList(search), func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, program))
		return err == nil
	})
	return strings.Join(folders, string(filepath.ListSeparator))
}

func (run *jobRun) shell(folder, script string, env map[string]string, program ...string) int {
	cmd := exec.Command(program[0], append(program[1:], script)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, run.output, run.output
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
	return expression.ReplaceAllStringFunc(text, func(found string) string { return valueOf(expression.FindStringSubmatch(found)[1], lookup) })
}

// holds reports whether a condition is met.
func holds(condition string, lookup func(string) string) bool {
	return valueOf(strings.TrimSuffix(strings.TrimPrefix(condition, "${{"), "}}"), lookup) != ""
}

// valueOf returns the value of an expression of names and literals, compared, with && and ||, which return one of
// their operands. A comparison that does not hold is empty.
func valueOf(text string, lookup func(string) string) (result string) {
	operand := func(text string) string {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "'") || strings.HasPrefix(text, `"`) {
			return strings.Trim(text, `'"`)
		}
		return lookup(text)
	}
	for alternative := range strings.SplitSeq(text, "||") {
		for part := range strings.SplitSeq(alternative, "&&") {
			if left, right, ok := strings.Cut(part, "!="); ok {
				result = truth(operand(left) != operand(right))
			} else if left, right, ok := strings.Cut(part, "=="); ok {
				result = truth(operand(left) == operand(right))
			} else {
				result = operand(part)
			}
			if result == "" {
				break
			}
		}
		if result != "" {
			return result
		}
	}
	return ""
}

func truth(holds bool) string {
	if holds {
		return "true"
	}
	return ""
}

// Workflows that are copied into other repositories, and our action, run only actions that are pinned
// to a commit, and ask for every permission by name. Our own action is pinned to a release here, and
// to its commit by init.
func TestWorkflowsRunPinnedActionsWithNamedPermissions(t *testing.T) {
	pinned := regexp.MustCompile(`^(actions/[a-z-]+@[0-9a-f]{40}|qlsync/qlsync/action@v\d+\.\d+\.\d+)$`)
	check := func(name string, steps []pipelineStep) {
		for _, step := range steps {
			if step.Uses != "" && !pinned.MatchString(step.Uses) {
				t.Errorf("%s uses %s, want a commit", name, step.Uses)
			}
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s has an expression in a script, want it in the environment: %s", name, step.Run)
			}
		}
	}
	for _, name := range append(workflowsOfATenant(t), fleetWorkflow) {
		var file struct {
			pipelineFile
			Permissions map[string]string
		}
		readYAML(t, name, &file)
		if file.Permissions == nil || len(file.Permissions) > 0 {
			t.Errorf("%s: the permissions of all jobs are %v, not none", name, file.Permissions)
		}
		for id, job := range file.Jobs {
			if job.Permissions == nil {
				t.Errorf("%s: job %s names no permissions", name, id)
			}
			check(name, job.Steps)
		}
	}
	var action actionFile
	readYAML(t, "action/action.yml", &action)
	check("action.yml", action.Runs.Steps)
}

const fleetWorkflow = "examples/ci-fleet/.github/workflows/qlsync-fleet.yml"

// Only the step that talks to the tenants has a secret. The secrets that write are those of the environment fleet,
// in which no pull request runs. A second attempt must be able to keep its artifacts, and only the plan of a pull request
// may be cancelled.
func TestTheWorkflowOfAFleetGivesEachSecretToOneStep(t *testing.T) {
	var file struct {
		pipelineFile
		Concurrency map[string]string
	}
	readYAML(t, fleetWorkflow, &file)
	if want := "${{ github.event_name == 'pull_request' }}"; file.Concurrency["cancel-in-progress"] != want {
		t.Errorf("runs are cancelled if %s, want %s", file.Concurrency["cancel-in-progress"], want)
	}
	for _, value := range file.Env {
		if strings.Contains(value, "secrets.") {
			t.Errorf("all jobs have %s, want secrets only in steps", value)
		}
	}
	for name, job := range file.Jobs {
		for _, value := range job.Env {
			if strings.Contains(value, "secrets.") {
				t.Errorf("all steps of job %s have %s, want secrets only in steps", name, value)
			}
		}
		for _, step := range job.Steps {
			for variable, value := range step.Env {
				isRead := value == "${{ secrets.QLIK_PLAN_SECRET }}" && strings.Contains(job.Environment, "fleet-main")
				if strings.Contains(value, "secrets.") && (step.Uses != "" || !isRead && job.Environment != "fleet") {
					t.Errorf("job %s (%s) gives %s to %s%s", name, job.Environment, variable, step.Uses, step.Run)
				}
			}
			artifact := fmt.Sprint(step.With["name"])
			if strings.HasPrefix(step.Uses, "actions/upload-artifact@") && !strings.Contains(artifact, "env.REPORT") && step.With["overwrite"] != true {
				t.Errorf("job %s cannot keep the artifact %s in a second attempt", name, artifact)
			}
		}
		if strings.HasPrefix(job.Env["REPORT"], name) && !strings.Contains(job.Env["REPORT"], "github.run_attempt") {
			t.Errorf("the report of job %s is %s, want one for each attempt", name, job.Env["REPORT"])
		}
	}
}

// On the default branch, a tenant that cannot be planned holds no other back. In a merge request, nobody would
// notice that a change is refused, or that the files have errors, if the pipeline passed.
func TestTheMergeRequestOfAFleetFailsWithoutACompletePlan(t *testing.T) {
	text, problems := spec.ToJSON("file", []byte(readRepositoryFile(t, "examples/ci-fleet/.gitlab-ci.yml")))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	job, err := gitlabJob(text, "review", filepath.Join("..", ".."))
	if err != nil || len(job.Rules) != 2 {
		t.Fatalf("got the rules %v of the job review (%v), want two", job.Rules, err)
	}
	for _, rule := range job.Rules {
		mayFail := job.MayFail
		if rule.MayFail != nil {
			mayFail = *rule.MayFail
		}
		if isRequest := strings.Contains(rule.If, "merge_request_event"); mayFail == isRequest {
			t.Errorf("if %s, the job review may fail: %t, want %t", rule.If, mayFail, !isRequest)
		}
	}
}

// workflowsOfATenant returns the names of the workflows of the example, from the root of the repository.
func workflowsOfATenant(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS(filepath.Join("..", "..")), "examples/ci/.github/workflows/*.yml")
	if err != nil || len(files) != 3 {
		t.Fatalf("found the workflows %v (%v), want plan, apply and drift", files, err)
	}
	return files
}

// readYAML reads a YAML file of the repository into a value.
func readYAML(t *testing.T, name string, value any) {
	t.Helper()
	if err := decodeYAML(name, []byte(readRepositoryFile(t, name)), value); err != nil {
		t.Fatal(err)
	}
}

// decodeYAML puts a YAML text into a value, by the names that the value has in JSON.
func decodeYAML(name string, text []byte, value any) error {
	asJSON, problems := spec.ToJSON(name, text)
	return cmp.Or(problems.Err(), json.Unmarshal(asJSON, value))
}

// All pipelines install the same release.
func TestThePipelinesInstallTheSameRelease(t *testing.T) {
	newest := regexp.MustCompile(`\n## \[(\d[^]]*)\]`).FindStringSubmatch(readRepositoryFile(t, "CHANGELOG.md"))
	if newest == nil || newest[1] != releaseVersion {
		t.Errorf("the pipelines install %s, and the newest version in the changelog is %q", releaseVersion, newest)
	}
	version := regexp.MustCompile(`\bv\d+\.\d+\.\d+\b`)
	for file, want := range map[string]int{
		"action/action.yml": 1, "templates/qlsync.yml": 1, "azure/qlsync.yml": 1, "examples/ci/.gitlab-ci.yml": 2, "examples/ci/azure-pipelines.yml": 2,
		"examples/ci/.github/workflows/qlsync-plan.yml": 1, "examples/ci/.github/workflows/qlsync-apply.yml": 1, "examples/ci/.github/workflows/qlsync-drift.yml": 1,
		"docs/how-to/editors.md": 1, "examples/ci-fleet/.gitlab-ci.yml": 2, fleetWorkflow: 3,
	} {
		found := 0
		for line := range strings.Lines(readRepositoryFile(t, file)) {
			if strings.Contains(line, "actions/") {
				continue // the version of another action
			}
			for _, got := range version.FindAllString(line, -1) {
				if found++; got != "v"+releaseVersion {
					t.Errorf("%s has %s, want v%s", file, got, releaseVersion)
				}
			}
		}
		if found != want {
			t.Errorf("%s names a release %d times, want %d", file, found, want)
		}
	}
}

// A tag of an image can be moved to other content, and the jobs have tokens.
func TestEveryImageOfThePipelinesIsNamedByItsDigest(t *testing.T) {
	image := regexp.MustCompile(`(?m)(?:image|default|FROM):? *["']?([a-z0-9][a-z0-9./-]*:[0-9][^\s"'@]*)(@sha256:[0-9a-f]{64}\b)?`)
	found := 0
	for _, pattern := range []string{"action/*.yml", "azure/*.yml", "templates/*.yml", "examples/ci/*.yml", "examples/ci/.github/workflows/*.yml", "examples/ci-fleet/.github/workflows/*.yml", "examples/ci-fleet/.*.yml"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range image.FindAllStringSubmatch(string(text), -1) {
				if found++; name[2] == "" {
					t.Errorf("%s uses the image %s by its tag, want its digest", file, name[1])
				}
			}
		}
	}
	if found == 0 {
		t.Error("got no image, want that of the component for GitLab: has its form changed?")
	}
}

// The shell of the scripts may be bash 3.2, as on macOS. On Windows, curl and jq are not programs of
// Git Bash, so they cannot read what process substitution names.
func TestTheScriptsNeedNoNewBashAndNoProcessSubstitution(t *testing.T) {
	newer := regexp.MustCompile(`[<>]\(|\b(mapfile|readarray|coproc)\b|\b(declare|local|typeset) -[An]|\$\{\w+(,|\^|@)|&>>|\|&|\$\{\w+\[-`)
	files, err := filepath.Glob(filepath.Join("..", "..", "action", "*.sh"))
	if err != nil || len(files) < 8 {
		t.Fatalf("found the scripts %v (%v), want all of the action", files, err)
	}
	for _, file := range append(files, filepath.Join("..", "..", "azure", "install.yml"), filepath.Join("..", "..", "templates", "qlsync.yml")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(line, "# ")
			if found := newer.FindString(code); found != "" {
				t.Errorf("%s:%d: %q does not work in bash 3.2, or with programs for Windows: %s", file, i+1, found, strings.TrimSpace(line))
			}
		}
	}
}

func TestTheWorkflowsOfATenantAreShort(t *testing.T) {
	lines := 0
	for _, file := range workflowsOfATenant(t) {
		lines += strings.Count(readRepositoryFile(t, file), "\n")
	}
	if lines >= 60 {
		t.Errorf("the workflows have %d lines, want fewer than 60: move what is not about a user's project into the action", lines)
	}
}

// The job that publishes needs the job that checks. Homebrew, Scoop and winget refer to published files,
// so goreleaser publishes in its last run, after the image and the provenance, and not as a draft.
func TestAReleaseIsPublishedAfterAllElse(t *testing.T) {
	workflow := readRepositoryFile(t, ".github/workflows/release.yml")
	check, publish, found := strings.Cut(workflow, "\n  release:\n    needs: check\n")
	if !found {
		t.Fatal("the job release does not need the job check")
	}
	for _, want := range []string{"make check api", "make snapshot", `git merge-base --is-ancestor "$GITHUB_SHA" origin/main`} {
		if !strings.Contains(check, want) {
			t.Errorf("the job check does not run %q", want)
		}
	}
	last := -1
	for _, want := range []string{"goreleaser release --clean --skip=publish", "./image -dist", "bin/dist/checksums.txt\n      - name: Attest how the image", "goreleaser release --clean --release-notes"} {
		at := strings.Index(publish, want)
		if at <= last {
			t.Errorf("the job release runs %q at %d, want it after the step before, at %d", want, at, last)
		}
		last = at
	}
	if config := readRepositoryFile(t, ".goreleaser.yaml"); strings.Contains(config, "draft: true") {
		t.Error("goreleaser leaves a draft, but updates Homebrew, Scoop and winget, whose addresses then do not exist")
	}
}

func readRepositoryFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
