// Package doctor finds out what keeps qlsync from working with a tenant, before it
// matters: [ListSecrets] says which secrets the files need and which are missing.
//
// It only reads, and its results are values that package report renders.
package doctor
