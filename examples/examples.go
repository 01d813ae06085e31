// Package examples contains the example projects, to read and to copy; `qlsync init` writes the
// first one. Each is a story in testdata/golden, so that all of them are known to work.
package examples

import "embed"

// Quickstart is the project that `qlsync init` writes, in the folder quickstart. The files are
// listed one by one, because the folder may also contain the state of an embedded tenant. Its
// schemas are the result of qlsync schemas pull; init adds the schemas for editors of qlsync
// schemas editor.
//
//go:embed quickstart/.gitignore quickstart/qlsync.yaml quickstart/tenant.yaml quickstart/connections/finance.yaml quickstart/schemas/*.json quickstart/schemas/schemas.lock
var Quickstart embed.FS

// CI is the pipelines that `qlsync init --ci` writes, in the folder ci. The names of the project, of
// its tenant and of its secrets are examples, which init replaces.
//
//go:embed all:ci
var CI embed.FS
