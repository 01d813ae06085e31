package spec

import (
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The limits of one project, over all its files. [Options.RaiseLimits] raises them.
const (
	maxProjectBytes       = limits.ProjectBytes  // of the connection files together
	maxProjectValues      = limits.ProjectValues // with defaults counted in each connection
	maxProjectConnections = limits.ProjectConnections
	maxProjectMoves       = limits.ProjectMoves
	maxProjectFiles       = limits.ProjectFiles
	maxProjectPatterns    = limits.ProjectPatterns // entries under connections
	maxProjectLooks       = limits.ProjectLooks    // files and folders that the entries visit
	maxProjectDeclared    = limits.ProjectDeclared // connections times tenants
	maxTenantConnections  = limits.TenantConnections
)

// room is the rest of a project's limits. It reports once that a limit is exceeded.
type room struct {
	factor                            int
	bytes, values, connections, moves int
	problems                          connection.Problems
}

// room returns the limits of a project.
func (p *Project) room() *room {
	factor := p.options.factor()
	return &room{
		factor: factor, bytes: factor * maxProjectBytes, values: factor * maxProjectValues,
		connections: factor * maxProjectConnections, moves: factor * maxProjectMoves,
	}
}

// factor returns the factor of the limits.
func (o Options) factor() int { return max(1, o.RaiseLimits) }

// full reports whether a limit has been reached.
func (r *room) full() bool { return len(r.problems) > 0 }

// take uses a part of a limit, and reports whether there was enough. The problem is at a file.
func (r *room) take(left *int, number, limit int, file, what string) bool {
	if *left -= number; *left < 0 && !r.full() {
		r.problems = append(r.problems, messages.FileProblem(file, connection.Because("project-too-large", "limit", r.factor*limit, "what", what)))
	}
	return !r.full()
}

// tooMuch returns the problem of an exceeded limit that concerns the project file.
func (p *Project) tooMuch(code string, args ...any) connection.Problem {
	return messages.FileProblem(p.File, connection.Because(code, args...))
}
