package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Doctor are the messages of package doctor: the results of its checks.
var Doctor = connection.Messages{
	"check-files-first":   {Text: "the url or auth of the tenant has errors, see files", Meaning: "The tenant is not asked before the project file is correct."},
	"check-hosts-first":   {Text: "no token may be sent to this host, see hosts", Meaning: "The tenant is not asked before its host is allowed."},
	"check-unsupported":   {Text: "doctor cannot check this kind of tenant", Meaning: "The provider does not support checks."},
	"check-sign-in-first": {Text: "the tenant refused the sign-in, see token", Meaning: "The check needs a valid token."},
	"check-token-first":   {Text: "the credentials for the tenant are missing, see token", Meaning: "The check needs a token."},
	"check-tenant-first":  {Text: "the tenant did not answer, see tenant", Meaning: "The check needs an answer of the tenant."},
	"check-interrupted":   {Text: "interrupted", Meaning: "The run was interrupted before the check."},

	"files-valid": {Text: "{connections:connection|connections} in {files:file|files}, valid", Meaning: "The files of the project have no errors.", Example: args{"connections": 12, "files": 3}},
	"files-with-warnings": {
		Text: "{connections:connection|connections} in {files:file|files}, valid, with {warnings:warning|warnings}", Next: "run {command}",
		Meaning: "The files of the project have warnings.", Example: args{"connections": 12, "files": 3, "warnings": 1, "command": "qlsync validate"},
	},
	"files-invalid": {Text: "{errors:error|errors}", Next: "run {command}", Meaning: "The files of the project have errors.", Example: args{"errors": 2, "command": "qlsync validate"}},

	"schemas-built-in": {Text: "built in", Meaning: "The data sources of this provider are part of qlsync."},
	"schemas-unusable": {
		Text: "vendored schemas cannot be used", Next: "fix or remove the files, then run {command}", Meaning: "A file in the folder of vendored schemas is not readable or not valid.",
		Example: args{"command": "qlsync schemas pull"},
	},
	"no-data-source-in-use": {Text: "no data source is in use", Meaning: "The files declare no connection for the tenant."},
	"schemas-not-vendored": {
		Text: "not vendored: {dataSources}", Next: "to validate without a network, run {command}", Meaning: "qlsync validate checks properties against vendored schemas only.",
		Example: args{"dataSources": []string{"rest"}, "command": "qlsync schemas pull"},
	},
	"schemas-vendored": {Text: "{count:data source|data sources} in use, all vendored", Meaning: "qlsync validate can check all properties.", Example: args{"count": 2}},

	"secrets-missing": {
		Text: "{missing} of {secrets:secret|secrets} cannot be used", Next: "run {command}, then set what is missing", Meaning: "The source of a reference is missing or empty.",
		Example: args{"missing": 1, "secrets": 3, "command": "qlsync secrets"},
	},
	"no-secret-needed": {Text: "none needed", Meaning: "The files have no references."},
	"secrets-set":      {Text: "{secrets:secret|secrets}, all set", Meaning: "The sources of all references exist. No value was shown or sent.", Example: args{"secrets": 3}},

	"host-not-allowed": {
		Text: "{reason}", Next: "if you trust it with the token, add the host of {url} to QLSYNC_HOSTS", Meaning: "QLSYNC_HOSTS lists the hosts that may get a token.",
		Example: args{"reason": "the host is not listed", "url": "https://acme.eu.qlikcloud.com"},
	},
	"host-allowed":  {Text: "{rule}", Meaning: "The token may be sent to the host.", Example: args{"rule": "QLSYNC_HOSTS lists the host"}},
	"lock-unusable": {Text: "{reason}", Meaning: "Two runs at the same time need a folder for locks.", Example: args{"reason": "permission denied"}},
	"lock-usable":   {Text: "locks can be taken in {folder}", Meaning: "Two runs at the same time cannot disturb each other.", Example: args{"folder": ".qlsync"}},

	"tenant-answers": {Text: "{url} answers", Meaning: "The tenant is reachable.", Example: args{"url": "https://acme.eu.qlikcloud.com"}},
	"tenant-is-another": {
		Text: "{url} leads to the tenant with id {id:q}, not {declared:q}", Next: "find out who moved the host. qlsync writes nothing there", Meaning: "The host belongs to another tenant than the one in the project file or in the lock file.",
		Example: args{"url": "https://acme.eu.qlikcloud.com", "id": "t-2", "declared": "t-1"},
	},
	"tenant-answers-without-token": {Text: "{url} answers (asked without a token)", Meaning: "The tenant is reachable, and the sign-in is incomplete.", Example: args{"url": "https://acme.eu.qlikcloud.com"}},
	"tenant-does-not-answer": {
		Text: "{reason}", Next: "check the url of the tenant, the network and the proxy", Meaning: "There was no answer on the way to the tenant.", Example: args{"reason": "no such host"},
	},
	"embedded-tenant-broken": {Text: "{reason}", Next: "fix {file}", Meaning: "The seed of the embedded tenant is not valid.", Example: args{"reason": "cannot start the embedded tenant", "file": "tenant.yaml"}},

	"no-date": {Text: "the tenant sent no date", Meaning: "The clock can only be compared with a date in an answer."},
	"clock-wrong": {
		Text: "this computer's clock is {by} {direction} the tenant's", Next: "set the clock of this computer, because services refuse valid tokens and certificates if the clock is wrong",
		Meaning: "The difference is five minutes or more.", Example: args{"by": "6 min", "direction": "behind"},
	},
	"clock-inexact": {
		Text: "this computer's clock is {by} {direction} the tenant's", Next: "set the clock of this computer", Meaning: "The difference is one minute or more.",
		Example: args{"by": "2 min", "direction": "ahead of"},
	},
	"clock-right": {Text: "this computer's clock agrees with the tenant's", Meaning: "The difference is less than one minute."},

	"sign-in-incomplete": {
		Text: "{reason}", Next: "run {command}, then set what auth needs", Meaning: "A part of the sign-in is missing.",
		Example: args{"reason": "the API key is missing", "command": "qlsync secrets"},
	},
	"token-refused": {
		Text: "{reason}", Next: "create a new key or secret for the tenant, and store it where auth in {file} reads it", Meaning: "The key or the client is wrong, has expired or was revoked.",
		Example: args{"reason": "not authorised", "file": "qlsync.yaml"},
	},
	"user-unknown": {
		Text: "the tenant accepts the token, but does not report its user ({reason})", Meaning: "The tenant does not say to whom the token belongs.", Example: args{"reason": "forbidden"},
	},
	"token-accepted": {Text: "{user}, {roles}", Meaning: "The tenant accepts the token of this user.", Example: args{"user": "ana@example.com", "roles": "role TenantAdmin"}},

	"no-space-named": {Text: "the files name no space", Meaning: "There is nothing to read on the tenant."},
	"spaces-unreadable": {
		Text: "{unreadable} of {spaces:space|spaces} cannot be read", Next: "check the names, and make the token's user a member of the spaces", Meaning: "The token does not see a space, or may not read it.",
		Example: args{"unreadable": 1, "spaces": 2},
	},
	"lists-incomplete": {Text: "the tenant returned incomplete lists, so apply would delete nothing", Next: "try again later", Meaning: "A list has an entry that cannot be read or a page that is missing."},
	"spaces-readable": {
		Text: "{spaces:space|spaces} in scope, with {connections:connection|connections}", Meaning: "The token sees all spaces of the project.", Example: args{"spaces": 2, "connections": 12},
	},

	"data-sources-unreadable": {Text: "data sources cannot be read", Meaning: "The tenant does not return the schemas of its data sources."},
	"data-sources-differ": {
		Text: "the files do not match the data sources of the tenant: {errors:error|errors}", Next: "run {command}", Meaning: "A declared property does not fit the schema of its data source on the tenant.",
		Example: args{"errors": 1, "command": "qlsync plan"},
	},
	"data-sources-with-warnings": {Text: "{warnings:warning|warnings}", Next: "run {command}", Meaning: "The files fit the schemas of the tenant, with warnings.", Example: args{"warnings": 1, "command": "qlsync plan"}},
	"data-sources-match": {
		Text: "{count:data source|data sources} in use, and the files match the tenant's schemas", Meaning: "All declared properties fit the schemas of the tenant.", Example: args{"count": 2},
	},

	"rights-missing": {
		Text: "the token cannot write {connections:connection|connections}", Next: editors, Meaning: "The tenant reports a missing privilege.", Example: args{"connections": 1},
	},
	"owners-need-administrator": {
		Text: "the files declare owners for {connections:connection|connections}, and only an administrator may change owners",
		Next: "use the token of an administrator, or remove owner from the files", Meaning: "The token belongs to a user who is not an administrator.", Example: args{"connections": 1},
	},
	"probably-read-only":         {Text: "the token's user can probably only read", Next: editors, Meaning: "The user has no role in the space that may write."},
	"rights-not-reported":        {Text: "the tenant does not report what the token may do with connections", Meaning: "The first apply will show whether the token can write."},
	"nothing-to-check-rights-on": {Text: "no declared connection exists yet, and the tenant does not report who may create connections", Meaning: "The first apply will show whether the token can write."},
	"rights-partly-reported": {
		Text: "the tenant does not report the rights for {unreported:connection|connections} of {connections}; the token can write the others", Meaning: "The rights are known for a part of the connections.",
		Example: args{"unreported": 1, "connections": 12},
	},
	"rights-sufficient": {Text: "the token can write {connections:connection|connections}", Meaning: "The tenant reports the privileges that the project needs.", Example: args{"connections": 12}},
}

const editors = "let the token's user edit data connections in these spaces, or use the token of an administrator"
