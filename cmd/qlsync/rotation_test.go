package main

import (
	"fmt"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// TestARotationThatIsCutOffIsFinishedByTheNextRun rotates a value that eight
// connections share and kills the process at one of the writes, before it is carried
// out or after, when only the answer is lost. The next run writes what is left, each
// with one patch, and the one after that nothing.
func TestARotationThatIsCutOffIsFinishedByTheNextRun(t *testing.T) {
	const rotated = 8
	number := 0
	for at := 1; at <= rotated; at += 3 {
		for _, answered := range []bool{false, true} {
			if number++; !isDrawn(number, 3) {
				continue
			}
			t.Run(fmt.Sprintf("write %d, carried out: %v", at, answered), func(t *testing.T) {
				t.Parallel()
				k := newKilling(t)
				k.write(t, "connections.yaml", killBefore)
				k.values[spec.FingerprintVariable] = "a key of enough characters"
				if written := k.patches(t); written != rotated {
					t.Fatalf("the baseline takes %d writes, not %d", written, rotated)
				}
				if written := k.patches(t); written != 0 {
					t.Fatalf("%d writes although nothing has changed", written)
				}
				k.values["KILL_SECRET"] = "another"
				k.killAt, k.carryOut = at, answered
				k.applyAndDie(t)
				k.killAt = 0
				left := rotated - at
				if !answered {
					left++
				}
				if written := k.patches(t); written != left {
					t.Errorf("got %d writes of the second run, want %d", written, left)
				}
				if written := k.patches(t); written != 0 {
					t.Errorf("%d writes although all is done", written)
				}
				for _, c := range k.tenant.Connections() {
					if c.Properties["bucketName"] != nil && !k.tenant.CredentialEquals(c.ID, "secretKey", "another") {
						t.Errorf("%q has the old value", c.Name)
					}
				}
			})
		}
	}
}

// TestABumpedVersionWritesOnePatch raises the version of one connection.
func TestABumpedVersionWritesOnePatch(t *testing.T) {
	k := newKilling(t)
	k.write(t, "connections.yaml", killBefore)
	if written := k.patches(t); written != 0 {
		t.Errorf("%d writes although nothing has changed", written)
	}
	k.values["KILL_SECRET"] = "another"
	k.write(t, "connections.yaml", killBefore+"  - {name: Rotates, space: Sales, credentialsVersion: 1, properties: {bucketName: sales}}\n")
	k.patches(t)
	k.write(t, "connections.yaml", killBefore+"  - {name: Rotates, space: Sales, credentialsVersion: 2, properties: {bucketName: sales}}\n")
	if written := k.patches(t); written != 1 {
		t.Errorf("%d writes for one version", written)
	}
	for _, c := range k.tenant.Connections() {
		if c.Properties["bucketName"] == nil {
			continue
		}
		want := "secret"
		if c.Properties["bucketName"] == "sales" {
			want = "another"
		}
		if !k.tenant.CredentialEquals(c.ID, "secretKey", want) {
			t.Errorf("%q has not the value %q", c.Name, want)
		}
	}
}

// patches applies and counts the writes, all of which must be patches or a create.
func (k *killing) patches(t *testing.T) int {
	t.Helper()
	before := k.writesSeen()
	k.run(t, exitOK, "apply", "--auto-approve")
	return k.writesSeen() - before
}

func (k *killing) writesSeen() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen
}
