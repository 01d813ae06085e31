// Package spec parses the files that people write into the desired state: the project file with its
// tenants and policy, and the connection files with defaults merged, variables filled in and secrets
// left as references.
//
//	qlsync.yaml ──LoadProject──▶ Project ──Desired(tenant, --var)──▶ DesiredSet
//	connections/*.yaml ──────────────────────▲                          │
//	api-specs (tenant or vendored) ──CheckCredentials, CheckProperties──▶ Problems
//
// It is the first stage, and the only package that knows YAML and JSON Schema: its results are types
// of package connection, with a position in a file for everything.
//
// # Guarantees
//
// Every mistake is reported, not only the first one, with file, line and column, in the order of the
// files. The result is deterministic. Beyond a limit only the first mistakes are reported, with a
// problem that says that there are more. Messages contain names, but no values, which could be secrets.
// The other results are as complete as the files allow, so that later checks find more mistakes; they
// are fit for a plan only if none of the problems is an error.
//
// Reading is bounded: the size of a file, of a text and of a map, the depth, and the number of values
// behind aliases.
//
// # Limits of the package
//
// The package does not call a tenant, does not know a particular service (its callers provide what is
// secret and the schemas of data sources), does not log, and reads no secrets: package resolver does.
package spec
