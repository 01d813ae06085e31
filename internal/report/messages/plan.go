package messages

import "github.com/qlsync/qlsync/pkg/connection"

// release is what a person can do about a connection that is kept because no record fits it.
const release = "delete it yourself, or remove its ownership record to keep it"

// listed is what a person can do about an incomplete list.
const listed = "plan again when the tenant lists everything"

// Plan are the messages of package plan.
var Plan = connection.Messages{
	"already-declared":      {Text: "{connection:q} is already declared at {at}"},
	"declared-almost-alike": {Text: "{own} differs only in {difference} from {other}, which is declared at {at}", Next: "rename one of them"},
	"outside-spaces":        {Text: "{space:q} is outside of the project's spaces", Next: "add it to spaces in the project file"},
	"no-space":              {Text: "no space {space:q} that this token can see", Next: "check the name, and that the token's user is a member"},
	"no-space-case":         {Text: "no space {space:q} that this token can see", Next: "did you mean {meant:q}?"},
	"no-space-alike":        {Text: "no space {space:q} that this token can see", Next: "did you mean {other}? {own} differs from it only in {difference}"},
	"no-user-id":            {Text: "no user of the tenant has the id {user:q}"},
	"no-user":               {Text: "no active user of the tenant has the e-mail or subject {user:q}"},
	"several-users":         {Text: "{count} users have the e-mail or subject {user:q} ({ids})", Next: "declare it as {id: ...}"},
	"no-stored-yet": {
		Text: "this token's user has no stored credentials {name:q}", Next: "this plan creates them with {connection:q}; run apply again afterwards",
	},
	"no-stored": {
		Text: "this token's user has no stored credentials {name:q}",
		Next: "use the token of the user who has them, or create them with a connection that declares credentialsName {name:q} and credentials",
	},

	"interrupted":   {Text: "resumes an interrupted run"},
	"moved":         {Text: "moved in the files"},
	"moved-by-hand": {Text: "renamed or moved outside of the files; this plan reverts that"},
	"moved-to-taken": {
		Text: "the name is taken: a moved block leads here from {from:q}, and both exist. Delete or rename one of them",
	},
	"several-moves": {Text: "several moved blocks lead here, from {from}", Next: "keep one of them"},
	"several-candidates": {
		Text: "several connections may be this one, renamed or copied by hand: {found}. Add a moved block from the right one, or delete the others",
	},
	"moved-from-unseen": {
		Text: "a moved block comes from {from:q}, and this token sees no space {space:q}",
		Next: "if the space exists, make the token's user a member before it is created here",
	},
	"disabled": {
		Text: "data source {dataSource} is disabled in the tenant", Next: "ask an administrator to enable it, or remove this connection from the files",
	},
	"disabled-live": {
		Text: "data source {dataSource} is disabled in the tenant",
		Next: "ask an administrator to enable it, or remove this connection from the files; qlsync does not delete it then",
	},

	"kept-listed-twice": {Text: "the tenant also lists it as {other:q}: it was moved or renamed while the lists were read", Next: "plan again"},
	"kept-credentials": {
		Text: "the old one of a recreate, with credentials that the one in its place does not have",
		Next: "declare credentials, or set lifecycle.recreate: allow to lose them",
	},
	"kept-pending":   {Text: "owned by this project, and a moved block leads from it to a name that is taken", Next: "delete or rename one of the two"},
	"kept-misnamed":  {Text: "has the ownership record of an interrupted recreate, but not a name that qlsync writes", Next: release},
	"kept-protected": {Text: "looks like a leftover of a recreate of {of:q}, but is protected, and a recreate leaves nothing protected", Next: release},
	"kept-several":   {Text: "one of several connections that look like the leftover of a recreate of {of:q}", Next: release},
	"kept-renamed":   {Text: "a leftover of an interrupted recreate of a connection that a moved block has renamed since", Next: release},
	"kept-namesake":  {Text: "{own} differs from the declared name {other} only in {difference}"},
	"kept-unrecorded": {
		Text: "owned by this project and no longer declared, but without the key record that qlsync writes", Next: release,
	},
	"kept-unexplained": {
		Text: "owned by this project and no longer declared, but its key record is for another name or space: it was moved, renamed or copied",
		Next: "to have it deleted, declare it, apply (which renews the record), and remove it again, or delete it yourself; to keep it, remove its ownership record",
	},

	"namesake":          {Text: "{other} exists, and {own} differs from it only in {difference}", Next: "declare the name as it exists, or rename it with a moved block"},
	"looks-alike":       {Text: "the new name {own} differs from the live connection {other} only in {difference}"},
	"space-looks-alike": {Text: "the declared space {own} differs from the space {other} only in {difference}", Next: "check which of them the files mean"},
	"unsuited":          {Text: "data source {dataSource} does not fit the type of space of {connections}. {why}"},
	"rotate-nothing":    {Text: "the credentials of {connection:q} cannot be written again: it declares none"},
	"rotate-undeclared": {Text: "the credentials of {connection:q} cannot be written again: it is not declared", Next: "write it as SPACE/NAME"},
	"target-unknown":    {Text: "target {connection:q} is neither declared nor changed", Next: "write it as SPACE/NAME"},

	"create-not-listed": {
		Text: "it may exist, because the tenant's list is incomplete", Next: listed,
	},
	"owner-inactive": {
		Text: "the declared owner {owner} is not an active user (status {status})", Next: "declare another owner, or ask an administrator to enable the account",
	},
	"other-project": {
		Text: "it belongs to project {project:q}", Next: "remove it from these files, or remove its ownership record (qlsync:{project})",
	},
	"unreadable": {Text: "it cannot be read: {error}"},
	"no-room-for-record": {
		Text: "its {property} is too long to add the ownership record", Next: "shorten it in the console, or declare {property} in the file",
	},

	"adopt-none": {Text: "it exists and no project owns it", Next: "set lifecycle.adopt: true to take it over (policy.adopt is none)"},
	"adopt-writes-credentials": {
		Text: "it exists, no project owns it, and adding the ownership record would write its credentials again", Next: "set lifecycle.adopt: true to take it over",
	},
	"adopt-differs": {
		Text: "it exists, no project owns it, and it differs", Next: "set lifecycle.adopt: true to take it over and overwrite what is shown",
	},

	"path-deletes": {
		Text: "the provider would delete it to make this change without a recreate", Next: "this is a bug in qlsync; report it",
	},

	"move-not-listed": {Text: "nothing is renamed or moved while the tenant's list is incomplete, as the name may be taken", Next: listed},

	"recreate-protected": {
		Text: "it is protected by preventDestroy, and this change needs a recreate", Next: "declare lifecycle.preventDestroy: false first",
	},
	"recreate-not-listed":   {Text: "nothing is recreated while the tenant's list is incomplete", Next: listed},
	"recreate-loses-hidden": {Text: "recreating it would lose {property}, which the service does not show in full", Next: "declare it"},
	"recreate-other-family": {
		Text: "a connection of data source {dataSource} cannot serve the apps that load from it as {live}. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-credentials": {
		Text: "recreating it would lose its stored credentials", Next: "declare them under credentials. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-withheld": {
		Text: "recreating it would lose {properties}, which the service stores, or may store, and does not show",
		Next: "declare it under credentials. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-users-credentials": {
		Text: "recreating it would lose the credentials that each user has entered. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-changes-owner": {
		Text: "recreating it would change its owner from {owner}", Next: "declare owner. To recreate it anyway, set lifecycle.recreate: allow",
	},

	"loses-credentials":       {Text: "its stored credentials will be lost"},
	"loses-users-credentials": {Text: "the credentials that each user has entered will be lost"},
	"loses-owner":             {Text: "it will no longer belong to {owner}"},

	"rotate-asked":          {Text: "asked for with --rotate"},
	"rotate-changed":        {Text: "the values behind its references have changed"},
	"record-unknown":        {Text: "no fingerprint of its credentials was made with this key; apply records their current values without writing them"},
	"rotate-needs-recreate": {Text: "writing its credentials needs a recreate (update: recreate), which must be reviewed", Next: "raise credentialsVersion"},
	"rotate-needs-sign-in":  {Text: "a person must sign in for it", Next: "raise credentialsVersion"},
}
