// Package doctor finds out what keeps qlsync from working with a tenant, before it
// matters: [ListSecrets] says which secrets the files need and which are missing, and
// [Examine] checks everything on the way to the tenant.
//
// It only reads, and its results are values that package report renders. A check that
// fails does not keep the others from being made, as far as they can be. The package
// knows no service: a provider answers through [connection.Examiner].
package doctor
