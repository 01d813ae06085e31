package release

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// openImage returns the index of the image, which refers to one image for each architecture.
func openImage(t *testing.T, r *built) v1.ImageIndex {
	t.Helper()
	folder := t.TempDir()
	writeFiles(t, folder, bytes.NewReader(r.read(t, r.image())))
	layers, err := layout.FromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := layers.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := outer.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(listed.Manifests) != 1 || listed.Manifests[0].Annotations["io.containerd.image.name"] != "ghcr.io/qlsync/qlsync:"+r.version {
		t.Fatalf("the layout lists %+v, want one image, named ghcr.io/qlsync/qlsync:%s", listed.Manifests, r.version)
	}
	index, err := outer.ImageIndex(listed.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// writeFiles unpacks a tar into a folder, with the modes of the files.
func writeFiles(t *testing.T, folder string, archive io.Reader) {
	t.Helper()
	for files := tar.NewReader(archive); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		file, mode := filepath.Join(folder, filepath.FromSlash(header.Name)), header.FileInfo().Mode()
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(file, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
			var content []byte
			if content, err = io.ReadAll(files); err == nil {
				err = os.WriteFile(file, content, 0o644)
			}
		}
		if err == nil {
			err = os.Chmod(file, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheImageIsSmallAndDescribesItself(t *testing.T) {
	r := readBuilt(t)
	index := openImage(t, r)
	if err := validate.Index(index); err != nil {
		t.Errorf("the image is not valid: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var architectures []string
	for _, entry := range manifest.Manifests {
		architectures = append(architectures, entry.Platform.OS+"/"+entry.Platform.Architecture)
		image, err := index.Image(entry.Digest)
		if err != nil {
			t.Fatal(err)
		}
		size := entry.Size
		layers, err := image.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range layers {
			bytes, err := layer.Size()
			if err != nil {
				t.Fatal(err)
			}
			size += bytes
		}
		t.Logf("%s: %.1f MB to download", entry.Platform.Architecture, float64(size)/1e6)
		if size > 30e6 {
			t.Errorf("the image of %s has %d bytes, want at most 30 MB", entry.Platform.Architecture, size)
		}
		file, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if file.Architecture != entry.Platform.Architecture || file.Config.User != "65532:65532" || file.Config.WorkingDir != "/work" || !file.Created.Equal(r.date) {
			t.Errorf("the image of %s is for %s, runs as %q in %q, and was made at %s; want user 65532:65532, /work and the time of the commit, %s",
				entry.Platform.Architecture, file.Architecture, file.Config.User, file.Config.WorkingDir, file.Created, r.date)
		}
		if slices.ContainsFunc(file.Config.Env, func(variable string) bool { return strings.HasPrefix(variable, "HOME=") }) {
			t.Errorf("the image sets HOME: %q", file.Config.Env)
		}
		for label, want := range map[string]string{
			"version": r.version, "revision": r.commit, "created": r.date.UTC().Format(time.RFC3339), "licenses": "Apache-2.0",
			"source": "https://github.com/qlsync/qlsync", "title": "qlsync",
		} {
			if got := file.Config.Labels["org.opencontainers.image."+label]; got != want {
				t.Errorf("the image of %s has the label %s with the value %q, want %q", entry.Platform.Architecture, label, got, want)
			}
		}
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(architectures, want) {
		t.Errorf("the image is for %q, want %q", architectures, want)
	}
}

func TestTheImageHasTheProgramCertificatesAndTimeZonesAndNothingElse(t *testing.T) {
	r := readBuilt(t)
	for _, p := range linux() {
		files := readTar(t, flatten(t, openImage(t, r), p.arch))
		program, certificates := files["usr/local/bin/qlsync"], files["etc/ssl/certs/ca-certificates.crt"]
		if want := unpack(t, r, p)["qlsync"].content; !bytes.Equal(program.content, want) {
			t.Errorf("the program in the image of %s is not the one in the archive", p.arch)
		}
		roots := 0
		for block, rest := pem.Decode(certificates.content); block != nil; block, rest = pem.Decode(rest) {
			if root, err := x509.ParseCertificate(block.Bytes); err != nil || !root.IsCA {
				t.Errorf("got a certificate that is not one of an authority (%v)", err)
			}
			roots++
		}
		if roots < 80 {
			t.Errorf("the image has %d certificate authorities, want at least 80", roots)
		}
		zone, err := time.LoadLocationFromTZData("Europe/Istanbul", files["usr/share/zoneinfo/Europe/Istanbul"].content)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).In(zone).Hour(); got != 15 {
			t.Errorf("noon UTC is %d o'clock in Istanbul by the image, want 15", got)
		}
		maps.DeleteFunc(files, func(name string, _ packed) bool { return strings.HasPrefix(name, "usr/share/zoneinfo/") })
		if got, want := slices.Sorted(maps.Keys(files)), []string{"etc/ssl/certs/ca-certificates.crt", "usr/local/bin/qlsync"}; !slices.Equal(got, want) {
			t.Errorf("the image has the files %q, want %q", got, want)
		}
	}
}

// flatten returns the files of the image of an architecture as a tar.
func flatten(t *testing.T, index v1.ImageIndex, architecture string) []byte {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range manifest.Manifests {
		if entry.Platform.Architecture != architecture {
			continue
		}
		image, err := index.Image(entry.Digest)
		if err != nil {
			t.Fatal(err)
		}
		reader := mutate.Extract(image)
		defer reader.Close()
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	t.Fatalf("there is no image for %s", architecture)
	return nil
}

// container runs the image of this computer as a container engine does: as its user, without an entry in
// /etc/passwd and so with HOME=/, and with no other variables than those of the image.
type container struct {
	t        *testing.T
	root     string
	readOnly bool // the root and /work, and nothing is mounted at /tmp
}

// qlsync returns the exit code and the output of a command.
func (c container) qlsync(args ...string) (int, string) {
	c.t.Helper()
	script := `set -eu
root=$1; shift
if [ -n "$READ_ONLY" ]; then mount --bind "$root" "$root"; mount -o remount,ro,bind "$root"; fi
exec env -i HOME=/ PATH=/usr/local/bin QLIK_API_KEY=local-key /usr/sbin/chroot --userspec=65532:65532 --groups= "$root" /usr/local/bin/qlsync "$@"`
	command := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, "sh", c.root}, args...)...)
	command.Env = append(os.Environ(), "READ_ONLY=")
	if c.readOnly {
		command.Env = append(os.Environ(), "READ_ONLY=1")
	}
	out, err := command.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		c.t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(out)
}

// TestTheImageStartsAsAnotherUserAndAppliesAProject is about the lock above all: a container has no home folder.
func TestTheImageStartsAsAnotherUserAndAppliesAProject(t *testing.T) {
	here := slices.IndexFunc(linux(), platform.runsHere)
	if here < 0 || os.Getuid() != 0 || exec.Command("unshare", "--mount", "true").Run() != nil {
		t.Skip("NOT CHECKED: to start the image, this test needs Linux, root, and unshare with the right to mount")
	}
	r := readBuilt(t)
	c := container{t: t, root: t.TempDir()}
	if err := os.Chmod(c.root, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, c.root, bytes.NewReader(flatten(t, openImage(t, r), linux()[here].arch)))
	_, text := c.qlsync("version", "--format", "json")
	compareVersion(t, r, text)

	address := serveTenant(t, filepath.Join(c.root, "usr/local/bin/qlsync"))
	for name, content := range map[string]string{
		"qlsync.yaml": "version: 1\nproject: image\nconnections: [connections.yaml]\ntenants:\n  t: {url: \"" + address + "\", auth: {apiKey: {env: QLIK_API_KEY}}}\n",
		"connections.yaml": "version: 1\nconnections:\n  - name: Rates\n    space: Finance\n    dataSource: rest\n" +
			"    properties: {url: \"https://rates.example.com/v1\", authSchema: anonymous}\n",
	} {
		if err := os.WriteFile(filepath.Join(c.root, "work", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name     string
		readOnly bool
		command  string
		code     int
		output   string
	}{
		{"plan needs no folder that can be written", true, "plan -C /work", 0, "1 to create"},
		{"apply needs a folder for its lock, and names the flag", true, "apply -C /work --auto-approve", 1, "--lock-dir"},
		{"without a home folder, the lock of apply is in /tmp", false, "apply -C /work --auto-approve", 0, "Applied: 1 done"},
		{"after apply, nothing differs", true, "drift -C /work", 0, ""},
	} {
		c.readOnly = test.readOnly
		code, text := c.qlsync(strings.Fields(test.command)...)
		if code != test.code || !strings.Contains(text, test.output) {
			t.Errorf("%s: qlsync %s ended with %d, want %d and an output with %q:\n%s", test.name, test.command, code, test.code, test.output, text)
		}
	}
	if got := filesBelow(t, c.root, "tmp"); !slices.ContainsFunc(got, func(file string) bool { return strings.HasPrefix(file, "tmp/qlsync-65532/") }) {
		t.Errorf("apply left %q in /tmp, want its lock in /tmp/qlsync-65532", got)
	}
}

// serveTenant starts an embedded tenant outside of the container until the test ends, and returns its address.
func serveTenant(t *testing.T, program string) string {
	t.Helper()
	folder := t.TempDir()
	seed := "token: local-key\nusers:\n  - {name: Ana, email: ana@example.com, roles: [TenantAdmin]}\nspaces:\n  - {name: Finance, type: shared}\n"
	if err := os.WriteFile(filepath.Join(folder, "tenant.yaml"), []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "simulate", "--tenant", "tenant.yaml", "--listen", "127.0.0.1:0")
	command.Dir = folder
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	line := make([]byte, 4096)
	for text := ""; ; {
		n, err := out.Read(line)
		text += string(line[:n])
		if _, rest, found := strings.Cut(text, "url: "); found && strings.Contains(rest, "\n") {
			address, _, _ := strings.Cut(rest, "\n")
			return address
		}
		if err != nil {
			t.Fatalf("simulate ended before its address was known: %q", text)
		}
	}
}
