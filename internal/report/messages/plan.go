package messages

import "github.com/qlsync/qlsync/pkg/connection"

// release is what a person can do about a connection that is kept because no record fits it.
const release = "delete it yourself, or remove its ownership record to keep it"

// listed is what a person can do about an incomplete list.
const listed = "plan again when the tenant lists everything"

// intended is how to go on with a plan that a rule about its size refuses.
const intended = "if this is intended, pass {confirm}"

// confirm is what to do about a confirmation that does not fit.
const confirm = "review the plan, then pass --confirm-{what}s {count}@{hash}"

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

	"kept-listed-twice": {Text: "the tenant also lists it as {other:q}: it was moved or renamed while the lists were read; qlsync does not delete it", Next: "plan again"},
	"kept-credentials": {
		Text: "the old one of a recreate, with credentials that the one in its place does not have; qlsync does not delete it",
		Next: "declare credentials, or set lifecycle.recreate: allow to lose them",
	},
	"kept-pending":   {Text: "owned by this project, and a moved block leads from it to a name that is taken; qlsync does not delete it", Next: "delete or rename one of the two"},
	"kept-misnamed":  {Text: "has the ownership record of an interrupted recreate, but not a name that qlsync writes; qlsync does not delete it", Next: release},
	"kept-protected": {Text: "looks like a leftover of a recreate of {of:q}, but is protected, and a recreate leaves nothing protected; qlsync does not delete it", Next: release},
	"kept-several":   {Text: "one of several connections that look like the leftover of a recreate of {of:q}; qlsync does not delete it", Next: release},
	"kept-renamed":   {Text: "a leftover of an interrupted recreate of a connection that a moved block has renamed since; qlsync does not delete it", Next: release},
	"kept-namesake":  {Text: "{own} differs from the declared name {other} only in {difference}; qlsync does not delete it"},
	"kept-unrecorded": {
		Text: "owned by this project and no longer declared, but without the key record that qlsync writes; qlsync does not delete it", Next: release,
	},
	"kept-unexplained": {
		Text: "owned by this project and no longer declared, but its key record is for another name or space: it was moved, renamed or copied; qlsync does not delete it",
		Next: "to have it deleted, declare it, apply (which renews the record), and remove it again, or delete it yourself; to keep it, remove its ownership record",
	},

	"namesake":          {Text: "{other} exists, and {own} differs from it only in {difference}", Next: "declare the name as it exists, or rename it with a moved block"},
	"looks-alike":       {Text: "the new name {own} differs from the live connection {other} only in {difference}"},
	"space-looks-alike": {Text: "the declared space {own} differs from the space {other} only in {difference}", Next: "check which of them the files mean"},
	"unsuited":          {Text: "data source {dataSource} does not fit the type of space of {connections:few}. {why}"},
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

	"record-of-another-key":        {Text: "its key record is of another name or space, as after a rename of its space"},
	"recreate-carries-credentials": {Text: "a recreate must carry the credentials"},
	"no-credentials-there":         {Text: "the tenant has no credentials for it"},
	"credentials-version":          {Text: "credentialsVersion {from} -> {to}"},
	"credentials-references":       {Text: "the references, the plain parts or the owner have changed"},
	"credentials-taken":            {Text: "its credentials are taken as they are"},
	"update-recreate":              {Text: "update: recreate"},
	"resumes-recreate":             {Text: "goes on with the new one that is there already"},
	"unfinished-recreate":          {Text: "the new one of an unfinished recreate"},
	"undeclared":                   {Text: "owned by this project and no longer declared"},
	"undeclared-kept":              {Text: "owned by this project and no longer declared; policy.prune: owned would delete it"},
	"undeclared-disabled": {
		Text: "owned by this project and no longer declared, and its data source {dataSource} is disabled in the tenant; qlsync does not delete it",
		Next: "ask an administrator to enable it, or delete the connection yourself",
	},
	"left-behind":       {Text: "left behind by an interrupted recreate"},
	"delete-protected":  {Text: "it is protected by preventDestroy", Next: "declare it again with lifecycle.preventDestroy: false first"},
	"delete-not-listed": {Text: "nothing is deleted while the tenant's list is incomplete", Next: listed},
	"may-be-created": {
		Text: "its key record is for another name or space, and it may be what this plan creates as {created:q}",
		Next: "add a moved block from {live:q}, or plan again after the create",
	},
	"waits-for-recreate": {Text: "it is kept while its recreate is refused"},
	"waits-for-create": {
		Text: "it is kept while the create of another {dataSource} is refused or waits for a person, because it may be that connection under its old name",
	},
	"name-taken":      {Text: "the name is taken: {by:q} exists and keeps it"},
	"name-cycle":      {Text: "its name is free only after another change that waits for this one", Next: "rename one of the connections by hand"},
	"change-refused":  {Text: "its change is refused: {why}"},
	"not-as-reviewed": {Text: "it is not as reviewed in plan {hash}", Next: "plan and review again"},

	"from-snapshot":   {Text: "made from a snapshot of {taken}, not from the tenant: what has changed there since is not seen"},
	"list-incomplete": {Text: "the tenant's list is incomplete, so nothing is deleted: {why}"},
	"owner-unknown": {
		Text: "the tenant does not say who owns its connections, so qlsync cannot tell whether the owner is {owner}",
		Next: "look in the console, or set ignoreChanges: [owner]",
	},
	"owner-not-active": {Text: "its owner {owner} is not an active user (status {status})"},

	"sign-in":        {Text: "a person must sign in: {todo}; without a code, apply prints the address where the person gets one"},
	"sign-in-once":   {Text: "the code of a sign-in is for one use", Next: "without it, apply prints the address where the person gets another one"},
	"declare-code":   {Text: "declare the code under credentials, as {code}: {env: NAME}"},
	"put-code":       {Text: "put the code into {places:and}"},
	"place-variable": {Text: "the environment variable {name}"},
	"place-file":     {Text: "the file {name}"},
	"place-output":   {Text: "the output of {of}"},

	"empty-desired-set": {Text: "the files declare no connection for this tenant, and the plan would delete {deletes}", Next: intended},
	"max-deletes":       {Text: "the plan would delete {deletes} of {owned} owned connections; policy.maxDeletes allows {allowed}", Next: intended},
	"max-recreates": {
		Text: "the plan would recreate {recreates} connections, and the project owns {owned}; policy.maxRecreates allows {allowed}", Next: intended,
	},
	"confirm-malformed": {Text: "--confirm-{what}s {given:q} is not N@HASH", Next: confirm},
	"confirm-changed":   {Text: "--confirm-{what}s {given:q} is for another plan", Next: confirm},
	"confirm-count":     {Text: "--confirm-{what}s {given:q} has another number: the plan {what}s {count}", Next: confirm},
	"reviewed-another":  {Text: "the reviewed plan is not for this project and tenant, or was changed since", Next: "plan and review again"},
	"reviewed-earlier":  {Text: "the reviewed plan was made by an earlier version of qlsync, whose hash covers less", Next: "plan and review again"},
	"stale-earlier":     {Text: "it was made by an earlier version of qlsync, whose hash covers less", Next: "plan and review again"},
	"stale-elsewhere":   {Text: "it was made for project {project} on {url}"},
	"stale-edited":      {Text: "its hash does not fit its content: the file was edited"},
	"stale-new":         {Text: "{connection}: this change is not in the reviewed plan"},
	"stale-gone":        {Text: "{connection}: no longer changes"},
	"stale-differs":     {Text: "{connection}: this change differs from the reviewed one, or the connection was edited after the review"},

	"asks-sign-in":           {Text: "asks for the address where a person signs in; creates nothing"},
	"creates-temporary":      {Text: "creates the new one under a temporary name"},
	"records-fingerprint":    {Text: "records the fingerprint of its credentials"},
	"moves-to-space":         {Text: "moves it to the space"},
	"sets-properties":        {Text: "sets {count:property|properties}"},
	"removes-properties":     {Text: "removes {count:property|properties}"},
	"writes-new-credentials": {Text: "writes the credentials of the new one"},
	"writes-credentials":     {Text: "writes its credentials"},
	"sets-tags":              {Text: "sets its tags"},
	"records-credentials":    {Text: "records its credentials, before the change of owner removes them"},
	"writes-again":           {Text: "writes it again, because the last write is not in effect"},
	"records-protection":     {Text: "records whether it is protected"},
	"records-sensitive":      {Text: "records which of its properties are sensitive"},
	"records-not-sensitive":  {Text: "records which of its properties are not sensitive"},
	"renews-key-record":      {Text: "renews its key record"},
	"adds-record":            {Text: "adds the ownership record"},
	"renames-old":            {Text: "renames the old one aside"},
	"renames-new":            {Text: "renames the new one to the declared name"},
	"renames-temporary":      {Text: "renames it to a temporary name, on its way"},
	"renames":                {Text: "renames it"},
	"moves-connections":      {Text: "moves {count:connection|connections} to another space"},
	"changes-owners":         {Text: "changes the owner of {count:connection|connections}"},
	"deletes-left":           {Text: "deletes what {recreates:recreate|recreates} left"},
	"deletes-and-left":       {Text: "deletes {connections:connection|connections}, and what {recreates:recreate|recreates} left"},

	"as-before-write":   {Text: "it is as it was before the write"},
	"even-after":        {Text: "{why}, even after {after}"},
	"not-compared":      {Text: "it cannot be compared again: {problems}"},
	"not-comparable":    {Text: "it cannot be compared"},
	"not-listed":        {Text: "the tenant's list is incomplete"},
	"not-there":         {Text: "it is not there"},
	"still-there":       {Text: "it is still there"},
	"old-still-there":   {Text: "the old one is still there, at {at}"},
	"gone-unseen":       {Text: "whether it is gone cannot be seen: the tenant's list is incomplete"},
	"old-gone-unseen":   {Text: "whether the old one is gone cannot be seen: the tenant's list is incomplete"},
	"no-record-there":   {Text: "it does not have our ownership record"},
	"may-be-unreadable": {Text: "if the service does not show {properties}, set lifecycle.unreadable: [{properties}]"},
	"may-be-rewritten":  {Text: "if the service rewrites the value each time, set lifecycle.compare: {{rules}}"},
}
