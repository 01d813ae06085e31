package qlik_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

func TestNormalize(t *testing.T) {
	region := connection.Property{Type: "string", Enum: []string{"us-east-1", "EU", "eu"}}
	typed := func(name string) connection.Property { return connection.Property{Type: name} }
	number := func(text string) json.Number { return json.Number(text) }
	for name, test := range map[string]struct {
		property    connection.Property
		value, want any
	}{
		"a number becomes text":                 {typed("string"), number("1433"), "1433"},
		"a version keeps its zero":              {typed("string"), number("1.10"), "1.10"},
		"a switch becomes text":                 {typed("string"), true, "true"},
		"text stays text":                       {typed("string"), " 1433", " 1433"},
		"text becomes a number":                 {typed("integer"), "1433", number("1433")},
		"text with a point becomes an integer":  {typed("integer"), "1433.0", number("1433")},
		"a decimal is no integer":               {typed("integer"), "1.5", "1.5"},
		"text becomes a decimal":                {typed("number"), "0.50", number("0.5")},
		"hexadecimal is no number":              {typed("integer"), "0x10", "0x10"},
		"a leading zero is no number":           {typed("integer"), "0755", "0755"},
		"spaces are no number":                  {typed("integer"), " 5 ", " 5 "},
		"nothing is no number":                  {typed("integer"), "", ""},
		"numbers get one notation":              {typed("number"), number("1e3"), number("1000")},
		"a zero at the end goes":                {typed(""), number("2.0"), number("2")},
		"large numbers stay exact":              {typed(""), number("12345678901234567890123"), number("12345678901234567890123")},
		"minus zero is zero":                    {typed(""), number("-0.0"), number("0")},
		"a number beyond bounds is left alone":  {typed("number"), number("1e999999999"), number("1e999999999")},
		"text becomes true":                     {typed("boolean"), "True", true},
		"text becomes false":                    {typed("boolean"), "FALSE", false},
		"yes is no boolean":                     {typed("boolean"), "yes", "yes"},
		"letter case follows the schema":        {region, "US-EAST-1", "us-east-1"},
		"the schema's own spelling stays":       {region, "eu", "eu"},
		"two candidates are none":               {region, "Eu", "Eu"},
		"an unknown value stays":                {region, "mars", "mars"},
		"without a type text and number differ": {typed(""), "1433", "1433"},
		"a list is searched for numbers":        {typed("array"), []any{number("1.0"), "1.0", map[string]any{"n": number("2.50")}}, []any{number("1"), "1.0", map[string]any{"n": number("2.5")}}},
		"an empty list stays":                   {typed("array"), []any{}, []any{}},
		"null stays":                            {typed("string"), nil, nil},
		"a reference stays":                     {typed("string"), connection.Reference{Env: "X"}, connection.Reference{Env: "X"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := qlik.Normalize(test.property, test.value)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the normalized value differs (-want +got):\n%s", diff)
			}
			if again := qlik.Normalize(test.property, got); !connection.Equal(got, again) {
				t.Errorf("got %v the second time, want no change", again)
			}
		})
	}
	secret, ok := qlik.Normalize(typed("boolean"), connection.NewSecret("true")).(connection.Secret)
	if !ok || secret.Reveal() != "true" {
		t.Error("a secret did not stay a secret")
	}
}
