//go:build linux

package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const namespace, canaryJob, restJob = "qlsync", "qlsync-apply-canary", "qlsync-apply-rest"

// tellTheStory compares what the job leaves in the tenants with what one process leaves.
func tellTheStory(t *testing.T, l layout) {
	c, f := up(t, l), newFleet(t)
	authority := f.serve(t)
	write(t, l.run("authority.crt"), authority)
	for name, text := range f.project() {
		write(t, l.run("project", name), text)
	}
	code, _, problems := c.qlsync("apply", "-C", l.run("project"), "--all-tenants", "--auto-approve", "--format", "jsonl")
	if code != 3 {
		t.Fatalf("one process ended with %d, want 3, because a tenant cannot be reached:\n%s", code, problems)
	}
	want, wrote := map[string][]string{}, map[string]map[string]int{}
	for _, name := range f.names {
		want[name], wrote[name] = f.state(name), f.done(name)
	}
	c.say("one process has applied to %d tenants", tenantCount)

	f.reset(t)
	c.install(authority, f)
	c.tryOtherManifests()
	c.applyManifests("canary", "waves/canary", `- {op: replace, path: /spec/backoffLimitPerIndex, value: 1}`)
	c.waitForJob(canaryJob)
	canaryLogs := c.checkGate(f)
	f.writes.Store(0)
	f.latency.Store(int64(4 * time.Second)) // a pod writes to all its tenants at the same time
	c.applyManifests("rest", "waves/rest", fmt.Sprintf(`
- {op: replace, path: /spec/completions, value: %[1]d}
- {op: replace, path: /spec/parallelism, value: %[1]d}
- {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: "%[1]d"}
- {op: replace, path: /spec/backoffLimitPerIndex, value: 1}
`, shardCount))
	killed := c.disturb(f)
	c.waitForJob(restJob)
	f.latency.Store(0)
	for _, name := range workers {
		c.kubectl("uncordon", name)
	}
	c.say("the job has ended")
	c.checkIndexes(f, killed)
	for _, name := range f.names {
		if diff := cmp.Diff(want[name], f.state(name)); diff != "" {
			t.Errorf("%s differs from the same tenant after one process (-process +job):\n%s", name, diff)
		}
		if diff := cmp.Diff(wrote[name], f.done(name)); diff != "" {
			t.Errorf("the writes to %s differ from those of one process (-process +job):\n%s", name, diff)
		}
	}
	c.checkMerged(f, canaryLogs)
	c.checkUnhealthy(f)
	c.checkDrift(f)
}

// qlsync runs qlsync next to the cluster, and returns how it ends.
func (c *cluster) qlsync(arguments ...string) (code int, out, problems string) {
	c.t.Helper()
	return c.qlsyncWith("", arguments...)
}

func (c *cluster) qlsyncWith(input string, arguments ...string) (code int, out, problems string) {
	c.t.Helper()
	command := exec.Command(c.layout.path("dist/linux/qlsync"), arguments...)
	command.Env = append(os.Environ(), "QLIK_API_KEY="+apiKey, "ORDERS_PASSWORD="+password, "SSL_CERT_FILE="+c.layout.run("authority.crt"))
	command.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit, isExit := errors.AsType[*exec.ExitError](err); err != nil && (!isExit || exit.ExitCode() < 0) {
		c.t.Fatalf("qlsync %s: %v", strings.Join(arguments, " "), err)
	}
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// published returns the path of a folder of the published manifests, from a folder of the cluster.
func (c *cluster) published(from, name string) string {
	c.t.Helper()
	folder, err := filepath.Abs(filepath.Join("../../deploy/kubernetes", name))
	if err != nil {
		c.t.Fatal(err)
	}
	path, err := filepath.Rel(from, folder)
	if err != nil {
		c.t.Fatal(err)
	}
	return path
}

// install makes the namespace, the project, the secrets and the authority.
func (c *cluster) install(authority string, f *fleet) {
	c.t.Helper()
	folder := c.layout.run("setup")
	write(c.t, filepath.Join(folder, "ca.crt"), authority)
	for name, text := range f.project() {
		write(c.t, filepath.Join(folder, name), text)
	}
	write(c.t, filepath.Join(folder, "kustomization.yaml"), fmt.Sprintf(`
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
resources: [%s]
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
  - {name: qlsync-project, files: [qlsync.yaml, connections.yaml]}
  - {name: qlsync-authority, files: [ca.crt]}
secretGenerator:
  - {name: qlsync-apply, literals: [QLIK_API_KEY=%s, ORDERS_PASSWORD=%s]}
  - {name: qlsync-drift, literals: [QLIK_API_KEY=%s]}
`, namespace, c.published(folder, "setup"), apiKey, password, apiKey))
	c.kubectl("apply", "-k", folder)
}

// applyManifests applies a folder of the published manifests, with the image and the authority of the
// test, and with other numbers. A warning, as of a pod that the namespace does not admit, is an error.
func (c *cluster) applyManifests(name, published, numbers string) {
	c.t.Helper()
	folder := c.layout.run(name)
	write(c.t, filepath.Join(folder, "kustomization.yaml"), fmt.Sprintf(`
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s]
components: [%s, %s]
images: [{name: ghcr.io/qlsync/qlsync, newTag: %s}]
patches: [{target: {group: batch}, patch: %q}]
`, c.published(folder, published), c.published(folder, "project-files"), c.published(folder, "authority"), imageTag, numbers))
	text, err := exec.Command("kubectl", "apply", "-k", folder).CombinedOutput()
	if err != nil || bytes.Contains(text, []byte("Warning")) {
		c.t.Fatalf("kubectl apply -k %s: %v\n%s", folder, err, text)
	}
}

// tryOtherManifests lets the API server judge the manifests that the story does not apply, without
// applying them.
func (c *cluster) tryOtherManifests() {
	c.t.Helper()
	folder := c.layout.run("others")
	resources := []string{"apply", "waves/canary", "waves/first", "waves/rest", "drift"}
	for i := range resources {
		resources[i] = c.published(folder, resources[i])
	}
	write(c.t, filepath.Join(folder, "kustomization.yaml"), fmt.Sprintf(`
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s]
components: [%s, %s]
`, strings.Join(resources, ", "), c.published(folder, "project-git"), c.published(folder, "authority")))
	text, err := exec.Command("kubectl", "apply", "--dry-run=server", "-k", folder).CombinedOutput()
	if err != nil || bytes.Contains(text, []byte("Warning")) || bytes.Count(text, []byte("created")) != len(resources) {
		c.t.Errorf("kubectl apply --dry-run=server -k %s: %v; want %d created without warnings\n%s", folder, err, len(resources), text)
	}
}

// pod is what the test needs of a pod.
type pod struct {
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec   struct{ NodeName string }
	Status struct {
		Phase             string
		ContainerStatuses []struct {
			State struct {
				Terminated *struct{ ExitCode int }
			}
		}
	}
}

func (p *pod) shard() int {
	index, err := strconv.Atoi(p.Metadata.Annotations["batch.kubernetes.io/job-completion-index"])
	if err != nil {
		return -1
	}
	return index
}

// attempt returns the number of the pod among those of its index, from 1.
func (p *pod) attempt() int {
	attempt := 1
	for _, name := range []string{"job-index-failure-count", "job-index-ignored-failure-count"} {
		count, _ := strconv.Atoi(p.Metadata.Annotations["batch.kubernetes.io/"+name]) // absent: none
		attempt += count
	}
	return attempt
}

// code returns the exit code of the pod; -1 if it has none.
func (p *pod) code() int {
	for _, status := range p.Status.ContainerStatuses {
		if status.State.Terminated != nil {
			return status.State.Terminated.ExitCode
		}
	}
	return -1
}

func (c *cluster) pods(job string) []pod {
	c.t.Helper()
	var list struct{ Items []pod }
	if !c.get("/api/v1/namespaces/"+namespace+"/pods?labelSelector=batch.kubernetes.io/job-name="+job, &list) {
		c.t.Fatal("the API server does not list the pods")
	}
	return list.Items
}

// disturb kills a pod, and drains another worker with pods, both in the middle of writes. It returns the
// shard of the killed pod, in which no tenant is refused or unreachable.
func (c *cluster) disturb(f *fleet) (killed int) {
	c.t.Helper()
	var victim, other *pod
	c.waitFor("pods on two workers are in the middle of their writes", func() bool {
		if f.writes.Load() < tenantCount/2 {
			return false
		}
		victim, other = nil, nil
		pods := c.pods(restJob)
		for i := range pods {
			p := &pods[i]
			switch shard := uint64(p.shard()); {
			case p.Status.Phase != "Running":
			case victim == nil && shard != shardOf(f.refused) && shard != shardOf(f.unreachable):
				victim = p
			case victim != nil && p.Spec.NodeName != victim.Spec.NodeName:
				other = p
			}
		}
		return other != nil
	})
	if err := syscall.Kill(processOf(c.t, fmt.Sprintf("--shard=%d/%d", victim.shard(), shardCount)), syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
	c.kubectl("drain", other.Spec.NodeName, "--ignore-daemonsets", "--delete-emptydir-data")
	c.say("after %d writes, the pod of shard %d was killed, and %s was drained", f.writes.Load(), victim.shard(), other.Spec.NodeName)
	return victim.shard()
}

// processOf returns the process of qlsync with an argument.
func processOf(t *testing.T, argument string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(text), "\x00"), argument) {
			continue
		}
		process, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			return process
		}
	}
	t.Fatalf("no process has the argument %s", argument)
	return 0
}

type jobStatus struct {
	Status struct {
		CompletedIndexes, FailedIndexes string
		Conditions                      []struct{ Type, Status string }
	}
}

func (c *cluster) waitForJob(name string) (job jobStatus) {
	c.t.Helper()
	c.waitFor("the job "+name+" has ended", func() bool {
		job = jobStatus{}
		return c.get("/apis/batch/v1/namespaces/"+namespace+"/jobs/"+name, &job) && slices.ContainsFunc(job.Status.Conditions, func(condition struct{ Type, Status string }) bool {
			return condition.Status == "True" && (condition.Type == "Complete" || condition.Type == "Failed")
		})
	})
	return job
}

// checkIndexes compares how the indexes of the job ended, and after how many attempts.
func (c *cluster) checkIndexes(f *fleet, killed int) {
	c.t.Helper()
	job := c.waitForJob(restJob)
	refused, unreachable := int(shardOf(f.refused)), int(shardOf(f.unreachable))
	if want := fmt.Sprintf("%d,%d", min(refused, unreachable), max(refused, unreachable)); job.Status.FailedIndexes != want {
		c.t.Errorf("the failed indexes are %q, want %q: those with the refused and the unreachable tenant", job.Status.FailedIndexes, want)
	}
	codes := map[int][]int{}
	pods := c.pods(restJob)
	for i := range pods {
		p := &pods[i]
		codes[p.shard()] = append(codes[p.shard()], p.code())
		c.t.Logf("shard %d, attempt %d: %s on %s ended with %d", p.shard(), p.attempt(), p.Metadata.Name, p.Spec.NodeName, p.code())
	}
	want := map[int][]int{}
	for shard := range shardCount {
		want[shard] = []int{0}
	}
	want[killed] = []int{0, 128 + int(syscall.SIGKILL)}
	want[refused] = []int{4}        // not tried again
	want[unreachable] = []int{3, 3} // tried again
	for _, of := range codes {
		slices.Sort(of)
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		c.t.Errorf("the exit codes of the pods by shard (-want +got):\n%s", diff)
	}
}

// logs returns the logs of all pods of a job that are left, as one stream.
func (c *cluster) logs(job string) string {
	c.t.Helper()
	return c.kubectl("logs", "--namespace", namespace, "--selector", "batch.kubernetes.io/job-name="+job, "--tail=-1", "--max-log-requests=100")
}

// merged merges logs.
func (c *cluster) merged(logs string) (code int, outcomes map[string][]string, lost []string) {
	c.t.Helper()
	code, out, problems := c.qlsyncWith(logs, "merge", "-", "--format", "json")
	var report struct {
		Tenants []struct {
			Tenant  struct{ Name string }
			Outcome string
		}
		Lost []string
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		c.t.Fatalf("merge ended with %d and no report: %v\n%s", code, err, problems)
	}
	outcomes = map[string][]string{}
	for _, tenant := range report.Tenants {
		outcomes[tenant.Outcome] = append(outcomes[tenant.Outcome], tenant.Tenant.Name)
	}
	c.t.Logf("merge ended with %d: %v\n%s", code, counted(outcomes), problems)
	return code, outcomes, report.Lost
}

func counted(outcomes map[string][]string) map[string]int {
	counts := map[string]int{}
	for outcome, names := range outcomes {
		counts[outcome] = len(names)
	}
	return counts
}

// checkMerged compares the merged report of the job with what happened. The pods that the drain evicted
// are gone, with their logs.
func (c *cluster) checkMerged(f *fleet, canaryLogs string) {
	c.t.Helper()
	code, outcomes, lostAttempts := c.merged(canaryLogs + c.logs(restJob))
	if code != 3 {
		c.t.Errorf("merge ended with %d, want 3, because a tenant cannot be reached", code)
	}
	if diff := cmp.Diff(map[string]int{"done": tenantCount - 2, "refused": 1, "unreachable": 1}, counted(outcomes)); diff != "" {
		c.t.Errorf("the outcomes of the tenants (-want +got):\n%s", diff)
	}
	if !slices.Equal(outcomes["refused"], []string{f.refused}) || !slices.Equal(outcomes["unreachable"], []string{f.unreachable}) {
		c.t.Errorf("refused: %v, unreachable: %v; want %s and %s", outcomes["refused"], outcomes["unreachable"], f.refused, f.unreachable)
	}
	found, last := map[[2]int]bool{}, map[int]int{}
	pods := c.pods(restJob)
	for i := range pods {
		shard, attempt := pods[i].shard(), pods[i].attempt()
		found[[2]int{shard, attempt}] = true
		last[shard] = max(last[shard], attempt)
	}
	lost := 0
	for shard := range shardCount {
		for attempt := 1; attempt <= last[shard]; attempt++ {
			text := fmt.Sprintf("attempt %d of shard %d/%d of wave rest", attempt, shard, shardCount)
			isNamed := slices.Contains(lostAttempts, text)
			if isThere := found[[2]int{shard, attempt}]; isThere == isNamed {
				c.t.Errorf("merge names %s as lost: %t, and its pod is there: %t; want one of them: %q", text, isNamed, isThere, lostAttempts)
			}
			if isNamed {
				lost++
			}
		}
	}
	if lost == 0 {
		c.t.Error("no log was lost with an evicted pod, so the drain was not in the middle of the job")
	}
}

// checkGate demands that the first wave wrote to its tenants only, and that the rollout may go on. It
// returns the log of the first wave: a drain of its node takes away the pod, which has ended, and the log.
func (c *cluster) checkGate(f *fleet) string {
	c.t.Helper()
	for i, name := range f.names {
		if isCanary, wrote := i < canaries, len(f.done(name)) > 0; isCanary != wrote {
			c.t.Errorf("after the first wave: %s is in it: %t, and was written to: %t", name, isCanary, wrote)
		}
	}
	logs := c.logs(canaryJob)
	if code, out, problems := c.qlsyncWith(logs, "merge", "--gate", "canary", "-"); code != 0 {
		c.t.Fatalf("merge --gate canary ended with %d, want 0:\n%s%s", code, out, problems)
	}
	c.say("the first wave is done")
	return logs
}

// checkUnhealthy runs the job of the first wave again, after an app of a canary has failed. The job has
// nothing to write, finds the app, and is not tried again.
func (c *cluster) checkUnhealthy(f *fleet) {
	c.t.Helper()
	if err := (*f.tenants.Load())[f.names[0]].Reload("Sales", inspect.SeedReload{Failed: true, ErrorCode: "EngineConnectorError"}); err != nil {
		c.t.Fatal(err)
	}
	c.kubectl("delete", "job", canaryJob, "--namespace", namespace, "--cascade=foreground")
	c.applyManifests("canary", "waves/canary", `- {op: replace, path: /spec/backoffLimitPerIndex, value: 1}`)
	job, pods := c.waitForJob(canaryJob), c.pods(canaryJob)
	if job.Status.FailedIndexes != "0" || len(pods) != 1 || pods[0].code() != 2 {
		c.t.Errorf("with an app that fails, the failed indexes are %q, after %d attempts, want index 0 after one that ended with 2", job.Status.FailedIndexes, len(pods))
	}
	want := fmt.Sprintf("Tenants: 1 unhealthy, %d done.", canaries-1)
	if code, out, problems := c.qlsyncWith(c.logs(canaryJob), "merge", "-"); code != 2 || !strings.Contains(out, want) {
		c.t.Errorf("with an app that fails, merge ended with %d, want 2 and %q:\n%s%s", code, want, out, problems)
	}
	c.say("an app of a canary fails")
}

// checkDrift runs the job for drift once, after a change by hand. Drift does not fail an index.
func (c *cluster) checkDrift(f *fleet) {
	c.t.Helper()
	f.isBack.Store(true)
	changed := f.names[0]
	tenant := (*f.tenants.Load())[changed]
	found, _ := tenant.Find("Finance", "Stock")
	if err := tenant.Remove(found.ID); err != nil {
		c.t.Fatal(err)
	}
	c.applyManifests("drift", "drift", `- {op: replace, path: /spec/jobTemplate/spec/backoffLimitPerIndex, value: 1}`)
	c.kubectl("create", "job", "--namespace", namespace, "--from=cronjob/qlsync-drift", "drift-now")
	if job := c.waitForJob("drift-now"); job.Status.CompletedIndexes != fmt.Sprintf("0-%d", shardCount-1) {
		c.t.Errorf("the indexes %q of the job for drift are complete, want all", job.Status.CompletedIndexes)
	}
	code, out, problems := c.qlsyncWith(c.logs("drift-now"), "merge", "-")
	if want := fmt.Sprintf("Tenants: 3 with drift, %d without.", tenantCount-3); code != 2 || !strings.Contains(out, want) {
		c.t.Errorf("merge ended with %d, want 2 and %q:\n%s%s", code, want, out[max(0, len(out)-500):], problems)
	}
	c.say("drift was found in the shards %v", slices.Sorted(maps.Keys(map[uint64]bool{shardOf(changed): true, shardOf(f.refused): true, shardOf(f.unreachable): true})))
}
