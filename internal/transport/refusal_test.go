package transport_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
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
