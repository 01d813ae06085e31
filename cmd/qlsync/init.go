package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
)

func initCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a commented project that works against the embedded tenant",
		Description: "With --ci, init writes a pipeline for the project in the current folder, which must be the root of the repository. " +
			"If the folder has no project, init writes a project too. In a project with several tenants, run init --ci once for each tenant, with -t. init never replaces a file.",
		Flags: []cli.Flag{
			commandline.Choice(&cli.StringFlag{Name: "ci", Usage: "write a pipeline for `FORGE`: " + words.OneOf(engine.Forges())}, engine.Forges()),
			&cli.StringFlag{Name: "tenant", Aliases: []string{"t"}, Usage: "with --ci, the `NAME` of the tenant of the pipeline (default: defaultTenant of the project file, or the only tenant)"},
			quietFlag(),
		},
		Action: func(c *cli.Context) error { return runInit(c, env) },
	}
}

func runInit(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	if c.IsSet("ci") {
		return initPipeline(c, env)
	}
	if c.IsSet("tenant") {
		return errors.New("-t chooses the tenant of a pipeline: pass --ci " + strings.Join(engine.Forges(), " or --ci ") + " too")
	}
	done, err := env.files().Init()
	env.showWritten(done)
	if err != nil || c.Bool("quiet") {
		return err
	}
	return env.text(env.stdout).NextCommands(env.stdout, "Next:", followUp(c, "plan", ""), followUp(c, "apply", ""))
}

// initPipeline writes the pipeline of a forge.
func initPipeline(c *cli.Context, env *environment) error {
	if err := commandline.CheckChoice("--ci", c.String("ci"), engine.Forges()); err != nil {
		return err
	}
	host := env.files()
	host.Version = version()
	o := engine.PipelineOptions{Forge: c.String("ci"), Tenant: c.String("tenant")}
	info, _ := debug.ReadBuildInfo()
	if build := describeBuild(release, info); build.Modified != nil && !*build.Modified {
		o.Commit = build.Commit
	}
	done, err := host.InitPipeline(c.Context, o)
	env.showWritten(done.Initialized)
	if err != nil || c.Bool("quiet") {
		return err
	}
	text := env.text(env.stdout)
	if !done.IsRelease {
		_ = text.Note(env.stdout, "This qlsync is not a release, so the version in these files is a placeholder. Install a release, delete the files, and run the same command again.")
	}
	if file := done.Written[len(done.Written)-1]; o.Forge == "gitlab" && file != ".gitlab-ci.yml" {
		_ = text.Note(env.stdout, fmt.Sprintf("In .gitlab-ci.yml, add this to the list include: {local: %s}", report.Sanitize(file)))
	}
	_ = text.Note(env.stdout, "To store the keys and protect the apply job, see https://github.com/qlsync/qlsync/blob/main/docs/how-to/protected-pipeline.md")
	return text.NextCommands(env.stdout, "Next:", followUp(c, "secrets", done.Tenant))
}

// showWritten lists the files that were written, also before an error.
func (env *environment) showWritten(done engine.Initialized) {
	for _, file := range done.Written {
		fmt.Fprintf(env.stdout, "wrote %s\n", report.Sanitize(file))
	}
	if done.Ignored != "" {
		fmt.Fprintln(env.stdout, done.Ignored)
	}
	if len(done.NotIgnored) > 0 {
		_ = env.text(env.stdout).Note(env.stdout, "To keep plans, secrets and reports out of Git, add these lines to .gitignore too: "+strings.Join(done.NotIgnored, " "))
	}
}
