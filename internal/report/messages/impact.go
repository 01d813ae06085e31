package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Impact is the messages about the use of connections, and about what of it could not be seen.
var Impact = connection.Messages{
	"usage-not-admin": {
		Text: "the caller is not a tenant administrator and may not see every app", Next: "use the credentials of a user with the role TenantAdmin",
		Meaning: "The service lists only what the caller may see. Without the role TenantAdmin nothing is ever called unused.",
	},
	"usage-no-apps": {
		Text:    "the service lists no app",
		Meaning: "A tenant without any app is possible, but a caller who may see none is more likely. Nothing is called unused.",
	},
	"usage-not-listed": {
		Text:    "apps in other people's personal spaces may not be listed",
		Meaning: "The list has no app in the personal space of another user. Whether the service lists such apps for this caller is not documented.",
	},
	"usage-not-readable": {
		Text:    "{objects:object|objects} could not be read",
		Meaning: "The service lists these apps, knowledge bases or data sets, and does not show which connections they use.",
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
		Text:    "the list of apps, knowledge bases and data sets is incomplete: {why}",
		Meaning: "An app or another object that uses a connection may be missing from the list, so no connection is called unused.",
		Example: args{"why": "the list changed while it was read: 2 are listed twice; plan again"},
	},
}
