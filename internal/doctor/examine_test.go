package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// tenant is a provider that answers what a test wants.
type tenant struct {
	connection.Provider
	found connection.Examination
}

func (t tenant) Examine(context.Context, []connection.SpaceRef) connection.Examination {
	return t.found
}

func (tenant) DataSources(context.Context, []string) (*connection.Catalog, error) {
	return &connection.Catalog{DataSources: map[string]*connection.DataSource{"rest": {ID: "rest"}}}, nil
}

var finance = connection.SpaceRef{Name: "Finance", Position: connection.Position{File: "c.yaml", Line: 3, Column: 5}}

// healthy is a tenant with nothing wrong, and what a provider finds there.
func healthy() (doctor.Subject, *connection.Examination) {
	skew := time.Second
	found := &connection.Examination{
		Skew: &skew, Caller: connection.User{ID: "u1", Email: "ana@example.com", Admin: true}, Roles: []string{"TenantAdmin"},
		Spaces: []connection.SpaceExamination{{
			Ref: finance, Found: true, Space: connection.Space{ID: "s1", Name: "Finance"},
			Connections: []connection.Access{{Key: connection.Key{Space: "Finance", Name: "Rates"}, Privileges: []string{"read", "update"}}},
		}},
	}
	return doctor.Subject{
		Project: &spec.Project{File: "qlsync.yaml", Name: "acme", Policy: connection.Policy{Prune: connection.PruneNone}},
		Tenant: &spec.Tenant{
			Name: "prod", Provider: spec.ProviderQlik, URL: "https://acme.example", Auth: spec.Auth{APIKey: connection.Reference{Env: "KEY"}},
		},
		Declared: &spec.DesiredSet{
			Connections: []connection.Desired{{Space: finance, Name: "Rates", DataSource: "rest"}}, Spaces: []connection.SpaceRef{finance}, Files: 1,
		},
		Local:   &connection.Catalog{DataSources: map[string]*connection.DataSource{"rest": {ID: "rest"}}},
		Secrets: doctor.TenantSecrets{Secrets: []doctor.Secret{{Use: doctor.UseAuth, Present: true}}},
		Hosts:   "any host",
		Lock:    func() (string, error) { return "/locks", nil },
		Connect: func() (connection.Provider, error) { return tenant{found: *found}, nil },
		Knock:   func(context.Context) (*time.Duration, error) { return nil, errors.New("knocked for nothing") },
		Check:   func(*connection.Catalog) connection.Problems { return nil },
		Explain: func(err error) error { return err },
		Command: func(words string) string { return "qlsync " + words },
	}, found
}

func TestNothingIsWrongWithAHealthyTenant(t *testing.T) {
	s, _ := healthy()
	if got := statuses(doctor.Examine(t.Context(), s)); got != "" {
		t.Errorf("got findings %s, want none of a healthy tenant", got)
	}
}

// statuses lists the checks that are not ok, as "name: status".
func statuses(e doctor.Examined) string {
	var found []string
	for _, check := range e.Checks {
		if check.Code == "" {
			found = append(found, check.Name+" has no code")
		}
		if check.Status != doctor.OK {
			found = append(found, check.Name+": "+string(check.Status))
		}
	}
	return strings.Join(found, ", ")
}

func TestEachFaultIsOneCheckAndKeepsOnlyFromBeingAskedWhatCannotBe(t *testing.T) {
	const afterWay = "tenant: failed, clock: not checked, token: not checked, spaces: not checked, sources: not checked, rights: not checked"
	hours := func(n int) *time.Duration { d := time.Duration(n) * time.Hour; return &d }
	for name, test := range map[string]struct {
		spoil func(*doctor.Subject, *connection.Examination)
		want  string
		says  string // part of a message, a detail or what to do
	}{
		"a mistake in the files": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Problems = connection.Problems{{Message: "unknown key", Severity: connection.SeverityError}}
		}, "files: failed", "qlsync validate"},
		"a warning about the files": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Problems = connection.Problems{{Message: "odd", Severity: connection.SeverityWarning}}
		}, "files: warning", "odd"},
		"a vendored schema that cannot be read": {func(s *doctor.Subject, _ *connection.Examination) {
			s.LocalProblems = connection.Problems{{Message: "not JSON", Severity: connection.SeverityError}}
		}, "schemas: failed", "not JSON"},
		"a schema that is not vendored": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Local = &connection.Catalog{}
		}, "schemas: warning", "rest"},
		"a secret that is missing": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Secrets.Secrets = []doctor.Secret{{Use: doctor.UseCredentials, Problem: `"X" is not set`, Position: &connection.Position{File: "c.yaml", Line: 9, Column: 2}}}
		}, "secrets: failed", `c.yaml:9:2: "X" is not set`},
		"an optional secret that is missing": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Secrets.Secrets = append(s.Secrets.Secrets, doctor.Secret{Use: doctor.UseSignIn, Problem: "not set"})
		}, "", ""},
		"a key of the fingerprints that is too short": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Fingerprints = errors.New("too short")
		}, "secrets: failed", "QLSYNC_FINGERPRINT_KEY: too short"},
		"a host that may not get the token": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Host = errors.New("not listed")
			s.Connect = func() (connection.Provider, error) { panic("connected") }
		}, "hosts: failed, tenant: not checked, clock: not checked, token: not checked, spaces: not checked, sources: not checked, rights: not checked", "not listed"},
		"no lock can be taken": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Lock = func() (string, error) { return "", errors.New("read-only file system") }
		}, "lock: failed", "read-only"},
		"a tenant that is not reachable": {func(_ *doctor.Subject, e *connection.Examination) {
			*e = connection.Examination{Err: fmt.Errorf("no such host: %w", connection.ErrUnreachable)}
		}, afterWay, "no such host"},
		"nothing to sign in with, and a tenant that answers": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Connect = func() (connection.Provider, error) { return nil, errors.New("KEY is not set\nnor is OTHER") }
			s.Knock = func(context.Context) (*time.Duration, error) { return hours(0), nil }
		}, "token: failed, spaces: not checked, sources: not checked, rights: not checked", "nor is OTHER"},
		"nothing to sign in with, and a tenant that does not answer": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Connect = func() (connection.Provider, error) { return nil, errors.New("KEY is not set") }
		}, "tenant: failed, clock: not checked, token: failed, spaces: not checked, sources: not checked, rights: not checked", "knocked"},
		"the clock of a tenant that does not answer": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Connect = func() (connection.Provider, error) { return nil, errors.New("KEY is not set") }
		}, "tenant: failed, clock: not checked, token: failed, spaces: not checked, sources: not checked, rights: not checked", "clock not checked the tenant did not answer"},
		"an embedded tenant that does not start": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Tenant.SimFile = "tenant.yaml"
			s.Connect = func() (connection.Provider, error) { return nil, errors.New("no such file") }
		}, afterWay, "fix tenant.yaml"},
		"a tenant that is not reachable, at its place and with advice": {func(s *doctor.Subject, e *connection.Examination) {
			*e = connection.Examination{Err: fmt.Errorf("proxy refuses: %w", connection.ErrUnreachable)}
			s.Explain = func(err error) error {
				return connection.Problems{{Position: connection.Position{File: "qlsync.yaml", Line: 4, Column: 3}, Message: err.Error(), Hint: "set NO_PROXY"}}
			}
		}, afterWay, "failed qlsync.yaml:4:3: proxy refuses: not reachable [] set NO_PROXY"},
		"a token that is refused": {func(_ *doctor.Subject, e *connection.Examination) {
			*e = connection.Examination{Skew: e.Skew, Err: fmt.Errorf("401: %w", connection.ErrUnauthorized)}
		}, "token: failed, spaces: not checked, sources: not checked, rights: not checked", "401"},
		"nobody knows whose the token is": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Caller, e.CallerUnknown = connection.User{}, "it does not say"
		}, "token: not checked", "it does not say"},
		"a clock that is behind":               {func(_ *doctor.Subject, e *connection.Examination) { e.Skew = hours(1) }, "clock: failed", "1 h behind"},
		"a clock that is ahead":                {func(_ *doctor.Subject, e *connection.Examination) { e.Skew = hours(-1) }, "clock: failed", "1 h ahead"},
		"a clock that is off by two minutes":   {func(_ *doctor.Subject, e *connection.Examination) { *e.Skew = 2 * time.Minute }, "clock: warning", "2 min"},
		"a tenant that does not tell its time": {func(_ *doctor.Subject, e *connection.Examination) { e.Skew = nil }, "clock: not checked", ""},
		"a space that nobody sees": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0] = connection.SpaceExamination{Ref: finance}
		}, "spaces: failed, rights: not checked", `c.yaml:3:5: the token cannot see a space "Finance"`},
		"a space that cannot be listed": {func(_ *doctor.Subject, e *connection.Examination) { e.Spaces[0].Err = errors.New("403") }, "spaces: failed", "403"},
		"a list that is incomplete": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0].Incomplete = []string{"one is missing"}
		}, "spaces: warning", "one is missing"},
		"what the tenant says against the files": {func(s *doctor.Subject, _ *connection.Examination) {
			s.Check = func(*connection.Catalog) connection.Problems {
				return connection.Problems{{Message: "no such property"}}
			}
		}, "sources: failed", "no such property"},
		"a declared connection that may not be changed": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0].Connections[0].Privileges = []string{"list", "read"}
		}, "rights: failed", `Finance/Rates: no privilege "update"`},
		"an empty list of privileges": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0].Connections[0].Privileges = []string{}
		}, "rights: failed", "update"},
		"privileges that are not told": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0].Connections[0].Privileges = nil
		}, "rights: not checked", "does not report"},
		"another project's connection": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Spaces[0].Connections[0].Project, e.Spaces[0].Connections[0].Privileges = "other", []string{}
		}, "rights: not checked", ""},
		"an owned connection that is not declared, and kept": {func(_ *doctor.Subject, e *connection.Examination) { addOwned(e) }, "", ""},
		"an owned connection that is not declared, and pruned": {func(s *doctor.Subject, e *connection.Examination) {
			s.Project.Policy.Prune = connection.PruneOwned
			addOwned(e)
		}, "rights: failed", `Finance/Old: no privilege "delete"`},
		"a role that reads only": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Caller.Admin, e.Spaces[0].Roles = false, []string{"consumer"}
		}, "rights: warning", "Finance: role consumer"},
		"a role that nobody knows": {func(_ *doctor.Subject, e *connection.Examination) {
			e.Caller.Admin, e.Spaces[0].Roles = false, []string{"consumer", "newrole"}
		}, "", ""},
		"an owner that only an administrator could set": {func(s *doctor.Subject, e *connection.Examination) {
			e.Caller.Admin, s.Declared.Connections[0].Owner = false, "bo@example.com"
		}, "rights: warning", "administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			s, found := healthy()
			test.spoil(&s, found)
			examined := doctor.Examine(t.Context(), s)
			if got := statuses(examined); got != test.want {
				t.Errorf("found %q, not %q", got, test.want)
			}
			if said := fmt.Sprint(examined.Checks); !strings.Contains(said, test.says) {
				t.Errorf("nothing says %q: %s", test.says, said)
			}
			if report := (doctor.Report{Tenants: []doctor.Examined{examined}}); report.Failed() != strings.Contains(test.want, "failed") {
				t.Errorf("got Failed %v, want %v", report.Failed(), strings.Contains(test.want, "failed"))
			}
		})
	}
}

// addOwned adds a connection that the project owns and no file declares.
func addOwned(e *connection.Examination) {
	e.Spaces[0].Connections = append(e.Spaces[0].Connections,
		connection.Access{Key: connection.Key{Space: "Finance", Name: "Old"}, Project: "acme", Privileges: []string{"read", "update"}})
}

func TestManyDetailsAreCut(t *testing.T) {
	s, _ := healthy()
	for range 9 {
		s.Problems = append(s.Problems, connection.Problem{Message: "wrong", Severity: connection.SeverityError})
	}
	check := doctor.Examine(t.Context(), s).Checks[0]
	if len(check.Details) != 6 || check.Details[5] != "and 4 more" {
		t.Errorf("got details %q, want five and a count of the other 4", check.Details)
	}
}
