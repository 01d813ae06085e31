package qlik_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

var (
	fin = connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"}
	big = connection.Operation{
		Kind: connection.Create, Name: "Big", Space: &fin, DataSource: "gbq", Record: &ours, SignIn: "authCode",
		Set: map[string]any{"OAuthMechanism": "1", "Catalog": "p"},
	}
)

func withCode(operation connection.Operation, code string) connection.Operation {
	operation.Credentials = map[string]any{"authCode": connection.NewSecret(code)}
	return operation
}

// TestASignInFromTheFirstAddressToTheSecondCode does what a person and apply do
// together: an address, a code, a connection; and later another code for it.
func TestASignInFromTheFirstAddressToTheSecondCode(t *testing.T) {
	tenant, provider := embed(t, acme, simulator.Options{})
	do := func(operation connection.Operation) connection.Outcome {
		t.Helper()
		return provider.Execute(t.Context(), []connection.Operation{operation})[0]
	}
	code := func(operation connection.Operation) string {
		t.Helper()
		operation.Kind = connection.AskSignIn
		outcome := do(operation)
		if !errors.Is(outcome.Err, connection.ErrSignIn) || outcome.ID != "" {
			t.Fatalf("got outcome %+v, want ErrSignIn and no id", outcome)
		}
		if strings.Contains(outcome.Err.Error(), "state=") {
			t.Errorf("the error quotes the address: %v", outcome.Err)
		}
		code, err := tenant.SignIn(outcome.SignInURL)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	first := code(big)
	if _, made := tenant.Find("Finance", "Big"); made {
		t.Fatal("the question for an address created the connection")
	}
	outcome := do(withCode(big, first))
	if outcome.Err != nil {
		t.Fatal(outcome.Err)
	}
	id := outcome.ID
	if !tenant.CredentialEquals(id, "authCode", first) {
		t.Error("the service does not have the code that was sent")
	}
	renewed := ours
	renewed.Credentials = "2:bb"
	again := connection.Operation{Kind: connection.Patch, ID: id, Record: &renewed, SignIn: "authCode"}
	second := code(again)
	if outcome := do(withCode(again, " code="+second+"\n")); outcome.Err != nil {
		t.Fatal(outcome.Err)
	}
	if outcome := do(withCode(again, second)); !errors.Is(outcome.Err, connection.ErrInvalid) || strings.Contains(outcome.Err.Error(), second) {
		t.Errorf("a code was used twice: %v", outcome.Err)
	}
	if outcome := do(withCode(again, code(again))); outcome.Err != nil {
		t.Errorf("a code alone, with nothing else to patch: %v", outcome.Err)
	}
}

func TestWhichDataSourcesASignInIsFor(t *testing.T) {
	const with, without = `{"authCode": {"type": "string"}}`, `{"Catalog": {"type": "string"}}`
	for _, test := range []struct {
		id, properties string
		want           *connection.SignIn
	}{
		{"gbq", with, &connection.SignIn{Property: "OAuthMechanism", Values: []string{"1"}, Code: "authCode"}},
		{"DG_gbq", with, &connection.SignIn{Property: "OAuthMechanism", Values: []string{"1"}, Code: "authCode"}},
		{"gbq", without, nil},
		{"azure", with, &connection.SignIn{Code: "authCode"}},
		{"azure", without, nil},
	} {
		got, err := qlik.ParseDataSource(test.id, []byte(`{"connectionProperties": {"properties": `+test.properties+`}}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.SignIn); diff != "" {
			t.Errorf("%s with %s: sign-in differs (-want +got):\n%s", test.id, test.properties, diff)
		}
	}
}

func TestACreateThatIsAnsweredWithAnAddress(t *testing.T) {
	n := newTenant(t, map[string]route{post: always(201, `{"authUrl": "https://login.example/?state=4711"}`)})
	outcome := execute(t, n, newLake())[0]
	if !errors.Is(outcome.Err, connection.ErrSignIn) || outcome.SignInURL != "https://login.example/?state=4711" {
		t.Errorf("got outcome %+v, want ErrSignIn with the address", outcome)
	}
}

// The address goes to people, on a terminal and into JSON.
func TestAnAddressThatQuotesASecretIsNotShown(t *testing.T) {
	for name, quoted := range map[string]string{"as it is": "sesame-open-4711", "encoded": "c2VzYW1lLW9wZW4tNDcxMQ", "the token": "key-of-ana"} {
		n := newTenant(t, map[string]route{post: always(201, `{"authUrl": "https://login.example/?hint=`+quoted+`"}`)})
		ask := big
		ask.Kind, ask.Credentials = connection.AskSignIn, map[string]any{"P12CustomPwd": connection.NewSecret("sesame-open-4711")}
		outcome := execute(t, n, ask)[0]
		if mustContain(t, outcome.Err, "contains a secret of the request"); outcome.SignInURL != "" || strings.Contains(outcome.Err.Error(), quoted) {
			t.Errorf("%s: got %+v, want no address and no quoted secret", name, outcome)
		}
	}
}

func TestATenantThatTakesNoNoticeOfAuthUrlOnly(t *testing.T) {
	n := newTenant(t, map[string]route{
		post:         always(201, `{"qID": "c9"}`),
		"GET " + one: always(200, `{"qID": "c1", "qName": "Big", "user": "u1", "datasourceID": "gbq", "connectionProperties": {}}`),
	})
	ask := big
	ask.Kind = connection.AskSignIn
	if outcome := execute(t, n, ask)[0]; outcome.Err != nil || outcome.ID != "c9" {
		t.Errorf("a new one: %+v", outcome)
	}
	if body := n.last("POST", connections).body; !strings.Contains(body, `"authCode":""`) || !strings.Contains(body, `"authUrlOnly":true`) {
		t.Errorf("got body %s, want an empty authCode and authUrlOnly", body)
	}
	outcome := execute(t, n, connection.Operation{Kind: connection.AskSignIn, ID: "c1", SignIn: "authCode"})[0]
	mustContain(t, outcome.Err, "created another connection of that name, c9")
}

// TestAPatchWithACodeIsNotSentTwice loses the answer of a patch: the tags that came
// with the code show whether the patch has happened.
func TestAPatchWithACodeIsNotSentTwice(t *testing.T) {
	for name, test := range map[string]struct {
		happened bool
		kind     error
	}{
		"it has happened": {true, nil},
		"it has not":      {false, connection.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tags := `"qlsync:finance"`
				n := newTenant(t, map[string]route{"GET " + one: func(w http.ResponseWriter, _ *http.Request, attempt int) {
					if attempt > 1 && test.happened {
						tags = `"qlsync:finance", "qlsync-key:aa", "qlsync-credentials:1:bb", "qlsync-protected"`
					}
					say(w, 200, `{"qID": "c1", "qName": "Big", "user": "u1", "tags": [`+tags+`], "connectionProperties": {}}`)
				}})
				n.fail = func(r *http.Request, _ int) error {
					if r.Method == http.MethodPatch {
						return io.ErrUnexpectedEOF
					}
					return nil
				}
				patch := withCode(connection.Operation{Kind: connection.Patch, ID: "c1", Record: &ours, SignIn: "authCode"}, "4711")
				err := execute(t, n, patch)[0].Err
				sent := n.last("PATCH", one)
				if !errors.Is(err, test.kind) || n.attempts[patchOne] != 1 || sent.header.Get("qlik-auth-code") != "4711" || strings.Contains(sent.body, "4711") {
					t.Errorf("got error %v after %d patches with body %s, want %v after one with the code in the header", err, n.attempts[patchOne], sent.body, test.kind)
				}
			})
		})
	}
}
