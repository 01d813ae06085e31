package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTheSchemaOfProjectsKnowsTheProvidersOfTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "schemas", "project.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Definitions struct {
			Tenant struct {
				Properties struct {
					Provider struct {
						Enum    []string
						Default string
					}
					Auth struct{ Properties map[string]any }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	tenant := schema.Definitions.Tenant.Properties
	if got := tenant.Provider; !slices.Equal(got.Enum, Providers()) || got.Default != Providers()[0] {
		t.Errorf("the schema allows %q with the default %q, but the table has %q, the default first", got.Enum, got.Default, Providers())
	}
	for _, s := range systems {
		for _, way := range []string{s.one, s.other} {
			if tenant.Auth.Properties[way] == nil {
				t.Errorf("the table says that %q signs in to %s, but the schema allows no such key in auth", way, s.provider)
			}
		}
	}
}

// Two services may be signed in to in the same way.
func TestAWayToSignInThatTwoProvidersShareIsForeignToNeither(t *testing.T) {
	defer func(before []system) { systems = before }(systems)
	systems = append(slices.Clone(systems), system{provider: "third", one: "token", other: "apiKey", auth: "auth: {token: {env: NAME}}"})
	for _, provider := range Providers() {
		own, _ := systemOf(provider)
		for _, key := range []string{"token", "apiKey"} {
			n := &notes{file: "qlsync.yaml"}
			auth := &node{kind: kindObject, children: []child{{key: key, value: &node{kind: kindObject}}}}
			if got, want := n.foreignAuth(auth, provider), !own.signsIn(key); got != want {
				t.Errorf("%s to sign in to %s: refused %t, want %t", key, provider, got, want)
			}
		}
	}
}
