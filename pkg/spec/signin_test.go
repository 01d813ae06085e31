package spec_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestAKeyThatCannotBeSentIsRefusedAtOnce(t *testing.T) {
	at := connection.Position{File: "qlsync.yaml", Line: 3, Column: 4}
	declared := map[string]any{
		"apiKey": connection.Reference{Env: "KEY", Position: at}, "token": connection.Reference{File: "token", Position: at},
		"clientId": "plain", "clientSecret": connection.Reference{Exec: []string{"op", "read"}, Position: at},
		"user": connection.Reference{Env: "USER_NAME", Position: at}, "password": connection.Reference{Env: "PW", Position: at},
	}
	for part, from := range map[string]string{
		"apiKey": `part="API key" source="the environment variable \"KEY\""`, "token": `part=token source="the file \"token\""`,
		"clientId": `part="client id"`, "clientSecret": `part="client secret" source="the command \"op\""`,
		"user": `part="user name" source="the environment variable \"USER_NAME\""`, "password": `part=password source="the environment variable \"PW\""`,
	} {
		inHeader := part == "apiKey" || part == "token"
		for value, wrong := range map[string]string{
			"canary": "", "": "", "canary\n": "a line end", "canary\r\ncanary": "a line end", "canary\x1b": "a control character", "\tcanary": "a control character",
			"Bearer canary": "a blank", "canary\u00a0": "a blank", "canary\u200b": "a character that is not ASCII", "cänary": "a character that is not ASCII",
		} {
			problems := spec.CheckSignIn(declared, map[string]connection.Secret{part: connection.NewSecret(value)})
			always := wrong == "a line end" || wrong == "a control character"
			switch said := codes(problems); {
			case (len(problems) > 0) != (always || wrong != "" && inHeader):
				t.Errorf("%s %q: got problems %q, want some only for a key that cannot be sent", part, value, said)
			case len(problems) > 0 && !strings.Contains(said, " fault="+strconv.Quote(wrong)+" "+from):
				t.Errorf("%s %q: got problems %q, want them to say that %s contains %s", part, value, said, from, wrong)
			case strings.Contains(said+problems.Error(), "canary"):
				t.Errorf("the value is quoted: %s", said)
			}
		}
	}
}
