package qlik_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// statementOf returns the statement of a connection in the list of its space, and the properties that a detail read shows.
func (r *rig) statementOf(space, name string) (statement any, properties string) {
	r.t.Helper()
	for _, item := range r.want(200, "GET", connections+"?noDatafiles=true&spaceId="+r.space(space), "").list("data") {
		if item["qName"] == name {
			statement = item["qConnectStatement"]
		}
	}
	return statement, compact(r.t, r.want(200, "GET", connections+"/"+r.id(space, name)+"?parseConnection=true", "").body["connectionProperties"])
}

const ledgerEnd = `;maxStringLength=4096;QueryTimeout=30;allowNonSelectQueries=false;logSQLStatements=false;"`

func TestAStatementHasAllDefaultsAndMore(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	const want = `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=sqlserver;host=db1;port=1433` + ledgerEnd
	statement, properties := r.statementOf("Finance", "Ledger")
	if statement != want || properties != `{"host":"db1","port":"1433"}` {
		t.Errorf("got %s and %s, want the defaults in the statement only", statement, properties)
	}
}

func TestPropertiesAreThoseOfTheStatement(t *testing.T) {
	tests := map[string]struct {
		raw       bool
		bucket    string
		statement string
		want      string
	}{
		"a plain value":             {false, "orders", "bucketName=orders;", `{"bucketName":"orders"}`},
		"a value with pairs":        {false, "orders;region=x", "bucketName={orders;region=x};", `{"bucketName":"orders;region=x"}`},
		"braces":                    {false, "{a}}", "bucketName={{a}}}}};", `{"bucketName":"{a}}"}`},
		"a brace inside":            {false, "a{b", "bucketName=a{b;", `{"bucketName":"a{b"}`},
		"outer blanks":              {false, " a ", "bucketName={ a };", `{"bucketName":" a "}`},
		"an empty value":            {false, "", "bucketName=;", `{"bucketName":""}`},
		"quotes and equal signs":    {false, `a"=b`, `bucketName=a"=b;`, `{"bucketName":"a\"=b"}`},
		"a value with pairs, raw":   {true, "orders;region=x", "bucketName=orders;region=x;", `{"bucketName":"orders"}`},
		"an unknown key, raw":       {true, "orders;owner=x", "bucketName=orders;owner=x;", `{"bucketName":"orders"}`},
		"outer blanks, raw":         {true, " a ", "bucketName= a ;", `{"bucketName":" a"}`},
		"a value like a pair, raw":  {true, "bucketName=b", "bucketName=bucketName=b;", `{"bucketName":"bucketName=b"}`},
		"the same key, raw":         {true, "a;bucketName=b", "bucketName=a;bucketName=b;", `{"bucketName":"a"}`},
		"braces mean nothing, raw":  {true, "{a;b}", "bucketName={a;b};", `{"bucketName":"{a"}`},
		"a value in braces already": {false, "{a}", "bucketName={{a}}};", `{"bucketName":"{a}"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{Behaviour: qlik.Behaviour{RawStatements: test.raw}})
			bucket, _ := json.Marshal(test.bucket)
			r.want(201, "POST", connections, fmt.Sprintf(`{"datasourceID": "File_AmazonS3ConnectorV2", "qName": "n", "space": %q, "connectionProperties": {"bucketName": %s}}`, r.space("Finance"), bucket))
			statement, properties := r.statementOf("Finance", "n")
			if !strings.Contains(statement.(string), test.statement) || properties != test.want {
				t.Errorf("got %s and %s, want %s and %s", statement, properties, test.statement, test.want)
			}
		})
	}
}

func TestAnyValueComesBackFromItsStatement(t *testing.T) {
	tenant, err := inspect.New([]byte(acme), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value := rapid.StringOf(rapid.SampledFrom([]rune("ab ={};\"%12\\\n\x00é")))
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{"host": value.Draw(t, "host"), "port": value.Draw(t, "port"), "database": value.Draw(t, "database")}
		id, err := tenant.Add(inspect.SeedConnection{Name: "drawn", Space: "Finance", DataSource: "mssql", Properties: want})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := tenant.Find("Finance", "drawn")
		if fmt.Sprintf("%q", got.Properties) != fmt.Sprintf("%q", want) {
			t.Errorf("got properties %q, want %q", got.Properties, want)
		}
		if err := tenant.Remove(id); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAPutOfTheSameStatementChangesNoProperty(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	statement, before := r.statementOf("Finance", "Ledger")
	id := r.id("Finance", "Ledger")
	text, _ := json.Marshal(statement)
	r.want(204, "PUT", connections+"/"+id, fmt.Sprintf(`{"qID": %q, "qEngineObjectID": %q, "qName": "Ledger", "qType": "QvOdbcConnectorPackage.exe", "qConnectStatement": %s}`, id, id, text))
	if again, after := r.statementOf("Finance", "Ledger"); after != before || again != statement {
		t.Errorf("got %s and %s after the PUT, want %s and %s", again, after, statement, before)
	}
}

func TestLiesAreToldByListsAndNotByProperties(t *testing.T) {
	const (
		begin  = `CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;driver=sqlserver`
		ledger = begin + `;host=db1;port=1433`
	)
	tests := map[string]struct {
		lie  string // as JSON
		want any
		tags string
	}{
		"none":                        {``, ledger + ledgerEnd, `["DcaasAPI:x:1"]`},
		"of another connection":       {`{"kind": "absent", "of": ["Gold"]}`, ledger + ledgerEnd, `["DcaasAPI:x:1"]`},
		"of another data source":      {`{"kind": "absent", "dataSource": "rest"}`, ledger + ledgerEnd, `["DcaasAPI:x:1"]`},
		"absent":                      {`{"kind": "absent"}`, nil, `["DcaasAPI:x:1"]`},
		"of one of one":               {`{"kind": "absent", "every": 1}`, nil, `["DcaasAPI:x:1"]`},
		"an old value":                {`{"kind": "oldValue"}`, begin + `;host=db0;port=1433` + ledgerEnd, `["DcaasAPI:x:1"]`},
		"another name":                {`{"kind": "otherName", "property": "port"}`, begin + `;host=db1;thePort=1433` + ledgerEnd, `["DcaasAPI:x:1"]`},
		"another encoding":            {`{"kind": "otherEncoding"}`, begin + `;host=%64b1;port=1433` + ledgerEnd, `["DcaasAPI:x:1"]`},
		"a key twice":                 {`{"kind": "twice"}`, begin + `;host=db1;host=other;port=1433` + ledgerEnd, `["DcaasAPI:x:1"]`},
		"without defaults":            {`{"kind": "withoutDefaults"}`, ledger + `;allowNonSelectQueries=false;logSQLStatements=false;"`, `["DcaasAPI:x:1"]`},
		"more defaults":               {`{"kind": "moreDefaults"}`, ledger + strings.TrimSuffix(ledgerEnd, `"`) + `FetchSizeOverride=0;"`, `["DcaasAPI:x:1"]`},
		"that of another":             {`{"kind": "another"}`, begin + `;host=db2;port=1;port=2` + ledgerEnd, `["DcaasAPI:x:1"]`},
		"another version":             {`{"kind": "otherVersion"}`, ledger + ledgerEnd, `["DcaasAPI:x:1.1"]`},
		"no version":                  {`{"kind": "noVersion"}`, ledger + ledgerEnd, `null`},
		"nothing to write raw":        {`{"kind": "raw"}`, ledger + ledgerEnd, `["DcaasAPI:x:1"]`},
		"two at once":                 {`{"kind": "noVersion"}, {"kind": "absent"}`, nil, `null`},
		"of a property that it lacks": {`{"kind": "twice", "property": "url"}`, ledger + ledgerEnd, `["DcaasAPI:x:1"]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			seed := strings.Replace(acme, `"caller"`, `"behaviour": {"rawStatements": false, "lies": [`+test.lie+`]}, "caller"`, 1)
			seed = strings.Replace(seed, `"host": "db1"`, `"host": "db0"`, 1)
			seed = strings.Replace(seed, `{"name": "Gold"`, `{"name": "Second", "space": "Finance", "dataSource": "mssql", "properties": {"host": "db2", "port": "1;port=2"}}, {"name": "Gold"`, 1)
			r := newRig(t, seed, qlik.Options{})
			if err := r.Edit(r.id("Finance", "Ledger"), func(c *inspect.Connection) {
				c.Properties["host"], c.Tags = "db1", []string{"DcaasAPI:x:1"}
			}); err != nil {
				t.Fatal(err)
			}
			want := test.want
			if name == "that of another" {
				want = begin + `;host=db2;port={1;port=2}` + ledgerEnd
			}
			statement, properties := r.statementOf("Finance", "Ledger")
			if statement != want || properties != `{"host":"db1","port":"1433"}` {
				t.Errorf("got  %v and %s\nwant %v and the true properties", statement, properties, want)
			}
			if tags := compact(t, r.want(200, "GET", connections+"/"+r.id("Finance", "Ledger"), "").body["tags"]); tags != test.tags {
				t.Errorf("got tags %s, want %s", tags, test.tags)
			}
		})
	}
}

func TestALieMayLeaveAValueRaw(t *testing.T) {
	seed := strings.Replace(acme, `"db1"`, `"db1;port=1"`, 1)
	r := newRig(t, seed, qlik.Options{Behaviour: qlik.Behaviour{Lies: []qlik.Lie{{Kind: "raw"}}}})
	statement, properties := r.statementOf("Finance", "Ledger")
	if !strings.Contains(statement.(string), ";host=db1;port=1;port=1433;") || properties != `{"host":"db1;port=1","port":"1433"}` {
		t.Errorf("got %s and %s, want a host that looks like two pairs", statement, properties)
	}
}

func TestALieMayConcernAPartOfTheConnections(t *testing.T) {
	r := newRig(t, seedOf(100), qlik.Options{Behaviour: qlik.Behaviour{Lies: []qlik.Lie{{Kind: "absent", Every: 4}}}})
	silent := 0
	for _, item := range r.want(200, "GET", connections+"?noDatafiles=true", "").list("data") {
		if item["qConnectStatement"] == nil {
			silent++
		}
	}
	if silent < 10 || silent > 40 {
		t.Errorf("%d of 100 connections have no statement, want about 25", silent)
	}
}

func TestASeedMayShowAnyStatement(t *testing.T) {
	for text, want := range map[string]any{`"x; y"`: "x; y", `""`: nil} {
		seed := strings.Replace(acme, `{"name": "Ledger"`, `{"name": "Ledger", "statement": `+text, 1)
		r := newRig(t, seed, qlik.Options{})
		if statement, properties := r.statementOf("Finance", "Ledger"); statement != want || properties != `{"host":"db1","port":"1433"}` {
			t.Errorf("got %v and %s, want %v and the true properties", statement, properties, want)
		}
	}
}

func TestAFaultMayLieOnce(t *testing.T) {
	r := hostile(t, acme, `[{"lie": "absent", "of": ["Ledger"]}]`)
	r.want(200, "GET", connections+"?personal=true", "") // Ledger is not in it: it waits
	if statement, _ := r.statementOf("Finance", "Ledger"); statement != nil {
		t.Errorf("got statement %v, want none in the first list", statement)
	}
	if statement, _ := r.statementOf("Finance", "Ledger"); statement == nil {
		t.Error("got no statement in the second list, want one")
	}
	if never := r.UnfiredFaults(); len(never) > 0 {
		t.Errorf("never fired: %v", never)
	}
}

func TestLiesOfASeedAreChecked(t *testing.T) {
	for lie, want := range map[string]string{
		`{"kind": "old"}`:                 `behaviour.lies[0].kind: "old" is none of`,
		`{"kind": "absent", "every": -1}`: "behaviour.lies[0].every",
		`{"kind": "absent", "off": []}`:   "unknown field",
	} {
		seed := strings.Replace(acme, `"caller"`, `"behaviour": {"lies": [`+lie+`]}, "caller"`, 1)
		if _, err := inspect.New([]byte(seed), qlik.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	if _, err := qlik.ParseFaults([]byte(`[{"lie": "old"}]`)); err == nil || !strings.Contains(err.Error(), "lie: ") {
		t.Errorf("got error %v, want a refusal of a lie that does not exist", err)
	}
}
