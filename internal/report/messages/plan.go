package messages

import (
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// release is what a person can do about a connection that is kept because no record fits it.
const release = "delete it yourself, or remove its ownership record to keep it"

// listed is what a person can do about an incomplete list.
const listed = "plan again when the tenant lists everything"

// intended is how to go on with a plan that a rule about its size refuses.
const intended = "if this is intended, pass {confirm}"

// confirmImpact is the next step after a confirmation of dependents that does not fit.
const confirmImpact = "review the plan, then pass --confirm-impact {needed}"

// confirm is what to do about a confirmation that does not fit.
const confirm = "review the plan, then pass --confirm-{what}s {count}@{hash}"

// Plan are the messages of package plan.
var Plan = connection.Messages{
	"already-declared": {
		Text:    "{connection:q} is already declared at {at}",
		Meaning: "Two files, or two entries of one file, declare the same space and name. The first declaration counts; the second one is an error.",
		Example: args{"connection": "Finance/Orders", "at": "connections/a.yaml:3:5"},
	},
	"declared-almost-alike": {
		Text: "{own} differs only in {difference} from {other}, which is declared at {at}", Next: "rename one of them",
		Meaning: "Two declared names look the same to a reader, for example because they differ in letter case. Many services treat such names as equal.",
		Example: args{"own": "\"orders\"", "other": "\"Orders\"", "difference": "letter case", "at": "connections/a.yaml:3:5"},
	},
	"outside-spaces": {
		Text: "{space:q} is outside of the project's spaces", Next: "add it to spaces in the project file",
		Meaning: "A connection names a space that the project file does not list under spaces. qlsync reads and changes the listed spaces only.",
		Example: args{"space": "Sales"},
	},
	// Spaces that the files declare.
	"space-type-differs": {
		Text: "the space is a {live} space, and the type of a space cannot change", Next: "write type: {live}, or declare a space with another name",
		Meaning: "The tenant has a space of the declared name with another type. Changes of connections in it are refused too, because it may be another space than the declared one.",
		Example: args{"live": "managed"},
	},
	"space-almost-there": {
		Text: "the tenant has no space {own}, but {other}, which differs only in {difference}", Next: "write the name of that space",
		Meaning: "A declared space is not created next to one whose name a reader may take for the same.",
		Example: args{"own": `"finance"`, "other": `"Finance"`, "difference": "letter case"},
	},
	"space-refused": {
		Text: "space {space:q} is not there as declared, and its change is refused", Next: "solve the refusal of the space first",
		Meaning: "A connection needs its space. The refusal of the space says what to do.",
		Example: args{"space": "Finance"},
	},
	"members-unreadable": {
		Text: "the members of the space cannot be read: {error}", Next: "make the user of the token a member of the space",
		Meaning: "Without the list of members, qlsync cannot compare it and changes nothing in the space.",
		Example: args{"error": "403 Forbidden"},
	},
	"member-not-looked-up": {
		Text: "{member} cannot be looked up: {error}", Next: "write its id, as in {id: ...}, or let the user of the token read groups",
		Meaning: "The token may not read groups or users, so the id of the member is unknown.",
		Example: args{"member": "group Analysts", "error": "403 Forbidden"},
	},
	"no-member": {
		Text: "the tenant has no {member}", Next: "check its name, in which letter case counts. A group exists once one of its users has signed in",
		Meaning: "A declared member of a space does not exist in the tenant.",
		Example: args{"member": "group Analysts"},
	},
	"several-members": {
		Text: "the tenant has more than one {member}", Next: "write one of the ids, as in {id: ...}: {ids}",
		Meaning: "The name of a declared member is not unique in the tenant.",
		Example: args{"member": "group Analysts", "ids": []string{"a1", "b2"}},
	},
	"same-member": {
		Text: "{member} and {other} are the same in the tenant", Next: "write all roles in one entry",
		Meaning: "Two declared members of a space have one id.",
		Example: args{"member": "user ana@acme.example", "other": "user {id: u1}"},
	},
	"role-not-assignable": {
		Text: "role {role:q} cannot be assigned in a {type} space", Next: "write one of {roles}",
		Meaning: "The roles that can be assigned depend on the type of the space.",
		Example: args{"role": "producer", "type": "managed", "roles": []string{"consumer", "publisher"}},
	},
	"space-creator-needed": {
		Text:    "give the user of the token the role that creates {type} spaces, or Tenant Admin",
		Meaning: "Tenants have a role for each type of space, such as Shared Space Creator.",
		Example: args{"type": "shared"},
	},
	"space-manager-needed": {
		Text:    "make the user of the token the owner of the space or a member who can manage it (facilitator), or give it the role Tenant Admin",
		Meaning: "Description and members of a space are changed by those who manage it.",
	},
	"no-space": {
		Text: "this token sees no space {space:q}", Next: "check the name, and that the token's user is a member",
		Meaning: "The tenant does not list the space to the user of the token. The space does not exist, has another name, or the user is not a member.",
		Example: args{"space": "Finance"},
	},
	"no-space-case": {
		Text: "this token sees no space {space:q}", Next: "did you mean {meant:q}?",
		Meaning: "The tenant has a space whose name differs from the declared one in letter case only.",
		Example: args{"space": "finance", "meant": "Finance"},
	},
	"no-space-typo": {
		Text: "this token sees no space {space:q}", Next: "did you mean {meant:q}? If not, check that the token's user is a member",
		Meaning: "The tenant has a space with a similar name.",
		Example: args{"space": "Finanse", "meant": "Finance"},
	},
	"no-space-alike": {
		Text: "this token sees no space {space:q}", Next: "did you mean {other}? {own} differs from it only in {difference}",
		Meaning: "The tenant has a space whose name looks like the declared one and is spelled with other characters.",
		Example: args{"space": "Finance", "own": "\"Finance\"", "other": "\"F\u0456nance\"", "difference": "look-alike letters"},
	},
	"no-user-id": {
		Text: "no user of the tenant has the id {user:q}", Next: "correct owner",
		Meaning: "owner: {id: ...} names a user whom the tenant does not have.",
		Example: args{"user": "64a1f0"},
	},
	"no-user": {
		Text: "no active user of the tenant has the e-mail or subject {user:q}", Next: "correct owner, or ask an administrator to add the user",
		Meaning: "The declared owner is compared with the e-mail address and the subject of each active user. None fits.",
		Example: args{"user": "ana@example.com"},
	},
	"several-users": {
		Text: "{count} users have the e-mail or subject {user:q} ({ids})", Next: "declare it as {id: ...}",
		Meaning: "The declared owner fits more than one user, so qlsync cannot know which of them is meant.",
		Example: args{"count": 2, "user": "ana@example.com", "ids": []string{"u1", "u2"}},
	},
	"no-choice": {
		Text: "{dataSource} has no {kind} {name:q}", Next: meant,
		Meaning: "A property selects an object of the tenant, such as a gateway, by its name, which must be exact. The tenant lists none of that name for the data source.",
		Example: args{"dataSource": "DG_mssql", "kind": "gateway", "name": "Frankfrut", "meant": "Frankfurt"},
	},
	"several-choices": {
		Text: "{dataSource} has several {kind}s {name:q} ({ids})", Next: "declare the id instead of the name, or rename one of them",
		Meaning: "A property selects an object of the tenant by its name, and the tenant has more than one of that name.",
		Example: args{"dataSource": "DG_mssql", "kind": "gateway", "name": "Frankfurt", "ids": []string{"a1::b1", "a2::b2"}},
	},
	"no-choice-id": {
		Text: "no {kind} of {dataSource} has the id {id:q}", Next: "declare the name: {{kind}: NAME}",
		Meaning: "The tenant lists the objects that a property can select, and none has the id. The id of another tenant's object has no meaning here.",
		Example: args{"dataSource": "DG_mssql", "kind": "gateway", "id": "a1::b1"},
	},
	"choice-not-listed": {
		Text: "the tenant does not list the {kind}s of {dataSource}, so the id of {name:q} is unknown", Next: "declare the id, or use a token whose user may see the {kind}",
		Meaning: "The tenant has no such object for the data source, or the user of the token may not see any.",
		Example: args{"dataSource": "DG_mssql", "kind": "gateway", "name": "Frankfurt"},
	},
	"no-stored-yet": {
		Text: "this token's user has no stored credentials {name:q}", Next: "this plan creates them with {connection:q}, so run apply again afterwards",
		Meaning: "A property selects stored credentials that do not exist yet, and another change of the same plan creates them. The change is refused in this run only.",
		Example: args{"name": "team", "connection": "Finance/Orders"},
	},
	"no-stored": {
		Text: "this token's user has no stored credentials {name:q}", Next: "use the token of the user who has them, or create them with a connection that declares credentialsName {name:q} and credentials",
		Meaning: "A property selects stored credentials by name or id. Only the user who has stored credentials can use them.",
		Example: args{"name": "team"},
	},

	"interrupted": {
		Text:    "resumes an interrupted run",
		Meaning: "An earlier run was interrupted between two calls. The connection still has the temporary name, and this plan finishes the change.",
	},
	"moved": {
		Text:    "moved in the files",
		Meaning: "A moved block leads from the old space and name to the declared ones, so the connection is renamed or moved and not created again.",
	},
	"moved-by-hand": {
		Text:    "renamed or moved outside of the files; this plan reverts that",
		Meaning: "The ownership record shows that this connection was at the declared name before. Somebody renamed or moved it outside of the files.",
	},
	"moved-to-taken": {
		Text: "the name is taken: a moved block leads here from {from:q}, and connections exist at both names", Next: "delete or rename one of the two",
		Meaning: "A moved block leads from an existing connection to a name at which another connection exists. qlsync does not choose between the two.",
		Example: args{"from": "Finance/Old orders"},
	},
	"several-moves": {
		Text: "several moved blocks lead here, from {from}", Next: "keep one of them",
		Meaning: "More than one moved block leads to the same name, and a connection exists at the start of each. Only one of them can get the name.",
		Example: args{"from": []string{"\"Finance/A\"", "\"Finance/B\""}},
	},
	"several-candidates": {
		Text: "several connections may be this one, renamed or copied by hand: {found}", Next: "add a moved block from the right one, or delete the others",
		Meaning: "More than one connection has the ownership record of the declared one, for example after a copy in the console. qlsync cannot know which of them is the original.",
		Example: args{"found": []string{"\"Finance/A\"", "\"Finance/B\""}},
	},
	"moved-from-unseen": {
		Text: "a moved block comes from {from:q}, and this token sees no space {space:q}", Next: "if the space exists, make the token's user a member before apply creates the connection here",
		Meaning: "A moved block starts in a space that the token cannot see. If the space exists, the old connection stays there and a second one is created.",
		Example: args{"from": "Gone/Orders", "space": "Gone"},
	},
	"disabled": {
		Text: "data source {dataSource} is disabled in the tenant", Next: "ask an administrator to enable it, or remove this connection from the files",
		Meaning: "An administrator has disabled the data source, so nothing can be created with it or changed.",
		Example: args{"dataSource": "rest"},
	},
	"disabled-live": {
		Text: "data source {dataSource} is disabled in the tenant", Next: "ask an administrator to enable it, or remove this connection from the files (qlsync then leaves it on the tenant)",
		Meaning: "An administrator has disabled the data source. The connection exists and cannot be changed. If its declaration is removed, qlsync leaves the connection alone.",
		Example: args{"dataSource": "rest"},
	},

	"kept-listed-twice": {
		Text: "the tenant also lists it as {other:q}, because it was moved or renamed while the lists were read. qlsync does not delete it", Next: "plan again",
		Meaning: "The tenant returned one connection at two places while the lists were read. A delete could hit the declared connection.",
		Example: args{"other": "Finance/Orders"},
	},
	"kept-credentials": {
		Text: "left by a recreate, with credentials that the new connection does not have. qlsync does not delete it", Next: "declare credentials, or set lifecycle.recreate: allow to lose them",
		Meaning: "An interrupted recreate left the old connection. It has credentials that the new connection lacks, and a delete would lose them.",
	},
	"kept-pending": {
		Text: "owned by this project, and a moved block leads from it to a name that is taken. qlsync does not delete it", Next: "delete or rename one of the two",
		Meaning: "A moved block has not been carried out, because a connection exists at its end. The connection at its start is kept until that is resolved.",
	},
	"kept-misnamed": {
		Text: "has the ownership record of an interrupted recreate, but not a name that qlsync writes. qlsync does not delete it", Next: release,
		Meaning: "The ownership record says that a recreate has left this connection, but the name is not one that a recreate uses. Somebody may have renamed or copied it.",
	},
	"kept-protected": {
		Text: "looks like a leftover of a recreate of {of:q}, but it is protected, and leftovers never are. qlsync does not delete it", Next: release,
		Meaning: "qlsync removes the protection of a connection before it recreates it. A protected leftover was therefore changed by somebody else.",
		Example: args{"of": "Finance/Orders"},
	},
	"kept-several": {
		Text: "one of several connections that look like the leftover of a recreate of {of:q}. qlsync does not delete it", Next: release,
		Meaning: "A recreate leaves one connection at most. Of several, qlsync cannot know which one is the leftover.",
		Example: args{"of": "Finance/Orders"},
	},
	"kept-renamed": {
		Text: "a leftover of an interrupted recreate of a connection that a moved block has renamed since. qlsync does not delete it", Next: release,
		Meaning: "A recreate was interrupted, and a moved block has given the connection another name since. The leftover cannot be assigned to a declared connection.",
	},
	"kept-namesake": {
		Text:    "{own} differs from the declared name {other} only in {difference}. qlsync does not delete it",
		Meaning: "The undeclared connection may be the declared one with a name that was changed by hand. A delete could destroy it.",
		Example: args{"own": "\"orders\"", "other": "\"Orders\"", "difference": "letter case"},
	},
	"kept-unrecorded": {
		Text: "owned by this project and no longer declared, but without the key record that qlsync writes. qlsync does not delete it", Next: release,
		Meaning: "The connection has the tag of this project and no key record. qlsync deletes only connections that qlsync has created or adopted itself.",
	},
	"kept-unexplained": {
		Text: "owned by this project and no longer declared, but its key record is for another name or space, so it was moved, renamed or copied. qlsync does not delete it", Next: "delete it yourself, or remove its ownership record to keep it. To let qlsync delete it, declare it, apply (which renews the record), and remove the declaration",
		Meaning: "The key record proves at which name qlsync wrote the connection. Here the connection is at another name, and no moved block explains that, so the connection may be a copy.",
	},

	"namesake": {
		Text: "{other} exists, and {own} differs from it only in {difference}", Next: "declare the name as it exists, or rename it with a moved block",
		Meaning: "A create or rename would make two connections whose names look the same. Some services treat them as equal.",
		Example: args{"own": "\"orders\"", "other": "\"Orders\"", "difference": "letter case"},
	},
	"looks-alike": {
		Text:    "the new name {own} differs from the live connection {other} only in {difference}",
		Meaning: "The new name is spelled with other characters than the name of a live connection and looks the same. This is a warning.",
		Example: args{"own": "\"Orders\"", "other": "\"\u041erders\"", "difference": "look-alike letters"},
	},
	"space-looks-alike": {
		Text: "the declared space {own} differs from the space {other} only in {difference}", Next: "check which of them the files mean",
		Meaning: "Two spaces of the tenant have names that look the same. This is a warning.",
		Example: args{"own": "\"Finance\"", "other": "\"F\u0456nance\"", "difference": "look-alike letters"},
	},
	"unsuited": {
		Text:    "data source {dataSource} does not fit the type of space of {connections:few}. {why}",
		Meaning: "The catalog of data sources knows that this data source does not work in this type of space.",
		Example: args{"dataSource": "File_DataFiles", "connections": []string{"Finance/A", "Finance/B"}, "why": "DataFiles belong to their space"},
	},
	"rotate-nothing": {
		Text:    "the credentials of {connection:q} cannot be written again: it declares none",
		Meaning: "--rotate names a connection that declares no credentials.",
		Example: args{"connection": "Finance/Orders"},
	},
	"rotate-undeclared": {
		Text: "the credentials of {connection:q} cannot be written again: it is not declared", Next: "write it as SPACE/NAME",
		Meaning: "--rotate names a connection that no file declares.",
		Example: args{"connection": "Finance/Orders"},
	},
	"target-unknown": {
		Text: "target {connection:q} is neither declared nor changed", Next: "write it as SPACE/NAME",
		Meaning: "--target names a connection that no file declares and that the plan does not change.",
		Example: args{"connection": "Finance/Orders"},
	},

	"create-not-listed": {
		Text: "it may already exist, because the tenant's list is incomplete", Next: listed,
		Meaning: "The tenant did not list everything, so a connection with this name may exist. A create could make a second one.",
	},
	"owner-inactive": {
		Text: "the declared owner {owner} is not an active user (status {status})", Next: "declare another owner, or ask an administrator to enable the account",
		Meaning: "The service does not give a connection to a user who is disabled or invited.",
		Example: args{"owner": "ana@example.com", "status": "disabled"},
	},
	"other-project": {
		Text: "it belongs to project {project:q}", Next: "remove it from these files, or remove its ownership record (qlsync:{project})",
		Meaning: "The ownership record names another project. Two projects that change one connection would undo each other's changes.",
		Example: args{"project": "sales"},
	},
	"unreadable": {
		Text:    "it cannot be read: {error}",
		Meaning: "The details of the connection could not be read, so qlsync cannot compare it and does not write to it.",
		Example: args{"error": "403 forbidden"},
	},
	"no-room-for-record": {
		Text: "its {property} is too long to add the ownership record", Next: "shorten it in the console, or declare {property} in the file",
		Meaning: "qlsync stores its ownership record in a property that is too long already.",
		Example: args{"property": "description"},
	},

	"adopt-none": {
		Text: "it exists and no project owns it", Next: "set lifecycle.adopt: true to take it over (policy.adopt is none)",
		Meaning: "The connection exists and no project owns it. policy.adopt: none requires that the file allows each adoption.",
	},
	"adopt-writes-credentials": {
		Text: "it exists, no project owns it, and adding the ownership record would write its credentials again", Next: "set lifecycle.adopt: true to take it over",
		Meaning: "On this service every write carries the credentials, so the adoption would replace those that are stored.",
	},
	"adopt-differs": {
		Text: "it exists, no project owns it, and it differs", Next: "set lifecycle.adopt: true to take it over and overwrite what is shown",
		Meaning: "The connection exists, no project owns it, and it differs from the files. policy.adopt: matching adopts only connections that need no other change.",
	},

	"path-deletes": {
		Text: "the provider would delete it to make this change without a recreate", Next: "this is a bug in qlsync; report it",
		Meaning: "The planner checks that no change without a recreate deletes a connection. This check failed.",
	},

	"move-not-listed": {
		Text: "nothing is renamed or moved while the tenant's list is incomplete, as the name may be taken", Next: listed,
		Meaning: "The tenant did not list everything, so another connection may already have the new name.",
	},

	"recreate-protected": {
		Text: "it is protected by preventDestroy, and this change needs a recreate", Next: "declare lifecycle.preventDestroy: false first",
		Meaning: "A recreate deletes the old connection, and lifecycle.preventDestroy forbids that.",
	},
	"recreate-not-listed": {
		Text: "nothing is recreated while the tenant's list is incomplete", Next: listed,
		Meaning: "The tenant did not list everything. A recreate needs to know all names.",
	},
	"recreate-loses-hidden": {
		Text: "recreating it would lose {property}, which the service does not show in full", Next: "declare {property}",
		Meaning: "The service shows this property in part only, so a recreate could not copy it to the new connection.",
		Example: args{"property": "headers"},
	},
	"recreate-other-family": {
		Text: "a connection of data source {dataSource} cannot serve the apps that load from it as {live}", Next: "to recreate it anyway, set lifecycle.recreate: allow",
		Meaning: "Apps load from a connector by its type. With another type, the load scripts of the apps fail.",
		Example: args{"dataSource": "rest", "live": "File_AmazonS3ConnectorV2"},
	},
	"recreate-loses-credentials": {
		Text: "recreating it would lose its stored credentials", Next: "declare these credentials. To recreate it anyway, set lifecycle.recreate: allow",
		Meaning: "The service never returns credentials, so a recreate can only write declared ones.",
	},
	"recreate-loses-withheld": {
		Text: "recreating it would lose {properties}, which the service may store but does not show", Next: "declare {properties:and} under credentials. To recreate it anyway, set lifecycle.recreate: allow",
		Meaning: "These parts are write-only: the service stores them and never returns them, so a recreate cannot copy them.",
		Example: args{"properties": []string{"password"}},
	},
	"recreate-loses-users-credentials": {
		Text: "recreating it would lose the credentials that each user has entered", Next: "to recreate it anyway, set lifecycle.recreate: allow",
		Meaning: "Every user has entered credentials for this connection. They belong to the old connection and are deleted with it.",
	},
	"recreate-changes-owner": {
		Text: "recreating it would change its owner from {owner}", Next: "declare owner. To recreate it anyway, set lifecycle.recreate: allow",
		Meaning: "A recreated connection belongs to the user of the token unless an owner is declared.",
		Example: args{"owner": "bo@example.com"},
	},

	"loses-credentials": {
		Text:    "its stored credentials will be lost",
		Meaning: "The files allow this loss with lifecycle.recreate: allow.",
	},
	"loses-users-credentials": {
		Text:    "the credentials that each user has entered will be lost",
		Meaning: "The files allow this loss with lifecycle.recreate: allow. Every user must enter credentials again.",
	},
	"loses-owner": {
		Text:    "it will no longer belong to {owner}",
		Meaning: "The files allow this with lifecycle.recreate: allow. The new connection belongs to the user of the token.",
		Example: args{"owner": "bo@example.com"},
	},

	"rotate-asked": {
		Text:    "asked for with --rotate",
		Meaning: "--rotate names this connection.",
	},
	"rotate-changed": {
		Text:    "the values behind its references have changed",
		Meaning: "The fingerprints in the ownership record differ from those of the current values. The values are written again.",
	},
	"record-unknown": {
		Text:    "its credentials have no fingerprint of this key, so apply records one and does not write the credentials",
		Meaning: "QLSYNC_FINGERPRINT_KEY is set, and no fingerprint that was made with this key is recorded. The current values become the baseline.",
	},
	"rotate-needs-recreate": {
		Text: "writing its credentials needs a recreate (update: recreate), which must be reviewed", Next: "raise credentialsVersion",
		Meaning: "A rotation is not reviewed, so it may not recreate a connection.",
	},
	"rotate-needs-sign-in": {
		Text: "a person must sign in for it", Next: "raise credentialsVersion",
		Meaning: "The credentials contain the code of a sign-in, which is for one use.",
	},

	"record-of-another-key": {
		Text:    "its key record is of another name or space, as after a rename of its space",
		Meaning: "The key record is for the name or space that the connection had before. The plan renews it, so that qlsync can delete the connection later.",
	},
	"recreate-carries-credentials": {
		Text:    "a recreate must carry the credentials",
		Meaning: "A new connection has no credentials until they are written.",
	},
	"no-credentials-there": {
		Text:    "the tenant has no credentials for it",
		Meaning: "The files declare credentials, and the tenant shows that the connection has none.",
	},
	"credentials-version": {
		Text:    "credentialsVersion {from} -> {to}",
		Meaning: "credentialsVersion was changed in the file, so the credentials are written again.",
		Example: args{"from": "1", "to": "2"},
	},
	"credentials-references": {
		Text:    "the references, the plain parts or the owner have changed",
		Meaning: "The declared credentials are not those that were written last: a reference, a plain part or the owner is different.",
	},
	"credentials-taken": {
		Text:    "adoption leaves its credentials unchanged",
		Meaning: "An adoption does not write the credentials, because the service does not show whether they differ.",
	},
	"update-recreate": {
		Text:    "update: recreate",
		Meaning: "lifecycle.update or policy.update is recreate, so a change of properties or credentials recreates the connection.",
	},
	"resumes-recreate": {
		Text:    "uses the new one that an interrupted recreate has created",
		Meaning: "An interrupted recreate has already created the new connection, and it is as declared. The plan uses it.",
	},
	"unfinished-recreate": {
		Text:    "the new one of an unfinished recreate",
		Meaning: "A recreate was interrupted after it created the new connection. The next apply uses it.",
	},
	"undeclared": {
		Text:    "owned by this project and no longer declared",
		Meaning: "The ownership record names this project, and no file declares the connection any more.",
	},
	"undeclared-kept": {
		Text:    "owned by this project and no longer declared; policy.prune: owned would delete it",
		Meaning: "policy.prune is none, so the connection stays. With policy.prune: owned, qlsync deletes it.",
	},
	"undeclared-disabled": {
		Text: "owned by this project and no longer declared, and its data source {dataSource} is disabled in the tenant. qlsync does not delete it", Next: "ask an administrator to enable it, or delete the connection yourself",
		Meaning: "Nothing can be restored for a disabled data source, so qlsync does not delete its connections.",
		Example: args{"dataSource": "rest"},
	},
	"left-behind": {
		Text:    "left behind by an interrupted recreate",
		Meaning: "A recreate was interrupted before its last step. The leftover is deleted now.",
	},
	"delete-protected": {
		Text: "it is protected by preventDestroy", Next: "declare it again with lifecycle.preventDestroy: false first",
		Meaning: "The ownership record says that the connection was declared with lifecycle.preventDestroy: true.",
	},
	"delete-not-listed": {
		Text: "nothing is deleted while the tenant's list is incomplete", Next: listed,
		Meaning: "The tenant did not list everything. A connection that seems undeclared may be a declared one that was renamed.",
	},
	"may-be-created": {
		Text: "its key record is for another name or space, so it may be the connection that this plan creates as {created:q}", Next: "add a moved block from {live:q}, or plan again after the create",
		Meaning: "The undeclared connection may be the one that the plan creates, after somebody renamed it. A delete would destroy it.",
		Example: args{"created": "Finance/New", "live": "Finance/Old"},
	},
	"waits-for-recreate": {
		Text:    "it is kept while its recreate is refused",
		Meaning: "The leftover of a recreate is deleted only after the recreate.",
	},
	"waits-for-create": {
		Text:    "it is kept while the create of another {dataSource} connection is refused or waits for a person, because it may be that connection under its old name",
		Meaning: "The connection may be the declared one under its old name. It is deleted only after the create succeeded.",
		Example: args{"dataSource": "rest"},
	},
	"name-taken": {
		Text: "the name is taken: {by:q} exists and keeps it", Next: "choose another name, or rename or delete {by:q}",
		Meaning: "A live connection has the name that this change needs, and nothing in the plan moves it away.",
		Example: args{"by": "Finance/Orders"},
	},
	"name-cycle": {
		Text: "its name is free only after another change that waits for this one", Next: "rename one of the connections by hand",
		Meaning: "Two changes wait for each other's name, and a temporary name does not help.",
	},
	"change-refused": {
		Text:    "its change is refused: {why}",
		Meaning: "A rotation follows the change of its connection, and that change is refused.",
		Example: args{"why": "it belongs to project \"sales\""},
	},
	"not-as-reviewed": {
		Text: "it is not as reviewed in plan {hash}", Next: "plan and review again",
		Meaning: "apply --on-stale skip carries out only the changes that were reviewed. This one is different, or its connection was edited since.",
		Example: args{"hash": "sha256:4f1c"},
	},

	"from-snapshot": {
		Text:    "made from a snapshot of {taken}, not from the tenant. The plan does not show later changes of the tenant",
		Meaning: "--snapshot was given, so the tenant was not read.",
		Example: args{"taken": "2026-11-24T02:00:00Z"},
	},
	"list-incomplete": {
		Text: "nothing is deleted, because {why}", Next: listed,
		Meaning: "A list of the tenant could not be read in full. qlsync then deletes, moves and recreates nothing.",
		Example: args{"why": "the list of connections is incomplete (1 of 3 items on a page could not be read)"},
	},
	"owner-unknown": {
		Text: "the tenant does not say who owns its connections, so qlsync cannot check whether the owner is {owner}", Next: "look in the console, or set ignoreChanges: [owner]",
		Meaning: "An owner is declared, and the tenant does not return the owners of connections.",
		Example: args{"owner": "ana@example.com"},
	},
	"owner-not-active": {
		Text:    "its owner {owner} is not an active user (status {status})",
		Meaning: "The declared owner already owns the connection. If credentials must be written by the owner, that fails.",
		Example: args{"owner": "ana@example.com", "status": "disabled"},
	},

	"sign-in": {
		Text:    "a person must sign in: {todo}. Without a code, apply prints the address for the sign-in",
		Meaning: "The connection needs a code that a person gets by signing in. No token can do that.",
		Example: args{"todo": "put the code into the environment variable CODE"},
	},
	"sign-in-once": {
		Text: "the code of a sign-in is for one use", Next: "run apply without a code to get the address where the person signs in again",
		Meaning: "The service accepts the code of a sign-in once. If a write fails, a new code is needed.",
	},
	"declare-code": {
		Text:    "declare the code under credentials, as {code}: {env: NAME}",
		Meaning: "No code is declared yet. The code is a credential and is declared by a reference.",
		Example: args{"code": "authCode"},
	},
	"put-code": {
		Text:    "put the code into {places:and}",
		Meaning: "The code is declared by a reference. This is the place from which apply reads it.",
		Example: args{"places": []string{"the environment variable CODE"}},
	},
	"place-variable": {
		Text:    "the environment variable {name}",
		Meaning: "Part of another message: the place of a reference.",
		Example: args{"name": "CODE"},
	},
	"place-file": {
		Text:    "the file {name}",
		Meaning: "Part of another message: the place of a reference.",
		Example: args{"name": "/run/secrets/code"},
	},
	"place-output": {
		Text:    "the output of {of}",
		Meaning: "Part of another message: the place of a reference.",
		Example: args{"of": "{command: [vault, read]}"},
	},

	"empty-desired-set": {
		Text: "the files declare no connection for this tenant, and the plan would delete {deletes}", Next: intended,
		Meaning: "No file declares a connection for this tenant. Usually a folder is missing or a path is wrong.",
		Example: args{"deletes": 7, "confirm": "--confirm-deletes 7@sha256:4f1c"},
	},
	"max-deletes": {
		Text: "the plan would delete {deletes} of {owned} owned connections, but policy.maxDeletes allows {allowed}", Next: intended,
		Meaning: "policy.maxDeletes protects against a mistake that deletes many connections.",
		Example: args{"deletes": 5, "owned": 20, "allowed": 2, "confirm": "--confirm-deletes 5@sha256:4f1c"},
	},
	"max-recreates": {
		Text: "the plan would recreate {recreates} connections, but policy.maxRecreates allows {allowed} (the project owns {owned})", Next: intended,
		Meaning: "policy.maxRecreates protects against a mistake that recreates many connections. A recreated connection has another id.",
		Example: args{"recreates": 5, "owned": 20, "allowed": 3, "confirm": "--confirm-recreates 5@sha256:4f1c"},
	},
	"impact-refused": {
		Text: "the plan can break what depends on its connections: {changes:few}", Next: intended,
		Meaning: "policy.impact.refuse, or lifecycle.impact.refuse of a connection, limits how many apps and other objects may depend on a connection that is deleted, renamed, moved, recreated, or connected to another data source or host.",
		Example: args{"changes": []connection.Reason{connection.Because("impact-over", "connection", connection.Key{Space: "Finance", Name: "Orders lake"}, "dependents", 12, "allowed", 5)}, "confirm": "--confirm-impact 12@sha256:4f1c"},
	},
	"impact-over": {
		Text:    "{connection} has {dependents:dependent|dependents}, and impact.refuse allows {allowed}",
		Meaning: "Part of another message: a connection with more dependents than its limit allows.",
		Example: args{"connection": connection.Key{Space: "Finance", Name: "Orders lake"}, "dependents": 12, "allowed": 5},
	},
	"impact-uncounted": {
		Text:    "{connection} has {dependents:known dependent|known dependents} and may have more, because {why}",
		Meaning: "Part of another message: something that may depend on the connection could not be checked, and policy.impact.unknown does not permit that. The default is to refuse, if policy.impact.refuse is set.",
		Example: args{"connection": connection.Key{Space: "Finance", Name: "Orders lake"}, "dependents": 3, "why": connection.Because("usage-not-admin")},
	},
	"impact-may-be-more": {
		Text:    "{dependents:dependent is|dependents are} known, and more may exist, because {why}",
		Meaning: "Something that may depend on the connection could not be checked, and policy.impact.unknown is warn.",
		Example: args{"dependents": 3, "why": connection.Because("usage-not-admin")},
	},
	"impact-dependents": {
		Text: "{dependents:app or other object|apps and other objects} may break, because they depend on the connection", Next: "tell their owners, or apply at a time without reloads",
		Meaning: "The number of dependents reaches policy.impact.warn, or lifecycle.impact.warn of the connection. plan --impact lists them.",
		Example: args{"dependents": 12},
	},
	"impact-unchecked": {
		Text:    "{apps:app|apps} could not be checked",
		Meaning: "It is not known which connections these apps use: they are not readable, their last reload failed, was partial or is not remembered, they read by Direct Query or through a connection that the service does not name, or they reload so often that the service forgets their reloads within a day.",
		Example: args{"apps": 41},
	},
	"impact-from-snapshot": {
		Text: "a snapshot does not show what depends on connections", Next: "plan from the tenant itself",
		Meaning: "A snapshot holds connections only. apply reads the dependents from the tenant, and applies the limits of policy.impact.",
	},
	"impact-no-source": {
		Text:    "this kind of tenant does not show what depends on its connections",
		Meaning: "Apinizer does not show which API proxies use a connection. By default, each change that can break dependents is refused if policy.impact.refuse is set.",
	},
	"impact-not-read": {
		Text:    "the dependents of connections could not be read: {error}",
		Meaning: "The lists of apps, knowledge bases or data sets could not be read. Nothing is known about dependents.",
		Example: args{"error": "GET /api/v1/items was answered with 403: Forbidden"},
	},
	"confirm-impact-malformed": {
		Text: "--confirm-impact {given:q} is not N@HASH or N+unknown@HASH", Next: confirmImpact,
		Meaning: "A confirmation is the maximum number of dependents that may break, and the hash of the plan. +unknown also allows dependents that qlsync cannot see.",
		Example: args{"given": "12", "needed": "12@sha256:4f1c"},
	},
	"confirm-impact-changed": {
		Text: "--confirm-impact {given:q} is for another plan", Next: confirmImpact,
		Meaning: "The hash of the confirmation is not the hash of this plan. The files or the tenant have changed since.",
		Example: args{"given": "12@sha256:0000", "needed": "12@sha256:4f1c"},
	},
	"confirm-impact-exceeded": {
		Text: "--confirm-impact {given:q} does not cover this plan, because {dependents:app or other object now depends|apps and other objects now depend} on its connections", Next: confirmImpact,
		Meaning: "The hash fits. The connections have more dependents than was confirmed, or the number of dependents is now unknown.",
		Example: args{"given": "12@sha256:4f1c", "needed": "13@sha256:4f1c", "dependents": 13},
	},
	"confirm-malformed": {
		Text: "--confirm-{what}s {given:q} is not N@HASH", Next: confirm,
		Meaning: "A confirmation is the number of connections and the hash of the plan, so that it fits one plan only.",
		Example: args{"what": "delete", "given": "5", "count": 5, "hash": "sha256:4f1c"},
	},
	"confirm-changed": {
		Text: "--confirm-{what}s {given:q} is for another plan", Next: confirm,
		Meaning: "The hash of the confirmation is not the hash of this plan. The files or the tenant have changed since.",
		Example: args{"what": "delete", "given": "5@sha256:0000", "count": 5, "hash": "sha256:4f1c"},
	},
	"confirm-count": {
		Text: "--confirm-{what}s {given:q} does not have the number of this plan, which {what}s {count}", Next: confirm,
		Meaning: "The hash fits, and the number in the confirmation is not that of the plan.",
		Example: args{"what": "delete", "given": "4@sha256:4f1c", "count": 5, "hash": "sha256:4f1c"},
	},
	"reviewed-another": {
		Text: "the reviewed plan is not for this project and tenant, or was changed since", Next: "plan and review again",
		Meaning: "The saved plan names another project or tenant, or the file was edited.",
	},
	"reviewed-earlier": {
		Text: "the reviewed plan was made by an earlier version of qlsync, whose hash covers less", Next: "plan and review again",
		Meaning: "An earlier version of qlsync covered less with the hash, so the review cannot be compared.",
	},
	"stale-earlier": {
		Text: "it was made by an earlier version of qlsync, whose hash covers less", Next: "plan and review again",
		Meaning: "An earlier version of qlsync covered less with the hash, so the review cannot be compared.",
	},
	"stale-elsewhere": {
		Text:    "it was made for project {project} on {url}",
		Meaning: "The reviewed plan is for another project or tenant.",
		Example: args{"project": "sales", "url": "https://acme.eu.qlikcloud.com"},
	},
	"stale-edited": {
		Text:    "its hash does not fit its content, so the file was edited",
		Meaning: "The hash of a plan covers its changes. They were edited after the plan was made.",
	},
	"stale-new": {
		Text:    "{connection}: this change is not in the reviewed plan",
		Meaning: "The plan has a change that was not there at the time of the review.",
		Example: args{"connection": "Finance/Orders"},
	},
	"stale-gone": {
		Text:    "{connection}: the reviewed change is no longer needed",
		Meaning: "The reviewed plan has a change that is not needed any more.",
		Example: args{"connection": "Finance/Orders"},
	},
	"stale-differs": {
		Text:    "{connection}: this change differs from the reviewed one, or the connection was edited after the review",
		Meaning: "The change itself is different, or its connection was edited on the tenant.",
		Example: args{"connection": "Finance/Orders"},
	},

	"asks-sign-in": {
		Text:    "asks for the address where a person signs in; creates nothing",
		Meaning: "Description of a step: the call returns the address of a sign-in and changes nothing.",
	},
	"creates-temporary": {
		Text:    "creates the new one under a temporary name",
		Meaning: "Description of a step: the declared name is still taken, so the new connection gets a temporary name first.",
	},
	"records-fingerprint": {
		Text:    "records the fingerprint of the credentials",
		Meaning: "Description of a step: the ownership record gets the fingerprint, and the credentials are not written.",
	},
	"moves-to-space": {
		Text:    "moves it to the space",
		Meaning: "Description of a step: the space of the connection changes.",
	},
	"sets-properties": {
		Text:    "sets {count:property|properties}",
		Meaning: "Description of a step: the number of properties that the call sets.",
		Example: args{"count": 2},
	},
	"removes-properties": {
		Text:    "removes {count:property|properties}",
		Meaning: "Description of a step: the number of properties that the call removes.",
		Example: args{"count": 1},
	},
	"writes-new-credentials": {
		Text:    "writes the credentials of the new one",
		Meaning: "Description of a step: the new connection of a recreate gets the declared credentials.",
	},
	"writes-credentials": {
		Text:    "writes the credentials",
		Meaning: "Description of a step: the declared credentials are written.",
	},
	"sets-tags": {
		Text:    "sets the tags",
		Meaning: "Description of a step: the declared tags are written.",
	},
	"records-credentials": {
		Text:    "records the credentials, before the change of owner removes them",
		Meaning: "Description of a step: the record is written first, so that an interrupted run writes the credentials again.",
	},
	"writes-again": {
		Text:    "writes it again, because the last write is not in effect",
		Meaning: "Description of a step: the service saved the last write and has not deployed it.",
	},
	"records-protection": {
		Text:    "records whether it is protected",
		Meaning: "Description of a step: lifecycle.preventDestroy is recorded, so that a later run does not delete the connection.",
	},
	"records-sensitive": {
		Text:    "records which properties are sensitive",
		Meaning: "Description of a step: the names under sensitive are recorded, so that a later run redacts the values.",
	},
	"records-not-sensitive": {
		Text:    "records which properties are not sensitive",
		Meaning: "Description of a step: the names under notSensitive are recorded, so that a later run shows the values.",
	},
	"renews-key-record": {
		Text:    "renews the key record",
		Meaning: "Description of a step: the ownership record gets the current space and name.",
	},
	"adds-record": {
		Text:    "adds the ownership record",
		Meaning: "Description of a step: qlsync becomes the owner of the connection.",
	},
	"renames-old": {
		Text:    "renames the old one to free the declared name",
		Meaning: "Description of a step: the old connection of a recreate releases its name for the new one.",
	},
	"renames-new": {
		Text:    "renames the new one to the declared name",
		Meaning: "Description of a step: the new connection of a recreate gets the declared name.",
	},
	"renames-temporary": {
		Text:    "renames it to a temporary name first",
		Meaning: "Description of a step: the declared name is still taken, so the connection gets a temporary name first.",
	},
	"renames": {
		Text:    "renames it",
		Meaning: "Description of a step: the name of the connection changes.",
	},
	"moves-connections": {
		Text:    "moves {count:connection|connections} to another space",
		Meaning: "Description of a step: one call moves several connections.",
		Example: args{"count": 12},
	},
	"changes-owners": {
		Text:    "changes the owner of {count:connection|connections}",
		Meaning: "Description of a step: one call changes the owner of several connections.",
		Example: args{"count": 12},
	},
	"deletes-left": {
		Text:    "deletes what {recreates:recreate|recreates} left",
		Meaning: "Description of a step: the old connections of recreates are deleted.",
		Example: args{"recreates": 2},
	},
	"deletes-and-left": {
		Text:    "deletes {connections:connection|connections}, and what {recreates:recreate|recreates} left",
		Meaning: "Description of a step: undeclared connections and the old connections of recreates are deleted.",
		Example: args{"connections": 3, "recreates": 2},
	},

	"as-before-write": {
		Text:    "it is as it was before the write",
		Meaning: "The write was acknowledged, and the tenant still returns the earlier state.",
	},
	"even-after": {
		Text:    "{why}, even after {after}",
		Meaning: "The tenant was read again several times, because some services show a write late.",
		Example: args{"why": "it is not there", "after": 30 * time.Second},
	},
	"not-compared": {
		Text:    "it cannot be compared again: {problems}",
		Meaning: "Reading the tenant again succeeded, and the files have problems with what it returned.",
		Example: args{"problems": "this token sees no space \"Finance\""},
	},
	"not-comparable": {
		Text:    "it cannot be compared",
		Meaning: "The connection belongs to another project now, so it was not compared.",
	},
	"not-listed": {
		Text:    "the tenant's list is incomplete",
		Meaning: "A list of the tenant could not be read in full, so the connection may exist.",
	},
	"not-there": {
		Text:    "it is not there",
		Meaning: "The write was acknowledged, and the tenant does not list the connection.",
	},
	"still-there": {
		Text:    "it is still there",
		Meaning: "The delete was acknowledged, and the tenant still lists the connection.",
	},
	"old-still-there": {
		Text:    "the old one is still there, at {at}",
		Meaning: "A recreate replaced the connection, and the old one was not deleted.",
		Example: args{"at": "Finance/qlsync-old-1f"},
	},
	"gone-unseen": {
		Text:    "qlsync cannot check whether it is gone, because the tenant's list is incomplete",
		Meaning: "A list of the tenant could not be read in full, so the delete cannot be verified.",
	},
	"old-gone-unseen": {
		Text:    "qlsync cannot check whether the old one is gone, because the tenant's list is incomplete",
		Meaning: "A list of the tenant could not be read in full, so the delete of the old connection cannot be verified.",
	},
	"no-record-there": {
		Text:    "it does not have the ownership record of this project",
		Meaning: "The connection was adopted, and the ownership record is missing. Without it, qlsync does not own the connection.",
	},
	"may-be-unreadable": {
		Text:    "if the service does not show {properties}, set lifecycle.unreadable: [{properties}]",
		Meaning: "A declared property was written and is not returned. If the service never returns it, the difference would appear after each apply.",
		Example: args{"properties": []string{"timeout"}},
	},
	"may-be-rewritten": {
		Text:    "if the service rewrites the value each time, set lifecycle.compare: {{rules}}",
		Meaning: "The service stores another order or letter case than it was sent. The rule makes both count as equal.",
		Example: args{"rules": "host: {as: ignoreCase}"},
	},
}
