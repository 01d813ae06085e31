package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// TestADisabledDataSourceRefusesItsOwnConnectionsAlone also where only the snapshot says that the data source is disabled.
func TestADisabledDataSourceRefusesItsOwnConnectionsAlone(t *testing.T) {
	for name, disable := range map[string]func(in *plan.Input){
		"declared": func(in *plan.Input) { in.Catalog.Disabled = []string{"teradata"} },
		"live":     func(in *plan.Input) { in.Snapshot.Disabled = []string{"teradata"} },
	} {
		t.Run(name, func(t *testing.T) {
			in := plan.Input{
				Project: "acme", Policy: connection.Policy{Prune: connection.PruneOwned}, Catalog: &connection.Catalog{},
				Rules: qlik.Rules{},
				Desired: []connection.Desired{
					{Name: "Ledger", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "teradata"},
					{Name: "Rates", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest"},
				},
				Snapshot: &connection.Snapshot{Spaces: []connection.Space{{ID: "s1", Name: "Finance", Type: "shared"}}, Capabilities: connection.Capabilities{Writes: connection.RateLimit{Requests: 500, Window: time.Minute}}},
			}
			disable(&in)
			p, problems := plan.Make(in)
			if problems.Err() != nil || p.Summary.Create != 1 || p.Summary.Refused != 1 {
				t.Fatalf("got plan %+v and problems %v, want one create and one refusal", p, problems)
			}
			if got := p.Changes[0].Refused; got.Code != "disabled" || got.Args["dataSource"] != "teradata" {
				t.Errorf("got refusal %q, want the disabled data source with the next step", got)
			}
		})
	}
}

// TestAnOwnerWhoIsNotActiveRefusesOnlyWhatWouldBeGivenToThem covers creates and changes of
// owner; what is theirs already is a warning.
func TestAnOwnerWhoIsNotActiveRefusesOnlyWhatWouldBeGivenToThem(t *testing.T) {
	in := plan.Input{
		Project: "acme", Catalog: &connection.Catalog{}, Rules: qlik.Rules{},
		Desired: []connection.Desired{
			{Name: "Ledger", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest", OwnerID: "u2"},
			{Name: "Rates", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest"},
			{Name: "Theirs", Space: connection.SpaceRef{Name: "Finance"}, DataSource: "rest", OwnerID: "u2"},
		},
		Snapshot: &connection.Snapshot{
			Spaces: []connection.Space{{ID: "s1", Name: "Finance", Type: "shared"}},
			Caller: connection.User{ID: "u1"}, Users: []connection.User{{ID: "u1"}, {ID: "u2", Inactive: "disabled"}},
			Capabilities: connection.Capabilities{Owner: connection.BulkUpdate, Writes: connection.RateLimit{Requests: 500, Window: time.Minute}},
			Connections: []connection.Live{{
				ID: "c1", Key: connection.Key{Space: "Finance", Name: "Theirs"}, SpaceID: "s1", OwnerID: "u2", DataSource: "rest",
				Record: connection.Record{Project: "acme"}, Properties: map[string]any{},
			}},
		},
	}
	p, problems := plan.Make(in)
	if problems.Err() != nil || p.Summary.Create != 1 || p.Summary.Refused != 1 {
		t.Fatalf("got plan %+v and problems %v, want one create and one refusal", p, problems)
	}
	if got := told(p.Changes[0].Refused); !strings.HasPrefix(got, "owner-inactive ") || !strings.HasSuffix(got, "status=disabled") {
		t.Errorf("got refusal %q, want the status of the owner", got)
	}
	if len(p.Warnings) == 0 || p.Warnings[0].Reason.Code != "owner-not-active" {
		t.Errorf("got warnings %+v, want one about the owner who is not active first", p.Warnings)
	}
	in.Snapshot.NoUsers = []string{"u2"}
	if _, problems := plan.Make(in); problems.Err() == nil || !strings.Contains(problems.Error(), `no-user-id`) {
		t.Errorf("got problems %v, want the unknown user u2", problems)
	}
}
