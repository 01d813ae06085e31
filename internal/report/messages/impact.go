package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Impact is the messages about the use of connections, and about uses that could not be seen.
var Impact = connection.Messages{
	"usage-not-admin": {
		Text: "the user of the token is not a tenant administrator, so apps may be missing from the list", Next: "use the credentials of a user with the role TenantAdmin",
		Meaning: "The service lists only the apps that the user can see. Without the role TenantAdmin, no connection is reported as unused.",
	},
	"usage-no-apps": {
		Text:    "the service lists no app",
		Meaning: "The tenant may have no apps, but it is more likely that the user of the token cannot see them. No connection is reported as unused.",
	},
	"usage-not-listed": {
		Text:    "apps in the personal spaces of other users may be missing from the list",
		Meaning: "The list has no app in the personal space of another user. No document says whether the service lists such apps for this user.",
	},
	"usage-not-readable": {
		Text:    "{objects:app or other object|apps and other objects} could not be read",
		Meaning: "The service lists these apps, knowledge bases or data sets, but does not show which connections they use.",
		Example: args{"objects": 41},
	},
	"usage-not-covered": {
		Text: "for {apps:app|apps}, not every reload of the last {days:day|days} is known", Next: "run the command on a schedule with --usage-history FILE, and repair or delete apps whose last reload failed",
		Meaning: "The service remembers ten reloads of an app, and a history remembers more. An app may use any connection if it was never reloaded, if its last reload failed or was partial, if it reads by Direct Query, or if the service does not name the connection of a load.",
		Example: args{"apps": 12, "days": 30},
	},
	"usage-unread": {
		Text:    "{error}",
		Meaning: "The service did not show which connections this object uses.",
		Example: args{"error": "GET /api/v1/apps/8d0c/reloads/metadata/ was answered with 403: Forbidden"},
	},
	"usage-list-incomplete": {
		Text:    "apps, knowledge bases or data sets may be missing, because {why}",
		Meaning: "An app or another object that uses a connection may be missing from the list, so no connection is called unused.",
		Example: args{"why": "the list of items is incomplete (the list changed while it was read: 2 items are listed twice)"},
	},
}
