package apply_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestANewSpaceWithoutAnIDIsNotThePersonalSpace: a service that returns no id of the space that it has
// created must not get the connections of the space without an id, which is the personal space.
func TestANewSpaceWithoutAnIDIsNotThePersonalSpace(t *testing.T) {
	space := connection.NewSpace("Lab", "shared")
	create, inside := item(0, 0), item(1, 1)
	create.Operation = connection.Operation{Kind: connection.CreateSpace, Key: connection.Key{Space: "Lab"}, Write: &connection.SpaceWrite{Space: space}}
	inside.Operation.Space = &space
	inside.Needs = []int{0}
	p := newPlan(2, step("s1", nil, create), step("s2", []string{"s1"}, inside))
	_, err := apply.Run(t.Context(), p, apply.Options{Execute: func(_ context.Context, operations []connection.Operation) []connection.Outcome {
		for _, operation := range operations {
			if operation.Space != nil && operation.Space.ID == "" {
				t.Errorf("got %s in the personal space, want it in no space that exists", operation.Kind)
			}
		}
		return make([]connection.Outcome, len(operations))
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAMemberThatIsNotShownYetIsLookedForAgain shows the roles that were written after five seconds, or
// roles of another client at once.
func TestAMemberThatIsNotShownYetIsLookedForAgain(t *testing.T) {
	for name, test := range map[string]struct {
		before []string
		took   time.Duration
	}{
		"as the plan saw it":   {[]string{"consumer"}, 7 * time.Second},
		"as others changed it": {[]string{"facilitator"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := single(1)
				in := seen(p, nil)
				in.Desired = nil
				ann := connection.Principal{Kind: connection.MemberUser, ID: "u"}
				in.Prepared = []connection.DesiredSpace{{Name: "A", Type: "shared", Members: []connection.DesiredMember{{Principal: ann, Roles: []string{"producer"}}}}}
				input := func(roles ...string) plan.Input {
					with, snapshot := in, *in.Snapshot
					snapshot.SpaceDetails = []connection.SpaceDetails{{ID: "a", Members: []connection.Member{{Assignment: "m", Principal: ann, Roles: roles}}}}
					with.Snapshot = &snapshot
					return with
				}
				p, problems := plan.Make(input("consumer"))
				if problems.Err() != nil {
					t.Fatalf("got %v, want a plan: the space and its member are declared without mistakes", problems)
				}
				began := time.Now()
				result, err := apply.Run(t.Context(), p, apply.Options{
					Execute: (&tenant{}).execute,
					Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
						if time.Since(began) >= 5*time.Second {
							return input("consumer", "producer"), nil
						}
						return input(test.before...), nil
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != test.took || result.Complete() != (test.took > 0) {
					t.Errorf("waited %v and complete is %v, want %v, and complete only if the roles are shown", took, result.Complete(), test.took)
				}
			})
		})
	}
}
