package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/examples"
	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Forges returns the systems for which [Host.InitPipeline] writes a pipeline.
func Forges() []string { return []string{"github", "gitlab", "azure"} }

// ofForge reports whether a forge needs a file of the example.
func ofForge(forge, name string) bool {
	switch name = filepath.ToSlash(name); {
	case strings.HasPrefix(name, ".github/"):
		return forge == "github"
	case name == ".gitlab-ci.yml":
		return forge == "gitlab"
	case name == "azure-pipelines.yml":
		return forge == "azure"
	}
	return false
}

// PipelineOptions say which pipeline is written.
type PipelineOptions struct {
	// Forge is one of [Forges].
	Forge string
	// Tenant is the name of the tenant; see [spec.Project.Tenant].
	Tenant string
	// Commit is the commit of this release, to which the action is pinned; empty: unknown, so the
	// action is pinned to the tag.
	Commit string
}

// Pipeline is the result of [Host.InitPipeline].
type Pipeline struct {
	Initialized
	Tenant string
	// IsRelease reports whether this qlsync is a release, which the pipeline installs.
	IsRelease bool
}

// InitPipeline writes the pipeline of a forge into the current folder, with the names of the project
// there, of its tenant and of its secrets. In a project with several tenants, the names of the files
// contain that of the tenant. Without a project, it first writes the quickstart example.
// It overwrites nothing: if one of the files exists, none is written.
func (host *Host) InitPipeline(ctx context.Context, o PipelineOptions) (Pipeline, error) {
	done := Pipeline{IsRelease: release.MatchString(host.Version)}
	files, err := exampleFiles(examples.CI, "ci")
	if err != nil {
		return done, err
	}
	files = slices.DeleteFunc(files, func(file TextFile) bool { return !ofForge(o.Forge, file.Name) })
	if err := host.checkRoot(); err != nil {
		return done, err
	}
	if _, err := os.Lstat(host.at(ProjectFile)); err != nil {
		if err := host.checkNew(files); err != nil {
			return done, err
		}
		if done.Initialized, err = host.Init(); err != nil {
			return done, err
		}
	}
	project, err := host.ReadProject(ctx, ProjectOptions{File: ProjectFile})
	if err != nil {
		return done, err
	}
	tenant, err := project.Tenant(o.Tenant)
	if err != nil {
		return done, cmp.Or(project.Problems.Err(), err)
	}
	listed, problems := project.ListSecrets([]spec.Tenant{*tenant})
	if err := problems.Err(); err != nil {
		return done, err
	}
	done.Tenant = tenant.Name
	names := pipelineNames{project: project.Name, tenant: tenant, version: host.Version, commit: o.Commit}
	for _, secret := range listed.Tenants[0].Secrets {
		switch name := secret.Reference.Env; {
		case name == "":
		case secret.Use == doctor.UseAuth:
			names.auth = append(names.auth, name)
		case secret.Use != doctor.UseFingerprints && !slices.Contains(names.secrets, name):
			names.secrets = append(names.secrets, name)
		}
	}
	for i := range files {
		files[i].Text = []byte(names.fill(string(files[i].Text)))
		if len(project.Tenants) > 1 {
			files[i] = ofOneTenant(files[i], tenant.Name)
		}
	}
	if err := host.checkNew(files); err != nil {
		return done, err
	}
	return done, host.writeNew(&done.Initialized, files)
}

// ofOneTenant puts the name of the tenant into the name of a pipeline's file, and into the names that
// its forge shows, so that each tenant of a project can have a pipeline.
func ofOneTenant(file TextFile, tenant string) TextFile {
	kind := filepath.Ext(file.Name)
	file.Name = strings.TrimSuffix(file.Name, kind) + "-" + tenant + kind
	pairs := []string{"qlsync-plan.yml", "qlsync-plan-" + tenant + ".yml"}
	for _, job := range []string{"plan", "apply", "drift"} {
		pairs = append(pairs,
			"\nname: qlsync "+job+"\n", "\nname: qlsync "+job+" "+tenant+"\n",
			"\njobs:\n  "+job+":\n", "\njobs:\n  "+job+":\n    name: "+job+" "+tenant+"\n")
	}
	file.Text = []byte(strings.NewReplacer(pairs...).Replace(string(file.Text)))
	return file
}

// checkRoot returns an error if the folder is below the root of a repository: forges read pipelines
// only from the root.
func (host *Host) checkRoot() error {
	for folder := "."; ; folder = filepath.Join(folder, "..") {
		info, err := os.Stat(host.at(folder))
		if err != nil {
			return nil
		}
		if _, err := os.Lstat(host.at(filepath.Join(folder, ".git"))); err == nil {
			if folder == "." {
				return nil
			}
			return fmt.Errorf("init: a pipeline must be in the root of the repository. Nothing was written. Pass -C %s", filepath.ToSlash(folder))
		}
		if above, err := os.Stat(host.at(filepath.Join(folder, ".."))); err != nil || os.SameFile(info, above) {
			return nil
		}
	}
}

// The parts of the examples that depend on the project.
var (
	release     = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)
	plainYAML   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	keyLine     = regexp.MustCompile(`(?m)^( *)QLIK_API_KEY: (.*)QLIK_(PLAN|APPLY)_API_KEY(.*)\n`)
	keyComment  = regexp.MustCompile(`(?m)^#.*\bQLIK_(PLAN|APPLY)_API_KEY\b`)
	secretLines = regexp.MustCompile(`(?m)^( *# One line for each secret.*\n)((?: *ORDERS_[A-Z_]+: .*\n)+)`)
)

// exampleVersion is the release that the examples install.
const exampleVersion = "v0.1.0"

// pipelineNames are the names of a project that its pipeline has.
type pipelineNames struct {
	project string
	tenant  *spec.Tenant
	version string
	commit  string
	auth    []string // environment variables that sign in to the tenant
	secrets []string // environment variables of credentials
}

// fill returns the text of an example with the names in place of those of the example.
func (n pipelineNames) fill(text string) string {
	name := n.tenant.Name
	pairs := []string{
		"project: acme", "project: " + yamlText(n.project),
		"tenant: prod", "tenant: " + yamlText(name),
		"environment: prod #", "environment: " + yamlText(name) + " #",
		"the environment prod", "the environment " + name,
		"plan-prod", "plan-" + name,
		"apply-prod", "apply-" + name,
		"drift-prod", "drift-" + name,
	}
	if release.MatchString(n.version) {
		if n.commit != "" {
			pairs = append(pairs, "action@"+exampleVersion+" #", "action@"+n.commit+" # "+n.version+";")
		}
		pairs = append(pairs, exampleVersion, n.version)
	}
	if host, isRemote := strings.CutPrefix(n.tenant.URL, "https://"); isRemote {
		pairs = append(pairs, "acme.eu.qlikcloud.com", host)
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	if len(n.auth) > 0 {
		text = keyLine.ReplaceAllStringFunc(text, func(line string) string {
			found := keyLine.FindStringSubmatch(line)
			var lines strings.Builder
			for _, variable := range n.auth {
				lines.WriteString(found[1] + variable + ": " + found[2] + keyOf(variable, found[3]) + found[4] + "\n")
			}
			return lines.String()
		})
		text = keyComment.ReplaceAllStringFunc(text, func(comment string) string {
			example := keyComment.FindStringSubmatch(comment)[1]
			var keys []string
			for _, variable := range n.auth {
				keys = append(keys, keyOf(variable, example))
			}
			return strings.TrimSuffix(comment, keyOf(exampleKey, example)) + words.AllOf(keys)
		})
	}
	return secretLines.ReplaceAllStringFunc(text, func(lines string) string {
		if len(n.secrets) == 0 {
			return ""
		}
		found := secretLines.FindStringSubmatch(lines)
		line, _, _ := strings.Cut(found[2], "\n")
		example, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		var b strings.Builder
		b.WriteString(found[1])
		for _, variable := range n.secrets {
			b.WriteString(strings.ReplaceAll(line, example, variable) + "\n")
		}
		return b.String()
	})
}

// exampleKey is the environment variable that signs in to the tenant of the examples.
const exampleKey = "QLIK_API_KEY"

// keyOf returns the name under which a forge keeps the value of a variable that signs in, for the
// jobs that only read (PLAN) or for those that write (APPLY): each has a key of its own.
func keyOf(variable, job string) string {
	if variable == exampleKey {
		return "QLIK_" + job + "_API_KEY"
	}
	return job + "_" + variable
}

// yamlText returns a name as a text of YAML, where true and 1.0 are none.
func yamlText(name string) string {
	if plainYAML.MatchString(name) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, name) {
		return name
	}
	return strconv.Quote(name)
}
