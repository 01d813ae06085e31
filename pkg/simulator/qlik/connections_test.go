package qlik_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const connections = "/api/v1/data-connections"

func query(text string) string { return url.QueryEscape(text) }

func TestCreateAnswersTheTutorialsShape(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	space := r.space("Finance")
	got := r.want(201, "POST", connections, `{"dataSourceId": "File_AmazonS3ConnectorV2", "qName": "New", "space": "`+space+`",
		"tags": ["mine"], "connectionProperties": {"accessKey": "AKIA2", "secretKey": "hush", "region": "us-east-1", "bucketName": "b"}}`)
	id := r.id("Finance", "New")
	for key, want := range map[string]any{
		"qID": id, "id": id, "qEngineObjectID": id, "qName": "New", "space": space, "user": r.user("ana@acme.example"),
		"datasourceID": "File_AmazonS3ConnectorV2", "qType": "QvWebStorageProviderConnectorPackage.exe",
		"qLogOn": 1.0, "qArchitecture": 0.0, "qSeparateCredentials": false, "version": "V1",
		"qConnectStatement": `CUSTOM CONNECT TO "provider=QvWebConnectorPackage.exe;sourceType=File_AmazonS3ConnectorV2;region=us-east-1;bucketName=b;"`,
	} {
		if got.body[key] != want {
			t.Errorf("%s = %v, want %v", key, got.body[key], want)
		}
	}
	if tags := compact(t, got.body["tags"]); tags != `["mine","DcaasAPI:QvWebStorageProviderConnectorPackage.exe:4.46.0"]` {
		t.Errorf("got tags %s, want the declared one and the one that Qlik adds", tags)
	}
	if privileges := compact(t, got.body["privileges"]); privileges != `["read","update","delete"]` {
		t.Errorf("got privileges %s, want those of the owner", privileges)
	}
	if got.body["qCredentialsID"] == nil || got.body["connectionProperties"] != nil {
		t.Errorf("want a credential link and no properties: %s", got.text)
	}
	if !strings.HasPrefix(got.body["qri"].(string), "qri:file:s3://") {
		t.Errorf("got qri %v, want a prefix of qri:file:s3://", got.body["qri"])
	}
	if strings.Contains(got.text, "hush") || strings.Contains(got.text, "AKIA2") {
		t.Errorf("a credential shows: %s", got.text)
	}
	r.noMisuse()
}

func TestCreateRefuses(t *testing.T) {
	const properties = `"connectionProperties": {"bucketName": "b"}`
	tests := map[string]struct {
		body   string
		status int
		detail string
	}{
		"no data source":              {`{"qName": "n", ` + properties + `}`, 400, "Field datasourceID is missing"},
		"no name":                     {`{"datasourceID": "rest", "connectionProperties": {}}`, 400, "Field qName is missing"},
		"no properties":               {`{"datasourceID": "rest", "qName": "n"}`, 400, "Field connectionProperties is missing"},
		"an unknown data source":      {`{"datasourceID": "nope", "qName": "n", ` + properties + `}`, 400, "unknown or not enabled"},
		"an unknown property":         {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"ulr": "x"}}`, 400, `unknown property "ulr"`},
		"a value outside the enum":    {`{"datasourceID": "File_AmazonS3ConnectorV2", "qName": "n", "connectionProperties": {"region": "EU-WEST-1"}}`, 400, "region"},
		"an object for a string":      {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"url": {}}}`, 400, "must be of type string"},
		"null for a string":           {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"url": null}}`, 400, "must be of type string"},
		"a text for a boolean":        {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"separateCredentials": "yes"}}`, 400, "must be of type boolean"},
		"a decimal for an integer":    {`{"datasourceID": "mssql", "qName": "n", "connectionProperties": {"QueryTimeout": 1.5}}`, 400, "must be of type integer"},
		"a string for a list":         {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"queryHeaders": "x"}}`, 400, "must be of type array"},
		"a digest from outside":       {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {"queryHeaders": [{"$sealed": "x"}]}}`, 400, "reserved key"},
		"an unknown field":            {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {}, "spaceId": "x"}`, 400, "unknown field spaceId"},
		"a field in other case":       {`{"datasourceID": "rest", "QNAME": "n", "connectionProperties": {}}`, 400, "unknown field QNAME"},
		"another qType":               {`{"datasourceID": "rest", "qName": "n", "qType": "x", "qConnectStatement": "y"}`, 400, "provider of data source"},
		"a body that is no JSON":      {`{"datasourceID": `, 400, "not valid JSON"},
		"two data sources":            {`{"datasourceID": "rest", "dataSourceId": "mssql", "qName": "n", "connectionProperties": {}}`, 400, "differ"},
		"a space that is not there":   {`{"datasourceID": "rest", "qName": "n", "space": "nope", "connectionProperties": {}}`, 403, "no access"},
		"a personal name twice":       {`{"datasourceID": "rest", "qName": "Mine", "connectionProperties": {}}`, 409, "exists"},
		"the name of the built-in":    {`{"datasourceID": "rest", "qName": "DataFiles", "connectionProperties": {}}`, 409, "exists"},
		"a tag of more than 256":      {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {}, "tags": ["` + strings.Repeat("x", 257) + `"]}`, 400, "256 bytes"},
		"thirty-two tags of the user": {`{"datasourceID": "rest", "qName": "n", "connectionProperties": {}, "tags": ["x"` + strings.Repeat(`,"x"`, 31) + `]}`, 400, "at most 31 tags"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, acme, qlik.Options{})
			before := len(r.Connections())
			got := r.want(test.status, "POST", connections, test.body)
			if !strings.Contains(got.detail(), test.detail) {
				t.Errorf("detail %q, want %q", got.detail(), test.detail)
			}
			if len(r.Connections()) != before {
				t.Error("a refused create made a connection")
			}
		})
	}
}

func TestCreateTakesStringsForNumbersAndBooleansAsTheyCome(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	r.want(201, "POST", connections, `{"datasourceID": "mssql", "qName": "N", "authUrlOnly": true, "connectionProperties":
		{"host": "h", "port": 1433, "QueryTimeout": "30", "maxStringLength": 4096, "separateCredentials": "true"}}`)
	got := r.want(200, "GET", connections+"/"+r.id("", "N")+"?parseConnection=true", "")
	want := `{"QueryTimeout":"30","host":"h","maxStringLength":4096,"port":1433,"separateCredentials":"true"}`
	if text := compact(t, got.body["connectionProperties"]); text != want {
		t.Errorf("got properties %s, want %s", text, want)
	}
	if got.body["qSeparateCredentials"] != true {
		t.Error("qSeparateCredentials does not mirror the property")
	}
	r.noMisuse()
}

func TestTheSameNameMayExistInAnotherSpace(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	body := `{"datasourceID": "rest", "qName": "Ledger", "connectionProperties": {}, "space": "`
	r.want(201, "POST", connections, body+r.space("Griffin")+`"}`)
	r.want(409, "POST", connections, body+r.space("Finance")+`"}`)
	r.want(201, "POST", connections, body+`"}`)
}

func TestGetShowsOnlyTheNonSecretPart(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("Finance", "Orders lake")
	got := r.want(200, "GET", connections+"/"+id, "")
	if got.body["connectionProperties"] != nil {
		t.Error("got connectionProperties in the short form, want none")
	}
	if compact(t, got.body["privileges"]) != `["change_owner","change_space","delete","list","read","update"]` {
		t.Errorf("got privileges %v, want those of an administrator in the space", got.body["privileges"])
	}
	got = r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "")
	if text := compact(t, got.body["connectionProperties"]); text != `{"bucketName":"orders","region":"eu-west-1"}` {
		t.Errorf("got properties %s, want the non-secret ones only", text)
	}
	if got.at("links", "self", "href") != r.url+connections+"/"+id {
		t.Errorf("got self link %v, want the URL of the connection", got.at("links", "self", "href"))
	}
	r.noMisuse()
}

func TestEncryptedHeadersComeBackWithoutTheirValue(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	created := r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "H", "connectionProperties": {"url": "https://x",
		"queryHeaders": [{"name": "A", "value": "plain"}, {"name": "B", "value": "tok3n", "encrypt": true}]}}`)
	id := r.id("", "H")
	got := r.want(200, "GET", connections+"/"+id+"?parseConnection=true", "")
	if text := compact(t, got.at("connectionProperties", "queryHeaders")); text != `[{"name":"A","value":"plain"},{"encrypt":true,"name":"B"}]` {
		t.Errorf("got headers %s, want no value for the encrypted one", text)
	}
	if strings.Contains(created.text+got.text, "tok3n") {
		t.Error("the encrypted value shows")
	}
	if s := got.body["qConnectStatement"]; s != `CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://x;authSchema=anonymous;queryHeaders=A%2plain;allowWithConnection=false;`+
		`enableMutualSSL=false;PaginationType=None;timeout=30;method=GET;httpProtocol=1.1;keyGenerationStrategy=0;"` {
		t.Errorf("got statement %s, want the plain header only", s)
	}
	if !r.CredentialEquals(id, "queryHeaders/1/value", "tok3n") {
		t.Error("the encrypted value is not kept")
	}
}

func TestGetFindsAndRefuses(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	bob := newRig(t, asBob, qlik.Options{})
	finance := r.space("Finance")
	tests := map[string]struct {
		who    *rig
		path   string
		status int
	}{
		"by name and space":                        {r, "/Orders%20lake?type=connectionname&spaceId=" + finance, 200},
		"by a name that one connection has":        {r, "/Gold?type=connectionname", 200},
		"DataFiles of a space by name":             {r, "/DataFiles?type=connectionname&spaceId=" + finance, 200},
		"a name that is not in the space":          {r, "/Gold?type=connectionname&spaceId=" + finance, 404},
		"a name in a space that is not there":      {r, "/Gold?type=connectionname&spaceId=nope", 403},
		"a name that nobody has":                   {r, "/Nope?type=connectionname", 404},
		"a path that is no UUID":                   {r, "/Gold", 400},
		"an unknown id":                            {r, "/00000000-0000-4000-8000-000000000000", 404},
		"another kind of path":                     {r, "/Gold?type=name", 400},
		"the old spelling of the space filter":     {r, "/Gold?type=connectionname&space=" + finance, 400},
		"another one's personal connection":        {r, "/" + bob.id("", "His"), 403},
		"one in a space without membership":        {bob, "/" + r.id("Vault", "Gold"), 403},
		"one in an open space, not administrating": {bob, "/" + r.id("Finance", "Ledger"), 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.who.in(t).want(test.status, "GET", connections+test.path, "")
		})
	}
}

func TestDeleteTakesTheConnectionAndItsIdIsNotGivenAgain(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.id("", "Mine")
	r.want(204, "DELETE", connections+"/"+id, "")
	r.want(404, "DELETE", connections+"/"+id, "")
	r.want(404, "GET", connections+"/"+id, "")
	r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "Mine", "connectionProperties": {}}`)
	if r.id("", "Mine") == id {
		t.Error("the id of a deleted connection was given again")
	}
	r.want(204, "DELETE", connections+"/Ledger?type=connectionname&spaceId="+r.space("Finance"), "")
	r.want(403, "DELETE", connections+"/DataFiles?type=connectionname", "")
	r.noMisuse()
}

func TestIdsDoNotDependOnTheOrderOfCreation(t *testing.T) {
	ids := func(names ...string) map[string]string {
		r := newRig(t, acme, qlik.Options{})
		out := make(map[string]string)
		for _, name := range names {
			out[name] = r.want(201, "POST", connections, `{"datasourceID": "rest", "qName": "`+name+`", "connectionProperties": {}}`).body["qID"].(string)
		}
		return out
	}
	one, other := ids("a", "b"), ids("b", "a")
	if one["a"] != other["a"] || one["b"] != other["b"] || one["a"] == one["b"] {
		t.Errorf("got ids %v and %v, want the same for either order of creation", one, other)
	}
}
