//go:build linux

package kubernetes_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	version    = "v1.37.2" // of Kubernetes
	pauseImage = "localhost/pause:test"
	imageTag   = "0.0.0-test"
)

// programs are the names under which the one binary of the cluster is started.
var programs = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"}

// build builds what is not in the cache yet: Kubernetes, containerd, runc, the plugins for the network,
// qlsync and its image.
func build(t *testing.T, l layout) {
	start := time.Now()
	say := func(what string) { t.Logf("%5.1f s: %s", time.Since(start).Seconds(), what) }
	for _, folder := range []string{"bin", "packages", "images", "dist/linux"} {
		if err := os.MkdirAll(l.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	unpackPackages(t, l)
	say("containerd, runc and plugins are there")
	buildCluster(t, l)
	say("Kubernetes " + version + " is built")
	goBuild(t, "../..", l.path("dist/linux/qlsync"), "-trimpath", "./cmd/qlsync")
	describe := func(name string, value any) {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		write(t, l.path("dist", name), string(text))
	}
	describe("metadata.json", map[string]string{"version": imageTag})
	describe("artifacts.json", []map[string]string{{"type": "Binary", "goos": "linux", "goarch": runtime.GOARCH, "path": "linux/qlsync"}})
	image := exec.Command("go", "run", "-C", "../../tools/release", "./image", "-dist", l.path("dist"), "-uncommitted")
	output(t, image)
	if err := os.Rename(l.path("dist", "qlsync_"+imageTag+"_image.tar"), l.path("images", "qlsync.tar")); err != nil {
		t.Fatal(err)
	}
	say("qlsync and its image are built")
}

// unpackPackages unpacks packages of the system without installing them.
func unpackPackages(t *testing.T, l layout) {
	if _, err := os.Stat(l.path("root/usr/lib/cni/bridge")); err == nil {
		return
	}
	download := func() error {
		command := exec.Command("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "containerd", "runc", "containernetworking-plugins")
		command.Dir = l.path("packages")
		return command.Run()
	}
	if download() != nil { // the lists of packages may be old, or missing
		output(t, exec.Command("apt-get", "-qq", "update"))
		if err := download(); err != nil {
			t.Fatalf("download containerd, runc and containernetworking-plugins: %v", err)
		}
	}
	packages, err := filepath.Glob(l.path("packages", "*.deb"))
	if err != nil || len(packages) < 3 {
		t.Fatalf("got the packages %v, %v; want three", packages, err)
	}
	for _, file := range packages {
		output(t, exec.Command("dpkg-deb", "-x", file, l.path("root")))
	}
}

// buildCluster builds the one binary of the cluster, which takes minutes, if its sources have changed.
func buildCluster(t *testing.T, l layout) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), version)
	for _, file := range []string{"go.mod", "go.sum", "main.go", "pause/main.go"} {
		text, err := os.ReadFile(filepath.Join("cluster", file))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	if known, err := os.ReadFile(l.path("bin/digest")); err == nil && string(known) == digest {
		return
	}
	// Without inlining and debug data, the compiler needs a third less time.
	const set = "-X k8s.io/component-base/version."
	goBuild(t, "cluster", l.path("bin/cluster"), "-mod=readonly", "-trimpath", "-gcflags=all=-l -dwarf=false",
		"-ldflags=-s -w "+set+"gitVersion="+version+" "+set+"gitMajor=1 "+set+"gitMinor=37", ".")
	for _, name := range programs {
		_ = os.Remove(l.path("bin", name))
		if err := os.Symlink("cluster", l.path("bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	goBuild(t, "cluster", l.path("bin/pause"), "-trimpath", "-ldflags=-s -w", "./pause")
	writePauseImage(t, l)
	write(t, l.path("bin/digest"), digest)
}

func goBuild(t *testing.T, folder, binary string, arguments ...string) {
	t.Helper()
	command := exec.Command("go", append([]string{"build", "-C", folder, "-o", binary}, arguments...)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output(t, command)
}

// writePauseImage writes an image with the program that keeps the namespaces of a pod, as an archive of Docker.
func writePauseImage(t *testing.T, l layout) {
	program, err := os.ReadFile(l.path("bin/pause"))
	if err != nil {
		t.Fatal(err)
	}
	layer := archive(t, map[string][]byte{"pause": program})
	sum := sha256.Sum256(layer)
	config := fmt.Sprintf(`{"architecture": %q, "os": "linux", "config": {"User": "65535:65535", "Entrypoint": ["/pause"]},
		"rootfs": {"type": "layers", "diff_ids": ["sha256:%x"]}}`, runtime.GOARCH, sum)
	manifest := fmt.Sprintf(`[{"Config": "config.json", "RepoTags": [%q], "Layers": ["layer.tar"]}]`, pauseImage)
	write(t, l.path("images/pause.tar"), string(archive(t, map[string][]byte{
		"manifest.json": []byte(manifest), "config.json": []byte(config), "layer.tar": layer,
	})))
}

func archive(t *testing.T, files map[string][]byte) []byte {
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.TrimLeft(text, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}
