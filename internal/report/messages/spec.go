package messages

import "github.com/qlsync/qlsync/pkg/connection"

type args = map[string]any

const (
	meant     = "did you mean {meant:q}?"
	asSource  = "write {env: NAME} or {file: PATH} instead of the value"
	moveBelow = "move it under credentials"
	keepCopy  = "list that folder under connections in the project file, or keep a copy in the project"
	mendLink  = "fix or remove the link: without it, connections would count as no longer declared"
	raise     = "split the project, or raise the limits with --raise-limits N"

	leaves       = "qlsync follows no link to a place outside of the project's folder, because reviewers do not see what is there."
	leadsNowhere = "A link leads nowhere or back to itself. A file behind the link could declare connections, so qlsync does not go on without it."
)

// Spec are the messages of package spec.
var Spec = connection.Messages{
	// Every list of problems.
	"more-problems-in-file": {
		Text:    "more than {limit} {severity}s in this file. The others are not shown",
		Meaning: "A file has more problems than a person reads. Fix the first ones and run the command again.",
		Example: args{"limit": 1000, "severity": "error"},
	},
	"more-problems": {
		Text:    "more than {limit} {severity}s. The others are not shown",
		Meaning: "The files have more problems than a person reads. Fix the first ones and run the command again.",
		Example: args{"limit": 10000, "severity": "error"},
	},

	// The text of a file.
	"file-not-found": {
		Text:    "cannot be read: no such file or directory",
		Meaning: "A file or folder that the command line names does not exist.",
	},
	"file-not-readable": {
		Text:    "cannot be read: {reason}",
		Meaning: "The operating system refuses to open or read the file or folder.",
		Example: args{"reason": "permission denied"},
	},
	"link-out-of-project": {
		Text: "cannot be read: a link that leads out of the project", Next: keepCopy,
		Meaning: leaves,
	},
	"broken-link": {
		Text: "cannot be read: {reason}", Next: mendLink,
		Meaning: leadsNowhere,
		Example: args{"reason": "a link that leads back to itself"},
	},
	"entry-not-found": {
		Text:    "cannot read {path:q}: no such file or directory",
		Next:    "correct the path, or write the connections of a tenant to files with: qlsync export --out connections",
		Meaning: "A file or folder that the project file names does not exist.",
		Example: args{"path": "conections"},
	},
	"entry-not-readable": {
		Text:    "cannot read {path:q}: {reason}",
		Meaning: "The operating system refuses to open or read a file or folder that the project file names.",
		Example: args{"path": "connections/s3.yaml", "reason": "permission denied"},
	},
	"entry-link-out-of-project": {
		Text: "cannot read {path:q}: a link that leads out of the project", Next: keepCopy,
		Meaning: leaves,
		Example: args{"path": "connections/shared.yaml"},
	},
	"entry-broken-link": {
		Text: "cannot read {path:q}: {reason}", Next: mendLink,
		Meaning: leadsNowhere,
		Example: args{"path": "connections/old.yaml", "reason": "a link that leads back to itself"},
	},
	"path-refused": {
		Text: "the path {path:q} is refused: {reason}", Next: "name a file or folder on this computer",
		Meaning: "The path names a network share or a device. Opening a share would send the credentials of the account to another host.",
		Example: args{"path": "//host/share/key.txt", "reason": "a path to a network share or a device"},
	},
	"backslash-in-path": {
		Text: "{path:q} contains a backslash, which separates folders only on Windows", Next: "write {write}",
		Meaning: "The project would not be read in the same way on every system.",
		Example: args{"path": `connections\s3.yaml`, "write": "connections/s3.yaml"},
	},
	"no-file-matches": {
		Text:    "{path:q} matches no .yaml or .yml file",
		Meaning: "An entry under connections in the project file matches no file. Without files, every connection would count as no longer declared.",
		Example: args{"path": "conections/*.yaml"},
	},
	"empty-file": {
		Text: "the file is empty", Next: "remove the file if there is nothing to declare",
		Meaning: "An empty file may be the rest of a failed write, so qlsync does not take it for a file that declares nothing.",
	},
	"only-comments": {
		Text: "the file contains only comments", Next: "remove the file if there is nothing to declare",
		Meaning: "A file without any value may be a mistake, so qlsync does not take it for a file that declares nothing.",
	},
	"file-in-git-crypt": {
		Text: "the file is encrypted by git-crypt", Next: "run git-crypt unlock in this clone. In a pipeline, run it before qlsync",
		Meaning: "The clone is locked: the file contains the encrypted bytes instead of the YAML.",
	},
	"file-in-lfs": {
		Text: "the file is a Git LFS pointer, not the file itself", Next: "run git lfs pull. In a pipeline, check out with LFS",
		Meaning: "The clone was made without the files that Git LFS stores elsewhere.",
	},
	"file-in-utf16": {
		Text: "the file is in UTF-16", Next: "save the file as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >",
		Meaning: "Windows PowerShell 5 writes UTF-16 with >. qlsync reads UTF-8 only.",
	},
	"not-utf8": {
		Text: "the file is not in UTF-8 from here on", Next: "save the file as UTF-8",
		Meaning: "A byte of the file is not part of a character in UTF-8, so different programs would read different text.",
	},
	"unseen-line-end": {
		Text: "a line end that most editors do not show, so qlsync may read text that looks like a comment", Next: "end lines with LF or CRLF",
		Meaning: "YAML ends a line at characters that editors do not show as a line end. A reviewer would see a different file from the one that qlsync reads.",
	},
	"unseen-line-separator": {
		Text: "a line end that most editors do not show, so qlsync may read text that looks like a comment", Next: `remove it, or write "\u2028" in double quotes`,
		Meaning: "YAML ends a line at characters that editors do not show as a line end. A reviewer would see a different file from the one that qlsync reads.",
	},
	"byte-order-mark": {
		Text: "an invisible byte order mark in the middle of the file", Next: `remove it, or write "\ufeff" in double quotes`,
		Meaning: "The character often comes from joining two files. The character is invisible, and a name that contains it differs from the same name without it.",
	},
	"control-character": {
		Text: "a control character", Next: `remove it, or write an escape such as "\x1b" in double quotes`,
		Meaning: "YAML allows no control characters, and terminals act on them.",
	},

	// YAML.
	"tab-in-yaml": {
		Text: "a tab where YAML needs spaces", Next: "replace the tab with spaces",
		Meaning: "YAML is indented with spaces only.",
	},
	"unquoted-colon": {
		Text: "an unquoted value contains a colon followed by a space, which begins another key", Next: "put the whole value in quotes",
		Meaning: "In YAML, a colon and a space end a key. A value that contains both must be quoted.",
	},
	"unclosed-quote": {
		Text: "a quote is opened here and never closed", Next: "close the quote. Inside double quotes write \\\" for a quote, inside single quotes write ''",
		Meaning: "The rest of the file is read as part of the quoted text.",
	},
	"text-after-quote": {
		Text: "text follows the closing quote", Next: `quote the whole value. Inside double quotes write \" for a quote, inside single quotes write ''`,
		Meaning: "A quoted value ends at its second quote. A quote inside of the value must be escaped.",
	},
	"unknown-escape": {
		Text: "a backslash in double quotes begins an escape that YAML does not know", Next: `write \\ for a backslash, or use single quotes`,
		Meaning: "In double quotes a backslash begins an escape. Windows paths and patterns are easier to write in single quotes.",
	},
	"wrong-indentation": {
		Text: "the indentation does not fit the lines above", Next: "align the line with the other entries of its list or map",
		Meaning: "In YAML, the entries of one list or map begin in the same column.",
	},
	"template-in-yaml": {
		Text: "{{ begins a template, which qlsync does not fill in", Next: "write ${var.NAME} for a variable, or put the value in quotes to keep it as it is",
		Meaning: "Files for Helm, Jinja or Ansible use {{ }}. In YAML, an unquoted { begins a map.",
	},
	"unbalanced-brackets": {
		Text: "a list or map in brackets has a missing or an extra bracket or comma", Next: "check the brackets and commas from here on. Put the value in quotes if it is text",
		Meaning: "A list in [ ] or a map in { } needs a comma between its entries and a closing bracket.",
	},
	"reserved-character": {
		Text: "an unquoted value begins with a character that YAML reserves", Next: "put the value in quotes",
		Meaning: "In YAML, %, @, `, *, &, !, | and > have a meaning at the beginning of a value. The value is not shown, because it may be a password.",
	},
	"list-item-after-key": {
		Text: "a list item follows a key on the same line", Next: "begin the list on the next line, or put the value in quotes if it is text",
		Meaning: "In YAML, - and a space begin a list item, which needs a line of its own.",
	},
	"long-key": {
		Text: "a key has at most 1,024 characters", Next: "shorten the key, or write the text as a value",
		Meaning: "YAML takes a longer text before a colon for something else.",
	},
	"merge-conflict": {
		Text: "the file has an unresolved merge conflict", Next: "keep one of the two versions, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>",
		Meaning: "Git marks what two branches have changed in different ways.",
	},
	"key-without-colon": {
		Text: "a line is neither an entry (key: value) nor a list item (- value)", Next: "write a colon and a space after the key",
		Meaning: "Often the colon is missing, or the space after it.",
	},
	"invalid-yaml": {
		Text:    "not valid YAML near line {line}: {reason}",
		Meaning: "The YAML parser does not understand the file. The mistake is often on the line above.",
		Example: args{"line": 7, "reason": "did not find expected node content"},
	},
	"yaml-version": {
		Text: "the file asks for another version of YAML", Next: "remove the line that begins with %YAML",
		Meaning: "qlsync reads YAML 1.1 and 1.2.",
	},
	"unknown-anchor": {
		Text: "unknown anchor", Next: "put the value in quotes if it is text that begins with *",
		Meaning: "An unquoted * refers to an anchor (&NAME) earlier in the file. The name is not shown, because it may be a password.",
	},
	"second-document": {
		Text: "a second document begins here", Next: "remove the line ---, or put the documents into files of their own",
		Meaning: "qlsync reads one YAML document per file, so that nothing is overlooked.",
	},
	"format-changes-meaning": {
		Text: "qlsync fmt cannot format this file without changing its values, so the file stays as it is", Next: "write the unusual part, such as a key after \"? \", in a simpler form",
		Meaning: "qlsync fmt parses the file again after formatting. If the values are not exactly the same, nothing is written.",
	},
	"too-deep": {
		Text: "maps and lists are nested more than {limit} deep", Next: "check whether a closing bracket is missing",
		Meaning: "The limit protects against files that are made to exhaust memory.",
		Example: args{"limit": 64},
	},
	"alias-of-itself": {
		Text:    "the alias {alias:q} refers to the value that contains it",
		Meaning: "Such a value would have no end.",
		Example: args{"alias": "defaults"},
	},
	"unsupported-tag": {
		Text: "a tag that is not supported", Next: "put the value in quotes if it is text that begins with !",
		Meaning: "Only the YAML tags !!str, !!map and !!seq are allowed. The tag is not shown, because it may be a password.",
	},
	"duplicate-key": {
		Text: "the key {key:q} is written twice", Next: "remove one of them. The first is on line {line}",
		Meaning: "Programs disagree about which of two equal keys counts.",
		Example: args{"key": "name", "line": 4},
	},
	"empty-value": {
		Text: "the key {key:q} has no value", Next: "write a value or remove the key; write [] for an empty list, and null for a default or property that must be absent",
		Meaning: "Somebody may have removed the value or everything below the key. What is left could mean the opposite of what was meant.",
		Example: args{"key": "tenants"},
	},
	"key-not-text": {
		Text: "a key must be text", Next: "put the key in quotes",
		Meaning: "A key is a number, a switch, a list or a map.",
	},
	"bad-merge": {
		Text:    "<< must name a map, or a list of maps",
		Meaning: "The merge key << takes the entries of another map, named by an alias.",
	},
	"ambiguous-number": {
		Text: "different programs read this as different numbers", Next: "write plain decimal digits without leading zeros, or put the value in quotes if it is text",
		Meaning: "Examples are 0x1F, 1_000, 010 and .nan.",
	},
	"number-out-of-range": {
		Text: "the number is too large or too small", Next: "put the value in quotes if it is text",
		Meaning: "Programs do not agree on numbers beyond the range of 64-bit floats.",
	},
	"comment-in-value": {
		Text: "YAML reads everything from # on as a comment, not as part of the name", Next: "put the whole name in quotes, or write a space after # if it is a comment",
		Meaning: "In YAML, a space and # begin a comment. An unquoted name such as Sales #1 becomes Sales.",
	},

	// Limits.
	"file-too-large": {
		Text: "the file is larger than {limit}", Next: "split the file",
		Meaning: "The limit protects against files that are made to exhaust memory.",
		Example: args{"limit": "32 MiB"},
	},
	"too-many-marks": {
		Text: "the file has more than {limit} lines, commas, colons and brackets", Next: "split the file",
		Meaning: "The limit protects against files that are made to exhaust memory.",
		Example: args{"limit": 3145728},
	},
	"too-many-values": {
		Text: "the file has more than {limit} values", Next: "split the file, or use fewer aliases",
		Meaning: "Aliases count as often as they are used. The limit protects against files that are made to exhaust memory.",
		Example: args{"limit": 2097152},
	},
	"entry-too-large": {
		Text: "a single entry has more than {limit} values", Next: "split the entry",
		Meaning: "One connection is larger than any real one.",
		Example: args{"limit": 20000},
	},
	"map-too-large": {
		Text: "a map has more than {limit} entries", Next: "remove entries. For more tenants, declare fleet with a file or the organization in place of tenants",
		Meaning: "One map is larger than what people write by hand. A fleet has more tenants: tenants.lock.json can list 20,000.",
		Example: args{"limit": 1000},
	},
	"text-too-long": {
		Text: "a text is longer than {limit} bytes", Next: "put the text in a file of its own",
		Meaning: "One text is larger than any real one.",
		Example: args{"limit": 1048576},
	},
	"defaults-too-large": {
		Text: "with the defaults in each of its connections, the file has more than {limit} values", Next: "split the file, or declare less under defaults",
		Meaning: "Defaults count once for each connection.",
		Example: args{"limit": 2097152},
	},
	"project-too-large": {
		Text: "with this file, the project has more than {limit} {what}", Next: raise,
		Meaning: "The limits of a project protect against files that are made to exhaust memory.",
		Example: args{"limit": 200000, "what": "connections"},
	},
	"too-many-connections": {
		Text: "more than {limit} connections are declared for tenant {tenant:q}", Next: raise,
		Meaning: "A plan holds all connections of a tenant in memory.",
		Example: args{"limit": 50000, "tenant": "prod"},
	},
	"too-many-entries": {
		Text: "more than {limit} entries under connections", Next: raise,
		Meaning: "The limits of a project protect against files that are made to exhaust memory.",
		Example: args{"limit": 1000},
	},
	"too-many-places": {
		Text: "the entries under connections search more than {limit} files and folders", Next: raise,
		Meaning: "An entry may name a folder that is much larger than the project.",
		Example: args{"limit": 500000},
	},
	"too-many-files": {
		Text: "the entries under connections name more than {limit} files", Next: raise,
		Meaning: "The limits of a project protect against files that are made to exhaust memory.",
		Example: args{"limit": 50000},
	},
	"too-many-declared": {
		Text: "{connections} connections for {tenants} tenants are more than {limit}", Next: raise,
		Meaning: "Each tenant may have each connection, so the product of both counts.",
		Example: args{"connections": 200000, "tenants": 10, "limit": 1000000},
	},
	"variables-too-large": {
		Text: "with variables filled in, the project is larger than {limit} for this tenant", Next: "use shorter variables, use them less often, or raise the limits with --raise-limits N",
		Meaning: "A long variable that is used often makes a small file large.",
		Example: args{"limit": "64 MiB"},
	},

	// The structure of a file, and the values of properties.
	"unknown-field": {
		Text: "unknown field {field:q}", Next: meant,
		Meaning: "The file has a key that qlsync does not know. A misspelt key would silently have no effect.",
		Example: args{"field": "conections", "meant": "connections"},
	},
	"missing-field": {
		Text:    "field {field:q} is missing",
		Meaning: "A key that the file needs is not there.",
		Example: args{"field": "project"},
	},
	"missing-version": {
		Text: "field {field:q} is missing", Next: "write version: 1 as the first line",
		Meaning: "The version says in which format the file is written. There is one so far.",
		Example: args{"field": "version"},
	},
	"wrong-version": {
		Text: "field {field:q} must be 1", Next: "write version: 1",
		Meaning: "The version says in which format the file is written. There is one so far.",
		Example: args{"field": "version"},
	},
	"missing-from-connection": {
		Text: "field {field:q} is missing", Next: "write it here or under defaults",
		Meaning: "Every connection needs a space and a data source, its own or from the defaults of the file.",
		Example: args{"field": "space"},
	},
	"missing-companion": {
		Text:    "{field:q} needs {needed:q} next to it",
		Meaning: "One key has no meaning without the other.",
		Example: args{"field": "proxyHost", "needed": "proxyPort"},
	},
	"wrong-type": {
		Text:    "{what} {field:q} must be {expected}, not {found}",
		Meaning: "The value is of another kind than the format or the data source allows.",
		Example: args{"what": "field", "field": "schemas", "expected": "a string", "found": "a list"},
	},
	"null-for-list": {
		Text: "{what} {field:q} must be {expected}, not null", Next: "write [] for an empty list",
		Meaning: "An empty list is written as [].",
		Example: args{"what": "field", "field": "tags", "expected": "a list"},
	},
	"wrong-form": {
		Text:    "{what} {field:q} {rule}",
		Meaning: "The value does not follow the rule that the schema states for it.",
		Example: args{"what": "field", "field": "maxDeletes", "rule": "must be a count such as 5, or a percentage such as 10%"},
	},
	"wrong-pattern": {
		Text:    "{what} {field:q} must match the pattern {pattern}",
		Meaning: "The schema states a regular expression for the value.",
		Example: args{"what": "property", "field": "region", "pattern": "^[a-z]+-[a-z]+-[0-9]$"},
	},
	"wrong-format": {
		Text:    "{what} {field:q} is not a valid {format}",
		Meaning: "The schema states a format such as date or uri for the value.",
		Example: args{"what": "property", "field": "address", "format": "uri"},
	},
	"not-one-of": {
		Text:    "{what} {field:q} must be {allowed:or}",
		Meaning: "The value is none of those that are allowed.",
		Example: args{"what": "field", "field": "prune", "allowed": []string{"none", "owned"}},
	},
	"not-one-of-many": {
		Text: "{what} {field:q} is none of the {count} allowed values", Next: "write one of them, such as {examples:or}",
		Meaning: "The value is none of those that are allowed, which are too many to list.",
		Example: args{"what": "property", "field": "region", "count": 28, "examples": []string{"af-south-1", "ap-east-1", "ap-east-2"}},
	},
	"misspelt-value": {
		Text: "{what} {field:q} is none of the {count} allowed values", Next: "did you mean {meant:or}?",
		Meaning: "The value is none of those that are allowed, but close to some of them.",
		Example: args{"what": "property", "field": "region", "count": 28, "meant": []string{"eu-west-1", "eu-west-2"}},
	},
	"not-the-value": {
		Text:    "{what} {field:q} must be {value}",
		Meaning: "Only one value is allowed.",
		Example: args{"what": "property", "field": "mode", "value": "2"},
	},
	"below-minimum": {
		Text:    "{what} {field:q} must be at least {limit}",
		Meaning: "The number is too small.",
		Example: args{"what": "property", "field": "port", "limit": "1024"},
	},
	"above-maximum": {
		Text:    "{what} {field:q} must be at most {limit}",
		Meaning: "The number is too large.",
		Example: args{"what": "property", "field": "port", "limit": "65535"},
	},
	"not-above": {
		Text:    "{what} {field:q} must be more than {limit}",
		Meaning: "The number is too small.",
		Example: args{"what": "property", "field": "timeout", "limit": "0"},
	},
	"not-below": {
		Text:    "{what} {field:q} must be less than {limit}",
		Meaning: "The number is too large.",
		Example: args{"what": "property", "field": "ratio", "limit": "1"},
	},
	"not-a-multiple": {
		Text:    "{what} {field:q} must be a multiple of {limit}",
		Meaning: "The number has the wrong step.",
		Example: args{"what": "property", "field": "chunk", "limit": "512"},
	},
	"empty": {
		Text:    "{what} {field:q} must not be empty",
		Meaning: "A text, a list or a map needs at least one character, item or entry.",
		Example: args{"what": "field", "field": "spaces"},
	},
	"too-short": {
		Text:    "{what} {field:q} must have at least {limit} {unit}",
		Meaning: "A text, a list or a map has fewer characters, items or entries than it needs.",
		Example: args{"what": "property", "field": "region", "limit": "3", "unit": "characters"},
	},
	"too-long": {
		Text:    "{what} {field:q} must not have more than {limit} {unit}",
		Meaning: "A text, a list or a map has more characters, items or entries than it may.",
		Example: args{"what": "field", "field": "name", "limit": "256", "unit": "characters"},
	},
	"too-many-items": {
		Text:    "{what} {field:q} has too many items",
		Meaning: "The schema allows a fixed number of items (additionalItems).",
		Example: args{"what": "property", "field": "range"},
	},
	"duplicate-item": {
		Text:    "{what} {field:q} has an item twice",
		Meaning: "Every item of the list must be different.",
		Example: args{"what": "field", "field": "ignoreChanges"},
	},
	"several-forms": {
		Text:    "{what} {field:q} fits more than one of the allowed forms",
		Meaning: "The schema allows exactly one of several forms (oneOf).",
		Example: args{"what": "property", "field": "auth"},
	},
	"missing-items": {
		Text:    "{what} {field:q} does not have the items that the schema asks for",
		Meaning: "The schema asks for certain items in the list (contains).",
		Example: args{"what": "property", "field": "scopes"},
	},
	"not-allowed": {
		Text:    "{what} {field:q} is not allowed here",
		Meaning: "The schema forbids this value together with the other declared values.",
		Example: args{"what": "property", "field": "password"},
	},
	"schema-not-satisfied": {
		Text:    "{what} {field:q} does not satisfy {keyword:q} of the schema",
		Meaning: "The schema has a keyword for which qlsync has no sentence.",
		Example: args{"what": "property", "field": "auth", "keyword": "dependentSchemas"},
	},
	"structure-unchecked": {
		Text:    "the structure of the file cannot be checked: {reason}",
		Meaning: "The schema library failed. This is a bug in qlsync; report it.",
		Example: args{"reason": "schema: stack overflow"},
	},

	// The project file.
	"prune-without-spaces": {
		Text: "owned connections in a space that no file names any more are neither deleted nor reported",
		Next: "declare spaces: [NAME, ...] so that leftovers are found", Meaning: "With policy.prune: owned and without spaces, qlsync looks only at the spaces that its connections name.",
	},
	"embedded-without-file": {
		Text: "the embedded tenant has no file", Next: "write sim:FILE, where FILE is the seed of the embedded tenant",
		Meaning: "The url of an embedded tenant names its seed.",
	},
	"ownership-none-unsupported": {
		Text:    "ownership: none works only with the provider {providers}",
		Meaning: "With other providers, qlsync always writes ownership records.",
		Example: args{"providers": "apinizer"},
	},
	"prune-without-ownership": {
		Text: "policy.prune: owned needs ownership records, and ownership: none writes none", Next: "write policy.prune: none, or remove ownership",
		Meaning: "ownership: none and policy.prune: owned exclude each other.",
	},
	"url-not-https": {
		Text: "the url of a tenant must be an https address", Next: "write {example}, or sim:FILE for the embedded tenant",
		Meaning: "The url is the scheme and the host of the tenant.",
		Example: args{"example": "https://TENANT.REGION.qlikcloud.com"},
	},
	"url-with-path": {
		Text: "the url of a tenant must end after the host", Next: "write {example}, or sim:FILE for the embedded tenant",
		Meaning: "The url has a user, a path, a query or a fragment.",
		Example: args{"example": "https://TENANT.REGION.qlikcloud.com"},
	},
	"plain-http": {
		Text: "plain http is allowed only to this computer", Next: "use https",
		Meaning: "Tokens and credentials would be readable on the network.",
	},
	"missing-auth": {
		Text: "tenant {tenant:q} has no auth", Next: "write {example}",
		Meaning: "A real tenant needs a way to sign in.",
		Example: args{"tenant": "prod", "example": "auth: {apiKey: {env: NAME}}"},
	},
	"one-auth": {
		Text:    "auth must have one of {one} and {other}",
		Meaning: "The auth of a tenant has both ways to sign in, or none.",
		Example: args{"one": "apiKey", "other": "oauth"},
	},
	"foreign-auth": {
		Text: "{way:q} is not a way to sign in to {provider}", Next: "write {example}",
		Meaning: "The auth of the tenant belongs to another provider.",
		Example: args{"way": "token", "provider": "qlik", "example": "auth: {apiKey: {env: NAME}}"},
	},
	"exec-off-for-sign-in": {
		Text: "exec references are off, and this one would run to sign in", Next: "allow them with --allow-exec, and only where you trust everybody who can change the files",
		Meaning: "An exec reference runs a command on this computer.",
	},
	"sign-in-malformed": {
		Text:    "the {part} contains {fault}, so it cannot be valid",
		Meaning: "A part of auth has a character that no such value has.",
		Example: args{"part": "client id", "fault": "a line end"},
	},
	"sign-in-secret-malformed": {
		Text: "the {part} from {source} contains {fault}, so it cannot be valid", Next: "set it without that character; echo adds a line end, printf '%s' does not",
		Meaning: "A part of auth has a character that no such value has. The value is not shown.",
		Example: args{"part": "API key", "source": `the environment variable "QLIK_API_KEY"`, "fault": "a line end"},
	},
	"one-source-of-tenants": {
		Text: "from must have one of organization and file", Next: "keep one of them",
		Meaning: "The tenants of a fleet come from one place.",
	},
	"fleet-file-outside": {
		Text: "the file {file:q} is outside the folder of the project", Next: "keep the list of tenants next to qlsync.yaml, in Git",
		Meaning: "Columns of the file may select secrets, so the file is reviewed with the project.",
		Example: args{"file": "../tenants.csv"},
	},
	"console-needs-oauth": {
		Text: "the console needs auth: {oauth: ...}", Next: "create an OAuth client of the organization in the console, and name its id and secret",
		Meaning: "Only a client of the organization can list the tenants.",
	},
	"no-tenant-lock": {
		Text: "{file} does not exist", Next: "run qlsync fleet refresh, then review and commit the file",
		Meaning: "The tenants of the fleet are read from the lock file. Only qlsync fleet refresh asks the console.",
		Example: args{"file": "tenants.lock.json"},
	},
	"tenant-without-id": {
		Text: "tenant {name:q} has no id", Next: "write the id that the tenant reports (GET /api/v1/tenants/me)",
		Meaning: "Without the id, qlsync cannot notice that a host now leads to another tenant.",
		Example: args{"name": "acme"},
	},
	"tenant-id-malformed": {
		Text:    "the id of tenant {name:q} must be 1 to 64 letters, digits, hyphens and underscores",
		Meaning: "Ids of tenants have no other characters.",
		Example: args{"name": "acme"},
	},
	"tenant-host-malformed": {
		Text: "tenant {id:q} must have a host", Next: "write the host in lower case without https://, such as acme.eu.qlikcloud.com",
		Meaning: "The host is missing, or has characters that a host cannot have.",
		Example: args{"id": "t-1"},
	},
	"same-tenant-id": {
		Text: "the id {id:q} is also that of the tenant at {at}", Next: "remove one of the two",
		Meaning: "Each tenant has an id of its own.",
		Example: args{"id": "t-1", "at": "tenants.lock.json:4:5"},
	},
	"same-tenant-host": {
		Text: "the host {host:q} is also that of the tenant at {at}", Next: "remove one of the two",
		Meaning: "Each tenant has a host of its own.",
		Example: args{"host": "acme.eu.qlikcloud.com", "at": "tenants.lock.json:4:5"},
	},
	"same-tenant-name": {
		Text: "the tenant with id {id:q} would have the same name, {tenant:q}, as the tenant at {at}", Next: "use ${tenant.host} or ${tenant.id} in the name under fleet.tenant",
		Meaning: "Each tenant of a project needs a name of its own.",
		Example: args{"id": "t-2", "tenant": "acme", "at": "tenants.lock.json:4:5"},
	},
	"fleet-tenant-name": {
		Text: "the name under fleet.tenant becomes {name:q} for the tenant with id {id:q}, and a tenant cannot have that name", Next: "use ${tenant.host} or ${tenant.id}",
		Meaning: "A name has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit.",
		Example: args{"id": "t-1", "name": ""},
	},
	"fleet-host-not-allowed": {
		Text: "tenant {tenant:q} has the url {url}, and the sign-in may be sent only to {hosts}", Next: "find out why the host is in the list. If it is right, add it to fleet.hosts",
		Meaning: "A list of tenants that was tampered with could send the sign-in to a foreign host.",
		Example: args{"tenant": "acme", "url": "https://acme.example", "hosts": []string{"*.qlikcloud.com"}},
	},
	"too-many-tenants": {
		Text: "the list has more than {limit} tenants", Next: "divide the fleet, or raise the limits with --raise-limits N",
		Meaning: "The list is longer than that of any known organization.",
		Example: args{"limit": 20000},
	},
	"tenants-not-a-list": {
		Text: "the file must be a list of maps", Next: "write - {id: ID, host: HOST} for each tenant",
		Meaning: "Each tenant is a map of its columns.",
	},
	"csv-malformed": {
		Text:    "the line is not CSV: {reason}",
		Meaning: "The fields of a line are separated by commas, as many as in the first line. A field with a comma or a quote is in quotes.",
		Example: args{"reason": "wrong number of fields"},
	},
	"column-twice": {
		Text: "the file has the column {column:q} twice", Next: "rename one of them",
		Meaning: "Each column of the fleet's file has a name of its own.",
		Example: args{"column": "stage"},
	},
	"column-name": {
		Text: "{column:q} cannot be the name of a column", Next: "write letters, digits, hyphens and underscores, beginning with a letter",
		Meaning: "The name of a column is part of a placeholder, ${tenant.COLUMN}.",
		Example: args{"column": "the stage"},
	},
	"column-value": {
		Text:    "the column {column:q} must have at most {limit} bytes, and no line ends or control characters",
		Meaning: "The value of a column is part of names and addresses.",
		Example: args{"column": "stage", "limit": 1000},
	},
	"column-not-text": {
		Text:    "the column {column:q} must be a text, a number or a boolean",
		Meaning: "A column has one value.",
		Example: args{"column": "stage"},
	},
	"group-without-tenants": {
		Text: "no tenant is in group {group:q}", Next: "check its patterns, or remove the group",
		Meaning: "A pattern of the group may be misspelt.",
		Example: args{"group": "canary"},
	},
	"unknown-tenant-attribute": {
		Text: "no tenant has the column {attribute:q}", Next: meant,
		Meaning: "A pattern is for the name, id, host or region of tenants, or for a column of the fleet's file.",
		Example: args{"attribute": "regoin", "meant": "region"},
	},
	"same-url": {
		Text: "tenant {tenant:q} has the same url as tenant {other:q} at {at}, so each would delete what the other one creates",
		Next: "keep one tenant; for connections that only some people need, use a separate project", Meaning: "Each tenant of a project needs a url of its own.",
		Example: args{"tenant": "test", "other": "prod", "at": "qlsync.yaml:5:5"},
	},
	"rate-below-one": {
		Text: "the rate allows less than one request in its window", Next: "write a higher rate or a longer window",
		Meaning: "qlsync could never send a request.",
	},
	"burst-too-large": {
		Text: "the burst is larger than the {share} requests of a window", Next: "write a smaller burst, or remove burst",
		Meaning: "A burst is a part of the requests of one window, so it cannot be larger than all of them.",
		Example: args{"share": 50},
	},

	// The rollout.
	"wave-with-both": {
		Text: "wave {wave} has both a group and a share", Next: "write one of them, or two waves",
		Meaning: "A wave takes the tenants of a group or a share of all tenants.",
		Example: args{"wave": "canary"},
	},
	"wave-unknown-group": {
		Text: "wave {wave} takes group {group:q}, which is not declared", Next: meant,
		Meaning: "A wave names a group that is not among the groups of the project file.",
		Example: args{"wave": "canary", "group": "canaries", "meant": "canary"},
	},
	"wave-twice": {
		Text: "two waves have the name {wave}", Next: "give each wave its own name",
		Meaning: "--wave selects a wave by its name.",
		Example: args{"wave": "canary"},
	},
	"wave-after-rest": {
		Text: "wave {wave} can have no tenants, because wave {rest} takes all that are left", Next: "move wave {rest} to the end, or give it a group or a share",
		Meaning: "A wave with neither a group nor a share takes every tenant that no earlier wave takes.",
		Example: args{"wave": "late", "rest": "rest"},
	},
	"shares-too-large": {
		Text: "the shares of the waves are {share}% together", Next: "write shares of at most 100% together",
		Meaning: "Each share is a part of all tenants of the project, and a tenant belongs to one share only.",
		Example: args{"share": 120},
	},
	"tenant-in-no-wave": {
		Text: "{count:tenant is|tenants are} in no wave: {tenants:few}", Next: "end the waves with one that takes the rest: {name: rest}",
		Meaning: "Every tenant of the project must be in a wave of the rollout. Otherwise an apply would never reach it.",
		Example: args{"count": 1, "tenants": []string{"acme"}},
	},

	// Variables and references.
	"unknown-placeholder": {
		Text: "only ${var.NAME}, ${tenant.id}, ${tenant.COLUMN}, ${each.key} and ${each.value} are filled in", Next: "write $${ for a literal ${",
		Meaning: "A value contains ${, and no placeholder follows.",
	},
	"each-without-for-each": {
		Text: "${each...} needs an item of forEach", Next: "add forEach to the connection, or write $${ for a literal ${",
		Meaning: "Only connections with forEach have items. An item itself cannot contain another one, and a moved block has none.",
	},
	"each-without-key": {
		Text: "the items of this forEach are maps in a list, which have no key", Next: "write ${each.value.FIELD}, or make forEach a map",
		Meaning: "In a map, the key is that of the entry. In a list of texts, the key is the text.",
	},
	"each-without-fields": {
		Text: "the item of forEach is a text and has no field {field:q}", Next: "write ${each.value}",
		Meaning: "Only an item that is a map has fields.",
		Example: args{"field": "host"},
	},
	"each-is-map": {
		Text: "the item of forEach is a map", Next: "write ${each.value.FIELD}, where FIELD is one of {fields:or}",
		Meaning: "A text can contain only a field of a map.",
		Example: args{"fields": []string{"host", "port"}},
	},
	"each-unknown-field": {
		Text: "the item of forEach has no field {field:q}", Next: meant,
		Meaning: "Each item needs all fields that the connection uses.",
		Example: args{"field": "hsot", "meant": "host"},
	},
	"undefined-variable": {
		Text: "variable {variable:q} is not defined", Next: meant,
		Meaning: "Neither the project, the tenant nor --var defines the variable.",
		Example: args{"variable": "stge", "meant": "stage"},
	},
	"undefined-for-tenant": {
		Text: "variable {variable:q} is not defined for tenant {tenant:q}", Next: meant,
		Meaning: "Neither the project, this tenant nor --var defines the variable.",
		Example: args{"variable": "stge", "tenant": "prod", "meant": "stage"},
	},
	"variable-in-variable": {
		Text: "variable {variable:q} refers to a variable", Next: "write the text itself, or use both variables where a connection needs them",
		Meaning: "Variables are plain texts.",
		Example: args{"variable": "bucket"},
	},
	"unused-variable": {
		Text: "--var {variable}: no file declares or uses this variable", Next: meant,
		Meaning: "With a misspelt variable, the default would silently stay in effect.",
		Example: args{"variable": "stge", "meant": "stage"},
	},
	"several-sources": {
		Text: "a reference names more than one source", Next: "keep one of env, file and exec",
		Meaning: "A secret comes from one place.",
	},
	"variable-in-reference": {
		Text:    "variables are not filled in inside references",
		Meaning: "Where a secret comes from must not depend on a variable.",
	},
	"tenant-placeholder-outside": {
		Text: "${tenant.{placeholder}} is filled in only in what belongs to one tenant", Next: "write the name without the placeholder",
		Meaning: "The sign-in to a console or the like is not the sign-in to a tenant.",
		Example: args{"placeholder": "id"},
	},
	"tenant-placeholder-remote": {
		Text: "${tenant.{placeholder}} must not be part of the name of a secret", Next: "use ${tenant.id}, or a column of the fleet's file",
		Meaning: "The owner of a tenant chooses its name and host. Then the owner would choose which secret is sent to the tenant.",
		Example: args{"placeholder": "name"},
	},
	"tenant-placeholder-unknown": {
		Text: "there is no ${tenant.{placeholder}}", Next: meant,
		Meaning: "A placeholder is id, name, host, region or a column of the fleet's file.",
		Example: args{"placeholder": "regoin", "meant": "region"},
	},
	"tenant-placeholder-empty": {
		Text: "${tenant.{placeholder}} is empty for tenant {tenant:q}", Next: "write id under a tenant of the project file, or fill in the column in the fleet's file",
		Meaning: "A name without the value would select another secret.",
		Example: args{"placeholder": "id", "tenant": "prod"},
	},
	"tenant-placeholder-unfit": {
		Text: "${tenant.{placeholder}} of tenant {tenant:q} must be 1 to 64 letters, digits, hyphens and underscores to be part of the name of a secret", Next: "use another column",
		Meaning: "Other characters could lead to another folder.",
		Example: args{"placeholder": "stage", "tenant": "prod"},
	},
	"tenant-placeholder-in-value": {
		Text: "${tenant.{placeholder}} cannot be used in a connection", Next: "use ${tenant.id}, a column of the fleet's file, or a variable of the tenant",
		Meaning: "The owner of a tenant chooses its name and host. A value can be the host to which the credentials are sent, so it comes from the repository.",
		Example: args{"placeholder": "name"},
	},
	"placeholder-open": {
		Text: "a placeholder that begins with {open} has no closing brace", Next: "write ${tenant.id}, ${each.value} or the like",
		Meaning: "A placeholder ends with }.",
		Example: args{"open": "${tenant."},
	},
	"each-unfit": {
		Text: "${each.{placeholder}} must be 1 to 64 letters, digits, hyphens and underscores to be part of the name of a secret", Next: "use a field of the item with such a value",
		Meaning: "Other characters could lead to another folder.",
		Example: args{"placeholder": "value"},
	},
	"expanded-name-invalid": {
		Text: "with its placeholders filled in, the name of the environment variable is {name:q}, which no variable can have", Next: "use a column without hyphens, or {file: PATH}",
		Meaning: "The name of an environment variable has letters, digits and underscores, and does not begin with a digit.",
		Example: args{"name": "QLIK_a-b"},
	},
	"pipeline-token": {
		Text: "the environment variable {variable:q} is a token of the CI pipeline and must never be sent to a tenant",
		Next: "create a secret for this purpose, in a variable with another name", Meaning: "The token of a job allows access to the repository.",
		Example: args{"variable": "GITHUB_TOKEN"},
	},
	"fingerprint-key-sent": {
		Text:    "the environment variable {variable} is the key of the fingerprints and must not be sent anywhere",
		Meaning: "Whoever knows the key can check guesses about credentials.",
		Example: args{"variable": "QLSYNC_FINGERPRINT_KEY"},
	},
	"system-file": {
		Text:    "the file {file:q} is below {folder}, where no secret is read",
		Meaning: "The folders /proc, /sys and /dev contain devices, and the environment and memory of processes.",
		Example: args{"file": "/proc/self/environ", "folder": "/proc"},
	},
	"sign-in-secret-sent": {
		Text: "the {source} {name:q} signs in to tenant {tenant:q} and must not be sent anywhere else", Next: "give the connection a secret of its own",
		Meaning: "The host of a connection can read what it is given, and would get the key of the tenant.",
		Example: args{"source": "environment variable", "name": "QLIK_API_KEY", "tenant": "prod"},
	},

	// Connections.
	"unknown-tenant": {
		Text: "there is no tenant {tenant:q}", Next: meant,
		Meaning: "The name is none of those under tenants in the project file.",
		Example: args{"tenant": "pord", "meant": "prod"},
	},
	"unknown-group": {
		Text: "there is no group {group:q}", Next: meant,
		Meaning: "The name is none of those under groups in the project file.",
		Example: args{"group": "cannary", "meant": "canary"},
	},
	"not-in-override": {
		Text: "an override cannot change {field}", Next: "declare a second connection, and set tenants in both",
		Meaning: "Space, name and data source identify a connection, so they are the same for all of its tenants.",
		Example: args{"field": "space"},
	},
	"override-for-nobody": {
		Text: "no {what} matches {pattern:q}, so the override changes nothing", Next: "correct the pattern, or remove the override",
		Meaning: "A pattern may be for tenants that will be added later, so this is only a warning.",
		Example: args{"what": "tenant", "pattern": "prod-*"},
	},
	"too-many-sensitive": {
		Text:    "sensitive and notSensitive must not list more than {limit} names together",
		Meaning: "One of the lists is much longer than any real one.",
		Example: args{"limit": 100},
	},
	"property-and-credential": {
		Text: "{property:q} is both under properties and under credentials", Next: "keep one of them",
		Meaning: "A value belongs to one place.",
		Example: args{"property": "username"},
	},
	"built-in-connection": {
		Text:    "{name} is the service's own connection and cannot be managed",
		Meaning: "Every space has it, and the service does not let anybody change it.",
		Example: args{"name": "DataFiles"},
	},
	"empty-name": {
		Text:    "{what} must not be empty",
		Meaning: "The name has no visible character. A variable may be empty.",
		Example: args{"what": "the name of a connection"},
	},
	"name-is-path-step": {
		Text:    "{what} must not be {name:q}, which is a step in a path",
		Meaning: "A file of that name could not be written.",
		Example: args{"what": "the name of a connection", "name": ".."},
	},
	"name-with-blanks": {
		Text:    "{what} must not begin or end with a blank",
		Meaning: "Nobody sees the blank, and apps would not find the connection.",
		Example: args{"what": "the name of a connection"},
	},
	"name-with-joiner": {
		Text:    "{what} must not begin or end with a joiner: {name:q}",
		Meaning: "Nobody sees the character, and apps would not find the connection.",
		Example: args{"what": "the name of a connection", "name": "Sales\u200d"},
	},
	"name-with-control-character": {
		Text:    "{what} must not contain control or formatting characters: {name:q}",
		Meaning: "Such characters end lines, control terminals or turn the direction of writing.",
		Example: args{"what": "the name of a connection", "name": "Sales\u202e"},
	},
	"empty-tag": {
		Text:    "a tag must not be empty",
		Meaning: "The tag has no visible character. A variable may be empty.",
	},
	"tag-with-control-character": {
		Text:    "a tag must not contain control or formatting characters: {tag:q}",
		Meaning: "Such characters end lines, control terminals or turn the direction of writing.",
		Example: args{"tag": "finance\u202e"},
	},
	"reserved-tag": {
		Text: "the tag {tag:q} is reserved", Next: "remove it: tags that begin with qlsync or DcaasAPI: are written by programs",
		Meaning: "Ownership records are tags.",
		Example: args{"tag": "qlsync:finance"},
	},
	"tag-too-long": {
		Text:    "a tag is longer than {limit} bytes",
		Meaning: "The service refuses longer tags.",
		Example: args{"limit": 256},
	},
	"duplicate-tag": {
		Text:    "the tag {tag:q} is listed twice",
		Meaning: "Tags are a set.",
		Example: args{"tag": "finance"},
	},
	"duplicate-connection": {
		Text: "connection {connection:q} is declared twice in space {space:q}", Next: "remove or rename one of them. The first is at {first}",
		Meaning: "Space and name identify a connection, in all files together.",
		Example: args{"connection": "Orders", "space": "Finance", "first": "connections/a.yaml:7:11"},
	},
	"same-but-for-spelling": {
		Text: "connections {own} and {other} in space {space:q} differ only in {difference}", Next: "rename one of them: such names count as one. The other is at {at}",
		Meaning: "Names that differ only by letter case or normalisation count as the same name.",
		Example: args{"own": `"orders"`, "other": `"Orders"`, "space": "Finance", "difference": "letter case", "at": "connections/a.yaml:7:11"},
	},
	"connections-look-alike": {
		Text: "connections {own} and {other} in space {space:q} differ only in {difference}", Next: "rename one of them, so that people can tell them apart. The other is at {at}",
		Meaning: "Two names look the same to a reader and are different names.",
		Example: args{"own": `"Orders"`, "other": `"Ord\u0435rs"`, "space": "Finance", "difference": "look-alike letters", "at": "connections/a.yaml:7:11"},
	},
	"spaces-look-alike": {
		Text: "the spaces {own} and {other} differ only in {difference}", Next: "if both mean one space, write its name in the same way. The other is at {at}",
		Meaning: "Two names look the same to a reader and are different names.",
		Example: args{"own": `"Finance "`, "other": `"Finance"`, "difference": "blanks", "at": "connections/a.yaml:3:10"},
	},
	"spaces-unsupported": {
		Text: "spaces cannot be declared for the provider {provider}", Next: "remove the space, or limit it with tenants to those of another provider",
		Meaning: "Only Qlik Cloud has spaces that qlsync can create and complete.",
		Example: args{"provider": "apinizer"},
	},
	"personal-space-declared": {
		Text: "the personal space cannot be declared", Next: "remove it: every user has one",
		Meaning: "personal stands for the personal space of the caller, which always exists.",
	},
	"space-name-refused": {
		Text: "{space:q} cannot be the name of a space", Next: `use at most 256 characters, without " * ? < > / | \ and :`,
		Meaning: "The service refuses names of spaces that are too long or have one of these characters.",
		Example: args{"space": "Finance: EMEA"},
	},
	"duplicate-space": {
		Text: "space {space:q} is declared twice", Next: "remove one of the declarations. The first is at {first}",
		Meaning: "The name identifies a space, in all files together. Names that differ only by letter case count as one.",
		Example: args{"space": "Finance", "first": "connections/a.yaml:4:11"},
	},
	"one-member-kind": {
		Text: "a member needs exactly one of group, user and client", Next: "write one entry for each member",
		Meaning: "Each entry under members is one group, one user or one OAuth client.",
	},
	"duplicate-member": {
		Text: "{member} is a member twice", Next: "write all roles in one entry",
		Meaning: "A group, a user or a client has one list of roles in a space.",
		Example: args{"member": "group Analysts"},
	},
	"role-letter-case": {
		Text: "role {role:q} is written in another letter case", Next: "write {meant}",
		Meaning: "The service distinguishes the letter case of roles in spaces.",
		Example: args{"role": "Producer", "meant": "producer"},
	},
	"space-not-in-project": {
		Text: "space {space:q} is not among the project's spaces", Next: meant,
		Meaning: "The project file lists the spaces that the project looks at.",
		Example: args{"space": "Finanse", "meant": "Finance"},
	},
	"space-not-in-project-alike": {
		Text: "space {own} is not among the project's spaces", Next: "did you mean {other}? The names differ only in {difference}",
		Meaning: "The project file lists a space whose name looks the same.",
		Example: args{"own": `"Finance\u200b"`, "other": `"Finance"`, "difference": "an invisible character"},
	},

	// Moves.
	"move-to-itself": {
		Text:    "a move must lead somewhere else",
		Meaning: "From and to of a moved block are the same.",
	},
	"moved-twice": {
		Text: "{from:q} is moved twice", Next: "keep one of the moved blocks. The first is at {first}",
		Meaning: "A connection can go to one place only.",
		Example: args{"from": "Finance/Orders", "first": "connections/a.yaml:12:5"},
	},
	"moves-in-circle": {
		Text: "the moved blocks from {from:q} form a circle, and no file declares a connection on it", Next: "remove one of them, or declare the connection where it belongs",
		Meaning: "The moved blocks lead to no declared connection.",
		Example: args{"from": "Finance/Orders"},
	},
	"move-to-undeclared": {
		Text: "the moved block leads to {to:q}, which no file declares", Next: "remove the block if the connection is gone",
		Meaning: "The block has no effect. If the connection was renamed again, the block leads to its old name.",
		Example: args{"to": "Finance/Orders"},
	},
	"move-to-misspelt": {
		Text: "the moved block leads to {to:q}, which no file declares", Next: meant,
		Meaning: "The block has no effect. The files declare a connection with a similar name.",
		Example: args{"to": "Finance/Ordres", "meant": "Finance/Orders"},
	},
	"move-to-other-case": {
		Text: "the moved block leads to {to:q}, which no file declares", Next: "letter case counts: write {meant:q}",
		Meaning: "The block has no effect. The files declare a connection whose name differs in letter case.",
		Example: args{"to": "Finance/orders", "meant": "Finance/Orders"},
	},
	"move-to-look-alike": {
		Text: "the moved block leads to {own}, which no file declares", Next: "write {other}, which differs only in {difference}",
		Meaning: "The block has no effect. The files declare a connection whose name looks the same.",
		Example: args{"own": `"Finance/Orders\u200b"`, "other": `"Finance/Orders"`, "difference": "an invisible character"},
	},

	// lifecycle.compare.
	"comparison-without-rule": {
		Text: "{property:q} says nothing about how it is compared", Next: "write as: set, as: ignoreCase or only: declared",
		Meaning: "An entry under lifecycle.compare needs a rule.",
		Example: args{"property": "scopes"},
	},
	"comparison-key-without-set": {
		Text: "by needs as: set, because it identifies the items of a set", Next: "write as: set, or remove by",
		Meaning: "Only a set has a key for its items.",
	},
	"comparison-not-a-list": {
		Text:    "{property:q} is declared as {found}, and only a list is compared as a set",
		Meaning: "The rule does not fit the declared value.",
		Example: args{"property": "scopes", "found": "a text"},
	},
	"comparison-key-not-found": {
		Text: "no item of {property:q} has the key {key:q}", Next: meant,
		Meaning: "The key under by identifies the items of a set.",
		Example: args{"property": "queryHeaders", "key": "nmae", "meant": "name"},
	},
	"comparison-without-entries": {
		Text:    "{property:q} is declared as {found}, which has no entries",
		Meaning: "only: declared compares the declared entries of a list or map.",
		Example: args{"property": "scopes", "found": "a text"},
	},
	"comparison-unknown-property": {
		Text: "lifecycle.compare: data source {dataSource} has no property {property:q}", Next: meant,
		Meaning: "No connection with this rule can have the property.",
		Example: args{"dataSource": "rest", "property": "querryHeaders", "meant": "queryHeaders"},
	},

	// Secrets in files.
	"sensitive-and-not": {
		Text: "{property:q} is also listed under sensitive", Next: "take it out of one of the two lists",
		Meaning: "A property is sensitive or is not.",
		Example: args{"property": "token"},
	},
	"not-sensitive-secret": {
		Text: "the documentation or the schema of the data source says that {property:q} is or contains a secret, and notSensitive corrects only guesses",
		Next: "take it out of the list, and declare the secret under credentials", Meaning: "notSensitive is for properties that qlsync takes for a secret by their name only.",
		Example: args{"property": "password"},
	},
	"not-sensitive-unknown-property": {
		Text: "notSensitive: data source {dataSource} has no property {property:q}", Next: meant,
		Meaning: "No connection with this list can have the property.",
		Example: args{"dataSource": "rest", "property": "urll", "meant": "url"},
	},
	"secret-in-properties": {
		Text: "{property:q} is a secret and must not be under properties", Next: "move it under credentials, as {property}: {env: NAME}",
		Meaning: "Properties are compared, shown in plans and kept in Git. Secrets belong under credentials, as references.",
		Example: args{"property": "password"},
	},
	"suspect-in-properties": {
		Text: "{property:q} is a secret and must not be under properties",
		Next: "move it under credentials, as {property}: {env: NAME}; if it is not a secret, add notSensitive: [{property}]", Meaning: "The name of the property is that of a secret. This is a guess, which notSensitive corrects.",
		Example: args{"property": "apiToken"},
	},
	"credential-in-properties": {
		Text: "{property:q} is a part of the credentials", Next: moveBelow,
		Meaning: "The service stores the value with the credentials.",
		Example: args{"property": "username"},
	},
	"reference-in-properties": {
		Text: "{property:q} contains a reference, which works only under credentials", Next: moveBelow,
		Meaning: "Properties are read by everybody who sees the connection, so references are not resolved there.",
		Example: args{"property": "password"},
	},
	"secret-inside-property": {
		Text:    "{property:q} contains a secret. Move it under credentials, with {env: NAME} or {file: PATH} for the value",
		Meaning: "A part of the value is a secret, for example a password in an address or a token in a header.",
		Example: args{"property": "queryHeaders"},
	},
	"suspect-inside-property": {
		Text: "{property:q} contains a secret. Move it under credentials, with {env: NAME} or {file: PATH} for the value",
		Next: "if it is not a secret, add notSensitive: [{property}]", Meaning: "A part of the value looks like a secret. This is a guess, which notSensitive corrects.",
		Example: args{"property": "queryHeaders"},
	},
	"secret-without-source": {
		Text: "{property:q} is a secret, and nothing says where its value comes from", Next: "write {env: NAME} or {file: PATH} where the value belongs",
		Meaning: "A list or map under credentials contains no reference.",
		Example: args{"property": "keyFile"},
	},
	"secret-in-plain-text": {
		Text: "a secret must not be in a file", Next: asSource,
		Meaning: "Everybody who can read the repository could read the secret. If it was pushed, change it at its source too.",
	},
	"not-a-credential": {
		Text: "{property:q} is not a credential", Next: "move it under properties",
		Meaning: "Credentials are write-only. What is under properties is compared with the tenant.",
		Example: args{"property": "region"},
	},

	// Data sources and their schemas.
	"unknown-data-source": {
		Text: "there is no data source {dataSource:q}", Next: meant,
		Meaning: "Neither the tenant nor the vendored schemas have the data source.",
		Example: args{"dataSource": "File_AmazonS3Connector", "meant": "File_AmazonS3ConnectorV2"},
	},
	"data-source-disabled": {
		Text: "data source {dataSource:q} is disabled in the tenant", Next: "ask an administrator to enable it, or change dataSource",
		Meaning: "An administrator of the tenant has disabled the data source.",
		Example: args{"dataSource": "rest"},
	},
	"unknown-property": {
		Text: "data source {dataSource:q} has no property {property:q}", Next: meant,
		Meaning: "The schema of the data source does not list the property. With additionalProperties: allow on the connection, this is a warning.",
		Example: args{"dataSource": "rest", "property": "urll", "meant": "url"},
	},
	"missing-property": {
		Text:    "data source {dataSource:q} needs the {what} {property:q}",
		Meaning: "The schema of the data source requires the value, and it has no default.",
		Example: args{"dataSource": "rest", "what": "property", "property": "url"},
	},
	"credentials-without-secret": {
		Text: "the credentials contain no secret", Next: "add {secrets:or}, with {env: NAME} or {file: PATH}",
		Meaning: "Credentials are written as a whole. Writing these would erase the secret that the tenant stores.",
		Example: args{"secrets": []string{"password"}},
	},
	"unused-credential": {
		Text:    "the connection does not use the credential {credential:q}: it is for {cases}",
		Meaning: "The declared properties select another way to sign in.",
		Example: args{"credential": "password", "cases": "authType basic"},
	},
	"removed-property": {
		Text: "newer versions of the service do not have the property {property:q} of data source {dataSource:q}, so they may refuse or ignore it",
		Next: "leave it out unless your version has it", Meaning: "The property belongs to older versions of the service.",
		Example: args{"property": "poolSize", "dataSource": "database"},
	},
	"schema-too-large": {
		Text:    "the schema of data source {dataSource:q} is larger than {limit}, so its properties are not checked",
		Meaning: "The limit protects against schemas that are made to exhaust memory.",
		Example: args{"dataSource": "rest", "limit": "4 MiB"},
	},
	"schema-too-costly": {
		Text:    "the schema of data source {dataSource:q} would be applied more than {limit} times to the connections, so only the names of its properties are checked",
		Meaning: "The limit protects against schemas that would take very long to check.",
		Example: args{"dataSource": "rest", "limit": 50000000},
	},
	"schema-invalid": {
		Text:    "the schema of data source {dataSource:q} is not a JSON Schema, so its properties are not checked",
		Meaning: "The service or the vendored file contains something other than a JSON Schema.",
		Example: args{"dataSource": "rest"},
	},
	"schema-unusable": {
		Text:    "the schema of data source {dataSource:q} cannot be used, so only the names of its properties are checked",
		Meaning: "The schema library cannot compile the schema.",
		Example: args{"dataSource": "rest"},
	},
	"schema-refused": {
		Text:    "the schema of data source {dataSource:q} cannot be used, because {reason}. Only the names of its properties are checked",
		Meaning: "The limits protect against schemas that are made to exhaust memory.",
		Example: args{"dataSource": "rest", "reason": "it has more than 10000 schemas"},
	},
	"schema-part-unusable": {
		Text:    "the schema of data source {dataSource:q} is not checked at {where}, which cannot be used here",
		Meaning: "A keyword of the schema is of another dialect, or refers to another document.",
		Example: args{"dataSource": "rest", "where": "/properties/url/pattern"},
	},
	"schema-failed": {
		Text:    "the schema of data source {dataSource:q} cannot be used on this connection",
		Meaning: "The schema library failed, so only names were checked.",
		Example: args{"dataSource": "rest"},
	},
}
