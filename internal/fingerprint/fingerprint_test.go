package fingerprint_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/fingerprint"
	"github.com/qlsync/qlsync/pkg/connection"
)

func key(t *testing.T, text, project string) *fingerprint.Key {
	t.Helper()
	k, err := fingerprint.NewKey(connection.NewSecret(text), project)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func credentials(password string) map[string]any {
	return map[string]any{"username": "reader", "password": connection.NewSecret(password)}
}

var ledger = connection.Key{Space: "Finance", Name: "Ledger"}

func TestAFingerprintSeparatesValues(t *testing.T) {
	k := key(t, "a key of enough characters", "finance")
	recorded := k.Of(ledger, credentials("hunter2"))
	for name, test := range map[string]struct {
		key         *fingerprint.Key
		recorded    string
		credentials map[string]any
		want        fingerprint.Verdict
	}{
		"the same values":           {k, recorded, credentials("hunter2"), fingerprint.Same},
		"the same key again":        {key(t, "a key of enough characters", "finance"), recorded, credentials("hunter2"), fingerprint.Same},
		"another value":             {k, recorded, credentials("hunter3"), fingerprint.Changed},
		"one value more":            {k, recorded, map[string]any{"username": "reader", "password": connection.NewSecret("hunter2"), "role": "x"}, fingerprint.Changed},
		"values in other places":    {k, recorded, map[string]any{"username": connection.NewSecret("hunter2"), "password": "reader"}, fingerprint.Changed},
		"a plain part is a value":   {k, recorded, map[string]any{"username": "reader", "password": "hunter2"}, fingerprint.Same},
		"nothing recorded":          {k, "", credentials("hunter2"), fingerprint.Unknown},
		"another key":               {key(t, "another key of enough characters", "finance"), recorded, credentials("hunter2"), fingerprint.Unknown},
		"the key of a project":      {key(t, "a key of enough characters", "sales"), recorded, credentials("hunter2"), fingerprint.Unknown},
		"a record cut off":          {k, recorded[:20], credentials("hunter2"), fingerprint.Unknown},
		"a record that was altered": {k, recorded[:len(recorded)-1] + "x", credentials("hunter2"), fingerprint.Changed},
		"a salt that was altered":   {k, strings.Replace(recorded, ":", ":0", 1), credentials("hunter2"), fingerprint.Changed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.key.Compare(test.recorded, test.credentials); got != test.want {
				t.Errorf("verdict %d, want %d", got, test.want)
			}
		})
	}
}

func TestAFingerprintShowsNothing(t *testing.T) {
	k := key(t, "a key of enough characters", "finance")
	recorded := k.Of(ledger, credentials("hunter2"))
	if again := k.Of(ledger, credentials("hunter2")); again != recorded {
		t.Errorf("another one for the same: %s", again)
	}
	other := k.Of(connection.Key{Space: "Finance", Name: "Other"}, credentials("hunter2"))
	if _, mine, _ := strings.Cut(recorded, ":"); strings.Contains(other, strings.Split(mine, ":")[0]) || strings.Contains(other, strings.Split(mine, ":")[1]) {
		t.Errorf("two connections with one password look alike: %s, %s", recorded, other)
	}
	if k.Compare(other, credentials("hunter2")) != fingerprint.Same {
		t.Error("the values are reported as changed after a move, want the same")
	}
	if len(recorded) > 64 || strings.ContainsAny(recorded, " ,") {
		t.Errorf("got the fingerprint %s, want one that fits in a tag", recorded)
	}
}

func TestAWeakKeyIsRefusedWithoutBeingShown(t *testing.T) {
	_, err := fingerprint.NewKey(connection.NewSecret("fifteen letters"), "finance")
	if err == nil || strings.Contains(err.Error(), "fifteen") {
		t.Errorf("got error %v, want one that does not show the key", err)
	}
}

func TestTheTenantsOfAProjectShareOneDerivationOfTheKey(t *testing.T) {
	first := key(t, "a key of enough characters", "finance")
	if again := key(t, "a key of enough characters", "finance"); again != first {
		t.Error("got another derivation of the same key for the same project, want the first one: each takes 64 MiB")
	}
	if other := key(t, "a key of enough characters", "sales"); other == first {
		t.Error("got the key of one project for another project, want a key of its own")
	}
}
