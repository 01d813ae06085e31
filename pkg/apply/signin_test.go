package apply_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

// TestACodeThatIsMissingIsAskedForAndNoMistake runs a create that carries the code
// of a sign-in, and two others: one that needs it, one that does not.
func TestACodeThatIsMissingIsAskedForAndNoMistake(t *testing.T) {
	const address = "https://login.example/?state=1"
	for _, test := range []struct {
		name        string
		credentials map[string]any
		known       string // the environment variable that is set
		kind        connection.OperationKind
		want        []string
		url         string
	}{
		{
			"with its code it is created",
			map[string]any{"code": connection.Reference{Env: "CODE"}},
			"CODE", connection.Create,
			[]string{"A/0 done", "A/1 done", "A/2 done", "3 = 3 done + 0 failed + 0 blocked + 0 skipped"},
			"",
		},
		{
			"without, the address is asked for, and what needs it waits",
			map[string]any{"code": connection.Reference{Env: "CODE"}},
			"", connection.AskSignIn,
			[]string{
				"A/0 blocked: a person must sign in first. Open the address, put the code somewhere, and apply again",
				`A/1 blocked: it needs the sign-in of "A/0", which was not done`,
				"A/2 done", "3 = 1 done + 0 failed + 2 blocked + 0 skipped",
			},
			address,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			create := item(0, 0)
			create.Operation.Kind, create.Operation.SignIn = connection.Create, "code"
			create.Operation.Credentials, create.Todo = test.credentials, connection.Reason{Text: "put the code somewhere"}
			p := newPlan(3, step("s1", nil, create), step("s2", []string{"s1"}, item(1, 1, 0)), step("s3", nil, item(2, 2)))
			var kinds []connection.OperationKind
			result, err := apply.Run(t.Context(), p, apply.Options{
				Parallelism: 1,
				Resolve: func(ref connection.Reference) (connection.Secret, error) {
					if ref.Env != test.known {
						return connection.Secret{}, errors.New("it is not set")
					}
					return connection.NewSecret("4711"), nil
				},
				Execute: func(_ context.Context, operations []connection.Operation) []connection.Outcome {
					outcomes := make([]connection.Outcome, len(operations))
					for i, operation := range operations {
						if operation.SignIn != "" {
							kinds = append(kinds, operation.Kind)
						}
						if operation.Kind == connection.AskSignIn {
							outcomes[i] = connection.Outcome{Err: connection.ErrSignIn, SignInURL: address}
						}
					}
					return outcomes
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			lines := outline(result)
			if diff := cmp.Diff(test.want, lines); diff != "" {
				t.Errorf("lines differ (-want +got):\n%s", diff)
			}
			if !slices.Equal(kinds, []connection.OperationKind{test.kind}) || result.Items[0].SignInURL != test.url {
				t.Errorf("kinds %q, address %q", kinds, result.Items[0].SignInURL)
			}
		})
	}
}

func TestOnlyTheCodeOfASignInMayBeMissing(t *testing.T) {
	create := item(0, 0)
	create.Operation.SignIn = "code"
	create.Operation.Credentials = map[string]any{
		"code": connection.Reference{Env: "CODE"}, "password": connection.Reference{Env: "PASSWORD"},
	}
	_, err := apply.Run(t.Context(), newPlan(1, step("s1", nil, create)), apply.Options{
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return connection.Secret{}, errors.New(ref.Env + " is not set")
		},
		Execute: func(context.Context, []connection.Operation) []connection.Outcome {
			t.Error("an operation was sent without its secret, want none")
			return nil
		},
	})
	if err == nil || err.Error() != "PASSWORD is not set" {
		t.Errorf("got error %v, want PASSWORD is not set", err)
	}
}
