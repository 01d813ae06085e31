// Command audit checks the dependencies of qlsync for known vulnerabilities. It creates the
// database of govulncheck from the reports in the module golang.org/x/vulndb, so that it needs the
// Go module proxy and no other service. Without the module it reports that the check was skipped,
// and exits with 0, because a check that needs a network must not stop work without one.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

const module = "golang.org/x/vulndb"

func main() {
	folder, err := download()
	if err != nil {
		fmt.Printf("SKIPPED: no check for known vulnerabilities, because %s cannot be downloaded: %v\n", module, err)
		return
	}
	if err := audit(folder); err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
}

// download returns the folder of the newest version of the module.
func download() (string, error) {
	var got struct{ Dir, Version, Error string }
	command := exec.Command("go", "mod", "download", "-json", module+"@latest")
	command.Dir = os.TempDir() // the project does not depend on the module
	out, err := command.Output()
	switch wrong := json.Unmarshal(out, &got); {
	case got.Error != "":
		return "", errors.New(got.Error)
	case err != nil:
		return "", err
	case wrong != nil:
		return "", wrong
	}
	fmt.Println("vulnerabilities as of", got.Version)
	return got.Dir, nil
}

// audit runs govulncheck on the packages of this folder, with the reports of the module.
func audit(folder string) error {
	database, err := os.MkdirTemp("", "qlsync-audit-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(database)
	count, err := writeDatabase(filepath.Join(folder, "data", "osv"), database)
	if err != nil {
		return err
	}
	fmt.Println("known vulnerabilities of Go modules:", count)
	check := exec.Command("go", "tool", "-modfile=tools/go.mod", "govulncheck", "-db", "file://"+filepath.ToSlash(database), "-test", "./...")
	check.Stdout, check.Stderr = os.Stdout, os.Stderr
	return check.Run()
}

// report is the part of a report in the OSV format that the index needs.
type report struct {
	ID        string   `json:"id"`
	Modified  string   `json:"modified"`
	Withdrawn string   `json:"withdrawn"`
	Aliases   []string `json:"aliases"`
	Affected  []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected"`
}

// The files of the index, as go.dev/security/vuln/database describes them.
type (
	indexedModule struct {
		Path  string         `json:"path"`
		Vulns []indexedVulns `json:"vulns"`
	}
	indexedVulns struct {
		ID       string `json:"id"`
		Modified string `json:"modified"`
	}
	indexedReport struct {
		ID       string   `json:"id"`
		Modified string   `json:"modified"`
		Aliases  []string `json:"aliases,omitempty"`
	}
)

// fewest is the minimum number of reports of a valid module: a check against an empty list would
// always pass.
const fewest = 1000

// writeDatabase writes the database into a folder and returns the number of reports.
func writeDatabase(reports, folder string) (int, error) {
	names, err := filepath.Glob(filepath.Join(reports, "GO-*.json"))
	if err != nil {
		return 0, err
	}
	if len(names) < fewest {
		return 0, fmt.Errorf("%s has %d reports in data/osv, fewer than %d: its layout may have changed", module, len(names), fewest)
	}
	for _, name := range []string{"index", "ID"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			return 0, err
		}
	}
	modules := map[string]*indexedModule{}
	var all []indexedReport
	for _, name := range names {
		one, err := copyReport(name, filepath.Join(folder, "ID"))
		if err != nil {
			return 0, fmt.Errorf("report %s: %w", filepath.Base(name), err)
		}
		if one.Withdrawn != "" {
			continue
		}
		all = append(all, indexedReport{one.ID, one.Modified, one.Aliases})
		for _, affected := range one.Affected {
			path := affected.Package.Name
			if modules[path] == nil {
				modules[path] = &indexedModule{Path: path}
			}
			modules[path].Vulns = append(modules[path].Vulns, indexedVulns{one.ID, one.Modified})
		}
	}
	var byPath []*indexedModule
	for _, m := range modules {
		byPath = append(byPath, m)
	}
	slices.SortFunc(byPath, func(a, b *indexedModule) int { return cmp.Compare(a.Path, b.Path) })
	return len(all), errors.Join(
		writeJSON(filepath.Join(folder, "index", "db.json"), map[string]string{"modified": "2026-01-01T00:00:00Z"}),
		writeJSON(filepath.Join(folder, "index", "modules.json"), byPath),
		writeJSON(filepath.Join(folder, "index", "vulns.json"), all),
	)
}

func copyReport(name, folder string) (*report, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var one report
	if err := json.Unmarshal(text, &one); err != nil {
		return nil, err
	}
	return &one, os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o644)
}

func writeJSON(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}
