// Package release checks what make snapshot has built, as a user who downloads it would: it unpacks every
// archive, installs the Debian package, starts what runs on this computer, and reads the format of the rest.
package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var distFlag = flag.String("dist", filepath.Join("..", "..", "bin", "dist"), "the `FOLDER` with the release")

// platforms are those for which there is an archive; only Linux has packages and images.
var platforms = []platform{
	{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

type platform struct{ os, arch string }

// name returns the name of a file of the release for this platform.
func (p platform) name(r *built, extension string) string {
	return "qlsync_" + r.version + "_" + p.os + "_" + p.arch + extension
}

func (p platform) archive(r *built) string {
	if p.os == "windows" {
		return p.name(r, ".zip")
	}
	return p.name(r, ".tar.gz")
}

func (p platform) program() string {
	if p.os == "windows" {
		return "qlsync.exe"
	}
	return "qlsync"
}

func (p platform) runsHere() bool { return p.os == runtime.GOOS && p.arch == runtime.GOARCH }

// built is the release, and the commit that it must be of.
type built struct {
	folder   string
	version  string
	tag      string // v and the version; in a snapshot, the tag before it
	commit   string
	date     time.Time
	modified bool
}

func readBuilt(t *testing.T) *built {
	t.Helper()
	folder, err := filepath.Abs(*distFlag)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "metadata.json"))
	if err != nil {
		t.Fatalf("there is no release to check (%v): run make snapshot", err)
	}
	var metadata struct{ Version, Tag string }
	if err := json.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	head := strings.Fields(git(t, "log", "-1", "--format=%H %cI"))
	date, err := time.Parse(time.RFC3339, head[1])
	if err != nil {
		t.Fatal(err)
	}
	return &built{folder: folder, version: metadata.Version, tag: metadata.Tag, commit: head[0], date: date, modified: git(t, "status", "--porcelain") != ""}
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", args...).Output()
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func (r *built) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (r *built) image() string { return "qlsync_" + r.version + "_image.tar" }

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

func TestTheReleaseIsCompleteAndItsChecksumsAreRight(t *testing.T) {
	r := readBuilt(t)
	var want []string
	for _, p := range platforms {
		want = append(want, p.archive(r), p.name(r, ".cdx.json"))
		if p.os == "linux" {
			want = append(want, p.name(r, ".deb"), p.name(r, ".rpm"), p.name(r, ".apk"))
		}
	}
	slices.Sort(want)
	sums := map[string]string{}
	for line := range strings.Lines(string(r.read(t, "checksums.txt"))) {
		hash, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			t.Errorf("checksums.txt has the line %q, want HASH, two spaces and a name, as sha256sum writes it", line)
		}
		sums[name] = hash
	}
	if got := slices.Sorted(maps.Keys(sums)); !slices.Equal(got, want) {
		t.Errorf("checksums.txt lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, hash := range sums {
		if got := sum(r.read(t, name)); got != hash {
			t.Errorf("%s has the checksum %s, checksums.txt lists %s", name, got, hash)
		}
	}
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, "qlsync_") && !e.IsDir() && sums[name] == "" && name != r.image() {
			t.Errorf("%s is in the release without a checksum", name)
		}
	}
}

// packed is a file of an archive or a package.
type packed struct {
	content []byte
	mode    fs.FileMode
	owner   string
	time    time.Time
}

func TestEveryArchiveHasTheProgramItsManualAndItsCompletions(t *testing.T) {
	r := readBuilt(t)
	scripts := pipelineScripts(t)
	for _, p := range platforms {
		t.Run(p.os+"_"+p.arch, func(t *testing.T) {
			files := unpack(t, r, p)
			want := []string{
				"CHANGELOG.md", "LICENSE", "README.md", "completions/_qlsync", "completions/qlsync.bash", "completions/qlsync.fish",
				"completions/qlsync.ps1", "man/qlsync.1", p.program(),
			}
			want = slices.AppendSeq(want, maps.Keys(scripts))
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
				t.Fatalf("got the files %q, want %q", got, want)
			}
			for name, script := range scripts {
				if !bytes.Equal(files[name].content, script) {
					t.Errorf("%s is not the script of the folder action", name)
				}
			}
			for name, file := range files {
				mode := fs.FileMode(0o644)
				if name == p.program() {
					mode = 0o755
				}
				if file.mode != mode || file.owner != "root/root" {
					t.Errorf("%s has the mode %o and belongs to %s, want %o and root/root", name, file.mode, file.owner, mode)
				}
				if !file.time.Equal(r.date) {
					t.Errorf("%s has the time %s, want that of the commit, %s", name, file.time, r.date)
				}
			}
			if manual := strings.ReplaceAll(string(files["man/qlsync.1"].content), `\-`, "-"); !strings.Contains(manual, "qlsync v"+r.version) {
				t.Errorf("the manual page does not have the version %s in its first lines: %.200s", r.version, manual)
			}
			checkProgram(t, r, p, files[p.program()].content)
			if p.runsHere() {
				folder := t.TempDir()
				if err := os.WriteFile(filepath.Join(folder, p.program()), files[p.program()].content, 0o755); err != nil {
					t.Fatal(err)
				}
				checkVersion(t, r, filepath.Join(folder, p.program()))
				for shell, file := range map[string]string{"bash": "qlsync.bash", "zsh": "_qlsync", "fish": "qlsync.fish", "powershell": "qlsync.ps1"} {
					if got := start(t, filepath.Join(folder, p.program()), "completion", shell); got != string(files["completions/"+file].content) {
						t.Errorf("completions/%s is not what the program prints for %s", file, shell)
					}
				}
			}
		})
	}
}

// pipelineScripts returns the scripts that the pipelines start from the folder ci of an archive.
func pipelineScripts(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "action", "*.sh"))
	if err != nil || len(files) < 5 {
		t.Fatalf("got the scripts %q of the pipelines (%v), want at least 5", files, err)
	}
	scripts := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts["ci/"+filepath.Base(file)] = text
	}
	return scripts
}

// unpack returns the files of an archive by name.
func unpack(t *testing.T, r *built, p platform) map[string]packed {
	t.Helper()
	content := r.read(t, p.archive(r))
	if p.os != "windows" {
		return readTar(t, gunzip(t, content))
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]packed{}
	for _, file := range archive.File {
		content, err := fs.ReadFile(archive, file.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name] = packed{content, file.Mode(), "root/root", file.Modified} // a zip has no owners
	}
	return files
}

func gunzip(t *testing.T, content []byte) []byte {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(plain) // several streams, one after the other, are one
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readTar(t *testing.T, content []byte) map[string]packed {
	t.Helper()
	files := map[string]packed{}
	for archive := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(path.Clean(header.Name), "/")] = packed{content, header.FileInfo().Mode(), header.Uname + "/" + header.Gname, header.ModTime}
	}
}

// checkProgram checks the format of a program, what the Go tool recorded in it, and that it does not have
// a path of the computer on which it was built.
func checkProgram(t *testing.T, r *built, p platform, program []byte) {
	t.Helper()
	if got, err := formatOf(program); err != nil || got != p {
		t.Errorf("the program is for %v (%v), want %v", got, err, p)
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	for key, want := range map[string]string{
		"GOOS": p.os, "GOARCH": p.arch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs.revision": r.commit, "vcs.modified": fmt.Sprint(r.modified),
	} {
		if settings[key] != want {
			t.Errorf("the program was built with %s=%s, want %s", key, settings[key], want)
		}
	}
	if !bytes.Contains(program, []byte("v"+r.version)) {
		t.Errorf("the program does not have the version v%s", r.version)
	}
	for _, folder := range []string{git(t, "rev-parse", "--show-toplevel"), goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE"), goEnv(t, "GOROOT")} {
		if bytes.Contains(program, []byte(folder+"/")) {
			t.Errorf("the program has the path %s of this computer", folder)
		}
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// formatOf returns the platform that the headers of a program name.
func formatOf(program []byte) (platform, error) {
	r := bytes.NewReader(program)
	if file, err := elf.NewFile(r); err == nil {
		return platform{"linux", map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[file.Machine]}, nil
	}
	if file, err := macho.NewFile(r); err == nil {
		return platform{"darwin", map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[file.Cpu]}, nil
	}
	file, err := pe.NewFile(r)
	if err != nil {
		return platform{}, fmt.Errorf("neither ELF, Mach-O nor PE: %w", err)
	}
	return platform{"windows", map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[file.Machine]}, nil
}

// start runs a program without an environment and returns its standard output.
func start(t *testing.T, program string, args ...string) string {
	t.Helper()
	command := exec.Command(program, args...)
	command.Env = []string{"HOME=" + t.TempDir()}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// checkVersion starts a program and compares its description with the commit.
func checkVersion(t *testing.T, r *built, program string) {
	t.Helper()
	compareVersion(t, r, start(t, program, "version", "--format", "json"))
}

func compareVersion(t *testing.T, r *built, text string) {
	t.Helper()
	type description struct {
		Version, Commit, Platform, Date string
		Modified                        bool
	}
	var got description
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("qlsync version --format json printed %q: %v", text, err)
	}
	want := description{"v" + r.version, r.commit, runtime.GOOS + "/" + runtime.GOARCH, r.date.UTC().Format(time.RFC3339), r.modified}
	if got != want {
		t.Errorf("the program describes itself as %+v, want %+v", got, want)
	}
}

// TestEveryBillOfMaterialsListsTheModulesOfItsProgram compares the CycloneDX documents with what the Go tool recorded.
func TestEveryBillOfMaterialsListsTheModulesOfItsProgram(t *testing.T) {
	r := readBuilt(t)
	for _, p := range platforms {
		info, err := buildinfo.Read(bytes.NewReader(unpack(t, r, p)[p.program()].content))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"std@" + strings.TrimPrefix(info.GoVersion, "go")}
		for _, module := range info.Deps {
			want = append(want, module.Path+"@"+module.Version)
		}
		var bill struct {
			BomFormat string
			Metadata  struct {
				Component struct{ Name, Version string }
			}
			Components []struct{ Name, Version, PURL string }
		}
		if err := json.Unmarshal(r.read(t, p.name(r, ".cdx.json")), &bill); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, component := range bill.Components {
			got = append(got, component.Name+"@"+strings.TrimPrefix(component.Version, "go"))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s lists\n%s\nwant\n%s", p.name(r, ".cdx.json"), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if main := bill.Metadata.Component; bill.BomFormat != "CycloneDX" || main.Name != info.Main.Path || main.Version != "v"+r.version {
			t.Errorf("%s is in the format %q and of %s %s, want CycloneDX and %s v%s", p.name(r, ".cdx.json"), bill.BomFormat, main.Name, main.Version, info.Main.Path, r.version)
		}
	}
}

// TestThePackageManagersGetTheArchivesOfTheRelease reads the manifests that a release publishes.
func TestThePackageManagersGetTheArchivesOfTheRelease(t *testing.T) {
	r := readBuilt(t)
	for file, systems := range map[string][]string{
		"homebrew/Casks/qlsync.rb": {"darwin", "linux"},
		"scoop/qlsync.json":        {"windows"},
		"winget/manifests/q/qlsync/qlsync/" + r.version + "/qlsync.qlsync.installer.yaml": {"windows"},
	} {
		text := string(r.read(t, file))
		for _, p := range platforms {
			address := "https://github.com/qlsync/qlsync/releases/download/" + r.tag + "/" + p.archive(r)
			hash := sum(r.read(t, p.archive(r)))
			named := strings.Contains(strings.ReplaceAll(text, "#{version}", r.version), address)
			hashed := strings.Contains(strings.ToLower(text), hash)
			if want := slices.Contains(systems, p.os); named != want || hashed != want {
				t.Errorf("%s: names %s: %t, has its checksum: %t; want %t", file, address, named, hashed, want)
			}
		}
	}
}
