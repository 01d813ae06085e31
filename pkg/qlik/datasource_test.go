package qlik_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

func TestParseDataSource(t *testing.T) {
	got, err := qlik.ParseDataSource("File_AmazonS3ConnectorV2", []byte(`{
		"connectorProvider": "QvWebStorageProviderConnectorPackage.exe", "connectorVersion": "4.46.0",
		"connectionProperties": {"type": "object", "properties": {
			"region": {"type": "string", "default": "us-east-1", "enum": ["us-east-1", "eu-west-1", 7]},
			"secretKey": {"type": "string"}, "username": {"type": "string"},
			"separateCredentials": {"type": "boolean", "default": false},
			"port": {"type": ["integer", "null"], "default": 443},
			"either": {"type": ["string", "integer"]}, "odd": true, "branch": {"oneOf": [{"type": "string"}]},
			"hidden": {"type": "string", "writeOnly": true}, "pin": {"type": "string", "format": "password"},
			"choice": {"anyOf": [{"type": "null"}, {"format": "password"}]},
			"asked": {"if": {"const": "no"}, "then": {}, "else": {"format": "password"}},
			"tree": {"properties": {"pin": {"writeOnly": true}, "plain": {"type": "string"}, "deep": {"oneOf": [{"properties": {"*": {}, "code": {"format": "password"}}}]}}},
			"list": {"items": {"properties": {"value": {"writeOnly": true}}}}, "pair": {"items": [{"type": "string"}, {"writeOnly": true}]},
			"map": {"additionalProperties": {"writeOnly": true}}, "patterns": {"patternProperties": {"^x": {"writeOnly": true}}},
			"nothing": {"default": null}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]connection.Property{
		"region":              {Type: "string", Default: "us-east-1", HasDefault: true, Enum: []string{"us-east-1", "eu-west-1", "7"}},
		"secretKey":           {Type: "string", Class: connection.ClassSecret},
		"username":            {Type: "string", Class: connection.ClassCredential},
		"separateCredentials": {Type: "boolean", Default: false, HasDefault: true, PerUserRole: connection.SeparatesCredentials},
		"port":                {Type: "integer", Default: json.Number("443"), HasDefault: true},
		"either":              {}, "odd": {}, "branch": {},
		"hidden": {Type: "string", Class: connection.ClassSecret},
		"pin":    {Type: "string", Class: connection.ClassSecret},
		"choice": {Class: connection.ClassSecret},
		"asked":  {Class: connection.ClassSecret},
		"tree":   {Marked: [][]string{{"deep", "code"}, {"pin"}}},
		"list":   {Marked: [][]string{{"*", "value"}}}, "pair": {Marked: [][]string{{"*"}}},
		"map": {Marked: [][]string{{"*"}}}, "patterns": {Marked: [][]string{{"*"}}},
		"nothing": {HasDefault: true},
	}
	if diff := cmp.Diff(want, got.Properties); diff != "" {
		t.Errorf("properties differ (-want +got):\n%s", diff)
	}
	if got.ID != "File_AmazonS3ConnectorV2" || got.Version != "4.46.0" || !json.Valid(got.Schema) {
		t.Errorf("data source %+v", got)
	}
}

func TestASchemaThatIsNestedWithoutNeedIsRead(t *testing.T) {
	const levels = 9000
	deep := strings.Repeat(`{"items":`, levels) + `{"writeOnly":true}` + strings.Repeat("}", levels)
	source, err := qlik.ParseDataSource("vault", []byte(`{"connectionProperties": {"properties": {"deep": `+deep+`}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if marked := source.Properties["deep"].Marked; len(marked) != 1 || len(marked[0]) > 100 {
		t.Errorf("got %d places of the mark, want one short path", len(marked))
	}
}

func TestParseDataSourceTolerance(t *testing.T) {
	for name, test := range map[string]struct{ specs, wrong string }{
		"a schema without properties": {`{"connectionProperties": {"type": "object"}}`, ""},
		"no JSON":                     {`<html>`, "not JSON"},
		"a list":                      {`[]`, "not a map of connectorProvider, connectorVersion and connectionProperties"},
		"no schema":                   {`{"connectorVersion": "1"}`, "connectionProperties is missing"},
		"a schema that is null":       {`{"connectionProperties": null}`, "not a JSON Schema"},
		"a schema that is a list":     {`{"connectionProperties": []}`, "not a JSON Schema"},
		"properties that are a list":  {`{"connectionProperties": {"properties": []}}`, "properties is not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := qlik.ParseDataSource("rest", []byte(test.specs))
			if test.wrong != "" {
				mustContain(t, err, `read api-specs of "rest": `, test.wrong)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAVersionIsTakenAsTheServiceWritesIt(t *testing.T) {
	for written, want := range map[string]string{
		`"4.46.0"`: "4.46.0", "4": "4", "4.10": "4.10", "20261125001234567890": "20261125001234567890", `"4.10"`: "4.10", "null": "", `"\u00e9"`: "é",
	} {
		got, err := qlik.ParseDataSource("rest", []byte(`{"connectorVersion": `+written+`, "connectionProperties": {}}`))
		if err != nil || got.Version != want {
			t.Errorf("%s: got %+v, error %v; want version %s", written, got, err, want)
		}
	}
}

func TestClassify(t *testing.T) {
	for class, names := range map[connection.Class][]string{
		connection.ClassSecret: {
			"password", "PRIV_KEY_FILE", "secretKey", "accessKey", "s3AccessKey", "serviceAccountKeyFile", "KeyFilePath", "P12CustomPwd",
			"authCode", "mutualPfxCertificateKey", "privateKey", "privateKeyPassphrase", "jsonCredentials", "adlsclientappkey", "ApiKey", "refreshToken",
			"accountKey", "AccountKey", "account_key", "sharedKey", "encryptionKey", "sasUrl", "sasToken", "pat", "PAT",
		},
		connection.ClassCredential: {"username", "userName", "UID"},
		connection.ClassProperty: {
			"separateCredentials", "selectedCredentials", "credentialsName", "publicKey", "publicKeyFingerprint", "queryHeaders", "queryParameters",
			"host", "region", "Email", "authenticator", "AuthMech", "OAuthMechanism", "TrustedCerts", "rootCertificates", "useWindowsAuthentication",
			"path", "HTTPPath", "patternMatch", "storageAccount", "useEncryptedConnection", "connectionString",
			"NextTokenParameterName", "accessTokenUrl", "tokenEndpoint", "apiKeyHeader", "tokenType", "tokenPath",
		},
	} {
		for _, name := range names {
			for _, source := range []string{"rest", "DG_gbq", "something new"} {
				if got := qlik.Classify(source, name); got != class {
					t.Errorf("Classify(%q, %q) = %v, want %v", source, name, got, class)
				}
			}
		}
	}
}

func TestADataSourceThatCannotBeReadKeepsNoOtherAway(t *testing.T) {
	const sources = "/api/v1/data-sources"
	n := newTenant(t, map[string]route{
		"GET " + sources + "/rest/api-specs":   always(200, `{"connectionProperties": {}}`),
		"GET " + sources + "/broken/api-specs": always(500, refuse("X-1", "internal error", "")),
		"GET " + sources + "/html/api-specs":   always(200, `<html>`),
		"GET " + sources + "/odd/api-specs":    always(200, `{"connectionProperties": []}`),
	})
	got, err := n.provider().DataSources(t.Context(), []string{"rest", "odd", "html", "broken"})
	problems, ok := errors.AsType[connection.Problems](err)
	if !ok || len(problems) != 3 {
		t.Fatalf("got %#v, want three problems", err)
	}
	for i, id := range []string{"odd", "broken", "html"} {
		mustContain(t, problems[i], fmt.Sprintf("%q", id))
	}
	if got == nil || len(got.DataSources) != 1 || got.DataSources["rest"] == nil || got.Known != nil || !slices.Equal(got.Unread, []string{"broken", "html", "odd"}) {
		t.Errorf("got catalog %+v, want rest read and the other three unread", got)
	}
}

func TestWhatConcernsEveryDataSourceEndsTheirReading(t *testing.T) {
	n := newTenant(t, map[string]route{"GET /api/v1/data-sources/rest/api-specs": always(401, refuse("AUTH-1", "no", ""))})
	got, err := n.provider().DataSources(t.Context(), []string{"rest"})
	if _, isProblem := errors.AsType[connection.Problems](err); got != nil || isProblem || !errors.Is(err, connection.ErrUnauthorized) {
		t.Errorf("got %+v, error %v; want ErrUnauthorized and no catalog", got, err)
	}
}

func TestDataSources(t *testing.T) {
	const sources = "/api/v1/data-sources"
	n := newTenant(t, map[string]route{
		"GET " + sources + "/rest/api-specs":  always(200, `{"connectorVersion": "1", "connectionProperties": {"properties": {"n": {"default": 10000000000000000001}}}}`),
		"GET " + sources + "/mssqk/api-specs": always(404, refuse("DCAAS-2001", "not found", "")),
		"GET " + sources:                      always(200, `{"dataSources": [{"dataSourceId": "rest"}, {"dataSourceId": "mssql"}, {"dataSourceId": "off", "disabled": true}]}`),
	})
	provider := n.provider()
	var reading atomic.Int64
	ctx := connection.WithReading(t.Context(), func(done, total int) { reading.Add(int64(10*total + done)) })
	got, err := provider.DataSources(ctx, []string{"mssqk", "rest", "rest", ".."})
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(31 + 32 + 33); reading.Load() != want { // each once
		t.Errorf("got %d bytes of progress, want %d", reading.Load(), want)
	}
	if len(got.DataSources) != 1 || text(t, got.DataSources["rest"].Properties["n"].Default) != "10000000000000000001" {
		t.Errorf("data sources %+v", got.DataSources)
	}
	if diff := cmp.Diff([]string{"mssql", "rest"}, got.Known); diff != "" {
		t.Errorf("known data sources differ (-want +got):\n%s", diff)
	}
	if got.Reads != 3 {
		t.Errorf("%d reads are counted, and %v were made", got.Reads, n.log())
	}
	if got, err := provider.DataSources(t.Context(), []string{"rest"}); err != nil || got.Known != nil || got.Reads != 1 {
		t.Errorf("got catalog %+v, error %v; want one read and no list of known data sources", got, err)
	}
}

// TestADataSourceThatIsListedWithoutAnID may be the one that has no api-specs: then nobody
// knows whether that one is disabled. It matters only where an id is missing from the list.
func TestADataSourceThatIsListedWithoutAnID(t *testing.T) {
	const unknown = `the tenant has no api-specs of data source "mssql", and does not list its id, but 1 of its data sources are listed without an id`
	for name, test := range map[string]struct {
		list                    string
		known, disabled, unread []string
		doubt                   string // of the catalog, and of a snapshot with a live connection
	}{
		"and another one is wanted, which is listed as disabled": {`{"disabled": true}, {"dataSourceId": "mssql", "disabled": true}`, nil, []string{"mssql"}, nil, ""},
		"and another one is wanted, which is listed as enabled":  {`{"dataSourceId": "mssql"}, {}`, []string{"mssql"}, nil, nil, ""},
		"and another one is wanted, which is not listed":         {`{"dataSourceId": "rest"}, {"disabled": true}`, []string{"rest"}, nil, []string{"mssql"}, unknown},
		"as null":          {`{"dataSourceId": "rest"}, null`, []string{"rest"}, nil, []string{"mssql"}, unknown},
		"as an empty text": {`{"dataSourceId": ""}`, nil, nil, []string{"mssql"}, unknown},
		"nowhere":          {`{"dataSourceId": "rest"}`, []string{"rest"}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := small(t, map[string]route{
				"GET /api/v1/data-sources/mssql/api-specs": always(404, refuse("DCAAS-2001", "not found", "")),
				"GET /api/v1/data-sources":                 always(200, `{"dataSources": [`+test.list+`]}`),
				getList:                                    always(200, `{"data": [`+strings.ReplaceAll(lake, "File_AmazonS3ConnectorV2", "mssql")+`]}`),
				getOne:                                     always(200, strings.ReplaceAll(lakeDetail, "File_AmazonS3ConnectorV2", "mssql")),
			})
			got, err := n.provider().DataSources(t.Context(), []string{"mssql"})
			if (err == nil) != (test.doubt == "") || err != nil && !strings.Contains(err.Error(), test.doubt) {
				t.Errorf("the catalog has the error %v, want %q", err, test.doubt)
			}
			want := &connection.Catalog{DataSources: got.DataSources, Known: test.known, Disabled: test.disabled, Unread: test.unread, Reads: 2}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the catalog is another one (-want +got):\n%s", diff)
			}
			taken := snapshot(t, n, finance)
			if told := strings.Join(taken.Incomplete, "; "); (told == "") != (test.doubt == "") || !strings.Contains(told, test.doubt) {
				t.Errorf("the snapshot is incomplete because: %q, want %q", told, test.doubt)
			}
			if diff := cmp.Diff(test.disabled, taken.Disabled, cmpopts.EquateEmpty()); diff != "" || len(taken.Connections) != 1 {
				t.Errorf("%d connections, and other disabled data sources (-want +got):\n%s", len(taken.Connections), diff)
			}
		})
	}
}

func TestSpecsThatNobodyWritesAreRefused(t *testing.T) {
	specs := `{"connectionProperties": {"properties": {"url": {"enum": ["` + strings.Repeat("x", 5<<20) + `"]}}}}`
	if source, err := qlik.ParseDataSource("rest", []byte(specs)); source != nil || err == nil || err.Error() != `read api-specs of "rest": they are larger than 4 MiB` {
		t.Errorf("got error %.200v, want the limit of 4 MiB", err)
	}
}
