package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Vendored are the messages of package vendored.
var Vendored = connection.Messages{
	"schema-file-not-readable": {
		Text:    "cannot be read: {reason}",
		Meaning: "The operating system refuses to open or read a vendored schema, the lock file or their folder.",
		Example: args{"reason": "permission denied"},
	},
	"schema-file-in-utf16": {
		Text: "cannot be read: in UTF-16", Next: "save the file as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >",
		Meaning: "Windows PowerShell 5 writes UTF-16 with >. qlsync reads UTF-8 only.",
	},
	"schema-link-out-of-project": {
		Text: "cannot be read: a link that leads out of the project", Next: "keep a copy in the project",
		Meaning: leaves,
	},
	"schema-broken-link": {
		Text: "cannot be read: {reason}", Next: "fix or remove the link, or run qlsync schemas pull",
		Meaning: "A link in the folder of vendored schemas leads nowhere or back to itself.",
		Example: args{"reason": "a link that leads back to itself"},
	},
	"schema-file-too-large": {
		Text:    "the file is too large for a schema",
		Meaning: "The limit protects against schemas that are made to exhaust memory.",
	},
	"invalid-json": {
		Text: "not valid JSON: {reason}", Next: "run qlsync schemas pull, or correct the file",
		Meaning: "A vendored schema was edited, or a merge left it in two versions.",
		Example: args{"reason": "unexpected end of JSON input"},
	},
	"too-many-schema-files": {
		Text: "the folder of vendored schemas has more than {limit} files", Next: keepUsed,
		Meaning: "The limit protects against folders that are made to exhaust memory.",
		Example: args{"limit": "2,000"},
	},
	"schemas-too-large": {
		Text: "the folder of vendored schemas has more than {limit}", Next: keepUsed,
		Meaning: "The limit protects against folders that are made to exhaust memory.",
		Example: args{"limit": "64 MiB"},
	},
	"invalid-schema-lock": {
		Text: "not a lock file of the format {format}", Next: "remove it and run qlsync schemas pull",
		Meaning: "The lock file records which schemas were pulled. It was edited, or made by another version of qlsync.",
		Example: args{"format": "qlsync.schemas-lock/v1"},
	},
	"schema-of-other-version": {
		Text: "the vendored schema of data source {dataSource:q} is of connector version {version:q}, the tenant has {tenantVersion:q}", Next: takeOver,
		Meaning: differs,
		Example: args{"dataSource": "rest", "version": "1.2.0", "tenantVersion": "1.3.0"},
	},
	"schema-differs": {
		Text: "the vendored schema of data source {dataSource:q} differs from the tenant's, of the same connector version {version:q}", Next: takeOver,
		Meaning: differs,
		Example: args{"dataSource": "rest", "version": "1.2.0"},
	},
	"data-source-without-schema": {
		Text:    "the tenant has no api-specs of data source {dataSource:q}",
		Meaning: "The tenant lists the data source and does not describe it, so there is nothing to vendor.",
		Example: args{"dataSource": "rest"},
	},
	"data-source-to-enable": {
		Text: "data source {dataSource:q} is disabled in the tenant", Next: "ask an administrator to enable it",
		Meaning: "A tenant returns no schema of a disabled data source.",
		Example: args{"dataSource": "rest"},
	},
	"data-source-gone": {
		Text:    "the tenant has no data source {dataSource:q}",
		Next:    "change dataSource of the connections that use it, or remove them. The schema was pulled from tenant {tenant:q} on {day}",
		Meaning: "The data source existed when its schema was pulled.",
		Example: args{"dataSource": "rest", "tenant": "prod", "day": "2026-03-01"},
	},
	"no-such-data-source": {
		Text: "the tenant has no data source {dataSource:q}", Next: "correct the id in the command or in the files",
		Meaning: "The id is wrong, or the tenant does not have the connector.",
		Example: args{"dataSource": "rst"},
	},
	"misspelt-data-source": {
		Text: "the tenant has no data source {dataSource:q}", Next: meant,
		Meaning: "The id is wrong, or the tenant does not have the connector.",
		Example: args{"dataSource": "rst", "meant": "rest"},
	},
	"schema-edited": {
		Text: "the file was edited since it was pulled, so it is kept", Next: pullAgain,
		Meaning: "qlsync schemas pull does not overwrite the work of a person.",
	},
	"schema-not-pulled": {
		Text: "the file was not pulled, so it is kept", Next: pullAgain,
		Meaning: "qlsync schemas pull does not overwrite the work of a person.",
	},
	"schema-not-vendored": {
		Text:    "{reason}",
		Meaning: "What the tenant returned cannot be written as a vendored schema.",
		Example: args{"reason": `vendor data source "rest": its schema is larger than 4 MiB`},
	},
}

const (
	keepUsed  = "keep only the schemas of data sources that the project uses, or raise the limits with --raise-limits N"
	takeOver  = "run qlsync schemas check to see the difference, and qlsync schemas pull to update the file"
	differs   = "Vendored schemas are for editors and for checks without a network. The tenant's schema counts."
	pullAgain = "to replace it with the tenant's schema, remove the file and run qlsync schemas pull"
)
