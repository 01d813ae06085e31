package spec

import "github.com/qlsync/qlsync/pkg/connection"

// Fleet is where the tenants of a project come from, in addition to those that the project file
// declares. The tenants themselves are in the lock file.
type Fleet struct {
	Position connection.Position
}
