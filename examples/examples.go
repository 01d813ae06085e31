// Package examples holds the example projects. They are here to be read and
// copied; `qlsync init` writes the first one. Each is a story in
// testdata/golden, so what stands here runs.
package examples

import "embed"

// Quickstart is the project that `qlsync init` writes, in the folder quickstart.
// The files are named one by one: the folder may hold the state of an embedded
// tenant, too. Its schemas are what qlsync schemas pull writes there;
// init adds those for editors, which qlsync schemas editor writes.
//
//go:embed quickstart/.gitignore quickstart/qlsync.yaml quickstart/tenant.yaml quickstart/connections/finance.yaml quickstart/schemas/*.json quickstart/schemas/schemas.lock
var Quickstart embed.FS

// CI is the pipelines that `qlsync init --ci` writes, in the folder ci. The names of the project, of
// its tenant and of its secrets are examples, which init replaces.
//
//go:embed all:ci
var CI embed.FS
