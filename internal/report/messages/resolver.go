package messages

import "github.com/qlsync/qlsync/pkg/connection"

// Resolver are the messages of package resolver.
var Resolver = connection.Messages{
	"variable-not-set": {
		Text:    "environment variable {variable:q} is not set",
		Meaning: "A reference {env: NAME} names a variable that this run does not have.",
		Example: args{"variable": "ORDERS_ACCESS_KEY"},
	},
	"variable-empty": {
		Text:    "environment variable {variable:q} is empty",
		Meaning: "An empty secret is a mistake. In pipelines, a secret is often empty for pull requests from forks.",
		Example: args{"variable": "ORDERS_ACCESS_KEY"},
	},
	"variable-not-text": {
		Text:    "environment variable {variable:q}: its value is {fault}, so it cannot be sent unchanged",
		Meaning: "A service gets text in UTF-8 only. The value is not shown.",
		Example: args{"variable": "ORDERS_ACCESS_KEY", "fault": "not UTF-8 text"},
	},
	"secret-file-not-readable": {
		Text:    "secret file {file:q}: {reason}",
		Meaning: "A reference {file: PATH} names a file that cannot be read.",
		Example: args{"file": "keys/orders", "reason": "no such file or directory"},
	},
	"secret-file-empty": {
		Text:    "secret file {file:q} is empty",
		Meaning: "An empty secret is a mistake.",
		Example: args{"file": "keys/orders"},
	},
	"secret-file-in-utf16": {
		Text: "secret file {file:q} is in UTF-16", Next: "save it as UTF-8; in Windows PowerShell, use Out-File -Encoding utf8 instead of >",
		Meaning: "Windows PowerShell 5 writes UTF-16 with >. A service gets text in UTF-8 only.",
		Example: args{"file": "keys/orders"},
	},
	"secret-file-not-text": {
		Text: "secret file {file:q} is {fault}", Next: "to send its bytes, add encoding: base64",
		Meaning: "A service gets text in UTF-8 only. The value is not shown.",
		Example: args{"file": "keys/orders.p12", "fault": "not UTF-8 text"},
	},
	"exec-off": {
		Text: "exec references are off", Next: "allow them with --allow-exec, and only where you trust everybody who can change the files",
		Meaning: "An exec reference runs a command on this computer.",
	},
	"exec-without-command": {
		Text:    "exec names no command",
		Meaning: "A reference {exec: [COMMAND, ...]} needs a command.",
	},
	"secret-command-failed": {
		Text:    "secret command {command:q}: {reason}",
		Meaning: "A reference {exec: [COMMAND, ...]} did not print a secret. Its output is not shown.",
		Example: args{"command": "op", "reason": "it has not ended after 30 s"},
	},
}
