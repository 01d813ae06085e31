package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tenant executes operations and remembers them, by the number of the operation.
type tenant struct {
	fails map[int]error
	// outcomes, when set, is how many outcomes a call returns at most.
	outcomes func(ids []int) int
	// during is called in every call, after it was noted.
	during func(ctx context.Context, ids []int)

	mu       sync.Mutex
	calls    [][]int // in the order in which they began
	ended    []int   // operations, in the order in which their calls ended
	running  int
	secrets  map[int]any // revealed credentials
	troubles []string
}

func (f *tenant) execute(ctx context.Context, operations []connection.Operation) []connection.Outcome {
	ids := make([]int, len(operations))
	outcomes := make([]connection.Outcome, len(operations))
	for i, operation := range operations {
		ids[i], _ = strconv.Atoi(operation.ID)
		outcomes[i] = connection.Outcome{ID: "live-" + operation.ID, Err: f.fails[ids[i]]}
	}
	f.begin(ids, operations)
	if f.during != nil {
		f.during(ctx, ids)
	}
	for i := range outcomes {
		outcomes[i].Err = errors.Join(outcomes[i].Err, ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	f.ended = append(f.ended, ids...)
	if f.outcomes != nil {
		outcomes = outcomes[:f.outcomes(ids)]
	}
	return outcomes
}

func (f *tenant) begin(ids []int, operations []connection.Operation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
	f.calls = append(f.calls, ids)
	for i, operation := range operations {
		if operation.Credentials != nil {
			if f.secrets == nil {
				f.secrets = map[int]any{}
			}
			f.secrets[ids[i]] = connection.Reveal(operation.Credentials)
		}
	}
}

func (f *tenant) busy() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

// executed lists the operations that were sent, sorted.
func (f *tenant) executed() []int { return slices.Sorted(slices.Values(slices.Concat(f.calls...))) }

// newPlan makes a plan of that many changes: "A/0", "A/1" and so on.
func newPlan(changes int, steps ...plan.Step) *plan.Plan {
	p := &plan.Plan{
		Format: plan.Format, Hash: "sha256:00", Project: "acme",
		Tenant: plan.Tenant{Name: "test", URL: "https://test.example"}, Steps: steps,
	}
	for i := range changes {
		p.Changes = append(p.Changes, plan.Change{Action: plan.ActionUpdate, Connection: key(i), ID: fmt.Sprint("id-", i)})
	}
	return p
}

func key(change int) connection.Key {
	return connection.Key{Space: "A", Name: strconv.Itoa(change)}
}

func step(id string, after []string, items ...plan.Item) plan.Step {
	return plan.Step{ID: id, Kind: connection.Patch, After: after, Items: items}
}

// item is operation number id, of a change, which needs others.
func item(id, change int, needs ...int) plan.Item {
	return plan.Item{
		ID: id, Change: change, Needs: needs,
		Operation: connection.Operation{Kind: connection.Patch, Key: key(change), ID: strconv.Itoa(id)},
	}
}

// single makes that many steps of one operation and one change each.
func single(n int) *plan.Plan {
	steps := make([]plan.Step, n)
	for i := range steps {
		steps[i] = step(fmt.Sprint("s", i+1), nil, item(i, i))
	}
	return newPlan(n, steps...)
}

// executeGroup carries out a group.
func (f *tenant) executeGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	return f.execute(ctx, group.Operations)
}
