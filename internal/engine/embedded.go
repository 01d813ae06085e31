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
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Simulation is the embedded tenant of a kind of system.
type Simulation struct {
	ParseFaults func(list []byte) ([]simulator.Fault, error)
	// Open opens a tenant from the seed as JSON, with the file of its state, or "" for a tenant in
	// memory.
	Open func(seed []byte, state string, faults []simulator.Fault) (Simulated, error)
	// IsFleet reports whether a seed describes several tenants, and OpenFleet opens them. Both are
	// nil for a kind of system without fleets.
	IsFleet   func(seed []byte) bool
	OpenFleet func(seed []byte) (SimulatedFleet, error)
}

// simulation returns the embedded tenant of a package of pkg/simulator, from its functions.
func simulation[T Simulated, O any](
	parse func(list []byte) ([]simulator.Fault, error), with func([]simulator.Fault) O,
	fresh func(seed []byte, o O) (T, error), kept func(seed []byte, state string, o O) (T, error),
) Simulation {
	return Simulation{ParseFaults: parse, Open: func(seed []byte, state string, faults []simulator.Fault) (Simulated, error) {
		if state == "" {
			return fresh(seed, with(faults))
		}
		return kept(seed, state, with(faults))
	}}
}

// embedding returns the function that starts an embedded tenant for a session. signIn turns the
// tenant's token into a sign-in.
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

// Mistakes returns the errors about a file that are joined in err, as one problem each.
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
		problems = append(problems, messages.FileProblem(file, connection.Because("invalid-seed", "reason", mistake.Error())))
	}
	return problems
}

// stateFile returns the file for the state of an embedded tenant, and creates its folder: .qlsync
// next to the seed. For a seed outside the project, the folder is .qlsync next to the project file,
// and the name contains a digest of the seed's path, because qlsync writes only into folders of the
// project. A folder or file that is a link, or belongs to another user, is an error.
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

// checkOurs returns an error for a file that is a link or belongs to another user, who may have put
// it there.
func checkOurs(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil // creating the file reports the error
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file. Remove it", path)
	case !outfile.IsOurs(info):
		return fmt.Errorf("%q belongs to another user. Remove it, or run qlsync as that user", path)
	}
	return nil
}

// Simulated is an embedded tenant of any kind.
type Simulated interface {
	simulator.Service
	Reseeded() bool
	Misuse() []string
	UnfiredFaults() []simulator.Fault
	Unsaved() error
	Close() error
}

// SimulatedFleet is several embedded tenants and the console that lists them.
type SimulatedFleet interface {
	Simulated
	simulator.Fleet
	// Environment returns the credentials of the fleet, as NAME=value.
	Environment() []string
}

// SimulationOf returns the embedded tenant of a provider; false for an unknown name.
func SimulationOf(name string) (Simulation, bool) {
	kind, known := providers[name]
	return kind.simulation, known
}

// SimulationOptions are the files of an embedded tenant that is served on its own.
type SimulationOptions struct {
	// Seed describes the tenant, or a fleet. Empty: a fleet of tenants with a space and no connection.
	Seed string
	// Fleet is the number of tenants that the seed stands for. 0: one tenant, or those that the seed
	// lists.
	Fleet int
	// State stores the changes of the tenant. Empty: the tenant is in memory.
	State string
	// Faults lists the faults to inject. Empty: none.
	Faults string
}

// MaxFleet is the largest number of tenants in an embedded fleet.
const MaxFleet = 10_000

// OpenSimulation opens an embedded tenant for a server, or a [SimulatedFleet]. The caller closes it.
func (host *Host) OpenSimulation(ctx context.Context, kind Simulation, o SimulationOptions) (Simulated, error) {
	seed := []byte("{}")
	if o.Seed != "" {
		text, err := host.ReadArgument(ctx, o.Seed, MaxWrittenFile)
		if err != nil {
			return nil, fmt.Errorf("embedded tenant: read %q: %w", o.Seed, err)
		}
		if seed, err = Seed(o.Seed, text); err != nil {
			return nil, err
		}
	}
	if o.Fleet > 0 || kind.IsFleet != nil && kind.IsFleet(seed) {
		return host.openFleet(kind, seed, o)
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

// openFleet opens a fleet from its seed, or from the seed of one of its tenants.
func (host *Host) openFleet(kind Simulation, seed []byte, o SimulationOptions) (Simulated, error) {
	switch {
	case kind.OpenFleet == nil:
		return nil, errors.New("--fleet is for tenants of Qlik Cloud: leave out --provider")
	case o.State != "" || o.Faults != "":
		return nil, errors.New("a fleet has no --state and no --faults: it is in memory, and its file has the faults of each tenant")
	case o.Fleet > MaxFleet:
		return nil, fmt.Errorf("--fleet %d: the largest fleet has %s tenants", o.Fleet, limits.Grouped(MaxFleet))
	case o.Fleet > 0 && kind.IsFleet(seed):
		return nil, fmt.Errorf("%q lists its tenants: leave out --fleet", o.Seed)
	}
	if o.Fleet > 0 {
		described := map[string]any{"count": o.Fleet}
		if o.Seed != "" {
			described["template"] = json.RawMessage(seed)
		}
		var err error
		if seed, err = json.Marshal(described); err != nil {
			return nil, err
		}
	}
	fleet, err := kind.OpenFleet(seed)
	if err != nil {
		return nil, Mistakes(cmp.Or(o.Seed, "--fleet"), host.WorkDir.Shown(err))
	}
	return fleet, nil
}

// faults reads a file of faults; an empty name means none.
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

// embed starts the embedded tenant on a loopback port. The next command continues with the state
// that this one leaves: see [stateFile].
func (s *Session) embed(kind provider, seed []byte) (string, auth, error) {
	state, err := s.host.stateFile(s.project.Dir, s.tenant.SimFile)
	if err != nil {
		return "", auth{}, fmt.Errorf("cannot keep the state of %s: %w", s.tenant.URL, s.host.WorkDir.Shown(err))
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
	_ = json.Unmarshal(seed, &lists) // an invalid seed is reported by the embedded tenant
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		var items []json.RawMessage
		if most := limits.SeedList.At(1); json.Unmarshal(lists[name], &items) == nil && int64(len(items)) > most {
			return nil, connection.Problems{messages.FileProblem(file, connection.Because("seed-too-large", "limit", limits.Grouped(most), "list", name))}
		}
	}
	return seed, nil
}
