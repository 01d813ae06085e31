package main

import (
	"context"
	"errors"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestEveryPartOfTheSignInThatIsMissingIsReported(t *testing.T) {
	at := func(line int) connection.Position { return connection.Position{File: "qlsync.yaml", Line: line} }
	s := &session{
		secrets: secrets{resolver: spec.NewResolver(t.TempDir(), func(string) (string, bool) { return "", false })},
		tenant: &spec.Tenant{Auth: spec.Auth{
			ClientID: connection.Reference{Env: "ID", Position: at(1)}, ClientSecret: connection.Reference{Env: "SECRET", Position: at(2)},
		}},
	}
	_, err := s.auth(t.Context())
	var problems connection.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.auth(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestTheSignInIsMadeOfSecrets(t *testing.T) {
	s := &session{
		secrets: secrets{resolver: spec.NewResolver(t.TempDir(), func(name string) (string, bool) { return "value of " + name, true })},
		tenant:  &spec.Tenant{Auth: spec.Auth{ClientID: "plain", ClientSecret: connection.Reference{Env: "SECRET"}}},
	}
	auth, err := s.auth(t.Context())
	if err != nil || auth.clientID.Reveal() != "plain" || auth.clientSecret.Reveal() != "value of SECRET" || auth.apiKey.Reveal() != "" {
		t.Errorf("got %q, %q, %q, %v", auth.clientID.Reveal(), auth.clientSecret.Reveal(), auth.apiKey.Reveal(), err)
	}
}
