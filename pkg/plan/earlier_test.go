package plan_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/plan"
)

func TestAHashOfAnEarlierVersionIsRecognisedForTheSamePlan(t *testing.T) {
	w := newWorld()
	w.declare("A", "x", password)
	w.declare("B", "y")
	w.hold("B", "y").Properties["path"] = "/old"
	in := w.input()
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	// earlier is the hash of this plan in the version before the change of the hash.
	const earlier = "sha256:61e89da32a853a05838afa2186081a3ca131f9d247c39ab8c03629817ca39356"
	if got := plan.EarlierHash(in); got != earlier || got == p.Hash {
		t.Errorf("the earlier hash is %s, and the hash is %s", got, p.Hash)
	}
}
