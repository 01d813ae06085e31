package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/words"
)

// maxUsers is how many connections of one secret the text names.
const maxUsers = 3

// Secrets writes a table of the references of each tenant: whether each is set, and where it is
// used. It shows no values.
func (t Text) Secrets(w io.Writer, all doctor.Secrets) error {
	p := t.printer(w)
	for i, tenant := range all.Tenants {
		if i > 0 {
			p.line("")
		}
		p.secretsOf(tenant)
	}
	return p.err
}

func (p *printer) secretsOf(tenant doctor.TenantSecrets) {
	name := label(tenant.Tenant.Name)
	if len(tenant.Secrets) == 0 {
		p.line("%s: the files refer to no secrets.", name)
		return
	}
	missing := tenant.Missing()
	p.line("%s: %s", name, secretsSummary(tenant.Secrets, len(missing)))
	texts := make([]string, len(tenant.Secrets))
	for i, secret := range tenant.Secrets {
		texts[i] = Sanitize(secret.Reference.String())
	}
	width := widest(maxReference, append(texts, "SECRET")...)
	p.line("  %s  %s  NEEDED BY", pad("STATE", stateWidth), pad("SECRET", width))
	for i, secret := range tenant.Secrets {
		p.secret(secret, texts[i], width)
	}
}

// maxReference bounds the column of references, in cells, so that 80 columns are enough for most
// tables; stateWidth is the width of the longest state.
const (
	maxReference = 34
	stateWidth   = len("MISSING")
)

func secretsSummary(secrets []doctor.Secret, missing int) string {
	required := 0
	for _, secret := range secrets {
		if !secret.Use.Optional() {
			required++
		}
	}
	if missing == 0 {
		return words.Count(required, "secret") + ", all set"
	}
	return fmt.Sprintf("%s, %s missing", words.Count(required, "secret"), words.Number(missing))
}

// secret writes one reference, followed by its problems.
func (p *printer) secret(secret doctor.Secret, text string, width int) {
	state := p.paint(green, pad("set", stateWidth))
	switch {
	case secret.Present:
	case secret.Use.Optional():
		state = pad("not set", stateWidth)
	default:
		state = p.paint(red, pad("MISSING", stateWidth))
	}
	users := secretUsers(secret)
	if cells(text) > width {
		p.line("  %s  %s", state, text)
	} else {
		p.line("  %s  %s  %s", state, pad(text, width), users[0])
		users = users[1:]
	}
	indent := strings.Repeat(" ", 2+stateWidth+2)
	for _, user := range users {
		p.line("%s%s  %s", indent, strings.Repeat(" ", width), user)
	}
	if secret.Problem != "" && !secret.Use.Optional() {
		p.line("%s%s", indent, secretProblem(secret))
		if secret.Hint != "" {
			p.line("%s%s", indent, Sanitize(secret.Hint))
		}
	}
}

// secretProblem returns where the secret is needed and why it is missing. MISSING already says that
// a variable is not set.
func secretProblem(secret doctor.Secret) string {
	if secret.Code == "variable-not-set" && secret.Position != nil {
		return Sanitize(secret.Position.String())
	}
	place := ""
	if secret.Position != nil {
		place = Sanitize(secret.Position.String()) + ": "
	}
	return place + Sanitize(secret.Problem)
}

// secretUsers returns the uses of a secret, one on each line.
func secretUsers(secret doctor.Secret) []string {
	switch secret.Use {
	case doctor.UseAuth:
		return []string{"auth, to sign in to the tenant"}
	case doctor.UseFingerprints:
		return []string{"fingerprints (optional)"}
	}
	var lines []string
	for _, key := range secret.Connections[:min(maxUsers, len(secret.Connections))] {
		lines = append(lines, label(key.String()))
	}
	if more := len(secret.Connections) - maxUsers; more > 0 {
		lines = append(lines, "and "+words.Number(more)+" more (--format json)")
	}
	if secret.Use == doctor.UseSignIn {
		lines = append(lines, "code of a sign-in (optional)")
	}
	return lines
}

// SecretsEnv writes a template of a .env file: the name of each variable that the tenants need,
// without a value, and its uses in a comment. References to files and commands are comments; so are
// optional variables, because an empty variable is not a missing one.
func SecretsEnv(w io.Writer, all doctor.Secrets) error {
	p := Text{}.printer(w)
	p.line("# Secrets of the project %s. Fill in the values, and keep the file out of Git.", Sanitize(all.Project))
	var others []string
	for _, name := range envNames(all) {
		p.line("")
		start := "# "
		for _, tenant := range all.Tenants {
			for _, secret := range tenant.Secrets {
				if secret.Reference.Env != name {
					continue
				}
				p.line("# %s: %s", label(tenant.Tenant.Name), envComment(secret))
				if !secret.Use.Optional() {
					start = ""
				}
			}
		}
		p.line("%s%s=", start, name)
	}
	for _, tenant := range all.Tenants {
		for _, secret := range tenant.Secrets {
			if secret.Reference.Env == "" {
				others = append(others, fmt.Sprintf("#   %s  %s: %s", Sanitize(secret.Reference.String()), label(tenant.Tenant.Name), envComment(secret)))
			}
		}
	}
	if len(others) > 0 {
		p.line("")
		p.line("# Not from the environment:")
		for _, line := range others {
			p.line("%s", line)
		}
	}
	return p.err
}

// envNames returns the variables, each once, in the order of the tenants.
func envNames(all doctor.Secrets) []string {
	var names []string
	for _, tenant := range all.Tenants {
		for _, secret := range tenant.Secrets {
			if name := secret.Reference.Env; name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func envComment(secret doctor.Secret) string {
	keys := secret.Connections
	if len(keys) > maxUsers {
		keys = keys[:maxUsers]
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = label(key.String())
	}
	text := strings.Join(names, ", ")
	if more := len(secret.Connections) - len(keys); more > 0 {
		text += ", and " + words.Number(more) + " more"
	}
	switch secret.Use {
	case doctor.UseAuth:
		return "signs in to the tenant"
	case doctor.UseSignIn:
		return text + " (optional: the code that a person gets for signing in)"
	case doctor.UseFingerprints:
		return "key of the fingerprints (optional)"
	}
	return text
}
