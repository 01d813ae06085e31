package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/qlsync/qlsync/internal/resolver"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestEveryPartOfTheSignInThatIsMissingIsReported(t *testing.T) {
	at := func(line int) connection.Position { return connection.Position{File: "qlsync.yaml", Line: line} }
	s := &Session{
		secrets: secrets{resolver: resolver.New(resolver.Options{Dir: t.TempDir(), Lookup: func(string) (string, bool) { return "", false }})},
		tenant: &spec.Tenant{Auth: spec.Auth{
			ClientID: connection.Reference{Env: "ID", Position: at(1)}, ClientSecret: connection.Reference{Env: "SECRET", Position: at(2)},
		}},
	}
	_, err := s.auth(t.Context())
	var problems connection.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("got error %v, want two problems", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.auth(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: got error %v, want context.Canceled", err)
	}
}

func TestTheSignInIsMadeOfSecrets(t *testing.T) {
	s := &Session{
		secrets: secrets{resolver: resolver.New(resolver.Options{Dir: t.TempDir(), Lookup: func(name string) (string, bool) { return "value of " + name, true }})},
		tenant:  &spec.Tenant{Auth: spec.Auth{ClientID: "plain", ClientSecret: connection.Reference{Env: "SECRET"}}},
	}
	auth, err := s.auth(t.Context())
	if err != nil || auth.clientID.Reveal() != "plain" || auth.clientSecret.Reveal() != "value of SECRET" || auth.apiKey.Reveal() != "" {
		t.Errorf("got %q, %q, %q and error %v; want the plain id, the secret of SECRET and no API key", auth.clientID.Reveal(), auth.clientSecret.Reveal(), auth.apiKey.Reveal(), err)
	}
}

func TestATokenGoesOnlyToListedHosts(t *testing.T) {
	const unset = "(unset)"
	for name, test := range map[string]struct {
		listed, url string
		refused     bool
	}{
		"it is not set":           {unset, "https://acme.example", false},
		"it is empty":             {"", "https://acme.example", true},
		"no host is listed":       {" ,", "https://acme.example", true},
		"it is listed":            {"acme.example", "https://acme.example", false},
		"it is one of several":    {"other.example, ACME.example", "https://acme.example", false},
		"its port is a part":      {"127.0.0.1:8080", "http://127.0.0.1:8080", false},
		"another port":            {"127.0.0.1", "http://127.0.0.1:8080", true},
		"the port of https":       {"acme.example:443", "https://acme.example", false},
		"an empty label":          {".example, acme.example", "https://acme.example", true},
		"it is not listed":        {"other.example", "https://acme.example", true},
		"a part of it is listed":  {"example,me.example", "https://acme.example", true},
		"it only begins like one": {"acme.example", "https://acme.example.evil.example", true},

		"a pattern":                             {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com", false},
		"a pattern of two labels":               {"*.qlikcloud.com", "https://acme.qlikcloud.com", false},
		"a pattern in upper case":               {"*.EU.QlikCloud.com", "https://ACME.eu.qlikcloud.COM", false},
		"a pattern and the port of https":       {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com:443", false},
		"a pattern with the port of https":      {"*.eu.qlikcloud.com:443", "https://acme.eu.qlikcloud.com", false},
		"a pattern with a port":                 {"*.fleet.test:8443", "https://acme.fleet.test:8443", false},
		"a pattern behind a host":               {"acme.example, *.eu.qlikcloud.com", "https://b-2.eu.qlikcloud.com", false},
		"a pattern and another port":            {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com:8443", true},
		"a pattern and another region":          {"*.eu.qlikcloud.com", "https://acme.us.qlikcloud.com", true},
		"a pattern and two labels":              {"*.eu.qlikcloud.com", "https://evil.acme.eu.qlikcloud.com", true},
		"a pattern and no label":                {"*.eu.qlikcloud.com", "https://eu.qlikcloud.com", true},
		"a pattern and an empty label":          {"*.eu.qlikcloud.com", "https://.eu.qlikcloud.com", true},
		"a pattern as the beginning":            {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com.evil.example", true},
		"a pattern as the beginning, one label": {"*.eu.qlikcloud.com", "https://eu.qlikcloud.com.evil.example", true},
		"a pattern within a label":              {"*.eu.qlikcloud.com", "https://acme.evileu.qlikcloud.com", true},
		"a pattern and a dot at the end":        {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com.", true},
		"a pattern and a user":                  {"*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com@evil.example", true},
		"a pattern and a port that is a host":   {"*.eu.qlikcloud.com", "https://evil.example#.eu.qlikcloud.com", true},
		"a pattern and letters beyond ASCII":    {"*.eu.qlikcloud.com", "https://\u00e4cme.eu.qlikcloud.com", true},
		"a pattern and a Kelvin sign":           {"*.eu.qlikcloud.com", "https://acme.eu.qli\u212acloud.com", true},
		"a pattern and a wide dot":              {"*.eu.qlikcloud.com", "https://evil.example\uff0eeu.qlikcloud.com", true},
		"a pattern and an encoded dot":          {"*.eu.qlikcloud.com", "https://evil%2eexample.eu.qlikcloud.com", true},
		"a label in Punycode":                   {"*.eu.qlikcloud.com", "https://xn--cme-qla.eu.qlikcloud.com", false},

		"a star alone":                   {"*", "https://acme.example", true},
		"a star before one label":        {"*.com", "https://acme.com", true},
		"a star before one and a port":   {"*.com:443", "https://acme.com", true},
		"a star within a label":          {"a*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com", true},
		"a star in the middle":           {"acme.*.qlikcloud.com", "https://acme.eu.qlikcloud.com", true},
		"two stars":                      {"*.*.qlikcloud.com", "https://acme.eu.qlikcloud.com", true},
		"a star and an empty label":      {"*..qlikcloud.com", "https://acme.qlikcloud.com", true},
		"a star and a dot at the end":    {"*.com.", "https://acme.com.", true},
		"a star before an address":       {"*.0.0.1", "http://127.0.0.1", true},
		"a star before a hex address":    {"*.0.0.0x1", "http://127.0.0.0x1", true},
		"a star before IPv6":             {"*.[::1]", "http://[::1]", true},
		"a star before other letters":    {"*.qli\u212acloud.com", "https://acme.qlikcloud.com", true},
		"a pattern with a scheme":        {"https://*.eu.qlikcloud.com", "https://acme.eu.qlikcloud.com", true},
		"a pattern that is wide, behind": {"acme.example,*.com", "https://acme.example", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Session{tenant: &spec.Tenant{Name: "prod", URL: test.url}, host: &Host{Lookup: func(string) (string, bool) {
				return test.listed, test.listed != unset
			}}}
			if err := s.checkHost(); (err != nil) != test.refused {
				t.Errorf("got error %v, want a refusal: %v", err, test.refused)
			}
		})
	}
}
