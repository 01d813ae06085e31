package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// agent runs azure-pipelines.yml as Azure Pipelines does: templates are expanded first, then stages and
// steps run if their conditions hold. A job begins with a fresh copy of the repository, and only
// variables that a step maps into its environment are secrets there.
type agent struct {
	*jobRun
	repository string
	artifacts  string // the folder of the artifacts of the run
	variables  map[string]string
	failed     bool // a step of the job has failed
	ended      map[string]string
}

// runAzure: azure RESULTS REASON BRANCH [NAME=VALUE...] runs the pipeline of the folder repo, and
// demands the exit code of each stage, or "skipped": plan=0,apply=0,drift=skipped.
func runAzure(ts *testscript.TestScript, r *runner, args []string) {
	run := &jobRun{runner: r, action: ts.MkAbs("action"), curl: ts.MkAbs("."), path: pathWithout(ts.Getenv("PATH"), "qlsync"), output: &bytes.Buffer{}}
	run.folder, run.temporary = ts.MkAbs("job"), ts.MkAbs("temporary")
	a := &agent{jobRun: run, repository: ts.MkAbs("repo"), artifacts: ts.MkAbs("artifacts"), ended: map[string]string{}, variables: map[string]string{
		"Build.Reason": args[1], "Build.SourceBranch": args[2], "System.DefaultWorkingDirectory": run.folder, "Pipeline.Workspace": ts.MkAbs("artifacts"),
	}}
	for _, pair := range args[3:] {
		name, value, _ := strings.Cut(pair, "=")
		a.variables[name] = value
	}
	ts.Check(os.RemoveAll(a.artifacts))
	pipeline := readTree(ts, filepath.Join(a.repository, "azure-pipelines.yml"))
	var results []string
	for _, one := range expandTemplate(ts, pipeline["stages"], nil).([]any) {
		stage := one.(map[string]any)
		name, _, _ := strings.Cut(stage["stage"].(string), "_")
		result, err := a.stage(stage)
		ts.Check(err)
		a.ended[stage["stage"].(string)] = result
		results = append(results, name+"="+result)
	}
	ts.Check(os.WriteFile(ts.MkAbs("log"), run.output.Bytes(), 0o600))
	ts.Logf("%s", run.output)
	if got := strings.Join(results, ","); got != args[0] {
		ts.Fatalf("the stages ended with %s, want %s", got, args[0])
	}
}

// checkShell: azureshell SHELL demands that the pipeline for a shell has no step for another one, and
// compares the checksum of the archive before it unpacks anything. No PowerShell runs here.
func checkShell(ts *testscript.TestScript, _ bool, args []string) {
	pipeline := readTree(ts, ts.MkAbs("repo/azure-pipelines.yml"))
	template := pipeline["stages"].([]any)[0].(map[string]any)
	template["parameters"].(map[string]any)["shell"] = args[0]
	text, err := json.Marshal(expandTemplate(ts, []any{template}, nil))
	ts.Check(err)
	scripts := 0
	for _, shell := range []string{"bash", "pwsh", "powershell"} {
		count := strings.Count(string(text), `{"`+shell+`":`) + strings.Count(string(text), `,"`+shell+`":`)
		if (count > 0) != (shell == args[0]) {
			ts.Fatalf("the pipeline for %s has %d steps for %s", args[0], count, shell)
		}
		scripts += count
	}
	if scripts != 10 { // two of install.yml in each of three stages, two of plan, and one of each of the others
		ts.Fatalf("the pipeline for %s has %d scripts, want 10", args[0], scripts)
	}
	if checked, unpacked := strings.Index(string(text), "SHA-256"), strings.Index(string(text), "tar -xzf"); checked < 0 || checked > unpacked {
		ts.Fatalf("the pipeline for %s unpacks the archive before it checks it", args[0])
	}
}

func readTree(ts *testscript.TestScript, file string) map[string]any {
	text, err := os.ReadFile(file)
	ts.Check(err)
	var tree map[string]any
	ts.Check(decodeYAML(file, text, &tree))
	return tree
}

// expandTemplate replaces the template expressions in a tree, and includes templates.
func expandTemplate(ts *testscript.TestScript, tree any, known map[string]any) any {
	lookup := func(name string) any { return known[name] }
	switch tree := tree.(type) {
	case string:
		if found := expression.FindStringSubmatch(tree); found != nil && found[0] == tree {
			return evaluate(found[1], lookup)
		}
		return expression.ReplaceAllStringFunc(tree, func(found string) string {
			return fmt.Sprint(evaluate(expression.FindStringSubmatch(found)[1], lookup))
		})
	case []any:
		var items []any
		for _, item := range tree {
			expanded := expandTemplate(ts, item, known)
			if list, isList := expanded.([]any); isList {
				items = append(items, list...)
			} else if expanded != nil {
				items = append(items, expanded)
			}
		}
		return items
	case map[string]any:
		return expandMap(ts, tree, known)
	}
	return tree
}

var eachExpression = regexp.MustCompile(`^\$\{\{ each secret in (parameters\.\w+) \}\}$`)

func expandMap(ts *testscript.TestScript, tree, known map[string]any) any {
	if name, isTemplate := tree["template"].(string); isTemplate {
		return includeTemplate(ts, name, expandTemplate(ts, tree["parameters"], known).(map[string]any))
	}
	expanded := map[string]any{}
	for key, value := range tree {
		if condition, found := strings.CutPrefix(key, "${{ if "); found {
			if evaluate(strings.TrimSuffix(condition, " }}"), func(name string) any { return known[name] }) != "true" {
				return nil
			}
			return expandTemplate(ts, value, known)
		}
		if found := eachExpression.FindStringSubmatch(key); found != nil {
			for name, secret := range known[found[1]].(map[string]any) {
				inner := maps.Clone(known)
				inner["secret.key"], inner["secret.value"] = name, secret
				maps.Copy(expanded, expandTemplate(ts, value, inner).(map[string]any))
			}
			continue
		}
		expanded[expandTemplate(ts, key, known).(string)] = expandTemplate(ts, value, known)
	}
	return expanded
}

// includeTemplate returns the stages or steps of a template in the folder azure.
func includeTemplate(ts *testscript.TestScript, name string, given map[string]any) any {
	name, _, _ = strings.Cut(filepath.Base(name), "@")
	template := readTree(ts, ts.MkAbs(filepath.Join("azure", name)))
	known := map[string]any{}
	for _, one := range template["parameters"].([]any) {
		declared := one.(map[string]any)
		parameter := declared["name"].(string)
		value, isGiven := given[parameter]
		if fallback, hasDefault := declared["default"]; !isGiven && hasDefault {
			value, isGiven = fallback, true
		}
		if values, isChoice := declared["values"].([]any); !isGiven || isChoice && !slices.Contains(values, value) {
			ts.Fatalf("%s: parameter %s is missing or wrong: %v", name, parameter, value)
		}
		known["parameters."+parameter] = value
		delete(given, parameter)
	}
	if len(given) > 0 {
		ts.Fatalf("%s has no parameters %v", name, given)
	}
	if stages, found := template["stages"]; found {
		return expandTemplate(ts, stages, known)
	}
	return expandTemplate(ts, template["steps"], known)
}

// evaluate evaluates an expression of Azure Pipelines: literals, names, and calls of functions.
func evaluate(text string, lookup func(string) any) any {
	text = strings.TrimSpace(text)
	open := strings.Index(text, "(")
	if strings.HasPrefix(text, "'") || open < 0 {
		if literal, found := strings.CutPrefix(text, "'"); found {
			return strings.TrimSuffix(literal, "'")
		}
		return lookup(text)
	}
	var values []string
	depth, from := 0, open+1
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case (c == ',' || c == ')') && depth == 0 && i > from:
			values = append(values, fmt.Sprint(evaluate(text[from:i], lookup)))
			from = i + 1
		}
	}
	switch function := text[:open]; function {
	case "and":
		return fmt.Sprint(!slices.Contains(values, "false"))
	case "eq", "in":
		return fmt.Sprint(slices.Contains(values[1:], values[0]))
	case "ne":
		return fmt.Sprint(values[0] != values[1])
	case "replace":
		return strings.ReplaceAll(values[0], values[1], values[2])
	default:
		return lookup(function + "()")
	}
}

// holds reports whether a condition holds; without one, a step or stage needs success.
func (a *agent) holds(condition any, succeeded bool) bool {
	text, _ := condition.(string)
	return evaluate(cmp.Or(text, "succeeded()"), func(name string) any {
		switch name {
		case "succeeded()":
			return fmt.Sprint(succeeded)
		case "succeededOrFailed()":
			return "true"
		}
		return a.variables[strings.TrimSuffix(strings.TrimPrefix(name, "variables['"), "']")]
	}) == "true"
}

// stage runs a stage and returns its exit code, or "skipped".
func (a *agent) stage(stage map[string]any) (string, error) {
	needed, _ := stage["dependsOn"].(string)
	if !a.holds(stage["condition"], needed == "" || a.ended[needed] == "0") {
		return "skipped", nil
	}
	secrets := map[string]string{}
	for _, group := range stage["variables"].([]any) {
		if a.variables["System.PullRequest.IsFork"] != "True" {
			maps.Copy(secrets, a.secrets[group.(map[string]any)["group"].(string)])
		}
	}
	job := stage["jobs"].([]any)[0].(map[string]any)
	for _, key := range []string{"strategy", "runOnce", "deploy"} { // of a deployment
		if inner, found := job[key].(map[string]any); found {
			job = inner
		}
	}
	for _, folder := range []string{a.folder, a.temporary} {
		if err := os.RemoveAll(folder); err != nil {
			return "", err
		}
	}
	if err := cmp.Or(os.CopyFS(a.folder, os.DirFS(a.repository)), os.Mkdir(a.temporary, 0o700)); err != nil {
		return "", err
	}
	a.failed = false
	code, search := 0, a.path
	for _, one := range job["steps"].([]any) {
		step := one.(map[string]any)
		if !a.holds(step["condition"], !a.failed) {
			continue
		}
		c, err := a.step(step, secrets, &search)
		if err != nil {
			return "", err
		}
		a.failed = a.failed || c != 0
		code = cmp.Or(code, c)
	}
	return fmt.Sprint(code), nil
}

var macro = regexp.MustCompile(`\$\(([A-Za-z_.]+)\)`)

// step runs a step and returns its exit code.
func (a *agent) step(step map[string]any, secrets map[string]string, search *string) (int, error) {
	fill := func(text string) string {
		return macro.ReplaceAllStringFunc(text, func(found string) string {
			name := found[2 : len(found)-1]
			return cmp.Or(secrets[name], a.variables[name], found)
		})
	}
	if file, isPublished := step["publish"].(string); isPublished {
		text, err := os.ReadFile(filepath.Join(a.folder, file))
		if err != nil {
			fmt.Fprintln(a.output, err)
			return 1, nil
		}
		folder := filepath.Join(a.artifacts, step["artifact"].(string))
		return 0, cmp.Or(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, filepath.Base(file)), text, 0o600))
	}
	script, isScript := step["bash"].(string)
	if !isScript {
		if step["checkout"] == "self" || step["download"] == "current" {
			return 0, nil
		}
		return 0, fmt.Errorf("the agent does not know the step %v", step)
	}
	arch := map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH]
	system := map[string]string{"linux": "Linux", "darwin": "Darwin"}[runtime.GOOS]
	env := map[string]string{
		"PATH": *search, "HOME": a.folder, "CURL_HOME": a.curl, "NO_COLOR": "1", "TF_BUILD": "True", "AGENT_OS": system, "AGENT_OSARCHITECTURE": arch,
		"AGENT_TEMPDIRECTORY": a.temporary,
	}
	declared, _ := step["env"].(map[string]any)
	for name, value := range declared {
		env[name] = fill(fmt.Sprint(value))
	}
	from := a.output.Len()
	code := a.shell(a.folder, fill(script), env, "bash", "-c")
	for _, line := range strings.Split(a.output.String()[from:], "\n") {
		if folder, found := strings.CutPrefix(line, "##vso[task.prependpath]"); found {
			*search = folder + string(filepath.ListSeparator) + *search
		}
	}
	return code, nil
}
