package release

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// packagedFiles are the files of every Linux package.
var packagedFiles = []string{
	"usr/bin/qlsync",
	"usr/share/bash-completion/completions/qlsync",
	"usr/share/doc/qlsync/CHANGELOG.md",
	"usr/share/doc/qlsync/copyright",
	"usr/share/fish/vendor_completions.d/qlsync.fish",
	"usr/share/man/man1/qlsync.1.gz",
	"usr/share/zsh/site-functions/_qlsync",
}

// linux are the platforms of the packages.
func linux() []platform {
	return slices.DeleteFunc(slices.Clone(platforms), func(p platform) bool { return p.os != "linux" })
}

func TestTheDebianPackageInstallsAndTheProgramStarts(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil || os.Getuid() != 0 {
		t.Skip("NOT CHECKED: the installation of the .deb needs dpkg, and root")
	}
	r := readBuilt(t)
	for _, p := range linux() {
		file := filepath.Join(r.folder, p.name(r, ".deb"))
		fields := run(t, "dpkg-deb", "--show", "--showformat", "${Package} ${Architecture} ${Version}", file)
		if want := "qlsync " + p.arch + " " + strings.Replace(r.version, "-", "~", 1); fields != want {
			t.Errorf("%s is of %q, want %q", p.name(r, ".deb"), fields, want)
		}
		if !p.runsHere() {
			continue
		}
		root := t.TempDir()
		for _, folder := range []string{"info", "updates", "triggers"} {
			if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"status", "available"} {
			if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg", name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run(t, "dpkg", "--root="+root, "--log=/dev/null", "--install", file)
		if got := filesBelow(t, root, "usr"); !slices.Equal(got, packagedFiles) {
			t.Errorf("dpkg installed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(packagedFiles, "\n"))
		}
		checkVersion(t, r, filepath.Join(root, "usr/bin/qlsync"))
		run(t, "dpkg", "--root="+root, "--log=/dev/null", "--purge", "qlsync")
		if got := filesBelow(t, root, "usr"); len(got) > 0 {
			t.Errorf("after the removal of the package, %q are left, want nothing", got)
		}
	}
}

func run(t *testing.T, command string, args ...string) string {
	t.Helper()
	out, err := exec.Command(command, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", command, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// filesBelow returns the files below a folder of a root, relative to the root.
func filesBelow(t *testing.T, root, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(file string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			file, err = filepath.Rel(root, file)
			files = append(files, file)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// TestTheApkPackageHasItsFiles reads the three parts of the package, each a compressed tar: a signature, if it is signed,
// the description, and the files.
func TestTheApkPackageHasItsFiles(t *testing.T) {
	r := readBuilt(t)
	for _, p := range linux() {
		files := readTar(t, gunzip(t, r.read(t, p.name(r, ".apk"))))
		description := string(files[".PKGINFO"].content)
		delete(files, ".PKGINFO")
		for _, want := range []string{
			"pkgname = qlsync", "arch = " + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[p.arch], "license = Apache-2.0",
			"pkgver = " + strings.Replace(r.version, "-snapshot", "_snapshot", 1), "maintainer = The qlsync maintainers",
		} {
			if !strings.Contains("\n"+description, "\n"+want) {
				t.Errorf("%s does not have the line %q in its description:\n%s", p.name(r, ".apk"), want, description)
			}
		}
		if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, packagedFiles) {
			t.Errorf("%s has the files\n%s\nwant\n%s", p.name(r, ".apk"), strings.Join(got, "\n"), strings.Join(packagedFiles, "\n"))
		}
		checkProgram(t, r, p, files["usr/bin/qlsync"].content)
	}
}

// TestTheRpmPackageHasItsFiles reads the header of the package.
func TestTheRpmPackageHasItsFiles(t *testing.T) {
	r := readBuilt(t)
	for _, p := range linux() {
		tags, err := readRPM(r.read(t, p.name(r, ".rpm")))
		if err != nil {
			t.Fatalf("%s: %v", p.name(r, ".rpm"), err)
		}
		version, rest, _ := strings.Cut(r.version, "-")
		if rest != "" {
			version += "~" + rest
		}
		for tag, want := range map[uint32]string{
			1000: "qlsync", 1001: version, 1007: "qlsync", 1014: "Apache-2.0", 1022: map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[p.arch],
		} {
			if got := strings.Join(tags[tag], ","); got != want {
				t.Errorf("%s has the value %q for the tag %d, want %q", p.name(r, ".rpm"), got, tag, want)
			}
		}
		var got []string
		for i, name := range tags[1117] { // its folder is in a list of its own
			folder, err := strconv.Atoi(tags[1116][i])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.TrimPrefix(tags[1118][folder]+name, "/"))
		}
		slices.Sort(got)
		if !slices.Equal(got, packagedFiles) {
			t.Errorf("%s has the files\n%s\nwant\n%s", p.name(r, ".rpm"), strings.Join(got, "\n"), strings.Join(packagedFiles, "\n"))
		}
	}
}

// readRPM returns the texts and 32-bit numbers of the main header of an RPM package, by tag. The format is that of the
// reference of RPM, version 4: a lead of 96 bytes, the header of the signatures, padded to 8 bytes, and the main header.
func readRPM(file []byte) (map[uint32][]string, error) {
	const leadSize = 96
	if len(file) < leadSize || !bytes.HasPrefix(file, []byte{0xed, 0xab, 0xee, 0xdb}) {
		return nil, fmt.Errorf("the file is not an RPM package")
	}
	_, size, err := readRPMHeader(file[leadSize:])
	if err != nil {
		return nil, fmt.Errorf("signatures: %w", err)
	}
	tags, _, err := readRPMHeader(file[leadSize+(size+7)/8*8:])
	return tags, err
}

// readRPMHeader returns the values of a header and its size.
func readRPMHeader(header []byte) (map[uint32][]string, int, error) {
	const introduction, entry, int32s, text, texts, translated = 16, 16, 4, 6, 8, 9
	if len(header) < introduction || !bytes.HasPrefix(header, []byte{0x8e, 0xad, 0xe8, 0x01}) {
		return nil, 0, fmt.Errorf("a header is missing")
	}
	number := func(at int) int { return int(binary.BigEndian.Uint32(header[at:])) }
	count := number(8)
	store := introduction + count*entry
	tags := map[uint32][]string{}
	for at := introduction; at < store; at += entry {
		tag, offset := uint32(number(at)), store+number(at+8)
		for range number(at + 12) {
			switch number(at + 4) {
			case int32s:
				tags[tag] = append(tags[tag], strconv.Itoa(number(offset)))
				offset += 4
			case text, texts, translated:
				value, _, _ := bytes.Cut(header[offset:], []byte{0})
				tags[tag] = append(tags[tag], string(value))
				offset += len(value) + 1
			}
		}
	}
	return tags, store + number(12), nil
}
