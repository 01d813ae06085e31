package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Subject is one tenant of a project, as far as the files describe it, and the functions to reach
// it.
type Subject struct {
	Project  *spec.Project
	Tenant   *spec.Tenant
	Declared *spec.DesiredSet
	// Problems are the problems of the files for the tenant, LocalProblems those of the vendored
	// schemas, which are in Local. BuiltIn reports that the kind of tenant needs none.
	Problems      connection.Problems
	Local         *connection.Catalog
	LocalProblems connection.Problems
	BuiltIn       bool
	// Secrets are the references of the files; Fingerprints is the error of the key of the
	// fingerprints, nil if it is usable or not set.
	Secrets      TenantSecrets
	Fingerprints error
	// Host says why no token may be sent to the host of the tenant; nil: it may. Hosts names the rule.
	Host  error
	Hosts string
	// Lock returns the folder of the locks, or why no lock can be taken there.
	Lock func() (folder string, err error)
	// Connect returns the provider: it reads the secrets of the sign-in, and starts an embedded tenant.
	// It is called once, if the host is allowed.
	Connect func() (connection.Provider, error)
	// Knock sends the tenant a request without a token, and returns how far its clock is ahead, if
	// known. It is called if Connect fails.
	Knock func(context.Context) (*time.Duration, error)
	// Check checks the files against the tenant's data sources.
	Check func(*connection.Catalog) connection.Problems
	// Explain adds a position in the files and advice to an error of a request, if there are any.
	Explain func(error) error
	// Command completes a command of qlsync for pasting.
	Command func(words string) string
}

// checks run in this order. Each may use the results of earlier ones.
var checks = []struct {
	name string
	make func(*examination) Check
}{
	{"files", (*examination).files},
	{"schemas", (*examination).schemas},
	{"secrets", (*examination).secrets},
	{"hosts", (*examination).hosts},
	{"lock", (*examination).lock},
	{"tenant", (*examination).tenant},
	{"clock", (*examination).clock},
	{"token", (*examination).token},
	{"spaces", (*examination).spaces},
	{"sources", (*examination).sources},
	{"rights", (*examination).rights},
}

// Examine runs every check. It only sends reads, and nothing to a host that is not allowed. After
// the end of the context, the remaining checks are unchecked.
func Examine(ctx context.Context, s Subject) Examined {
	e := &examination{Subject: s, ctx: ctx}
	e.ask()
	result := Examined{Tenant: plan.Tenant{Name: s.Tenant.Name, URL: s.Tenant.URL}}
	for _, check := range checks {
		made := check.make(e)
		made.Name = check.name
		if more := len(made.Details) - maxDetails; more > 0 {
			made.Details = append(slices.Clip(made.Details[:maxDetails]), fmt.Sprintf("and %d more", more))
		}
		result.Checks = append(result.Checks, made)
	}
	return result
}

// examination is the examination of one tenant in progress.
type examination struct {
	Subject
	ctx context.Context

	provider connection.Provider
	found    *connection.Examination // nil: the tenant was not asked
	// identity is what the tenant reports, if the files declare an id.
	identity connection.TenantIdentity
	// unasked is the code of the reason why the tenant was not asked.
	unasked string
	// knocked is why the tenant does not answer even without a token; it is only meaningful without a
	// provider.
	knocked error
}

// ask reads from the tenant what several checks need.
func (e *examination) ask() {
	switch {
	case !e.Tenant.CanBeAsked():
		e.unasked = "check-files-first"
		return
	case e.Host != nil:
		e.unasked = "check-hosts-first"
		return
	}
	provider, err := e.Connect()
	if err != nil {
		e.found = &connection.Examination{Err: err}
		if e.Tenant.SimFile == "" {
			e.found.Skew, e.knocked = e.Knock(e.ctx)
		}
		return
	}
	e.provider = provider
	examiner, ok := provider.(connection.Examiner)
	if !ok {
		e.unasked = "check-unsupported"
		return
	}
	found := examiner.Examine(e.ctx, e.Declared.Spaces)
	e.found = &found
	if identifier, ok := provider.(connection.Identifier); ok && e.Tenant.ID != "" && found.Err == nil {
		e.identity, _ = identifier.TenantID(e.ctx) // without an id, there is no guard
	}
}

// silent returns why a check has no answers of the tenant; empty: it has.
func (e *examination) silent() string {
	switch {
	case e.unasked != "":
		return e.unasked
	case e.found.Err == nil:
		return ""
	case e.reached():
		return "check-sign-in-first"
	}
	if e.provider == nil && e.Tenant.SimFile == "" {
		return "check-token-first"
	}
	return "check-tenant-first"
}

// reached reports whether the tenant has answered any request.
func (e *examination) reached() bool {
	return e.found != nil && e.provider != nil && !errors.Is(e.found.Err, connection.ErrUnreachable) && !errors.Is(e.found.Err, context.Canceled)
}

func (e *examination) files() Check {
	var wrong, warnings []string
	for _, problem := range e.Problems {
		if problem.Severity == connection.SeverityWarning {
			warnings = append(warnings, problem.Error())
		} else {
			wrong = append(wrong, problem.Error())
		}
	}
	command := e.Command("validate")
	switch connections, files := len(e.Declared.Connections), e.Declared.Files; {
	case len(wrong) > 0:
		return failed(wrong, "files-invalid", "errors", len(wrong), "command", command)
	case len(warnings) > 0:
		return warned(warnings, "files-with-warnings", "connections", connections, "files", files, "warnings", len(warnings), "command", command)
	default:
		return passed("files-valid", "connections", connections, "files", files)
	}
}

func (e *examination) schemas() Check {
	used := e.Declared.DataSources()
	missing := slices.DeleteFunc(slices.Clone(used), func(id string) bool { return e.Local.DataSources[id] != nil })
	switch {
	case e.BuiltIn:
		return passed("schemas-built-in")
	case e.LocalProblems.Err() != nil:
		return failed(texts(e.LocalProblems), "schemas-unusable", "command", e.Command("schemas pull"))
	case len(used) == 0:
		return passed("no-data-source-in-use")
	case len(missing) > 0:
		return warned(nil, "schemas-not-vendored", "dataSources", missing, "command", e.Command("schemas pull"))
	}
	return passed("schemas-vendored", "count", len(used))
}

func (e *examination) secrets() Check {
	var missing []string
	for _, secret := range e.Secrets.Missing() {
		text := secret.Problem
		if secret.Position != nil {
			text = secret.Position.String() + ": " + text
		}
		missing = append(missing, text)
	}
	required := 0
	for _, secret := range e.Secrets.Secrets {
		if !secret.Use.Optional() {
			required++
		}
	}
	if e.Fingerprints != nil {
		missing = append(missing, spec.FingerprintVariable+": "+e.Fingerprints.Error())
	}
	switch {
	case len(missing) > 0:
		return failed(missing, "secrets-missing", "missing", len(missing), "secrets", max(required, len(missing)), "command", e.Command("secrets"))
	case required == 0:
		return passed("no-secret-needed")
	}
	return passed("secrets-set", "secrets", required)
}

func (e *examination) hosts() Check {
	if e.Host != nil {
		return failure(e.Host, "host-not-allowed", "url", e.Tenant.URL)
	}
	return passed("host-allowed", "rule", e.Hosts)
}

func (e *examination) lock() Check {
	folder, err := e.Lock()
	if err != nil {
		return failure(err, "lock-unusable")
	}
	return passed("lock-usable", "folder", folder)
}

func (e *examination) tenant() Check {
	switch {
	case e.unasked != "":
		return unchecked(e.unasked)
	case errors.Is(e.found.Err, context.Canceled):
		return unchecked("check-interrupted")
	case e.provider == nil && e.Tenant.SimFile == "" && e.knocked == nil:
		return passed("tenant-answers-without-token", "url", e.Tenant.URL)
	case e.provider == nil && e.Tenant.SimFile == "":
		return failure(e.Explain(e.knocked), "tenant-does-not-answer")
	case e.provider == nil:
		return failure(fmt.Errorf("cannot start the embedded tenant: %w", e.found.Err), "embedded-tenant-broken", "file", e.Tenant.SimFile)
	case !e.reached():
		return failure(e.Explain(e.found.Err), "tenant-does-not-answer")
	}
	if id := e.identity.ID; id != "" && id != e.Tenant.ID {
		return failed(nil, "tenant-is-another", "url", e.Tenant.URL, "id", id, "declared", e.Tenant.ID)
	}
	return passed("tenant-answers", "url", e.Tenant.URL)
}

// The clock of a tenant may differ by maxSkew, because tokens and certificates have a limited
// lifetime. A difference from noticeable on is worth reporting.
const (
	noticeableSkew = time.Minute
	maxSkew        = 5 * time.Minute
)

func (e *examination) clock() Check {
	if e.unasked != "" {
		return unchecked(e.unasked)
	}
	switch {
	case e.found.Skew != nil:
	case !e.reached() && (e.provider != nil || e.knocked != nil):
		return unchecked("check-tenant-first")
	default:
		return unchecked("no-date")
	}
	skew := *e.found.Skew
	direction := "behind"
	if skew < 0 {
		direction = "ahead of"
	}
	by := words.Duration(skew.Abs())
	switch {
	case skew.Abs() >= maxSkew:
		return failed(nil, "clock-wrong", "by", by, "direction", direction)
	case skew.Abs() >= noticeableSkew:
		return warned(nil, "clock-inexact", "by", by, "direction", direction)
	}
	return passed("clock-right")
}

func (e *examination) token() Check {
	switch {
	case e.unasked != "":
		return unchecked(e.unasked)
	case e.provider == nil && e.Tenant.SimFile == "":
		return failure(e.Explain(e.found.Err), "sign-in-incomplete", "command", e.Command("secrets"))
	case !e.reached():
		return unchecked(e.silent())
	case e.found.Err != nil:
		return failure(e.Explain(e.found.Err), "token-refused", "file", e.Project.File)
	case e.found.CallerUnknown != "":
		return unchecked("user-unknown", "reason", e.found.CallerUnknown)
	}
	return passed("token-accepted", "user", who(e.found.Caller), "roles", roles(e.found.Roles))
}

func who(user connection.User) string {
	for _, name := range []string{user.Email, user.Name, user.Subject} {
		if name != "" {
			return name
		}
	}
	return user.ID
}

func roles(names []string) string {
	switch len(names) {
	case 0:
		return "no roles"
	case 1:
		return "role " + names[0]
	}
	return "roles " + strings.Join(names, ", ")
}

func (e *examination) spaces() Check {
	if reason := e.silent(); reason != "" {
		return unchecked(reason)
	}
	if len(e.found.Spaces) == 0 {
		return passed("no-space-named")
	}
	var wrong, incomplete []string
	connections, created := 0, 0
	for _, space := range e.found.Spaces {
		name := fmt.Sprintf("%q", space.Ref.String())
		switch {
		case space.Err != nil:
			wrong = append(wrong, name+" cannot be read: "+space.Err.Error())
		case !space.Found && e.Declared.Prepares(space.Ref):
			created++
		case !space.Found:
			wrong = append(wrong, positioned(space.Ref.Position, "the token cannot see a space "+name))
		}
		for _, reason := range space.Incomplete {
			if !slices.Contains(incomplete, reason) {
				incomplete = append(incomplete, reason)
			}
		}
		connections += len(space.Connections)
	}
	switch {
	case len(wrong) > 0:
		return failed(wrong, "spaces-unreadable", "unreadable", len(wrong), "spaces", len(e.found.Spaces))
	case len(incomplete) > 0:
		return warned(incomplete, "lists-incomplete")
	}
	return passed("spaces-readable", "spaces", len(e.found.Spaces)-created, "connections", connections)
}

func (e *examination) sources() Check {
	if reason := e.silent(); reason != "" {
		return unchecked(reason)
	}
	ids := e.Declared.DataSources()
	if len(ids) == 0 {
		return passed("no-data-source-in-use")
	}
	catalog, err := e.provider.DataSources(e.ctx, ids)
	if err != nil {
		return failed(strings.Split(err.Error(), "\n"), "data-sources-unreadable")
	}
	var wrong, warnings []string
	for _, problem := range e.Check(catalog) {
		if problem.Severity == connection.SeverityWarning {
			warnings = append(warnings, problem.Error())
		} else {
			wrong = append(wrong, problem.Error())
		}
	}
	switch {
	case len(wrong) > 0:
		return failed(wrong, "data-sources-differ", "errors", len(wrong), "command", e.Command("plan"))
	case len(warnings) > 0:
		return warned(warnings, "data-sources-with-warnings", "warnings", len(warnings), "command", e.Command("plan"))
	}
	return passed("data-sources-match", "count", len(ids))
}

func (e *examination) rights() Check {
	if reason := e.silent(); reason != "" {
		return unchecked(reason)
	}
	r := e.privileges()
	switch {
	case len(r.lacking) > 0:
		return failed(r.lacking, "rights-missing", "connections", len(r.lacking))
	case e.found.CallerUnknown == "" && !e.found.Caller.Admin && e.ownersDeclared() > 0:
		return warned(nil, "owners-need-administrator", "connections", e.ownersDeclared())
	case len(r.readOnly) > 0:
		return warned(r.readOnly, "probably-read-only")
	case r.told == 0 && r.untold > 0:
		return unchecked("rights-not-reported")
	case r.told == 0:
		return unchecked("nothing-to-check-rights-on")
	case r.untold > 0:
		return unchecked("rights-partly-reported", "unreported", r.untold, "connections", r.untold+r.told)
	}
	return passed("rights-sufficient", "connections", r.told)
}

func (e *examination) ownersDeclared() int {
	n := 0
	for i := range e.Declared.Connections {
		if e.Declared.Connections[i].Owner+e.Declared.Connections[i].OwnerID != "" {
			n++
		}
	}
	return n
}

// rightsFound is the result of checking the privileges of connections and the roles in spaces.
type rightsFound struct {
	// lacking are connections that the token may not change, with the missing privileges.
	lacking []string
	// readOnly are spaces in which the caller has no role that may write.
	readOnly []string
	// told and untold count the connections of the project with and without known privileges.
	told, untold int
}

// privileges checks the connections that the project would write: the declared ones and, if it
// prunes, those that it owns. Connections without known privileges lead to no conclusion.
func (e *examination) privileges() rightsFound {
	var r rightsFound
	prunes := e.Project.Policy.Prune == connection.PruneOwned
	for _, space := range e.found.Spaces {
		declared := e.declaredIn(space)
		for _, one := range space.Connections {
			isDeclared, isOurs := slices.Contains(declared, one.Key.Name), one.Project == e.Project.Name
			if !isDeclared && !(isOurs && prunes) || one.Project != "" && !isOurs {
				continue // not written by the project
			}
			if one.Privileges == nil {
				r.untold++
				continue
			}
			r.told++
			needed := "update"
			if !isDeclared {
				needed = "delete"
			}
			if !slices.Contains(one.Privileges, needed) {
				r.lacking = append(r.lacking, fmt.Sprintf("%s: no privilege %q", one.Key, needed))
			}
		}
		if len(declared) > 0 && space.Roles != nil && !e.found.Caller.Admin && !slices.ContainsFunc(space.Roles, writes) {
			r.readOnly = append(r.readOnly, fmt.Sprintf("%s: %s", space.Space.Name, roles(space.Roles)))
		}
	}
	return r
}

// writes reports whether a role in a space may let its holder write connections. Only roles that
// are known to be read-only are excluded.
func writes(role string) bool {
	return !slices.Contains([]string{"consumer", "basicconsumer", "dataconsumer", "datapreview"}, role)
}

// declaredIn returns the names that are declared in a space.
func (e *examination) declaredIn(space connection.SpaceExamination) []string {
	var names []string
	for i := range e.Declared.Connections {
		if e.Declared.Connections[i].Space.Same(space.Ref) {
			names = append(names, e.Declared.Connections[i].Name)
		}
	}
	return names
}

func texts(problems connection.Problems) []string {
	lines := make([]string, len(problems))
	for i, problem := range problems {
		lines[i] = problem.Error()
	}
	return lines
}

func positioned(at connection.Position, text string) string {
	if place := at.String(); place != "" {
		return place + ": " + text
	}
	return text
}
