package main

import (
	"github.com/qlsync/qlsync/internal/commandline"
)

// groups are the groups of commands in the overview.
var groups = []commandline.Group{
	{Title: "Get started", Commands: []string{"init", "export", "doctor"}},
	{Title: "Every day", Commands: []string{"validate", "fmt", "plan", "apply", "drift", "impact", "check"}},
	{Title: "Secrets, schemas, tenants", Commands: []string{"secrets", "schemas", "fleet"}},
	{Title: "Reports and tests", Commands: []string{"show", "merge", "snapshot", "simulate"}},
	{Title: "This program", Commands: []string{"explain", "completion", "man", "version", "help"}},
}

// The meanings of the exit codes that many commands share.
var (
	isDone   = commandline.Exit{Code: exitOK, Meaning: "done"}
	hasError = commandline.Exit{Code: exitError, Meaning: "error: bad input, or the tenant does not answer or refuses the token"}
	badInput = commandline.Exit{Code: exitError, Meaning: "error: bad input, or a file cannot be read or written"}
)

// guides holds the help of each command in addition to its definition. The examples run in a
// project that init wrote, with the files that the examples of plan, apply and drift write.
var guides = map[string]commandline.Guide{
	"qlsync init": {
		Examples: []commandline.Example{
			{For: "Write a project into the current folder", Line: "qlsync init"},
			{For: "Write a project and a pipeline for GitHub", Line: "qlsync init --ci github"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: one of the files exists, so nothing was written"}},
	},
	"qlsync validate": {
		Examples: []commandline.Example{
			{For: "Check the files for all tenants", Line: "qlsync validate"},
			{For: "Mark the errors in a pull request on GitHub", Line: "qlsync validate --format github"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "the files are valid"}, {Code: exitError, Meaning: "the files have errors"}},
	},
	"qlsync fmt": {
		Examples: []commandline.Example{
			{For: "Format the files of the project", Line: "qlsync fmt"},
			{For: "Fail in a pipeline if a file is not formatted", Line: "qlsync fmt --check"},
		},
		Exits: []commandline.Exit{
			isDone,
			{Code: exitError, Meaning: "error: a file cannot be read, formatted or written; the other files are formatted"},
			{Code: exitDiffers, Meaning: "with --check: a file is not formatted"},
		},
	},
	"qlsync plan": {
		Examples: []commandline.Example{
			{For: "Show what apply would change", Line: "qlsync plan"},
			{For: "Save the plan for apply, and leave one connection out", Line: "qlsync plan --out plan.json --exclude 'Finance/Orders lake'"},
		},
		Exits: []commandline.Exit{
			{Code: exitOK, Meaning: "planned"},
			hasError,
			{Code: exitDiffers, Meaning: "with --detailed-exitcode: the plan has changes"},
			{Code: exitRefused, Meaning: "a safety rule refuses changes"},
		},
	},
	"qlsync apply": {
		Examples: []commandline.Example{
			{For: "Apply the plan that was reviewed, and nothing else", Line: "qlsync apply plan.json"},
			{For: "Apply some connections without asking for approval", Line: "qlsync apply --auto-approve --target 'Finance/Orders*'"},
		},
		Exits: []commandline.Exit{
			{Code: exitOK, Meaning: "the tenant is in sync with the files"},
			{Code: exitError, Meaning: "error: nothing was written"},
			{Code: exitDiffers, Meaning: "with --check-after: everything was applied, and an app fails"},
			{Code: exitPartial, Meaning: "applied in part, or another apply is running: run the command again"},
			{Code: exitRefused, Meaning: "refused: nothing was written because of a safety rule"},
		},
	},
	"qlsync drift": {
		Examples: []commandline.Example{
			{For: "Show where the tenant differs from the files", Line: "qlsync drift"},
			{For: "Write a page with the history of all runs", Line: "qlsync drift --history drift.jsonl --report html=drift.html"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "no drift"}, hasError, {Code: exitDiffers, Meaning: "the tenant differs from the files"}},
	},
	"qlsync impact": {
		Examples: []commandline.Example{
			{For: "Show which apps use the connections of a space", Line: "qlsync impact 'Finance/*'"},
			{For: "Look for connections that nothing has used for 90 days", Line: "qlsync impact --unused --days 90"},
		},
		Exits: []commandline.Exit{isDone, hasError},
	},
	"qlsync check": {
		Examples: []commandline.Example{
			{For: "Show when each connection was last loaded, and which apps fail", Line: "qlsync check"},
			{For: "Count only reloads of the last day", Line: "qlsync check --since 24h"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "no app fails"}, hasError, {Code: exitDiffers, Meaning: "an app that loads a connection fails"}},
	},
	"qlsync snapshot": {
		Examples: []commandline.Example{
			{For: "Save the tenant", Line: "qlsync snapshot --out tenant.json"},
			{For: "Plan from the saved tenant, without a network", Line: "qlsync snapshot | qlsync plan --snapshot -"},
		},
		Exits: []commandline.Exit{isDone, hasError},
	},
	"qlsync show": {
		Examples: []commandline.Example{
			{For: "Read a saved plan", Line: "qlsync show plan.json"},
			{For: "Make a comment for a pull request from a saved plan", Line: "qlsync show plan.json --format markdown"},
		},
		Exits: []commandline.Exit{isDone, badInput},
	},
	"qlsync merge": {
		Examples: []commandline.Example{
			{For: "Merge the plans of several shards", Line: "qlsync merge plan.json"},
			{For: "Merge the lines of all runners", Line: "qlsync plan --all-tenants --format jsonl | qlsync merge - --report markdown=plans.md"},
		},
		Exits: []commandline.Exit{
			{Code: exitOK, Meaning: "every run has ended with 0"},
			{Code: exitError, Meaning: "error: a tenant has failed, or the reports do not belong together"},
			{Code: exitDiffers, Meaning: "a tenant differs from the files, or with --detailed-exitcode a plan has changes"},
			{Code: exitPartial, Meaning: "a report is missing, or a tenant is applied in part, locked or unreachable: run the command again for that tenant"},
			{Code: exitRefused, Meaning: "a safety rule refuses changes, or with --gate the next wave may not begin"},
		},
	},
	"qlsync explain": {
		Examples: []commandline.Example{
			{For: "Look up a code of the JSON output", Line: "qlsync explain name-taken"},
			{For: "Look up a message by its text", Line: "qlsync explain 'the name is taken'"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: no message has this code or text"}},
	},
	"qlsync export": {
		Examples: []commandline.Example{
			{For: "Show the connections that no file declares, as a file", Line: "qlsync export"},
			{For: "Write one file for the space Finance", Line: "qlsync export --space Finance --out connections"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: the files have errors, a file exists, or the tenant does not answer"}},
	},
	"qlsync secrets": {
		Examples: []commandline.Example{
			{For: "List the secrets and whether they are set", Line: "qlsync secrets"},
			{For: "Write a template of a .env file", Line: "qlsync secrets --format env > example.env"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "the secrets are listed, also if some are missing"}, {Code: exitError, Meaning: "the files have errors, so nothing is listed"}},
	},
	"qlsync doctor": {
		Examples: []commandline.Example{
			{For: "Check everything before the first apply", Line: "qlsync doctor"},
			{For: "Check all tenants of the project", Line: "qlsync doctor --all-tenants"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "no check failed"}, {Code: exitError, Meaning: "a check failed"}},
	},
	"qlsync schemas": {
		Examples: []commandline.Example{
			{For: "Vendor the schemas of the data sources in use", Line: "qlsync schemas pull"},
			{For: "Show what has changed on the tenant since the last pull", Line: "qlsync schemas check"},
		},
		Exits: []commandline.Exit{isDone, hasError, {Code: exitDiffers, Meaning: "schemas check: the tenant has other schemas"}},
	},
	"qlsync schemas pull": {
		Examples: []commandline.Example{
			{For: "Vendor the schemas of the data sources in use", Line: "qlsync schemas pull"},
			{For: "Vendor the schema of one more data source", Line: "qlsync schemas pull snowflake"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: the tenant does not answer, or some schemas could not be written"}},
	},
	"qlsync schemas list": {
		Examples: []commandline.Example{
			{For: "List the vendored schemas", Line: "qlsync schemas list"},
			{For: "List them for a program", Line: "qlsync schemas list --format json"},
		},
		Exits: []commandline.Exit{isDone, badInput},
	},
	"qlsync schemas check": {
		Examples: []commandline.Example{
			{For: "Compare the vendored schemas with those of the tenant", Line: "qlsync schemas check"},
			{For: "Write the result to a file too", Line: "qlsync schemas check --report json=schemas.json"},
		},
		Exits: []commandline.Exit{{Code: exitOK, Meaning: "no difference"}, hasError, {Code: exitDiffers, Meaning: "the tenant has other schemas"}},
	},
	"qlsync schemas editor": {
		Examples: []commandline.Example{
			{For: "Write the JSON Schemas for an editor", Line: "qlsync schemas editor"},
			{For: "Write them for the project in another folder", Line: "cd connections && qlsync schemas editor -C .."},
		},
		Exits: []commandline.Exit{isDone, badInput},
	},
	"qlsync fleet": {
		Examples: []commandline.Example{
			{For: "Update the list of tenants", Line: "qlsync fleet refresh"},
			{For: "List the tenants of the project", Line: "qlsync fleet list"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: bad input, or the console does not answer or refuses the token"}, {Code: exitDiffers, Meaning: "fleet refresh --check: the list of tenants has changed"}},
	},
	"qlsync fleet refresh": {
		Examples: []commandline.Example{
			{For: "Update the list of tenants", Line: "qlsync fleet refresh"},
			{For: "Show whether the list has changed, and write nothing", Line: "qlsync fleet refresh --check"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: bad input, or the console does not answer, or its list is refused; nothing was written"}, {Code: exitDiffers, Meaning: "with --check: the list of tenants has changed"}},
	},
	"qlsync fleet list": {
		Examples: []commandline.Example{
			{For: "List all tenants of the project", Line: "qlsync fleet list"},
			{For: "List some of them", Line: "qlsync fleet list -t 'd*'"},
		},
		Exits: []commandline.Exit{isDone, badInput},
	},
	"qlsync simulate": {
		Examples: []commandline.Example{
			{For: "Serve the tenant that a file describes", Line: "qlsync simulate --tenant tenant.yaml"},
			{For: "Serve 30 tenants like the one in the file, and their console", Line: "qlsync simulate --fleet 30 --tenant tenant.yaml"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: bad input, or a fault of --faults never happened"}},
	},
	"qlsync completion": {
		Examples: []commandline.Example{
			{For: "Load the script into the running bash", Line: "source <(qlsync completion bash)"},
			{For: "Write the script to a file for zsh", Line: "qlsync completion zsh > _qlsync"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: unknown shell"}},
	},
	"qlsync man": {
		Examples: []commandline.Example{
			{For: "Write the page", Line: "qlsync man > qlsync.1"},
			{For: "Read the page", Line: "qlsync man | man -l -"},
		},
		Exits: []commandline.Exit{isDone},
	},
	"qlsync version": {
		Examples: []commandline.Example{
			{For: "Print the version, and what the program was built from", Line: "qlsync version"},
			{For: "Print the version only", Line: "qlsync -v"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: unknown format"}},
	},
	"qlsync help": {
		Examples: []commandline.Example{
			{For: "Show the help of a command", Line: "qlsync help plan"},
			{For: "Read about exit codes", Line: "qlsync help exit-codes"},
		},
		Exits: []commandline.Exit{isDone, {Code: exitError, Meaning: "error: unknown command or topic"}},
	},
}
