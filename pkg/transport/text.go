package transport

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Redactor takes secrets out of texts of the service, which may quote the request.
type Redactor struct {
	short    []string // too short to be cut out of a text without telling what they are
	replacer *strings.Replacer
}

// shortSecret is the length, in bytes, below which a secret silences a text as a whole.
const shortSecret = 4

// NewRedactor makes one for these secrets.
func NewRedactor(secrets []string) Redactor {
	var r Redactor
	var forms []string
	for _, secret := range secrets {
		if secret != "" && len(secret) < shortSecret {
			r.short = append(r.short, secret)
			continue
		}
		forms = append(forms, formsOf(secret)...)
	}
	// The longest first, so that no part of one is left over by another.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, connection.Placeholder)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// formsOf lists the ways in which a service may quote a secret: as it is, as JSON,
// as part of a URL, or one of its lines.
func formsOf(secret string) []string {
	quoted, _ := JSON(secret)
	candidates := append(strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' }),
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret))
	return slices.DeleteFunc(candidates, func(form string) bool { return len(form) < shortSecret })
}

// Text copies a text without the secrets.
func (r Redactor) Text(text string) string {
	for _, secret := range r.short {
		if strings.Contains(text, secret) {
			return "(withheld: it may quote a secret)"
		}
	}
	return r.replacer.Replace(text)
}

// Clean puts a text of the service on one line of bounded length.
func Clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1 // among others what turns the direction of the text
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
