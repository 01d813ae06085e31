package connection_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// sample is one value of the lists in testdata: a property, and what it holds. Every
// secret holds the word hunter2Qz, encoded or not, but for numbers.
type sample struct {
	Property string `json:"property"`
	Value    any    `json:"value"`
}

// samples reads a list of testdata.
func samples(t testing.TB, name string) []sample {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []sample
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var one sample
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%s: %v: %s", name, err, lines.Text())
		}
		all = append(all, one)
	}
	if len(all) < 60 {
		t.Fatalf("%s has %d values, want 60 or more", name, len(all))
	}
	return all
}

func TestEverySecretInATextIsFoundAndRedacted(t *testing.T) {
	for _, one := range samples(t, "secrets.jsonl") {
		text, ok := one.Value.(string)
		if !ok {
			continue
		}
		if !connection.HoldsSecret(text) {
			t.Errorf("missed: %s", text)
		}
		for _, around := range []string{text, "error: " + text, "the service answered 400: " + text + "; try again", "«" + text + "»\nand more"} {
			redacted := connection.RedactSecrets(around)
			if strings.Contains(redacted, "hunter2") || strings.Contains(redacted, "aHVudGVyM") || strings.Contains(redacted, "918273645") {
				t.Errorf("%q is redacted to %q", around, redacted)
			}
			if again := connection.RedactSecrets(redacted); again != redacted {
				t.Errorf("redacted again, %q becomes %q", redacted, again)
			}
		}
	}
}

func TestAHarmlessTextIsLeftAsItIs(t *testing.T) {
	for _, one := range samples(t, "harmless.jsonl") {
		if text, ok := one.Value.(string); ok && connection.RedactSecrets(text) != text {
			t.Errorf("%q is redacted to %q", text, connection.RedactSecrets(text))
		}
	}
}

func TestALongTextIsLookedThroughInTimeThatGrowsWithItsLength(t *testing.T) {
	for _, part := range []string{"pwd=a ", "pwd={", `pwd="`, ";pwd=", "?;a=", "password: ", "%41", `\"a\":`, "://a:", "<password>", "x ", "[", "-u a:"} {
		start := time.Now()
		connection.HoldsSecret(strings.Repeat(part, 60_000/len(part)))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("60 kB of %q take %v", part, took)
		}
	}
}

func FuzzRedactSecrets(f *testing.F) {
	for _, name := range []string{"secrets.jsonl", "harmless.jsonl"} {
		for _, one := range samples(f, name) {
			if text, ok := one.Value.(string); ok {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		redacted := connection.RedactSecrets(text)
		if connection.HoldsSecret(redacted) {
			t.Errorf("%q is redacted to %q, which still holds a secret", text, redacted)
		}
	})
}

func TestANameEndsInWhatIsShortForASecret(t *testing.T) {
	for name, want := range map[string]bool{
		"dbPass": true, "bindPw": true, "keystorePass": true, "masterKey": true, "signingKey": true, "psk": true, "DB_PASS": true, "sslKeyPass": true,
		"smtp_pw": true, "trustStorePass": true, "x-master-key": true, "X-Psk": true, "bindpw": true, "dbpass": true, "signingkey": true,
		"compass": false, "bypass": false, "overpass": false, "primaryKey": false, "foreign_key": false, "sortKey": false, "keyboard": false, "passage": false,
		"passThrough": false, "secretary": false, "secretsManager": false, "credentialsProvider": false, "monkey": false,
	} {
		if got := connection.IsSecretName(name); got != want {
			t.Errorf("IsSecretName(%q) is %v, want %v", name, got, want)
		}
	}
}
