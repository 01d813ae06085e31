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
	// unasked says why the tenant was not asked.
	unasked string
	// knocked is why the tenant does not answer even without a token; it is only meaningful without a
	// provider.
	knocked error
}

// ask reads from the tenant what several checks need.
func (e *examination) ask() {
	switch {
	case !e.Tenant.CanBeAsked():
		e.unasked = "the url or auth of the tenant has errors, see files"
		return
	case e.Host != nil:
		e.unasked = "no token may be sent to this host, see hosts"
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
		e.unasked = "doctor cannot check this kind of tenant"
		return
	}
	found := examiner.Examine(e.ctx, e.Declared.Spaces)
	e.found = &found
}

// silent returns why a check has no answers of the tenant; empty: it has.
func (e *examination) silent() string {
	switch {
	case e.unasked != "":
		return e.unasked
	case e.found.Err == nil:
		return ""
	case e.reached():
		return "the tenant refused the sign-in, see token"
	}
	if e.provider == nil && e.Tenant.SimFile == "" {
		return "the credentials for the tenant are missing, see token"
	}
	return "the tenant did not answer, see tenant"
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
	next := "run " + e.Command("validate")
	switch valid := fmt.Sprintf("%s in %s, valid", words.Count(len(e.Declared.Connections), "connection"), words.Count(e.Declared.Files, "file")); {
	case len(wrong) > 0:
		return failed(words.Count(len(wrong), "error"), next, wrong...)
	case len(warnings) > 0:
		return warned(valid+", with "+words.Count(len(warnings), "warning"), next, warnings...)
	default:
		return passed(valid)
	}
}

func (e *examination) schemas() Check {
	used := e.Declared.DataSources()
	missing := slices.DeleteFunc(slices.Clone(used), func(id string) bool { return e.Local.DataSources[id] != nil })
	switch {
	case e.BuiltIn:
		return passed("built in")
	case e.LocalProblems.Err() != nil:
		return failed("vendored schemas cannot be used", "fix or remove the files, then run "+e.Command("schemas pull"), texts(e.LocalProblems)...)
	case len(used) == 0:
		return passed("no data source is in use")
	case len(missing) > 0:
		return warned("not vendored: "+strings.Join(missing, ", "), "to validate without a network, run "+e.Command("schemas pull"))
	}
	return passed(words.Count(len(used), "data source") + " in use, all vendored")
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
		return failed(fmt.Sprintf("%d of %s cannot be used", len(missing), words.Count(max(required, len(missing)), "secret")),
			"run "+e.Command("secrets")+", then set what is missing", missing...)
	case required == 0:
		return passed("none needed")
	}
	return passed(words.Count(required, "secret") + ", all set")
}

func (e *examination) hosts() Check {
	if e.Host != nil {
		return failure(e.Host, "if you trust it with the token, add the host of "+e.Tenant.URL+" to QLSYNC_HOSTS")
	}
	return passed(e.Hosts)
}

func (e *examination) lock() Check {
	folder, err := e.Lock()
	if err != nil {
		return failure(err, "")
	}
	return passed("locks can be taken in " + folder)
}

func (e *examination) tenant() Check {
	switch {
	case e.unasked != "":
		return unchecked(e.unasked)
	case errors.Is(e.found.Err, context.Canceled):
		return unchecked("interrupted")
	case e.provider == nil && e.Tenant.SimFile == "" && e.knocked == nil:
		return passed(e.Tenant.URL + " answers (asked without a token)")
	case e.provider == nil && e.Tenant.SimFile == "":
		return failure(e.Explain(e.knocked), wayNext)
	case e.provider == nil:
		return failure(fmt.Errorf("cannot start the embedded tenant: %w", e.found.Err), "fix "+e.Tenant.SimFile)
	case !e.reached():
		return failure(e.Explain(e.found.Err), wayNext)
	}
	return passed(e.Tenant.URL + " answers")
}

const wayNext = "check the url of the tenant, the network and the proxy"

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
	if e.found.Skew == nil {
		return unchecked("the tenant sent no date")
	}
	skew := *e.found.Skew
	direction := "behind the tenant's"
	if skew < 0 {
		direction = "ahead of the tenant's"
	}
	text := fmt.Sprintf("this computer's clock is %s %s", skew.Abs(), direction)
	switch {
	case skew.Abs() >= maxSkew:
		return failed(text, "set the clock of this computer: with a wrong clock, valid tokens and certificates are refused")
	case skew.Abs() >= noticeableSkew:
		return warned(text, "set the clock of this computer")
	}
	return passed("this computer's clock agrees with the tenant's")
}

func (e *examination) token() Check {
	switch {
	case e.unasked != "":
		return unchecked(e.unasked)
	case e.provider == nil && e.Tenant.SimFile == "":
		return failure(e.Explain(e.found.Err), "run "+e.Command("secrets")+", then set what auth needs")
	case !e.reached():
		return unchecked(e.silent())
	case e.found.Err != nil:
		return failure(e.Explain(e.found.Err), "create a new key or secret for the tenant, and store it where auth in "+e.Project.File+" reads it")
	case e.found.CallerUnknown != "":
		return Check{Status: NotChecked, Message: "the tenant accepts the token, but its user is unknown: " + e.found.CallerUnknown}
	}
	return passed(who(e.found.Caller) + ", " + roles(e.found.Roles))
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
		return passed("the files name no space")
	}
	var wrong, incomplete []string
	connections := 0
	for _, space := range e.found.Spaces {
		name := fmt.Sprintf("%q", space.Ref.String())
		switch {
		case space.Err != nil:
			wrong = append(wrong, name+" cannot be read: "+space.Err.Error())
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
		return failed(fmt.Sprintf("%d of %s cannot be read", len(wrong), words.Count(len(e.found.Spaces), "space")),
			"check the names, and make the token's user a member of the spaces", wrong...)
	case len(incomplete) > 0:
		return warned("the tenant returned incomplete lists, so apply would delete nothing", "try again later", incomplete...)
	}
	return passed(fmt.Sprintf("%s in scope, with %s", words.Count(len(e.found.Spaces), "space"), words.Count(connections, "connection")))
}

func (e *examination) sources() Check {
	if reason := e.silent(); reason != "" {
		return unchecked(reason)
	}
	ids := e.Declared.DataSources()
	if len(ids) == 0 {
		return passed("no data source is in use")
	}
	catalog, err := e.provider.DataSources(e.ctx, ids)
	if err != nil {
		return failed("data sources cannot be read", "", strings.Split(err.Error(), "\n")...)
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
		return failed("the files do not match the data sources of the tenant: "+words.Count(len(wrong), "error"), "run "+e.Command("plan"), wrong...)
	case len(warnings) > 0:
		return warned(words.Count(len(warnings), "warning"), "run "+e.Command("plan"), warnings...)
	}
	return passed(words.Count(len(ids), "data source") + " in use, and the files match the tenant's schemas")
}

func (e *examination) rights() Check {
	if reason := e.silent(); reason != "" {
		return unchecked(reason)
	}
	r := e.privileges()
	next := "let the token's user edit data connections in these spaces, or use the token of an administrator"
	switch {
	case len(r.lacking) > 0:
		return failed("the token may not write "+words.Count(len(r.lacking), "connection"), next, r.lacking...)
	case e.found.CallerUnknown == "" && !e.found.Caller.Admin && e.ownersDeclared() > 0:
		return warned("the files declare owners for "+words.Count(e.ownersDeclared(), "connection")+", and only an administrator may change owners",
			"use the token of an administrator, or remove owner from the files")
	case len(r.readOnly) > 0:
		return warned("the token's user can probably only read", next, r.readOnly...)
	case r.told == 0 && r.untold > 0:
		return unchecked("the tenant does not report what the token may do with connections")
	case r.told == 0:
		return unchecked("no declared connection exists yet, and the tenant does not report who may create connections")
	case r.untold > 0:
		return unchecked(fmt.Sprintf("the tenant does not report the rights for %s of %d; the token may write the others", words.Count(r.untold, "connection"), r.untold+r.told))
	}
	return passed("the token may write " + words.Count(r.told, "connection"))
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
