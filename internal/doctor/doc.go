// Package doctor diagnoses, in advance, why qlsync cannot work with a tenant: [ListSecrets] lists
// the secrets that the files need and which are missing, and [Examine] checks everything between
// the files and the tenant.
//
// It only reads, and package report renders its results. A failed check does not prevent the
// others, as far as they are possible. The package knows no service: a provider answers through
// [connection.Examiner].
package doctor
