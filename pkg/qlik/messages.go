package qlik

import (
	"maps"

	"github.com/qlsync/qlsync/internal/newhost"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Messages implements [connection.Rules].
func (Rules) Messages() connection.Messages {
	all := maps.Clone(newhost.Messages)
	maps.Copy(all, sentences)
	return all
}

var sentences = connection.Messages{
	"statement-differs": {
		Text:    "the list of {dataSource} connections ({version}) differs from the connections themselves in {properties}, so these connections are read in detail",
		Meaning: "In a sample of the connections of one data source and connector version, properties differed from the connect statement in the list. The list proves nothing about these properties in this run.",
		Example: map[string]any{"dataSource": "rest", "version": "QvRestConnector.exe:3.30.0", "properties": []string{"timeout"}},
	},
	"gateways-not-listed": {
		Text: "the tenant does not list the gateways of {dataSource}, so the declared ids of gateways are not checked", Next: "use a token whose user may see the gateways",
		Meaning: "The tenant has no gateway for the data source, or the user of the token may not see it. A wrong id is noticed only when the connection is used.",
		Example: map[string]any{"dataSource": "DG_mssql"},
	},
	"too-many-tags": {
		Text: "{tags} tags are declared; at most {most} fit next to qlsync's own", Next: "declare fewer tags",
		Meaning: "A connection may have a limited number of tags, and qlsync stores its ownership record in tags.",
		Example: map[string]any{"tags": 40, "most": 26},
	},
	"absent-credential": {
		Text: "{property:q} is part of the credentials, which the tenant never removes", Next: "leave it out",
		Meaning: "null under properties means that the property must be absent. The tenant keeps credentials until the connection is deleted.",
		Example: map[string]any{"property": "password"},
	},

	"another-data-source": {
		Text:    "another data source needs a recreate",
		Meaning: "The service cannot change the type of a connection.",
	},
	"not-patchable": {
		Text:    "the value of {property} cannot be patched and needs a recreate",
		Meaning: "The service rejects a patch of this value.",
		Example: map[string]any{"property": "/sourceConnectionID"},
	},

	"owner-takes-credentials": {
		Text:    "a change of owner removes the credentials",
		Meaning: "Qlik Cloud removes the stored credentials when the owner changes, so they must be written again.",
	},

	"recreated-id": {
		Text:    "a recreate gives it another id, so references to the old id break. Apps find it by its name and keep working",
		Meaning: "A recreate creates a new connection and deletes the old one. Load scripts use the name, and other references use the id.",
	},
	"host-unlinks-users": {
		Text:    "{property} changes, so every user of this connection must enter credentials again",
		Meaning: "The credentials that each user has entered are linked to the host of the connection.",
		Example: map[string]any{"property": "host"},
	},
	"owner-loses-credentials": {
		Text:    "the change of owner removes the stored credentials, so the new owner must enter them again",
		Meaning: "Qlik Cloud removes the stored credentials when the owner changes, and the files declare none.",
	},
	"users-need-credentials": {
		Text:    "it changes to per-user credentials, so the stored ones are lost and every user must enter their own",
		Meaning: "The connection changes to per-user credentials, which are entered by each user.",
	},
	"users-credentials-unused": {
		Text:    "it changes to credentials for all users, so those that each user has linked are no longer used",
		Meaning: "The connection changes from per-user credentials to shared ones.",
	},
	"owner-writes-credentials": {
		Text:    "a change of owner removes the credentials of {connections:few}. If the service lets only the new owner write them again, apps fail until apply runs with the token of the new owner",
		Meaning: "Some tenants let only the owner of a connection write its credentials. The token belongs to somebody else.",
		Example: map[string]any{"connections": []string{"Finance/A", "Finance/B"}},
	},

	"owner-only": {
		Text: "the service may allow only the owner to write credentials", Next: "run apply again with the token of {owner}",
		Meaning: "Some tenants let only the owner of a connection write its credentials.",
		Example: map[string]any{"owner": "bo@example.com"},
	},
	"owner-only-handed": {
		Text: "it has no usable credentials now, because the service may allow only the owner to write them", Next: "run apply again with the token of {owner}",
		Meaning: "The owner was changed, which removed the credentials, and the service refused to write them again.",
		Example: map[string]any{"owner": "bo@example.com"},
	},
	"owner-only-in-recreate": {
		Text: "the old connection is unchanged. The service may allow only the owner to write credentials", Next: "apply with the token of {owner}, or declare another owner",
		Meaning: "The new connection of a recreate could not get its credentials, so the old one stays in use.",
		Example: map[string]any{"owner": "bo@example.com"},
	},

	"swaps-names": {
		Text:    "swaps the names of the old one and the new one",
		Meaning: "Description of a step: two renames that are sent without a pause.",
	},
	"creates-and-swaps-names": {
		Text:    "creates the new one next to the old one, then swaps their names",
		Meaning: "Description of a step: a create and two renames that are sent without a pause.",
	},

	"no-room-for-tags": {
		Text: "it has {tags} tags, and qlsync needs {ours} of the {limit} that a connection may have", Next: "remove tags from it, or declare at most {most} under tags",
		Meaning: "A connection may have a limited number of tags, and qlsync stores its ownership record in tags.",
		Example: map[string]any{"tags": 30, "ours": 6, "limit": 32, "most": 26},
	},
	"personal-of-another": {
		Text: "it belongs to {owner}, and would move to the personal space of that user, where this project does not look", Next: "declare another space",
		Meaning: "A connection that is moved to the personal space appears in the personal space of its owner.",
		Example: map[string]any{"owner": "bo@example.com"},
	},
	"personal-owner": {
		Text: "a connection in the personal space belongs to the token's user", Next: "leave owner out",
		Meaning: "Only the user of the token has connections in the personal space that qlsync reads.",
	},
	"may-not-change-owner": {
		Text: "this token may not change owners", Next: "leave owner out, or use a token with the admin role",
		Meaning: "The role of the token's user does not allow a change of owner.",
	},
	"may-not-move": {
		Text: "this token may not move connections between spaces", Next: "keep the space, or use a token that may",
		Meaning: "The role of the token's user does not allow a move between spaces.",
	},
	"sign-in-of-another": {
		Text: "a person signs in for the token's user, and a change of owner removes that sign-in", Next: "leave owner out, or use the owner's token",
		Meaning: "The sign-in belongs to the user of the token. With a change of owner, its result is lost.",
	},
	"host-needs-link": {
		Text: "a change of {property} unlinks the credentials that each user has entered", Next: "declare {link} too, so that the declared credentials are linked to the new host",
		Meaning: "Per-user credentials are linked to a host. After a change of host, the declared credentials must be linked again.",
		Example: map[string]any{"property": "host", "link": "credentialsName"},
	},
}
