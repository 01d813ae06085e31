package connection_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/pkg/connection"
)

// canary is the value that no output may hold, in any of the forms in which a
// formatter would write it.
const canary = "Canary#7531"

// forms are the canary as text, in hexadecimal, as bytes and as base64.
var forms = []string{
	canary, "43616e617279", "43616E617279", "43 61 6e 61 72 79", "67 97 110 97 114 121", "67,97,110,97,114,121",
	"0x43, 0x61, 0x6e", "Q2FuYXJ5",
}

func show(t *testing.T, output string) {
	t.Helper()
	for _, form := range forms {
		if strings.Contains(output, form) {
			t.Errorf("the output shows the secret as %q: %s", form, output)
		}
	}
}

// holder has secrets wherever a formatter might look.
type holder struct {
	Public  connection.Secret
	private connection.Secret
	Pointer *connection.Secret
	Any     any
	List    []connection.Secret
	Map     map[string]connection.Secret
	Tree    map[string]any
	inner   struct{ secret connection.Secret }
	deep    *struct{ secrets []connection.Secret }
}

func newHolder() holder {
	secret := connection.NewSecret(canary)
	h := holder{
		Public: secret, private: secret, Pointer: &secret, Any: secret,
		List: []connection.Secret{secret}, Map: map[string]connection.Secret{"key": secret},
		Tree: map[string]any{"password": secret, "list": []any{map[string]any{"value": secret}}},
		deep: &struct{ secrets []connection.Secret }{[]connection.Secret{secret}},
	}
	h.inner.secret = secret
	return h
}

// carriers are the secret, bare and in everything that may hold it.
func carriers() map[string]any {
	secret := connection.NewSecret(canary)
	pointer := &secret
	h := newHolder()
	return map[string]any{
		"bare":                secret,
		"pointer":             pointer,
		"pointer to pointer":  &pointer,
		"list":                []connection.Secret{secret},
		"array":               [1]connection.Secret{secret},
		"map":                 map[string]connection.Secret{"password": secret},
		"tree":                map[string]any{"password": secret, "files": []any{map[string]any{"value": secret}}},
		"struct":              h,
		"pointer to a struct": &h,
		"operation":           connection.Operation{Kind: connection.Create, Credentials: map[string]any{"password": secret}},
		"live connection":     connection.Live{Properties: map[string]any{"password": secret}},
		"wrapped error":       fmt.Errorf("sign in with %v: %w", secret, errors.New("refused")),
		"error with %s":       fmt.Errorf("sign in with %s", secret),
		"joined errors":       errors.Join(fmt.Errorf("one %v", pointer), fmt.Errorf("two %+v", h)),
	}
}

func TestNoVerbShowsASecret(t *testing.T) {
	for name, value := range carriers() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%t", "%e", "%b", "%o", "%T", "%20v", "%-20s", "%.3s", "%!"} {
			t.Run(name+" with "+verb, func(t *testing.T) { show(t, fmt.Sprintf(verb, value)) })
		}
		t.Run(name+" without a verb", func(t *testing.T) { show(t, fmt.Sprint(value)+fmt.Sprintln(value)) })
	}
}

func TestABareSecretPrintsThePlaceholderForEveryVerb(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for name, value := range map[string]any{"full": connection.NewSecret(canary), "zero": connection.Secret{}} {
			if got := fmt.Sprintf(verb, value); got != connection.Placeholder {
				t.Errorf("%s with %s: got %q, want the placeholder", name, verb, got)
			}
		}
	}
	secret := connection.NewSecret(canary)
	if secret.String() != connection.Placeholder || secret.GoString() != connection.Placeholder {
		t.Error("String or GoString does not return the placeholder")
	}
}

func TestNoEncoderShowsASecret(t *testing.T) {
	encoders := map[string]func(any) string{
		"json": func(value any) string {
			text, err := json.Marshal(value)
			return fmt.Sprint(string(text), err)
		},
		"indented json": func(value any) string {
			text, err := json.MarshalIndent(value, "", "  ")
			return fmt.Sprint(string(text), err)
		},
		"yaml": func(value any) string {
			text, err := yaml.Marshal(value)
			return fmt.Sprint(string(text), err)
		},
		"xml": func(value any) string {
			text, err := xml.Marshal(value)
			return fmt.Sprint(string(text), err)
		},
		"gob": func(value any) string {
			var text bytes.Buffer
			err := gob.NewEncoder(&text).Encode(value)
			return fmt.Sprint(text.String(), err)
		},
		"slog text": func(value any) string {
			var text bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&text, nil))
			logger.Info("message", "value", value, slog.Group("group", "value", value))
			logger.With("value", value).Info(fmt.Sprint(value))
			return text.String()
		},
		"slog json": func(value any) string {
			var text bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&text, nil))
			logger.Info("message", "value", value, slog.Group("group", "value", value))
			logger.With("value", value).Info(fmt.Sprint(value))
			return text.String()
		},
		"log": func(value any) string {
			var text bytes.Buffer
			logger := log.New(&text, "", 0)
			logger.Print(value)
			logger.Printf("%v %+v %#v", value, value, value)
			return text.String()
		},
		"text/template": func(value any) string {
			var text bytes.Buffer
			err := texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{printf "%q" .}}`)).Execute(&text, value)
			return fmt.Sprint(text.String(), err)
		},
		"html/template": func(value any) string {
			var text bytes.Buffer
			err := template.Must(template.New("").Parse(`<a title="{{.}}">{{.}}</a><script>{{.}}</script>`)).Execute(&text, value)
			return fmt.Sprint(text.String(), err)
		},
		"canonical": func(value any) (text string) {
			defer func() { text += fmt.Sprint(recover()) }()
			return connection.Canonical(value)
		},
	}
	for encoder, encode := range encoders {
		for name, value := range carriers() {
			t.Run(encoder+" of "+name, func(t *testing.T) { show(t, encode(value)) })
		}
	}
}

func TestEncodersWriteThePlaceholder(t *testing.T) {
	value := map[string]any{"password": connection.NewSecret(canary)}
	if text, err := json.Marshal(value); err != nil || string(text) != `{"password":"(secret)"}` {
		t.Errorf("json: got %s, error %v; want the placeholder as the password", text, err)
	}
	if text, err := yaml.Marshal(value); err != nil || string(text) != "password: (secret)\n" {
		t.Errorf("yaml: got %s, error %v; want the placeholder as the password", text, err)
	}
}

func TestAComparisonNeverShowsASecret(t *testing.T) {
	a, b := newHolder(), newHolder()
	b.Public, b.Tree["password"] = connection.NewSecret(canary+"2"), connection.NewSecret(canary+"3")
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	for name, options := range map[string][]cmp.Option{
		"of everything":       {everything},
		"without an exporter": {},
	} {
		t.Run(name, func(t *testing.T) {
			output := func() (text string) {
				defer func() {
					if p := recover(); p != nil { // cmp's answer to unexported fields
						text = fmt.Sprint(p)
					}
				}()
				return cmp.Diff(a, b, options...) + cmp.Diff(map[string]any{"p": a.Public}, map[string]any{"p": b.Public}, options...)
			}()
			if output == "" {
				t.Error("two different secrets are equal")
			}
			show(t, output)
		})
	}
}

// TestAPanicNeverShowsASecret lets a process of its own die, with the secret as
// the panic's value and in the frames of the trace.
func TestAPanicNeverShowsASecret(t *testing.T) {
	if name := os.Getenv("QLSYNC_TEST_PANIC"); name != "" {
		panic(carriers()[name])
	}
	if testing.Short() {
		t.Skip("it starts processes")
	}
	for name := range carriers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestAPanicNeverShowsASecret$")
			cmd.Env = append(os.Environ(), "QLSYNC_TEST_PANIC="+name, "GOTRACEBACK=all")
			output, err := cmd.CombinedOutput()
			if err == nil || !bytes.Contains(output, []byte("panic: ")) {
				t.Fatalf("got no panic (error %v):\n%s", err, output)
			}
			show(t, string(output))
		})
	}
}

func TestOnlyRevealReturnsTheValue(t *testing.T) {
	if got := connection.NewSecret(canary).Reveal(); got != canary {
		t.Errorf("got the revealed value %q, want the canary", got)
	}
	if got := (connection.Secret{}).Reveal(); got != "" {
		t.Errorf("got %q from the zero secret, want an empty text", got)
	}
}

func TestAReferenceIsShownAsAFileHasIt(t *testing.T) {
	for want, reference := range map[string]connection.Reference{
		"{env: TOKEN}":                         {Env: "TOKEN"},
		"{file: /run/token}":                   {File: "/run/token"},
		"{file: key.json, encoding: base64}":   {File: "key.json", Encoding: "base64"},
		"{exec: [vault, read, -field=v, a/b]}": {Exec: []string{"vault", "read", "-field=v", "a/b"}},
	} {
		if got := reference.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestResolveReplacesEveryReferenceAndKeepsTheRest(t *testing.T) {
	tree := map[string]any{
		"user": "ana", "port": json.Number("1433"), "nothing": nil, "none": []any(nil), "empty": []any{},
		"password": connection.Reference{Env: "PASSWORD"},
		"files":    []any{map[string]any{"name": "key.json", "value": connection.Reference{File: "key", Encoding: "base64"}}},
	}
	before := connection.Canonical(tree)
	resolved, errs := connection.Resolve(tree, func(r connection.Reference) (connection.Secret, error) {
		return connection.NewSecret("value of " + r.String()), nil
	})
	if len(errs) > 0 {
		t.Fatalf("got errors %v, want none", errs)
	}
	want := map[string]any{
		"user": "ana", "port": json.Number("1433"), "nothing": nil, "none": []any(nil), "empty": []any{},
		"password": "value of {env: PASSWORD}",
		"files":    []any{map[string]any{"name": "key.json", "value": "value of {file: key, encoding: base64}"}},
	}
	if diff := cmp.Diff(want, connection.Reveal(resolved)); diff != "" {
		t.Errorf("the resolved tree differs (-want +got):\n%s", diff)
	}
	if connection.Canonical(tree) != before {
		t.Error("Resolve changed the tree of its caller")
	}
	if got := len(connection.Secrets(resolved)); got != 2 {
		t.Errorf("got %d secrets in the resolved tree, want 2", got)
	}
	if got := len(connection.Secrets(tree)); got != 0 {
		t.Errorf("references count as %d secrets", got)
	}
}

func TestResolveGoesOnAfterAnErrorInTheOrderOfTheTree(t *testing.T) {
	tree := map[string]any{
		"c": connection.Reference{Env: "C"}, "a": connection.Reference{Env: "A"},
		"b": []any{connection.Reference{Env: "B1"}, connection.Reference{Env: "B2"}},
	}
	_, errs := connection.Resolve(tree, func(r connection.Reference) (connection.Secret, error) {
		if r.Env == "B1" {
			return connection.NewSecret("found"), nil
		}
		return connection.Secret{}, errors.New(r.Env)
	})
	if got := fmt.Sprint(errs); got != "[A B2 C]" {
		t.Errorf("got errors %s, want those of A, B2 and C in the order of the tree", got)
	}
}

func TestATreeThatIsNilStaysNil(t *testing.T) {
	resolved, errs := connection.Resolve(map[string]any(nil), nil)
	if tree, ok := resolved.(map[string]any); !ok || tree != nil || errs != nil {
		t.Errorf("got %#v, errors %v; want a nil tree without errors", resolved, errs)
	}
}
