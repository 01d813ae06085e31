package connection_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/secretcorpus"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestEverySecretInATextIsFoundAndRedacted(t *testing.T) {
	for _, one := range secretcorpus.Secrets(t) {
		text, ok := one.Value.(string)
		if one.ByName && !connection.IsSecretName(one.Property) {
			t.Errorf("%s is not taken for the name of a secret", one.Property)
		}
		if !ok || one.ByName {
			continue
		}
		if !connection.HoldsSecret(text) {
			t.Errorf("got no secret, want one in %s", text)
		}
		for _, around := range []string{text, "error: " + text, "the service answered 400: " + text + "; try again", "«" + text + "»\nand more"} {
			redacted := connection.RedactSecrets(around)
			if strings.Contains(redacted, "hunter2") || strings.Contains(redacted, "aHVudGVyM") || strings.Contains(redacted, "918273645") {
				t.Errorf("%q is redacted to %q, want no part of the secret", around, redacted)
			}
			if again := connection.RedactSecrets(redacted); again != redacted {
				t.Errorf("redacted again, %q becomes %q", redacted, again)
			}
		}
	}
}

func TestAHarmlessTextIsLeftAsItIs(t *testing.T) {
	for _, one := range secretcorpus.Harmless(t) {
		if text, ok := one.Value.(string); ok && connection.IsSecretText(text) && connection.IsSecretName(one.Property) {
			t.Errorf("%s is taken for the name of a secret", one.Property)
		}
		if text, ok := one.Value.(string); ok && connection.RedactSecrets(text) != text {
			t.Errorf("%q is redacted to %q, want it unchanged", text, connection.RedactSecrets(text))
		}
	}
}

func TestALongTextIsLookedThroughInTimeThatGrowsWithItsLength(t *testing.T) {
	for _, part := range []string{"pwd=a ", "pwd={", `pwd="`, ";pwd=", "?;a=", "password: ", "%41", `\"a\":`, "://a:", "<password>", "x ", "[", "-u a:", "a:b@", "a b c =", "?code=DE&", `["a","b"],`, `{"k":"a","v":"b"},`, "Private-Lines: 1 "} {
		start := time.Now()
		connection.HoldsSecret(strings.Repeat(part, 250_000/len(part)))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("250 kB of %q take %v", part, took)
		}
	}
}

func FuzzRedactSecrets(f *testing.F) {
	for _, one := range append(secretcorpus.Secrets(f), secretcorpus.Harmless(f)...) {
		if text, ok := one.Value.(string); ok {
			f.Add(text)
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
