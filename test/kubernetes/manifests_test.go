package kubernetes_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// jobSpec is what the tests need of the specification of a job.
type jobSpec struct {
	PodFailurePolicy struct {
		Rules []rule `yaml:"rules"`
	} `yaml:"podFailurePolicy"`
	MaxFailedIndexes *int `yaml:"maxFailedIndexes"`
	Template         struct {
		Spec struct {
			Containers []struct {
				Args      []string
				Resources struct{ Requests, Limits map[string]string }
			}
		}
	}
}

type rule struct {
	Action      string `yaml:"action"`
	OnExitCodes *struct {
		ContainerName, Operator string
		Values                  []int
	} `yaml:"onExitCodes"`
}

// manifest reads the specification of a published job.
func manifest(t *testing.T, file string) jobSpec {
	t.Helper()
	text, err := os.ReadFile("../../deploy/kubernetes/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var of struct {
		Kind string
		Spec yaml.Node
	}
	if err := yaml.Unmarshal(text, &of); err != nil {
		t.Fatal(err)
	}
	var job jobSpec
	if of.Kind == "CronJob" {
		var cron struct {
			JobTemplate struct{ Spec jobSpec } `yaml:"jobTemplate"`
		}
		err = of.Spec.Decode(&cron)
		job = cron.JobTemplate.Spec
	} else {
		err = of.Spec.Decode(&job)
	}
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// Another attempt cannot mend what a person must look at, and must be made for everything else. A
// disruption comes first: its pods end with codes too.
func TestTheJobsRepeatOnlyWhatAnotherAttemptCanMend(t *testing.T) {
	for file, codes := range map[string][]int{"apply/job.yaml": {2, 4}, "drift/cronjob.yaml": {4}} {
		job := manifest(t, file)
		var actions []string
		for _, rule := range job.PodFailurePolicy.Rules {
			actions = append(actions, rule.Action)
		}
		if diff := cmp.Diff([]string{"Ignore", "FailIndex"}, actions); diff != "" {
			t.Errorf("%s: the rules (-want +got):\n%s", file, diff)
			continue
		}
		if on := job.PodFailurePolicy.Rules[1].OnExitCodes; on == nil || !cmp.Equal(codes, on.Values) {
			t.Errorf("%s: got the codes %v, want %v", file, on, codes)
		}
		// Measured with 40 tenants in progress: 327 MB, and 50 MB of reports; see docs/explanation/scale.md.
		if got := job.Template.Spec.Containers[0].Resources; got.Requests["memory"] != "384Mi" || got.Limits["memory"] != "768Mi" {
			t.Errorf("%s: got the resources %v, want 384 MiB, and at most twice as much", file, got)
		}
		if job.MaxFailedIndexes != nil {
			t.Errorf("%s: maxFailedIndexes would end other pods in the middle of their writes", file)
		}
		if args := strings.Join(job.Template.Spec.Containers[0].Args, " "); strings.HasPrefix(args, "drift") && !strings.Contains(args, "--exit-zero") {
			t.Errorf("%s: without --exit-zero, drift fails the index", file)
		}
	}
}
