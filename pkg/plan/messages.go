package plan

import "github.com/qlsync/qlsync/pkg/connection"

// messages are the sentences of the planner's own reasons.
var messages = connection.Messages{
	"told": {Text: "{text}"},

	"create-not-listed": {
		Text: "it was not seen, but the tenant's list is incomplete", Next: "it may exist; plan again when the tenant lists everything",
	},
	"owner-inactive": {
		Text: "the declared owner {owner} is not an active user (status {status})", Next: "declare another owner, or let an administrator enable the account",
	},
	"other-project": {
		Text: "it belongs to project {project:q}", Next: "remove it from these files, or remove its ownership record (qlsync:{project})",
	},
	"unreadable": {Text: "it cannot be read: {error}"},
	"no-room-for-record": {
		Text: "its {property} is too long to add the ownership record", Next: "shorten it in the console, or declare {property} in the file",
	},

	"adopt-none": {Text: "it exists and nobody owns it", Next: "set lifecycle.adopt: true to take it over (policy.adopt is none)"},
	"adopt-writes-credentials": {
		Text: "it exists, nobody owns it, and adding the ownership record would write its credentials again", Next: "set lifecycle.adopt: true to take it over",
	},
	"adopt-differs": {
		Text: "it exists, nobody owns it, and it differs", Next: "set lifecycle.adopt: true to take it over and overwrite what is shown",
	},

	"path-deletes": {
		Text: "the provider would delete it to make this change, and does not call that a recreate", Next: "this is a fault of qlsync; report it",
	},

	"move-not-listed": {Text: "nothing is renamed or moved while the tenant's list is incomplete", Next: "its name may be taken"},

	"recreate-protected": {
		Text: "it is protected by preventDestroy, and this change needs a recreate", Next: "declare lifecycle.preventDestroy: false first",
	},
	"recreate-not-listed":   {Text: "nothing is recreated while the tenant's list is incomplete"},
	"recreate-loses-hidden": {Text: "recreating it would lose {property}, which the service does not show in full", Next: "declare it"},
	"recreate-other-family": {
		Text: "a connection of data source {dataSource} cannot serve the apps that load from it as {live}. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-credentials": {
		Text: "recreating it would lose its stored credentials", Next: "declare them under credentials. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-withheld": {
		Text: "recreating it would lose {properties}, which the service keeps, or may keep, and does not show",
		Next: "declare it under credentials. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-loses-users-credentials": {
		Text: "recreating it would lose the credentials that each user has entered. To recreate it anyway, set lifecycle.recreate: allow",
	},
	"recreate-changes-owner": {
		Text: "recreating it would change its owner from {owner}", Next: "declare owner. To recreate it anyway, set lifecycle.recreate: allow",
	},

	"loses-credentials":       {Text: "it is recreated, and its stored credentials are lost"},
	"loses-users-credentials": {Text: "it is recreated, and the credentials that each user has entered are lost"},
	"loses-owner":             {Text: "it is recreated, and no longer belongs to {owner}"},

	"rotate-asked":          {Text: "asked for"},
	"rotate-changed":        {Text: "the values behind its references have changed"},
	"record-unknown":        {Text: "nothing is recorded of the values of its credentials that the key can be compared with: they are taken as they are"},
	"rotate-needs-recreate": {Text: "writing its credentials needs a recreate (update: recreate), which must be reviewed", Next: "raise credentialsVersion"},
	"rotate-needs-sign-in":  {Text: "a person must sign in for it", Next: "raise credentialsVersion"},
}
