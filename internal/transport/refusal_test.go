package transport_test

import (
	"errors"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestARefusalSaysWhatIsKnownAndNeverEndsInANumber(t *testing.T) {
	for name, test := range map[string]struct {
		err  transport.Error
		want string
	}{
		"everything":  {transport.Error{Status: 400, Code: "DC-1", Title: "bad", Detail: "name", TraceID: "7"}, "PUT /c: 400 DC-1: bad: name (trace 7)"},
		"no title":    {transport.Error{Status: 400, Detail: "name"}, "PUT /c: 400: Bad Request: name"},
		"no text":     {transport.Error{Status: 404}, "PUT /c: 404: Not Found"},
		"no meaning":  {transport.Error{Status: 599}, "PUT /c: 599: no reason given"},
		"may be done": {transport.Error{Status: 502, Unknown: true, TraceID: "7"}, "PUT /c: 502: Bad Gateway: outcome unknown (trace 7)"},
	} {
		t.Run(name, func(t *testing.T) {
			test.err.Method, test.err.Path = "PUT", "/c"
			if got := test.err.Error(); got != test.want {
				t.Errorf("the refusal reads %q, want %q", got, test.want)
			}
		})
	}
}

func TestAGivenUpWriteThatMayHaveHappenedIsUnknown(t *testing.T) {
	for name, err := range map[string]error{
		"a refusal":     &transport.Error{Status: 400, Kind: connection.ErrInvalid},
		"no answer":     &transport.Failure{Method: "PUT", Err: errors.New("broken")},
		"no token":      &transport.NoToken{Err: connection.ErrUnauthorized},
		"not to do":     &transport.NotWritten{Err: connection.ErrConflict},
		"token refused": &transport.Error{Status: 401, Kind: connection.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			if got := transport.GivenUp(err, false, "advice"); errors.Is(got, connection.ErrUnknownOutcome) {
				t.Errorf("without an attempt that may have happened the error is %v, which says that the outcome is unknown", got)
			}
			if got := transport.GivenUp(err, true, "advice"); !errors.Is(got, connection.ErrUnknownOutcome) {
				t.Errorf("after an attempt that may have happened the error is %v, which hides that the outcome is unknown", got)
			}
		})
	}
}
