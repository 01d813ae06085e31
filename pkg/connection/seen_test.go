package connection_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestWhatBecameOfTheCredentialsIsCompared(t *testing.T) {
	for name, test := range map[string]struct {
		now  func(*connection.Live)
		says string
	}{
		"first ones are typed in": {func(l *connection.Live) { l.HasCredentials, l.CredentialsID = true, "k" }, "it was given credentials"},
		"each user has their own": {func(l *connection.Live) { l.PerUserCredentials = true }, "each user brings their own credentials now"},
		"others are linked":       {func(l *connection.Live) { l.CredentialsID = "other" }, "it uses other credentials"},
		"nothing":                 {func(*connection.Live) {}, ""},
		"what nobody knows":       {func(l *connection.Live) { l.CredentialsUnknown, l.HasCredentials = true, true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			seen := connection.Live{ID: "1", Key: connection.Key{Space: "S", Name: "A"}}
			now := seen
			test.now(&now)
			err := connection.CheckUnchanged(&seen, &now, &connection.Operation{Kind: connection.Patch, Name: "B"})
			if (err == nil) != (test.says == "") || err != nil && (!errors.Is(err, connection.ErrChanged) || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("the error is %v, want one that says %q", err, test.says)
			}
			if err := connection.CheckUnchanged(&now, &now, &connection.Operation{Kind: connection.Delete}); err != nil {
				t.Errorf("compared with itself: %v, want no error", err)
			}
		})
	}
}

func TestAnUpdateStopsARecreateFromPuttingAConnectionAside(t *testing.T) {
	seen := connection.Live{ID: "1", UpdatedAt: time.Unix(1, 0)}
	now := seen
	now.UpdatedAt = time.Unix(2, 0)
	aside := &connection.Operation{Kind: connection.Patch, Name: "aside", Record: &connection.Record{Phase: connection.PhaseDeposed}}
	if err := connection.CheckUnchanged(&seen, &now, aside); !errors.Is(err, connection.ErrChanged) {
		t.Errorf("the error is %v, want ErrChanged: credentials may have been typed in, and the recreate deletes them", err)
	}
	if err := connection.CheckUnchanged(&seen, &now, &connection.Operation{Kind: connection.Patch, Name: "B"}); err != nil {
		t.Errorf("a rename is stopped: %v, want no error, because it takes nothing away", err)
	}
}
