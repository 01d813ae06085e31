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
	"too-many-tags":     {Text: "{tags} tags are declared; at most {most} fit next to qlsync's own", Next: "declare fewer tags"},
	"absent-credential": {Text: "{property:q} is part of the credentials, which the tenant never removes", Next: "leave it out"},

	"another-data-source": {Text: "another data source needs a recreate"},
	"not-patchable":       {Text: "the value of {property} cannot be patched and needs a recreate"},

	"owner-takes-credentials": {Text: "a change of owner removes the credentials"},

	"recreated-id":             {Text: "it is recreated: apps keep working by its name; its id changes, and references to the old id break"},
	"host-unlinks-users":       {Text: "{property} changes: every user of this connection will have to enter credentials again"},
	"owner-loses-credentials":  {Text: "the owner changes, and the stored credentials are lost: the new owner must enter them again"},
	"users-need-credentials":   {Text: "from now on every user needs credentials of their own; the stored ones are lost"},
	"users-credentials-unused": {Text: "it gets credentials for all users; those that each user has linked are no longer used"},
	"owner-writes-credentials": {
		Text: "a change of owner removes the credentials; if the service allows only the new owner to write them again, apps fail until apply runs with that user's token: {connections:few}",
	},

	"owner-only":        {Text: "the service may allow only the owner to write credentials", Next: "run apply again with the token of {owner}"},
	"owner-only-handed": {Text: "it has no usable credentials now; the service may allow only the owner to write credentials", Next: "run apply again with the token of {owner}"},
	"owner-only-in-recreate": {
		Text: "the old connection is unchanged; the service may allow only the owner to write credentials", Next: "apply with the token of {owner}, or declare another owner",
	},

	"swaps-names": {Text: "swaps the names of the old one and the new one"},
	"creates-and-swaps-names": {
		Text: "creates the new one next to the old one, then swaps their names",
	},

	"no-room-for-tags": {
		Text: "it has {tags} tags, and qlsync needs {ours} of the {limit} that a connection may have", Next: "remove tags from it, or declare at most {most} under tags",
	},
	"personal-of-another": {
		Text: "it belongs to {owner}, and would move to the personal space of that user, where this project does not look", Next: "declare another space",
	},
	"personal-owner":       {Text: "a connection in the personal space belongs to the token's user", Next: "leave owner out"},
	"may-not-change-owner": {Text: "this token may not change owners", Next: "leave owner out, or use a token with the admin role"},
	"may-not-move":         {Text: "this token may not move connections between spaces", Next: "keep the space, or use a token that may"},
	"sign-in-of-another": {
		Text: "a person signs in for the token's user, and a change of owner removes that sign-in", Next: "leave owner out, or use the owner's token",
	},
	"host-needs-link": {
		Text: "a change of {property} unlinks the credentials that each user has entered", Next: "declare {link} too, so that the declared credentials are linked to the new host",
	},
}
