package messages

import (
	"path/filepath"

	"github.com/qlsync/qlsync/pkg/connection"
)

// FileProblem returns an error about a file as a whole. The path may have the separators of the
// system.
func FileProblem(path string, reason connection.Reason) connection.Problem {
	return Problem(connection.Position{File: filepath.ToSlash(path)}, connection.SeverityError, reason)
}
