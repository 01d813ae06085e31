package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Apply are the messages of package apply: why a change was not done.
var Apply = connection.Messages{
	"interrupted-before-turn": {
		Text:    "interrupted before its turn",
		Meaning: "The run was interrupted, and the change was not begun or not continued. The next plan has it again.",
	},
	"stopped-unauthorized": {
		Text:    "stopped: the tenant no longer accepts the token",
		Meaning: "The tenant refused the token during the run. Every further request would fail, so nothing more was sent.",
	},
	"stopped-unreachable": {
		Text:    "stopped: the tenant is not reachable",
		Meaning: "Several requests in a row did not reach the tenant, so nothing more was sent.",
	},
	"stopped-crashed": {
		Text:    "stopped: {error}",
		Meaning: "A mistake in qlsync ended the run. Nothing more was sent.",
		Example: args{"error": "qlsync has crashed; see the end of the output"},
	},
	"kept-as-old-name": {
		Text:    "kept, because the create of another {dataSource} connection was not done, and this may be that connection under its old name",
		Meaning: "The plan deletes a connection and creates one of the same data source. After a rename in the files, the old connection holds the only copy of the credentials until the new one exists.",
		Example: args{"dataSource": "rest"},
	},
	"need-not-done": {
		Text:    "it needs the {operation} of {connection:q}, which was not done",
		Meaning: "The change depends on another one that failed or was not sent.",
		Example: args{"operation": "create", "connection": "Finance/Orders"},
	},
	"earlier-one-failed": {
		Text:    "not sent, because an earlier operation of its step has failed",
		Meaning: "An earlier operation of the same step failed, so this one was not sent.",
	},
	"not-in-effect": {
		Text:    "{error}",
		Meaning: "The service saved the change but did not put it into effect.",
		Example: args{"error": "deploy: 503: saved, but not in effect"},
	},
	"sign-in-needed": {
		Text: "{error}", Next: "open the address, {todo}, and apply again",
		Meaning: "The connection needs a code that a person gets by signing in at the address that apply prints.",
		Example: args{"error": "a person must sign in first", "todo": "put the code into the environment variable CODE"},
	},
	"declare-sign-in-code": {
		Text:    "declare the code under credentials",
		Meaning: "The service asks for the code of a sign-in, and the plan does not say where to put it.",
	},
	"write-failed": {
		Text:    "{error}",
		Meaning: "The service did not carry out the write.",
		Example: args{"error": "patch connection: PATCH /api/v1/data-connections/c1 was answered with 404: Not Found"},
	},
	"write-refused": {
		Text:    "{why} ({advice})",
		Meaning: "The service refused the write, and the plan knows what may help.",
		Example: args{"why": "update credential: PATCH /api/v1/data-credentials/k1 was answered with 403: Forbidden", "advice": "only the owner of the connection may write its credentials"},
	},
	"outcome-unknown": {
		Text:    "{error}",
		Meaning: "A write was sent without a usable answer: the service may have carried it out. The next plan shows whether it did.",
		Example: args{"error": "create connection: 503: outcome unknown"},
	},
	"old-name-restored": {
		Text:    "{why}. The old connection has its name again",
		Meaning: "In a recreate, the new connection did not get the name. The old connection has its name again, and apps still find it.",
		Example: args{"why": "rename connection: PATCH /api/v1/data-connections/c1 was answered with 409: Conflict"},
	},
	"old-name-lost": {
		Text:    "{why}. The old connection could not be renamed back either ({undo}). Plan and apply again at once",
		Meaning: "In a recreate, neither the new connection nor the old one has the name that apps use. The next apply finishes the change.",
		Example: args{"why": "rename connection: 503", "undo": "rename connection: 503"},
	},
	"done-in-part": {
		Text:    "{why} (done: {done})",
		Meaning: "Some operations of the change were done before one failed. The next plan finishes the change.",
		Example: args{"why": "interrupted before its turn", "done": []string{"create"}},
	},
	"not-read-again": {
		Text:    "{error}",
		Meaning: "The tenant could not be read after the writes, so their effect was not verified.",
		Example: args{"error": "tenant not reachable"},
	},
}
