package doctor_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestEveryReferenceIsListedOnceForEachUse(t *testing.T) {
	at := func(line int) connection.Position { return connection.Position{File: "c.yaml", Line: line, Column: 1} }
	env := func(name string, line int) connection.Reference {
		return connection.Reference{Env: name, Position: at(line)}
	}
	connectionOf := func(name, source string, credentials map[string]any) connection.Desired {
		return connection.Desired{Space: connection.SpaceRef{Name: "Finance"}, Name: name, DataSource: source, Credentials: credentials}
	}
	declared := []connection.Desired{
		connectionOf("Second", "s3", map[string]any{"secretKey": env("SHARED", 9), "accessKey": "plain"}),
		connectionOf("First", "s3", map[string]any{
			"headers": []any{map[string]any{"value": env("NESTED", 4)}}, "secretKey": env("SHARED", 3), "accessKey": env("SHARED", 5),
		}),
		connectionOf("Warehouse", "gbq", map[string]any{"code": env("CODE", 7)}),
		connectionOf("Public", "web", nil),
	}
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{"gbq": {SignIn: &connection.SignIn{Code: "code"}}}}
	tenant := &spec.Tenant{Name: "prod", URL: "https://acme.example", Auth: spec.Auth{ClientID: "plain", ClientSecret: env("CLIENT_SECRET", 2)}}
	asked := map[string]int{}
	present := func(ref connection.Reference) error {
		asked[ref.Env]++
		if ref.Env == "SHARED" {
			return nil
		}
		return connection.Problem{Position: ref.Position, Message: "no " + ref.Env, Hint: "set it"}
	}
	listed := doctor.ListSecrets(tenant, declared, catalog, present)
	type row struct {
		use     doctor.Use
		env     string
		line    int
		present bool
		names   string
	}
	var got []row
	for _, secret := range listed.Secrets {
		line, names := 0, ""
		if secret.Position != nil {
			line = secret.Position.Line
		}
		for _, key := range secret.Connections {
			names += key.Name + " "
		}
		got = append(got, row{secret.Use, secret.Reference.Env, line, secret.Present, names})
	}
	want := []row{
		{doctor.UseAuth, "CLIENT_SECRET", 2, false, ""},
		{doctor.UseCredentials, "SHARED", 3, true, "First Second "},
		{doctor.UseCredentials, "NESTED", 4, false, "First "},
		{doctor.UseSignIn, "CODE", 7, false, "Warehouse "},
		{doctor.UseFingerprints, spec.FingerprintVariable, 0, false, ""},
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed\n%v\nnot\n%v", got, want)
	}
	for name, times := range asked {
		if times != 1 {
			t.Errorf("%s was looked for %d times", name, times)
		}
	}
	var missing []string
	for _, secret := range listed.Missing() {
		missing = append(missing, secret.Problem)
	}
	if !slices.Equal(missing, []string{"no CLIENT_SECRET", "no NESTED"}) {
		t.Errorf("got missing secrets %q, want CLIENT_SECRET and NESTED", missing)
	}
}

func TestAnEmbeddedTenantNeedsNoSecretsToSignIn(t *testing.T) {
	tenant := &spec.Tenant{Name: "demo", URL: "sim:t.yaml", SimFile: "t.yaml", Auth: spec.Auth{APIKey: connection.Reference{Env: "KEY"}}}
	listed := doctor.ListSecrets(tenant, nil, nil, func(connection.Reference) error { return errors.New("asked") })
	if len(listed.Secrets) != 0 {
		t.Errorf("got secrets %v, want none for an embedded tenant", listed.Secrets)
	}
}
