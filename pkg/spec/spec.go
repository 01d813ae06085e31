// Package spec turns the files that people write into the desired state: the
// project file with its tenants and policy, and the connection files with
// defaults merged, variables filled in and secrets left as references.
//
//	qlsync.yaml ──LoadProject──▶ Project ──Desired(tenant, --var)──▶ DesiredSet
//	connections/*.yaml ──────────────────────▲                          │
//	api-specs (tenant or vendored) ──CheckCredentials, CheckProperties──▶ Problems
//
// It is the first room of the flow, and the only one that knows YAML and JSON
// Schema: what leaves it are the words of package connection, and a position in
// a file for everything.
//
// # Promises
//
// Every mistake is reported, not only the first one, each with file, line and
// column, in the order of the files; the same files give the same bytes. Of more
// than anybody reads the first are, and that there are more. A value never appears
// in a message, because it could be a secret: names do. What is returned beside
// problems is as much as could be understood, so that further checks find further
// mistakes; it is fit for a plan only if none of the problems is an error.
//
// Reading is bounded: the size of a file, of a text and of a map, the depth, and
// the number of values that aliases stand for.
//
// # What it never does
//
// It does not call a tenant, does not know a particular service (what is secret
// and what a data source looks like is given to it), does not log, and does not
// read a secret: only [Resolver] does, when it is asked to.
package spec
