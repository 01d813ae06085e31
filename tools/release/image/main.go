// Command image builds the container image of a release from the binaries that goreleaser built, without
// a container engine: an index of one image for each Linux architecture, from scratch, with certificate
// authorities and time zones. The same binaries give the same image.
//
//	go run ./image -dist FOLDER               writes FOLDER/qlsync_VERSION_image.tar, in the OCI image layout
//	go run ./image -dist FOLDER -push IMAGE   also pushes it, and prints its name with the digest
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// repository is where the releases of the image are.
const repository = "ghcr.io/qlsync/qlsync"

func main() {
	dist := flag.String("dist", "bin/dist", "the `FOLDER` in which goreleaser built the release")
	push := flag.String("push", "", "push the image under this `NAME`, without a tag, and tag it with its version")
	uncommitted := flag.Bool("uncommitted", false, "accept binaries that record no commit, for a test")
	flag.Parse()
	if *uncommitted && *push != "" {
		fmt.Fprintln(os.Stderr, "image: an image of binaries that record no commit cannot be pushed")
		os.Exit(1)
	}
	if err := run(*dist, *push, *uncommitted); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(dist, push string, uncommitted bool) error {
	built, err := readRelease(dist, uncommitted)
	if err != nil {
		return err
	}
	index, err := buildIndex(built)
	if err != nil {
		return err
	}
	file := filepath.Join(dist, "qlsync_"+built.version+"_image.tar")
	if err := writeLayout(file, index, built); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "wrote", file)
	if push == "" {
		return nil
	}
	return pushIndex(push, index, built)
}

// release is what goreleaser built.
type release struct {
	version     string
	uncommitted bool // the binaries may record no commit
	commit      string
	date        time.Time         // that of the commit
	binaries    map[string]string // the paths of the Linux binaries by architecture
}

// readRelease reads the files in which goreleaser describes its results, and the commit that the Go
// tool recorded in the binaries.
func readRelease(dist string, uncommitted bool) (*release, error) {
	var metadata struct{ Version string }
	var artifacts []struct{ Path, Goos, Goarch, Type string }
	for file, value := range map[string]any{"metadata.json": &metadata, "artifacts.json": &artifacts} {
		text, err := os.ReadFile(filepath.Join(dist, file))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, value); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	built := &release{version: metadata.Version, uncommitted: uncommitted, binaries: map[string]string{}}
	for _, artifact := range artifacts {
		if artifact.Type != "Binary" || artifact.Goos != "linux" {
			continue
		}
		file := filepath.Join(dist, filepath.Base(filepath.Dir(artifact.Path)), filepath.Base(artifact.Path))
		if err := built.add(artifact.Goarch, file); err != nil {
			return nil, err
		}
	}
	if len(built.binaries) == 0 {
		return nil, fmt.Errorf("%s has no binary for Linux", dist)
	}
	return built, nil
}

// add adds the binary of an architecture. All binaries must be of one commit.
func (r *release) add(architecture, file string) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	date, err := time.Parse(time.RFC3339, settings["vcs.time"])
	if err != nil && r.uncommitted {
		date, err = time.Unix(0, 0).UTC(), nil
	}
	if err != nil {
		return fmt.Errorf("%s does not record the time of its commit: %w", file, err)
	}
	if r.commit != "" && r.commit != settings["vcs.revision"] {
		return fmt.Errorf("%s is of the commit %s, another binary of %s", file, settings["vcs.revision"], r.commit)
	}
	r.commit, r.date, r.binaries[architecture] = settings["vcs.revision"], date, file
	return nil
}

// labels returns the labels that describe an image of the release.
func (r *release) labels() map[string]string {
	const page = "https://github.com/qlsync/qlsync"
	return map[string]string{
		"org.opencontainers.image.created":       r.date.Format(time.RFC3339),
		"org.opencontainers.image.description":   "keeps a Qlik Cloud tenant's data connections in sync with YAML files in Git",
		"org.opencontainers.image.documentation": page + "/blob/main/docs/README.md",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.revision":      r.commit,
		"org.opencontainers.image.source":        page,
		"org.opencontainers.image.title":         "qlsync",
		"org.opencontainers.image.url":           page,
		"org.opencontainers.image.vendor":        "qlsync",
		"org.opencontainers.image.version":       r.version,
	}
}

func buildIndex(built *release) (v1.ImageIndex, error) {
	base, err := baseLayer()
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range slices.Sorted(maps.Keys(built.binaries)) {
		image, err := buildImage(built, architecture, base)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	return mutate.Annotations(index, built.labels()).(v1.ImageIndex), nil
}

func buildImage(built *release, architecture string, base v1.Layer) (v1.Image, error) {
	binary, err := os.ReadFile(built.binaries[architecture])
	if err != nil {
		return nil, err
	}
	program, err := newLayer([]entry{{name: "usr/local/bin/qlsync", mode: 0o755, content: binary}})
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: built.date}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, MediaType: types.OCILayer, History: v1.History{Created: created, CreatedBy: "certificate authorities, time zones, /tmp and /work"}},
		mutate.Addendum{Layer: program, MediaType: types.OCILayer, History: v1.History{Created: created, CreatedBy: "qlsync " + built.version}},
	)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", architecture, created
	file.Config = v1.Config{
		User: "65532:65532", WorkingDir: "/work", Entrypoint: []string{"/usr/local/bin/qlsync"},
		Env: []string{"PATH=/usr/local/bin"}, Labels: built.labels(),
	}
	return mutate.ConfigFile(image, file)
}

// entry is a file of a layer, or a folder if its name ends with a slash.
type entry struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// newLayer returns a layer of files in order, with the folders above them. Everything belongs to root
// and has no time, so that equal files are equal layers.
func newLayer(entries []entry) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	written := map[string]bool{".": true, "": true}
	var add func(e entry) error
	add = func(e entry) error {
		if parent := path.Dir(strings.TrimSuffix(e.name, "/")); !written[parent] {
			if err := add(entry{name: parent + "/", mode: 0o755}); err != nil {
				return err
			}
		}
		written[strings.TrimSuffix(e.name, "/")] = true
		header := &tar.Header{Name: e.name, Mode: int64(e.mode), Size: int64(len(e.content)), Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if strings.HasSuffix(e.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err := w.Write(e.content)
		return err
	}
	for _, e := range entries {
		if err := add(e); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}

// baseLayer returns the layer that all architectures share. Certificates and time zones are files, and
// not part of the program, so that a user can mount others over them.
func baseLayer() (v1.Layer, error) {
	zones, err := timeZones()
	if err != nil {
		return nil, err
	}
	return newLayer(slices.Concat(
		[]entry{{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()}},
		[]entry{{name: "tmp/", mode: 0o1777}},
		zones,
		[]entry{{name: "work/", mode: 0o755}},
	))
}

// certificates returns Mozilla's certificate authorities, as the Go project publishes them. It leaves out
// those that are only trusted for certificates up to a date, because a file cannot express that.
func certificates() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer accepts everything
		}
	}
	return text.Bytes()
}

// timeZones returns the time zone database of the Go distribution, as files.
func timeZones() ([]entry, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find the time zones of Go: %w", err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	var zones []entry
	for _, file := range archive.File {
		if file.FileInfo().IsDir() {
			continue
		}
		content, err := fs.ReadFile(archive, file.Name)
		if err != nil {
			return nil, err
		}
		zones = append(zones, entry{name: "usr/share/zoneinfo/" + file.Name, mode: 0o644, content: content})
	}
	slices.SortFunc(zones, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return zones, nil
}

// writeLayout writes an index as one file in the OCI image layout.
func writeLayout(file string, index v1.ImageIndex, built *release) error {
	folder, err := os.MkdirTemp("", "qlsync-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	layers, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := layers.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          repository + ":" + built.version,
		"org.opencontainers.image.ref.name": built.version,
	})); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := archive(out, os.DirFS(folder)); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

// archive writes the files of a folder in order, without times.
func archive(out io.Writer, folder fs.FS) error {
	w := tar.NewWriter(out)
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(0, 0)}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// pushIndex pushes an index under the version, and as latest if the version is not a prerelease. It
// prints the name of the image with its digest.
func pushIndex(image string, index v1.ImageIndex, built *release) error {
	tags := []string{built.version}
	if !strings.Contains(built.version, "-") {
		tags = append(tags, "latest")
	}
	for _, tag := range tags {
		reference, err := name.NewTag(image + ":" + tag)
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(reference, index, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return err
		}
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s@%s\n", image, digest)
	return nil
}
