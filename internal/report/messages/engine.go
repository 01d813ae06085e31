package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Engine are the messages of package engine and of the providers about a tenant and what is read from
// it.
var Engine = connection.Messages{
	"no-project": {
		Text: "there is no such file in this folder or above it", Next: "to start a project, run: qlsync init; to use a project elsewhere, pass -c FILE or -C DIR",
		Meaning: "qlsync looks for the project file in the current folder and in those above it, up to the root of the Git repository.",
	},
	"project-of-another-user": {
		Text: "another user owns this file, which is above the current folder", Next: "to use it anyway, pass -c {file}",
		Meaning: "Whoever owns a project file decides which commands may run and where tokens are sent.",
		Example: args{"file": "/home/qlsync.yaml"},
	},
	"unknown-provider": {
		Text:    "tenant {tenant:q} is of a kind that this qlsync does not support: {provider:q}",
		Meaning: "The provider belongs to another build or version of qlsync.",
		Example: args{"tenant": "prod", "provider": "other"},
	},
	"invalid-vendored-schema": {
		Text:    "{reason}",
		Meaning: "A vendored schema is not what the service returns about a data source.",
		Example: args{"reason": `read api-specs of "rest": connectionProperties is missing`},
	},
	"file-failed": {
		Text:    "{reason}",
		Meaning: "A file or standard output could not be read or written.",
		Example: args{"reason": "write schemas/rest.json: no space left on device"},
	},
	"not-formatted": {
		Text:    "not formatted: {reason}",
		Meaning: "qlsync fmt could not read or write the file. The file is unchanged.",
		Example: args{"reason": "the file is read-only"},
	},
	"seed-too-large": {
		Text: "the seed has more than {limit} {list}", Next: "keep fewer in the seed",
		Meaning: "The embedded tenant looks at all items for each page of a list.",
		Example: args{"limit": "20,000", "list": "connections"},
	},
	"invalid-seed": {
		Text:    "{reason}",
		Meaning: "The embedded tenant does not accept its seed.",
		Example: args{"reason": `connections[0]: unknown field "nmae"`},
	},
	"tenant-unreachable": {
		Text: "tenant {tenant:q}: {reason}", Next: "{advice}",
		Meaning: "There was no answer on the way to the tenant: the address, a proxy, a certificate or the network.",
		Example: args{"tenant": "prod", "reason": "no such host acme.eu.qlikcloud.com", "advice": "check the url of the tenant"},
	},
	"sign-in-not-set": {
		Text: "environment variable {variable:q} is not set", Next: "set it to sign in to tenant {tenant:q}",
		Meaning: "The project file signs in to the tenant with the value of a variable that this run does not have.",
		Example: args{"variable": "QLIK_API_KEY", "tenant": "prod"},
	},
	"sign-in-empty": {
		Text: "environment variable {variable:q} is empty", Next: "set it to sign in to tenant {tenant:q}",
		Meaning: "The project file signs in to the tenant with the value of a variable that is empty. In pipelines, a secret is often empty for pull requests from forks.",
		Example: args{"variable": "QLIK_API_KEY", "tenant": "prod"},
	},
	"sign-in-refused": {
		Text: "tenant {tenant:q} refuses {signIn}: {reason}", Next: "put a valid one into {sources}",
		Meaning: "The key or the client is wrong, has expired or was revoked.",
		Example: args{"tenant": "prod", "signIn": "the API key from QLIK_API_KEY", "reason": "401 Unauthorized", "sources": "QLIK_API_KEY"},
	},
	"reading-forbidden": {
		Text:    "tenant {tenant:q} does not let the user of {signIn} read connections: {reason}",
		Next:    "give the user the roles and the token the scopes to read, or put another one into {sources}",
		Meaning: "The token is valid, and its user lacks a role or the token a scope.",
		Example: args{"tenant": "prod", "signIn": "the API key from QLIK_API_KEY", "reason": "403 Forbidden", "sources": "QLIK_API_KEY"},
	},
	"schema-quotes-secret": {
		Text: "the schema of data source {dataSource:q} quotes a secret of this run", Next: "check what answers at the url of the tenant",
		Meaning: "The service sent back a secret of this run inside of a schema. The schema is not used, because messages and files would repeat the secret.",
		Example: args{"dataSource": "rest"},
	},
	"data-source-not-read": {
		Text:    "{reason}",
		Meaning: "The tenant did not return the schema of a data source.",
		Example: args{"reason": `read api-specs of "rest": internal error`},
	},
	"space-not-seen": {
		Text: "this token sees no space {space:q}", Next: meant,
		Meaning: "The space does not exist, or the user of the token is not a member.",
		Example: args{"space": "Finanse", "meant": "Finance"},
	},
	"no-space-read": {
		Text: "no space of the tenant was read, because neither the project file nor a connection names one", Next: "to find connections that are no longer declared, list their spaces under spaces in the project file",
		Meaning: "Without spaces in the project file, qlsync reads the spaces of the declared connections. After the last connection is removed from the files, there is no such space.",
	},
	"pattern-matches-nothing": {
		Text: "{flag} {pattern:q} matches no connection that {among}", Next: meant,
		Meaning: "A name or pattern of a flag selects nothing. A misspelt one would silently leave the connection out.",
		Example: args{"flag": "--target", "pattern": "Finance/Ordres", "among": "is declared", "meant": "Finance/Orders"},
	},
	"also-left-out": {
		Text: "also left out: {connections:few}, because these changes depend on connections that are not selected", Next: "to include these changes, select {needed:few} too",
		Meaning: "--target or --exclude leaves out a change that another change needs. The delete of an undeclared connection is also left out if the create of a connection with the same data source is left out: the new connection may be the old one under another name, and the tenant must keep one of them.",
		Example: args{"connections": []string{"Finance/Orders"}, "needed": []string{"Sales/Orders"}},
	},
	"nothing-left-to-plan": {
		Text:    "--target and --exclude leave nothing to plan",
		Meaning: "Every selected connection is excluded, or needs a connection that is not selected.",
	},
	"rotate-not-selected": {
		Text: "--rotate names connections that --target or --exclude leaves out: {connections:few}", Next: "select them too, or remove them from --rotate",
		Meaning: "The credentials of these connections would not be rotated.",
		Example: args{"connections": []string{"Finance/Orders"}},
	},
	"plan-is-stale": {
		Text:    "the plan is no longer the reviewed one. Nothing was written. Plan and review again",
		Meaning: "The files or the tenant have changed after the plan was reviewed. The lines below the message are the differences.",
	},
	"hash-of-earlier-version": {
		Text: "the hash was made by an earlier version of qlsync and covers less. The same plan has the hash {hash} now. Nothing was written", Next: "plan and review again",
		Meaning: "The plan is the reviewed one, but the hash of an earlier version does not cover everything that apply would do.",
		Example: args{"hash": "sha256:4f0c"},
	},
	"hash-differs": {
		Text: "the plan is {hash}, not the reviewed {reviewed}. Nothing was written", Next: "plan and review again",
		Meaning: "The plan of apply has another hash than the one in --plan-hash: the files or the tenant have changed after the review.",
		Example: args{"hash": "sha256:4f0c", "reviewed": "sha256:91ab"},
	},
	"approval-needs-terminal": {
		Text:    "cannot ask for approval without a terminal. Nothing was written. Pass --auto-approve, --plan-hash HASH or a plan file",
		Meaning: "A plan is applied after a person has typed yes, or after a review: the options state which plan is approved.",
	},
	"approvals-need-terminal": {
		Text:    "cannot ask for approval without a terminal. Nothing was written. Pass --auto-approve, or a plan file that qlsync plan wrote with --out",
		Meaning: "The plans of several tenants need an approval: a person types yes, or the command names the approved plans.",
	},
	"tenant-not-in-plans": {
		Text:    "the plan file has no plan for this tenant. Nothing was written to the tenant. Plan again",
		Meaning: "The tenant joined the project after the review, or the command selects a tenant that was not planned. The other tenants are applied.",
	},
	"tenant-without-plan": {
		Text:    "nothing was written, because the tenant could not be planned: {error}",
		Meaning: "The plan file has an error in place of a plan for this tenant. The other tenants are applied.",
		Example: args{"error": "not reachable"},
	},
	"tenant-left-project": {
		Text:    "the plan file has a plan for this tenant, but the project no longer declares the tenant. Nothing was written to the tenant. Plan again",
		Meaning: "The tenant was removed from the project file, or renamed, after the review. The other tenants are applied.",
	},
	"tenant-in-other-wave": {
		Text:    "the tenant is in wave {wave} now, and was in wave {reviewed} when the plans were reviewed. Nothing was written. Plan again",
		Meaning: "The rollout, a group or the tenants of the project have changed after the review. The other tenants are applied.",
		Example: args{"wave": "rest", "reviewed": "canary"},
	},
	"rollout-changed": {
		Text: "the rollout of the project file is not the reviewed one. Nothing was written", Next: "plan and review again",
		Meaning: "The waves, stopAfter or check have changed after the review.",
	},
	"rollout-stopped": {
		Text:    "wave {wave} has failed ({tenants:few})",
		Meaning: "As many tenants have failed as stopAfter of the rollout allows. No further tenant begins. A tenant has failed if it is failed, refused, partial or unhealthy.",
		Example: args{"wave": "canary", "tenants": []string{"acme"}},
	},
	"rollout-wave-without-success": {
		Text:    "no tenant of wave {wave} is done",
		Meaning: "A wave without any tenant that is done has not shown that the change works, so the next wave does not begin.",
		Example: args{"wave": "canary"},
	},
	"tenant-not-started": {
		Text:    "not started, because {reason}",
		Meaning: "The rollout has stopped before this tenant. Fix the cause, then continue with --resume.",
		Example: args{"reason": "wave canary has failed (acme)"},
	},
	"unknown-health": {
		Text:    "the apps could not be checked: {reason}",
		Meaning: "After a wave, qlsync could not read whether the apps that load the changed connections still work.",
		Example: args{"reason": "not reachable"},
	},
	"apps-failing": {
		Text:    "{apps:app that loads the changed connections fails|apps that load the changed connections fail} since the apply: {names:few}",
		Meaning: "After a wave, a reload of these apps has failed. qlsync check shows more.",
		Example: args{"apps": 1, "names": []string{"Sales"}},
	},
	"apps-working": {
		Text:    "{reloaded:app has|apps have} reloaded since the apply, and none fails",
		Meaning: "After a wave, no reload of an app that loads the changed connections has failed.",
		Example: args{"reloaded": 2},
	},
	"no-health": {
		Text:    "the apps cannot be checked, because this kind of system does not show which apps use a connection",
		Meaning: "The rollout declares a check, but the provider of the tenant knows nothing about what depends on connections. The tenant counts as done.",
	},
	"plan-not-shown": {
		Text:    "cannot show the plan: {error}. Nothing was written",
		Meaning: "A plan that was not shown cannot be approved.",
		Example: args{"error": "broken pipe"},
	},
	"not-approved": {
		Text:    "the plan is not approved, because the answer was not yes. Nothing was written",
		Meaning: "Only the whole word yes approves a plan.",
	},
	"no-host-listed": {
		Text:    "{variable} is set and lists no host, so no token is sent to tenant {tenant:q}",
		Next:    "list the hosts that may get one, such as acme.eu.qlikcloud.com, or unset it",
		Meaning: "The variable restricts where tokens are sent, and its list is empty.",
		Example: args{"variable": "QLSYNC_HOSTS", "tenant": "prod"},
	},
	"host-not-listed": {
		Text: "tenant {tenant:q} is at {url}, which {variable} does not list, so no token is sent there", Next: "correct the url, or add {host} to {variable} if you trust it",
		Meaning: "The variable restricts where tokens are sent, and the url of the tenant leads to another host.",
		Example: args{"variable": "QLSYNC_HOSTS", "tenant": "prod", "url": "https://acme.example", "host": "acme.example"},
	},
	"plan-for-tenant": {
		Text:    "the plan file is for tenant {reviewed:q}, but --tenant or QLSYNC_TENANT names {tenant:q}. Nothing was written. Pass --tenant {reviewed}, or plan tenant {tenant:q} and review again",
		Meaning: "A plan is applied to the tenant that it was made for.",
		Example: args{"reviewed": "dev", "tenant": "prod"},
	},
	"plan-of-other-tenant": {
		Text:    "the plan is for the tenant with id {reviewed:q}, but {url} leads to the tenant with id {id:q}. Nothing was written. Correct the url of tenant {tenant:q}, or plan and review again",
		Meaning: "The reviewed plan was made for another tenant than the one that apply reaches.",
		Example: args{"reviewed": "t-1", "url": "https://acme.eu.qlikcloud.com", "id": "t-2", "tenant": "prod"},
	},
	"console-quotes-secret": {
		Text: "entry {number} of the console's list quotes a secret of this run, so the list is not used", Next: "check what answers at the address of the console",
		Meaning: "A list with a secret in it would be written to a file that is committed.",
		Example: args{"number": 3},
	},
	"tenant-id-differs": {
		Text: "{url} leads to the tenant with id {id:q}, but tenant {tenant:q} has the id {declared:q} ({at}). Nothing was written", Next: "find out who moved the host. If the move is right, correct the id, or run qlsync fleet refresh and review the lock file",
		Meaning: "The host belongs to another tenant than the one in the project file or in the lock file.",
		Example: args{"url": "https://acme.eu.qlikcloud.com", "id": "t-2", "tenant": "prod", "declared": "t-1", "at": "tenants.lock.json:5:5"},
	},
	"tenant-id-gone": {
		Text: "{url} does not report the id of tenant {tenant:q} any more. Nothing was written", Next: "run the command again",
		Meaning: "The tenant reported its id for the plan, but not just before the first write.",
		Example: args{"url": "https://acme.eu.qlikcloud.com", "tenant": "prod"},
	},
	"secret-not-resolved": {
		Text:    "{reason}",
		Meaning: "A reference could not be resolved.",
		Example: args{"reason": "the secret manager does not answer"},
	},
}
