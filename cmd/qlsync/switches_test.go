package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// switches are behaviours that the documentation of the service leaves open, each the opposite
// of the default of the embedded tenant, in a few tenants that differ from each other.
var switches = []string{
	"credentialsByOwnerOnly: true, refuseSpacePatch: true, restoreDefaults: true, tenantLimit: true, ignoreUnknownProperties: true, ownerChangeKeepsCredentials: true, anonymousHostChange: true, dataSourceKey: datasourceID",
	"keepServerTag: true, normaliseValues: true, duplicateCopiesTags: true, namesIgnoreCase: true, bulkMaximum: 2, defaultPageSize: 1, showUsername: true, hideCredentialSettings: true, hideSeparateCredentials: true",
	"dataSourceKey: dataSourceId, hostChangeNeedsPassword: true, strictPatchKeys: true, detailedSpecs: true",
}

// The same for the embedded manager of Apinizer's shape: between them, all switches that do not make a request fail.
var managerSwitches = []string{
	"dialect: legacy, secrets: clear, printedEnums: true, fullLists: true, optionalSlash: true, storeNames: true, staysDeployed: true",
	"dialect: legacy, errors: current, existingName: overwrite, letterCase: ignored, accessModeKey: elasticsearchType, deploymentDetail: environmentResults",
	"errors: legacy, errorStatus: 404, writeStatus: 201, existingName: conflict, letterCase: matters, sameName: first, secrets: ciphertext",
	"errorStatus: 200, sameName: last, mixedLists: true, asSent: true, computed: true, deployment: unknown, unknownFields: keep, secrets: 'null'",
	"nullKeepsSecret: true, blankKeepsSecret: true, omittedKeepsSecret: true, secretsRequired: true, omittedKeepsFields: true, deploymentDetail: none, emptyWhenNotDeployed: true, accessModeKey: type, consoleRules: true, existingName: refuse, unknownFields: ignore, proxyPages: unknown",
}

// TestManagerStoriesUnderEverySwitch is the same for the stories of Apinizer projects.
func TestManagerStoriesUnderEverySwitch(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"apinizer-types.txtar", "apinizer-faults.txtar"} {
		text, err := os.ReadFile(filepath.Join(golden, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, on := range managerSwitches {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, stories(folder, on))
		})
	}
}

// TestStoriesUnderEverySwitch runs all stories against tenants that answer the
// open questions differently; without -every-case, each story against one of them.
// Nothing but the plan hashes may change: they cover what was seen, and that is another
// tenant.
func TestStoriesUnderEverySwitch(t *testing.T) {
	folder := t.TempDir()
	scripts, err := filepath.Glob(filepath.Join(golden, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		loose := regexp.MustCompile(`(?m)^cmp (stdout|tenant.yaml|result.txt) `).ReplaceAllString(string(text), "same $1 ")
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(script)), []byte(loose), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, on := range switches {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			params := stories("", on)
			for j, script := range scripts {
				if isDrawn(i+j, len(switches)) {
					params.Files = append(params.Files, filepath.Join(folder, filepath.Base(script)))
				}
			}
			testscript.Run(t, params)
		})
	}
}

var switched = regexp.MustCompile(`sha256:[0-9a-f]+|\nbehaviour: .*\n`)

// same compares two files without their hashes and behaviour: same FILE FILE
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same file file")
	}
	if switched.ReplaceAllString(ts.ReadFile(args[0]), "") != switched.ReplaceAllString(ts.ReadFile(args[1]), "") {
		ts.Fatalf("%s and %s differ, want the same text without switches", args[0], args[1])
	}
}

var seed, managerSeed = regexp.MustCompile(`(?m)^users:`), regexp.MustCompile(`(?m)^projects:`)

// behave adds a behaviour to the embedded tenants' files in a folder: to those of
// the kind that it is for.
func behave(folder, behaviour string) error {
	if behaviour == "" {
		return nil
	}
	seed := seed
	if slices.Contains(managerSwitches, behaviour) {
		seed = managerSeed
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !seed.Match(text) {
			return err
		}
		return os.WriteFile(path, withBehaviour(text, behaviour), 0o600)
	})
}

var chosen = regexp.MustCompile(`(?m)^behaviour: \{(.*)\}.*$`)

// withBehaviour adds a behaviour to the embedded tenant's file. What a story has
// chosen for itself stays.
func withBehaviour(text []byte, behaviour string) []byte {
	switches := strings.Split(behaviour, ", ")
	if own := chosen.FindSubmatch(text); own != nil {
		kept := strings.Split(string(own[1]), ", ")
		for _, one := range kept {
			name, _, _ := strings.Cut(one, ":")
			switches = slices.DeleteFunc(switches, func(s string) bool { return strings.HasPrefix(s, name+":") })
		}
		switches = append(switches, kept...)
	}
	return append(chosen.ReplaceAll(text, nil), "\nbehaviour: {"+strings.Join(switches, ", ")+"}\n"...)
}
