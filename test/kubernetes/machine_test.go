//go:build linux

package kubernetes_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The addresses of the cluster's own network. A node must not have a loopback address.
const (
	controlAddress = "10.89.0.1"
	tenantsAddress = "10.89.0.2" // the tenants over TLS, and the names
	absentAddress  = "10.89.0.3" // nothing listens there
)

var workers = []string{"worker1", "worker2", "worker3"}

func workerAddress(name string) string { return "10.89.1." + strings.TrimPrefix(name, "worker") }

// groupsRoot is where the kernel shows control groups; groupsName is the group of all workers.
const groupsRoot, groupsName = "/sys/fs/cgroup", "qlsync-kubernetes"

// hierarchies returns the folders of all hierarchies of control groups, in version 1 or 2.
func hierarchies() []string {
	if _, err := os.Stat(filepath.Join(groupsRoot, "cgroup.controllers")); err == nil {
		return []string{groupsRoot}
	}
	folders, _ := filepath.Glob(filepath.Join(groupsRoot, "*", "tasks"))
	for i := range folders {
		folders[i] = filepath.Dir(folders[i])
	}
	return folders
}

// makeGroups makes a control group below that of all workers, in each hierarchy.
func makeGroups(name string) error {
	folders := hierarchies()
	if len(folders) == 0 {
		return fmt.Errorf("%s has none", groupsRoot)
	}
	for _, folder := range folders {
		for _, below := range []string{"", groupsName, filepath.Join(groupsName, name)} {
			group := filepath.Join(folder, below)
			if err := os.MkdirAll(group, 0o755); err != nil {
				return err
			}
			for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // version 1 demands values
				if above, err := os.ReadFile(filepath.Join(filepath.Dir(group), file)); err == nil && below != "" {
					_ = os.WriteFile(filepath.Join(group, file), above, 0o644)
				}
			}
			if controllers, err := os.ReadFile(filepath.Join(group, "cgroup.controllers")); err == nil { // version 2
				for _, controller := range strings.Fields(string(controllers)) {
					_ = os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
				}
			}
		}
	}
	return nil
}

// removeGroups removes the control groups, whose processes have ended or are about to end.
func removeGroups(t *testing.T) {
	var left []string
	for range 50 {
		left = nil
		for _, folder := range hierarchies() {
			var groups []string
			_ = filepath.WalkDir(filepath.Join(folder, groupsName), func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					groups = append(groups, path)
				}
				return nil
			})
			for _, group := range slices.Backward(groups) {
				if os.Remove(group) != nil {
					left = append(left, group)
				}
			}
		}
		if left == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("these control groups remain: %v", left)
}

// mount is a mount of the process's own namespace.
func mount(source, target, kind string, flags uintptr, options string) error {
	if err := syscall.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", source, target, err)
	}
	return nil
}

// cluster is the running cluster, seen from within its namespaces.
type cluster struct {
	t      *testing.T
	layout layout
	token  string
	client *http.Client
	began  time.Time
	ended  chan string // a program that has ended
}

func (c *cluster) say(format string, arguments ...any) {
	c.t.Logf("%5.1f s: %s", time.Since(c.began).Seconds(), fmt.Sprintf(format, arguments...))
}

// start starts a program of the cluster, whose output is in a log.
func (c *cluster) start(command *exec.Cmd) {
	c.t.Helper()
	name := filepath.Base(command.Path)
	if of := slices.IndexFunc(command.Env, func(v string) bool { return strings.HasPrefix(v, workerVariable+"=") }); of >= 0 {
		name = strings.TrimPrefix(command.Env[of], workerVariable+"=")
	}
	log, err := os.Create(c.layout.run("log", name+".log"))
	if err != nil {
		c.t.Fatal(err)
	}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() { c.ended <- fmt.Sprintf("%s: %v", name, command.Wait()) }()
}

// up starts a cluster in the namespaces of the process, which are its own.
func up(t *testing.T, l layout) *cluster {
	c := &cluster{
		t: t, layout: l, token: rand.Text(), began: time.Now(), ended: make(chan string, 10),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second},
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.showLogs()
		}
	})
	for _, err := range []error{
		mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		mount("proc", "/proc", "proc", 0, ""),
		mount("tmpfs", l.run(), "tmpfs", 0, "size=4g,mode=755"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	os.Setenv("PATH", strings.Join([]string{l.path("bin"), l.path("root/usr/bin"), l.path("root/usr/sbin"), os.Getenv("PATH")}, ":"))
	os.Setenv("KUBECONFIG", l.run("kubeconfig"))
	os.Setenv("HOME", l.run()) // kubectl keeps a cache
	write(t, l.run("resolv.conf"), "nameserver "+tenantsAddress+"\n")
	if err := mount(l.run("resolv.conf"), "/etc/resolv.conf", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	output(t, exec.Command("ip", "link", "set", "lo", "up"))
	addresses := []string{controlAddress, tenantsAddress, absentAddress}
	for _, name := range workers {
		addresses = append(addresses, workerAddress(name))
	}
	for _, address := range addresses {
		output(t, exec.Command("ip", "address", "add", address+"/32", "dev", "lo"))
	}
	write(t, l.run("log/README"), "the logs of the cluster's programs\n")
	c.startControlPlane()
	c.startWorkers()
	return c
}

func (c *cluster) startControlPlane() {
	l := c.layout
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	accounts := l.run("accounts.key")
	write(c.t, accounts, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	write(c.t, l.run("tokens.csv"), c.token+",admin,admin,system:masters\n")
	write(c.t, l.run("kubeconfig"), fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c",
		"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", "insecure-skip-tls-verify": true}}],
		"users": [{"name": "c", "user": {"token": %q}}],
		"contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}]}`, c.token))
	c.start(exec.Command("etcd", "--data-dir", l.run("etcd"), "--unsafe-no-fsync", "--log-level", "warn"))
	c.start(exec.Command("kube-apiserver", "--etcd-servers", "http://127.0.0.1:2379", "--bind-address", "127.0.0.1",
		"--advertise-address", controlAddress, "--cert-dir", l.run("apiserver"), "--service-cluster-ip-range", "10.96.0.0/24",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", accounts,
		"--service-account-signing-key-file", accounts, "--authorization-mode", "RBAC", "--token-auth-file", l.run("tokens.csv"),
		"--endpoint-reconciler-type", "none", "--kubelet-preferred-address-types", "InternalIP"))
	c.waitFor("the API server is ready", func() bool { return c.get("/readyz", nil) })
	c.start(exec.Command("kube-controller-manager", "--kubeconfig", l.run("kubeconfig"), "--bind-address", "127.0.0.1",
		"--leader-elect=false", "--service-account-private-key-file", accounts, "--use-service-account-credentials=false"))
	c.start(exec.Command("kube-scheduler", "--kubeconfig", l.run("kubeconfig"), "--bind-address", "127.0.0.1", "--leader-elect=false"))
	c.say("the control plane is ready")
}

func (c *cluster) startWorkers() {
	for _, name := range workers {
		command := exec.Command("/proc/self/exe")
		command.Env = append(os.Environ(), workerVariable+"="+name)
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS}
		c.start(command)
	}
	for _, name := range workers {
		var node struct {
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
		c.waitFor(name+" is ready", func() bool {
			if !c.get("/api/v1/nodes/"+name, &node) {
				return false
			}
			for _, condition := range node.Status.Conditions {
				if condition.Type == "Ready" {
					return condition.Status == "True"
				}
			}
			return false
		})
	}
	c.say("%d workers are ready", len(workers))
}

// waitFor is [eventually], and ends the test at once if a program of the cluster ends.
func (c *cluster) waitFor(what string, holds func() bool) {
	c.t.Helper()
	eventually(c.t, what, 3*time.Minute, func() bool {
		select {
		case ended := <-c.ended:
			c.t.Fatalf("a program of the cluster has ended while the test waited for %q: %s", what, ended)
		default:
		}
		return holds()
	})
}

// get asks the API server, and reports whether it answers.
func (c *cluster) get(path string, value any) bool {
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "https://127.0.0.1:6443"+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK && (value == nil || json.NewDecoder(answer.Body).Decode(value) == nil)
}

func (c *cluster) kubectl(arguments ...string) string {
	c.t.Helper()
	return output(c.t, exec.Command("kubectl", arguments...))
}

// showLogs shows the ends of the logs of a cluster that failed.
func (c *cluster) showLogs() {
	logs, _ := filepath.Glob(c.layout.run("log", "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		c.t.Logf("the end of %s:\n%s", filepath.Base(log), bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
	}
}

// runWorker is the process of a worker: containerd and a kubelet, with their own /var and /run.
func runWorker(l layout, name string) {
	err := worker(l, name)
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(1)
}

func worker(l layout, name string) error {
	if err := makeGroups(name); err != nil {
		return err
	}
	at := func(elements ...string) string { return l.run(append([]string{name}, elements...)...) }
	for _, folder := range []string{"var/lib", "var/log", "var/tmp", "run", "sysctl", "cni"} {
		if err := os.MkdirAll(at(folder), 0o755); err != nil {
			return err
		}
	}
	steps := []error{
		syscall.Sethostname([]byte(name)),
		mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		os.Symlink("/run", at("var/run")),
		mount(at("run"), "/run", "", syscall.MS_BIND, ""),
		mount(at("var"), "/var", "", syscall.MS_BIND, ""),
	}
	// The kubelet finds these switches of the kernel as it wants them, and the machine's own stay as they are.
	for path, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		file := at("sysctl", filepath.Base(path))
		steps = append(steps, os.WriteFile(file, []byte(value+"\n"), 0o644), mount(file, "/proc/sys/"+path, "", syscall.MS_BIND, ""))
	}
	subnet := "10.88." + strings.TrimPrefix(name, "worker") + ".0/24"
	socket := at("containerd.sock")
	steps = append(steps,
		os.WriteFile(at("cni/pods.conflist"), fmt.Appendf(nil, `{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods-%s",
			"isDefaultGateway": true, "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q}]]}}]}`, name, at("addresses"), subnet), 0o644),
		os.WriteFile(at("containerd.toml"), fmt.Appendf(nil, containerdConfig, at("containerd"), socket, pauseImage, l.path("root/usr/lib/cni"), at("cni")), 0o644),
		os.WriteFile(at("kubelet.yaml"), fmt.Appendf(nil, kubeletConfig, workerAddress(name), socket, "/"+groupsName+"/"+name, tenantsAddress, at("plugins")), 0o644),
	)
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	run := func(program string, arguments ...string) (*exec.Cmd, error) {
		command := exec.Command(program, arguments...)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		return command, command.Start()
	}
	containerd, err := run("containerd", "--config", at("containerd.toml"), "--log-level", "warn")
	if err != nil {
		return err
	}
	images, err := filepath.Glob(l.path("images", "*.tar"))
	if err != nil {
		return err
	}
	for _, image := range images {
		var problem []byte
		for range 100 { // until containerd listens
			if problem, err = exec.Command("ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", image).CombinedOutput(); err == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			return fmt.Errorf("import %s: %w: %s", image, err, problem)
		}
	}
	kubelet, err := run("kubelet", "--kubeconfig", l.run("kubeconfig"), "--config", at("kubelet.yaml"),
		"--hostname-override", name, "--node-ip", workerAddress(name), "--root-dir", "/var/lib/kubelet", "--cert-dir", at("kubelet"))
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- fmt.Errorf("containerd: %w", containerd.Wait()) }()
	go func() { ended <- fmt.Errorf("kubelet: %w", kubelet.Wait()) }()
	return <-ended
}

const containerdConfig = `
version = 2
root = %q
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`

const kubeletConfig = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %s
containerRuntimeEndpoint: unix://%s
cgroupDriver: cgroupfs
cgroupRoot: %s
clusterDNS: [%s]
clusterDomain: cluster.local
volumePluginDir: %s
failCgroupV1: false
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
enforceNodeAllocatable: [none]
evictionHard: {nodefs.available: 0%%, imagefs.available: 0%%, memory.available: 1Mi}
failSwapOn: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
resolvConf: ""
`
