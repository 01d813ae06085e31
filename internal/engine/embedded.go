package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Simulation is the embedded tenant of a kind of system.
type Simulation struct {
	ParseFaults func(list []byte) ([]simulator.Fault, error)
	// Open takes the seed as JSON, and the file of the state, or "" for a tenant in memory.
	Open func(seed []byte, state string, faults []simulator.Fault) (Simulated, error)
}

// simulation returns the embedded tenant of a package of pkg/simulator, by its functions.
func simulation[T Simulated, O any](
	parse func(list []byte) ([]simulator.Fault, error), with func([]simulator.Fault) O,
	fresh func(seed []byte, o O) (T, error), kept func(seed []byte, state string, o O) (T, error),
) Simulation {
	return Simulation{parse, func(seed []byte, state string, faults []simulator.Fault) (Simulated, error) {
		if state == "" {
			return fresh(seed, with(faults))
		}
		return kept(seed, state, with(faults))
	}}
}

// embedding returns what starts an embedded tenant for a session. signIn makes a sign-in of its token.
func embedding(simulation Simulation, signIn func(token connection.Secret) auth) func(seed []byte, state string) (*embedded, error) {
	return func(seed []byte, state string) (*embedded, error) {
		tenant, err := simulation.Open(seed, state, nil)
		if err != nil {
			return nil, err
		}
		server, err := simulator.Start(tenant, "")
		if err != nil {
			_ = tenant.Close()
			return nil, err
		}
		return &embedded{
			url: server.URL, auth: signIn(connection.NewSecret(server.Token)), reseeded: tenant.Reseeded(), misuse: tenant.Misuse, unsaved: tenant.Unsaved,
			close: func() { _ = server.Close(); _ = tenant.Close() },
		}, nil
	}
}

// Mistakes returns several errors about a file, joined into one, as one problem each.
func Mistakes(file string, err error) error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return fmt.Errorf("%s: %w", file, err)
	}
	var problems connection.Problems
	for _, mistake := range joined.Unwrap() {
		var more connection.Problems
		if errors.As(Mistakes(file, mistake), &more) {
			problems = append(problems, more...)
			continue
		}
		problems = append(problems, connection.Problem{
			Position: connection.Position{File: file}, Severity: connection.SeverityError, Message: mistake.Error(),
		})
	}
	return problems
}

// stateFile returns the file for the state of an embedded tenant, and makes its folder:
// .qlsync next to the seed. A seed outside the project has its state in .qlsync next to
// the project file, under a name with a digest of the seed's path: qlsync writes into no
// folder that is not the project's. A folder or file that is a link, or of another user,
// is an error.
func (host *Host) stateFile(project, seed string) (string, error) {
	folder, err := infile.Real(host.at(filepath.Dir(seed)))
	if err != nil {
		return "", err
	}
	above, err := infile.Real(host.at(project))
	if err != nil {
		return "", err
	}
	name := filepath.Base(seed)
	place := filepath.Dir(seed)
	if inside, err := filepath.Rel(above, folder); err != nil || !filepath.IsLocal(inside) {
		place, name = project, name+"-"+digest(filepath.Join(folder, name))[:16]
	}
	state, err := ignoredFolder(host.at(filepath.Join(place, ".qlsync")))
	if err != nil {
		return "", err
	}
	state = filepath.Join(state, name+".json")
	return state, cmp.Or(checkOurs(state), checkOurs(state+".lock"))
}

// checkOurs refuses a file that is a link or belongs to another user, who may have put
// it there.
func checkOurs(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil // whoever makes the file says what is wrong
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file: remove it", path)
	case !outfile.IsOurs(info):
		return fmt.Errorf("%q belongs to another user: remove it, or run qlsync as that user", path)
	}
	return nil
}

// Simulated is an embedded tenant, of whatever kind.
type Simulated interface {
	simulator.Service
	Reseeded() bool
	Misuse() []string
	UnfiredFaults() []simulator.Fault
	Unsaved() error
	Close() error
}

// SimulationOf returns the embedded tenant of a provider; false for a name that this program
// does not know.
func SimulationOf(name string) (Simulation, bool) {
	kind, known := providers[name]
	return kind.simulation, known
}

// SimulationOptions are the files of an embedded tenant that is served by itself.
type SimulationOptions struct {
	// Seed describes the tenant.
	Seed string
	// State keeps what the tenant becomes. Empty is a tenant in memory.
	State string
	// Faults lists what happens to requests. Empty is none.
	Faults string
}

// OpenSimulation opens an embedded tenant for a server. Whoever opens it closes it.
func (host *Host) OpenSimulation(ctx context.Context, kind Simulation, o SimulationOptions) (Simulated, error) {
	text, err := host.ReadArgument(ctx, o.Seed, MaxWrittenFile)
	if err != nil {
		return nil, fmt.Errorf("embedded tenant: read %q: %w", o.Seed, err)
	}
	seed, err := Seed(o.Seed, text)
	if err != nil {
		return nil, err
	}
	faults, err := host.faults(ctx, o.Faults, kind.ParseFaults)
	if err != nil {
		return nil, err
	}
	tenant, err := kind.Open(seed, host.at(o.State), faults)
	if err != nil {
		return nil, Mistakes(o.Seed, host.WorkDir.Shown(err))
	}
	return tenant, nil
}

// faults reads a file of faults; without one there are none.
func (host *Host) faults(ctx context.Context, file string, parse func([]byte) ([]simulator.Fault, error)) ([]simulator.Fault, error) {
	if file == "" {
		return nil, nil
	}
	text, err := host.ReadArgument(ctx, file, MaxWrittenFile)
	if err != nil {
		return nil, fmt.Errorf("faults: read %q: %w", file, err)
	}
	list, problems := spec.ToJSON(file, text)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	faults, err := parse(list)
	if err != nil {
		return nil, Mistakes(file, err)
	}
	return faults, nil
}

// embed starts the embedded tenant on a loopback port. The next command finds the state
// that this one leaves: see [stateFile].
func (s *Session) embed(kind provider, seed []byte) (string, auth, error) {
	state, err := s.host.stateFile(s.project.Dir, s.tenant.SimFile)
	if err != nil {
		return "", auth{}, fmt.Errorf("%s: the state of the embedded tenant: %w", s.tenant.URL, s.host.WorkDir.Shown(err))
	}
	tenant, err := kind.embed(seed, state)
	if err != nil {
		return "", auth{}, Mistakes(s.tenant.URL, s.host.WorkDir.Shown(err))
	}
	if tenant.reseeded {
		s.notify(Reseeded{s.tenant.URL})
	}
	s.unsaved = func() error { return s.host.WorkDir.Shown(tenant.unsaved()) }
	s.close = func() {
		if requests := tenant.misuse(); len(requests) > 0 {
			s.notify(Misused{requests})
		}
		tenant.close()
	}
	return tenant.url, tenant.auth, nil
}

// readSeed reads an embedded tenant's file, as JSON.
func (host *Host) readSeed(file string) ([]byte, error) {
	text, err := infile.Read(host.at(file), MaxWrittenFile)
	if err != nil {
		return nil, fmt.Errorf("embedded tenant: read %q: %s", filepath.ToSlash(file), infile.Reason(err))
	}
	return Seed(file, text)
}

// Seed returns the text of an embedded tenant's file as JSON.
func Seed(file string, text []byte) ([]byte, error) {
	seed, problems := spec.ToJSON(file, text)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	var lists map[string]json.RawMessage
	_ = json.Unmarshal(seed, &lists) // what is no seed is the embedded tenant's to refuse
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		var items []json.RawMessage
		if most := limits.SeedList.At(1); json.Unmarshal(lists[name], &items) == nil && int64(len(items)) > most {
			problem := connection.FileProblem(file, fmt.Sprintf("the seed has more than %s %s", limits.Grouped(most), name))
			problem.Hint = limits.SeedList.Hint("keep fewer in the seed")
			return nil, connection.Problems{problem}
		}
	}
	return seed, nil
}
