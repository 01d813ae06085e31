package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/schedule"
)

// text writes the steps of a schedule: "0,1 2<0": tasks, and the steps that come before.
func text(s *schedule.Schedule) string {
	join := func(list []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]") }
	var steps []string
	for _, step := range s.Steps {
		line := join(step.Tasks)
		if len(step.After) > 0 {
			line += "<" + join(step.After)
		}
		if step.Urgent {
			line += "!"
		}
		steps = append(steps, line)
	}
	return strings.Join(steps, " ")
}

func TestMakeOrdersTasks(t *testing.T) {
	for name, test := range map[string]struct {
		tasks []schedule.Task
		want  string
	}{
		"nothing":                              {nil, ""},
		"by kind, then by rank":                {[]schedule.Task{{Kind: 2}, {Kind: 1, Rank: 2}, {Kind: 1, Rank: 1}}, "2 1 0"},
		"the longest chain first":              {[]schedule.Task{{Kind: 1}, {Kind: 2}, {Kind: 2, Needs: []int{1}}}, "1 0 2<0"},
		"urgent first, with what it needs":     {[]schedule.Task{{Kind: 1}, {Kind: 2}, {Kind: 2, Needs: []int{1}, Urgent: true}}, "1! 2<0! 0"},
		"a kind shares steps of its size":      {[]schedule.Task{{Size: 2}, {Size: 2}, {Size: 2}}, "0,1 2"},
		"another kind does not":                {[]schedule.Task{{Size: 2}, {Size: 2, Kind: 1}}, "0 1"},
		"what waits does not share":            {[]schedule.Task{{Size: 9}, {Size: 9, Needs: []int{0}}}, "0 1<0"},
		"what has a chain behind shares first": {[]schedule.Task{{Size: 2}, {Size: 2}, {Size: 2}, {Size: 2, Needs: []int{2}}}, "2,0 1,3<0"},
		"a group is one step":                  {[]schedule.Task{{Group: 1}, {Group: 1, Needs: []int{0}}, {Group: 2}}, "0,1 2"},
		"what ends waits for all":              {[]schedule.Task{{AtEnd: true}, {Kind: 1}, {Kind: 1, Needs: []int{1}}, {AtEnd: true, Rank: 1}}, "1 2<0 0<1 3<2"},
		"unless something needs it":            {[]schedule.Task{{AtEnd: true}, {Needs: []int{0}}, {}}, "0 1<0 2"},
	} {
		if got := text(schedule.Make(test.tasks)); got != test.want {
			t.Errorf("%s: got steps %q, want %q", name, got, test.want)
		}
	}
}

func TestMakeFindsEveryCycle(t *testing.T) {
	s := schedule.Make([]schedule.Task{
		{Needs: []int{1}}, {Needs: []int{2}}, {Needs: []int{1}}, // 0 waits for a cycle of 1 and 2
		{}, {Needs: []int{3, 5}}, {Needs: []int{4}},
	})
	if got, want := fmt.Sprint(s.Cycles, s.Steps), "[[1 2] [4 5]] []"; got != want {
		t.Errorf("got cycles and steps %s, want %s", got, want)
	}
}

// TestAnyScheduleKeepsItsNeeds draws tasks of two kinds, one of which shares steps, that need
// earlier ones.
func TestAnyScheduleKeepsItsNeeds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		tasks := make([]schedule.Task, random.IntN(30))
		for i := range tasks {
			tasks[i] = schedule.Task{Rank: i / 2, AtEnd: random.IntN(4) == 0, Urgent: random.IntN(9) == 0}
			if random.IntN(2) == 0 {
				tasks[i].Kind, tasks[i].Size = 1, 3
			}
			for i > 0 && random.IntN(2) == 0 {
				tasks[i].Needs = append(tasks[i].Needs, random.IntN(i))
			}
		}
		s := schedule.Make(tasks)
		of := map[int]int{}
		for at, step := range s.Steps {
			for _, first := range step.After {
				if first >= at {
					t.Fatalf("step %d waits for step %d, which is not before it: %s", at, first, text(s))
				}
			}
			for _, i := range step.Tasks {
				of[i] = at
			}
			if size := max(tasks[step.Tasks[0]].Size, 1); len(step.Tasks) > size {
				t.Fatalf("step %d has %d tasks, and room for %d: %s", at, len(step.Tasks), size, text(s))
			}
		}
		if len(of) != len(tasks) {
			t.Fatalf("%d of %d tasks are in steps: %s", len(of), len(tasks), text(s))
		}
		for i, task := range tasks {
			for _, first := range task.Needs {
				if !slices.Contains(s.Steps[of[i]].After, of[first]) {
					t.Fatalf("task %d needs task %d, and its step does not wait for it: %s", i, first, text(s))
				}
			}
		}
	}
}
