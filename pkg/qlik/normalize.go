package qlik

import "github.com/qlsync/qlsync/pkg/connection"

// Normalize is [connection.Conform]: documentation and service mix 1433 with "1433" and true with
// "true".
func Normalize(property connection.Property, value any) any {
	return connection.Conform(property, value)
}
