//go:build linux

// Package kubernetes_test applies the manifests of deploy/kubernetes to a real cluster, with three
// workers and 200 embedded tenants, while a worker is drained and a pod is killed.
//
//	make kubernetes ─▶ build (user's cache) ─▶ namespaces ─▶ control plane, workers, tenants ─▶ story ─▶ teardown
//
// The cluster has its own namespaces for mounts, processes, network, host name and IPC. All its programs
// end with one process, and no file or port of the machine is used outside the cache folder.
package kubernetes_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

var onCluster = flag.Bool("cluster", false, "build and start a cluster, as make kubernetes does")

const (
	// cacheVariable is the cache folder, for a process within the namespaces.
	cacheVariable = "QLSYNC_TEST_CLUSTER"
	// workerVariable is the name of the worker that the process is.
	workerVariable = "QLSYNC_TEST_WORKER"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if name := os.Getenv(workerVariable); name != "" {
		runWorker(layout(os.Getenv(cacheVariable)), name)
	}
	os.Exit(m.Run())
}

func TestTheManifestsOnACluster(t *testing.T) {
	cache := os.Getenv(cacheVariable)
	switch {
	case !*onCluster:
		t.Skip("make kubernetes runs this test")
	case cache == "":
		prepare(t)
	default:
		tellTheStory(t, layout(cache))
	}
}

// layout is the cache folder with everything that a cluster consists of.
type layout string

func (l layout) path(elements ...string) string {
	return filepath.Join(append([]string{string(l)}, elements...)...)
}

// run is the folder of the running cluster, a file system in memory of its own.
func (l layout) run(elements ...string) string {
	return l.path(append([]string{"run"}, elements...)...)
}

// prepare builds the cluster, and runs the test again within its namespaces.
func prepare(t *testing.T) {
	if lack := missing(); lack != "" {
		t.Skip("NO CLUSTER WAS STARTED, AND THE MANIFESTS WERE NOT TRIED: " + lack)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	l := layout(filepath.Join(cache, "qlsync-kubernetes"))
	if err := os.MkdirAll(l.run(), 0o755); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(l.path("lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	build(t, l)

	removeGroups(t)
	defer removeGroups(t)
	runtime.LockOSThread() // the signal at the death of the parent is about its thread
	defer runtime.UnlockOSThread()
	inside := exec.Command("/proc/self/exe", os.Args[1:]...)
	inside.Env = append(os.Environ(), cacheVariable+"="+string(l))
	inside.Stdout, inside.Stderr = os.Stdout, os.Stderr
	inside.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	start := time.Now()
	if err := inside.Run(); err != nil {
		t.Errorf("the test within the cluster's namespaces ended with %v, want success", err)
	}
	t.Logf("with the cluster: %.1f s", time.Since(start).Seconds())
}

// missing returns what the machine lacks for a cluster; empty if it lacks nothing.
func missing() string {
	if os.Geteuid() != 0 {
		return "a cluster needs root"
	}
	for _, tool := range []string{"apt-get", "dpkg-deb", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "a cluster needs " + tool
		}
	}
	probe := exec.Command("/bin/true")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET}
	if err := probe.Run(); err != nil {
		return "a cluster needs namespaces: " + err.Error()
	}
	if err := makeGroups("probe"); err != nil {
		return "a cluster needs control groups that can be written: " + err.Error()
	}
	return ""
}

// output runs a command and returns what it prints to standard output. Its failure ends the test.
func output(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var problems strings.Builder
	command.Stderr = &problems
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s ends with %v, want success. It prints:\n%s%s", strings.Join(command.Args, " "), err, text, problems.String())
	}
	return string(text)
}

// eventually waits until a condition holds, and ends the test if it does not in time.
func eventually(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
