package qlik

import (
	"slices"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestTheMarkOfCredentialsHasRoomForAFingerprint(t *testing.T) {
	for name, test := range map[string]struct {
		record connection.Record
		tags   []string
	}{
		"version and digest":    {connection.Record{Credentials: "3:ab"}, []string{"qlsync-credentials:3:ab"}},
		"a version alone":       {connection.Record{Credentials: "3"}, []string{"qlsync-credentials:3"}},
		"with a fingerprint":    {connection.Record{Credentials: "3:ab", Fingerprint: "k:s:f"}, []string{"qlsync-credentials:3:ab:k:s:f"}},
		"nothing was recorded":  {connection.Record{}, nil},
		"beside everything ":    {connection.Record{Project: "p", Credentials: "0:ab", Fingerprint: "f", Protected: true}, []string{"qlsync:p", "qlsync-credentials:0:ab:f", "qlsync-protected"}},
		"what is sensitive":     {connection.Record{Project: "p", Sensitive: "0123abcd"}, []string{"qlsync:p", "qlsync-sensitive:0123abcd"}},
		"what is not sensitive": {connection.Record{Project: "p", NotSensitive: "0123abcd"}, []string{"qlsync:p", "qlsync-not-sensitive:0123abcd"}},
		"an empty digest stays": {connection.Record{Credentials: "3:", Fingerprint: "f"}, []string{"qlsync-credentials:3::f"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recordTags(test.record); !slices.Equal(got, test.tags) {
				t.Errorf("got tags %q, want %q", got, test.tags)
			}
			if got := splitTags(test.tags).record; got != test.record {
				t.Errorf("got record %+v, want %+v", got, test.record)
			}
		})
	}
	t.Run("without a digest there is no room", func(t *testing.T) {
		if got := recordTags(connection.Record{Credentials: "3", Fingerprint: "f"}); !slices.Equal(got, []string{"qlsync-credentials:3"}) {
			t.Errorf("got tags %q, want the version without the fingerprint", got)
		}
	})
}
