package transport_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestARefusalSaysWhatIsKnownAndNeverEndsInANumber(t *testing.T) {
	for name, test := range map[string]struct {
		err  transport.Error
		want string
	}{
		"everything":  {transport.Error{Status: 400, Code: "DC-1", Title: "bad", Detail: "name", TraceID: "7"}, "PUT /c was answered with 400 DC-1: bad; name (trace 7)"},
		"no title":    {transport.Error{Status: 400, Detail: "name"}, "PUT /c was answered with 400: Bad Request; name"},
		"no text":     {transport.Error{Status: 404}, "PUT /c was answered with 404: Not Found"},
		"no meaning":  {transport.Error{Status: 599}, "PUT /c was answered with 599: no reason given"},
		"unreadable":  {transport.Error{Status: 200, Detail: "the answer is empty"}, "PUT /c was answered with 200: the answer is empty"},
		"may be done": {transport.Error{Status: 502, Unknown: true, TraceID: "7"}, "PUT /c was answered with 502: Bad Gateway; outcome unknown (trace 7)"},
	} {
		t.Run(name, func(t *testing.T) {
			test.err.Method, test.err.Path = "PUT", "/c"
			if got := test.err.Error(); got != test.want {
				t.Errorf("the refusal reads %q, want %q", got, test.want)
			}
		})
	}
}

func TestAnAnswerToAnotherRequestIsNoRefusal(t *testing.T) {
	refusal := &transport.Error{Status: 200, Detail: "it is null"}
	if got := transport.RefusalOf(fmt.Errorf("read it: %w", refusal)); got != refusal {
		t.Errorf("got %v, want the wrapped answer", got)
	}
	for name, err := range map[string]error{
		"of a sign-in":          &transport.NoToken{Err: refusal},
		"of a read before":      fmt.Errorf("patch: %w", &transport.NotWritten{Err: refusal}),
		"without an answer":     &transport.Failure{Err: io.EOF},
		"no error":              nil,
		"an error of our own":   errors.New("it has no id"),
		"of both, and unknown ": fmt.Errorf("%w: %w", connection.ErrUnknownOutcome, &transport.NoToken{Err: refusal}),
	} {
		if transport.RefusalOf(err) != nil || transport.HasOtherForm(err) {
			t.Errorf("%s: got a refusal from %v, want none", name, err)
		}
	}
}
