package qlik_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestSpacesAreListedByNameAndPaged(t *testing.T) {
	ana, bob := newRig(t, acme, qlik.Options{}), newRig(t, asBob, qlik.Options{})
	tests := map[string]struct {
		who   *rig
		query string
		want  string
	}{
		"all for an administrator":          {ana, "", "Finance,Griffin,Vault"},
		"without those that have members":   {bob, "", "Finance,Griffin"},
		"name is a part, in any case":       {ana, "name=FIN", "Finance,Griffin"},
		"types are a list":                  {ana, "type=managed,data", "Griffin,Vault"},
		"backwards":                         {ana, "sort=-name", "Vault,Griffin,Finance"},
		"of an owner":                       {ana, "ownerId=nobody", ""},
		"to publish to":                     {bob, "action=publish", "Finance,Griffin"},
		"in which the caller has a role":    {ana, "roles=publisher,facilitator", ""},
		"of no environment":                 {ana, "environmentId=&environment.name=", "Finance,Griffin,Vault"},
		"of an environment":                 {ana, "environment.name=Development", ""},
		"by creation, which is the same":    {ana, "sort=createdAt&name=vault", "Vault"},
		"a first page of two, see the link": {ana, "limit=2", "Finance,Griffin"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.who.in(t).want(200, "GET", "/api/v1/spaces?"+test.query, ""); got.names() != test.want {
				t.Errorf("got %s, want %s", got.names(), test.want)
			}
		})
	}
	first := ana.want(200, "GET", "/api/v1/spaces?limit=2", "")
	second := ana.want(200, "GET", first.at("links", "next", "href").(string), "")
	if second.names() != "Vault" || second.at("meta", "count") != 3.0 {
		t.Errorf("second page: %s", second.text)
	}
	if back := ana.want(200, "GET", second.at("links", "prev", "href").(string), ""); back.names() != "Finance,Griffin" {
		t.Errorf("got the previous page %s, want Finance and Griffin", back.text)
	}
	ana.want(400, "GET", "/api/v1/spaces?sort=size", "")
	ana.want(400, "GET", "/api/v1/spaces?action=read", "")
	ana.want(400, "GET", "/api/v1/spaces?next=x", "")
}

func TestSpacesDefaultToTenAPage(t *testing.T) {
	var spaces []string
	for _, letter := range strings.Split("abcdefghijkl", "") {
		spaces = append(spaces, `{"name": "`+letter+`", "type": "shared"}`)
	}
	r := newRig(t, `{"users": [{"email": "a@x"}], "spaces": [`+strings.Join(spaces, ",")+`]}`, qlik.Options{})
	if got := r.want(200, "GET", "/api/v1/spaces", ""); len(got.list("data")) != 10 || got.at("links", "next") == nil {
		t.Errorf("got %s, want a page of 10 spaces with a next link", got.text)
	}
}

func TestASpaceWithoutAccessIsNotFound(t *testing.T) {
	ana, bob := newRig(t, acme, qlik.Options{}), newRig(t, asBob, qlik.Options{})
	vault := ana.space("Vault")
	if got := ana.want(200, "GET", "/api/v1/spaces/"+vault, ""); got.at("links", "assignments", "href") == nil || got.body["type"] != "data" || got.body["ownerId"] != ana.user("ana@acme.example") {
		t.Errorf("got %s, want the data space of ana with its assignments link", got.text)
	}
	bob.want(404, "GET", "/api/v1/spaces/"+vault, "")
	bob.want(404, "GET", "/api/v1/spaces/nope", "")
}

func TestUsersAreFiltered(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.user("bob@acme.example")
	tests := map[string]string{
		``:                               "Ana,Bob,Bot user of ci",
		`email eq "ANA@acme.example"`:    "Ana",
		`subject eq "auth0|` + id + `"`:  "Bob",
		`id eq "` + id + `"`:             "Bob",
		`name co "B" and name co "user"`: "Bot user of ci",
		`name eq "Ana" or name eq "Bob"`: "Ana,Bob",
		`assignedRoles.name eq "Nobody"`: "",
		`name eq "quote \" in it"`:       "",
		`(status eq "active") and (name co "a" or name eq "Bob") and email co "acme"`: "Ana,Bob",
	}
	for filter, want := range tests {
		t.Run(filter, func(t *testing.T) {
			got := r.in(t).want(200, "GET", "/api/v1/users?totalResults=true&filter="+query(filter), "")
			if got.names() != want {
				t.Errorf("got %s, want %s", got.names(), want)
			}
			if total := int(got.body["totalResults"].(float64)); total != len(got.list("data")) {
				t.Errorf("got totalResults %d, want %d", total, len(got.list("data")))
			}
		})
	}
	for _, bad := range []string{`email`, `mail eq "x"`, `email gt "x"`, `email eq x`, `(email eq "x"`, `email eq "x" email eq "y"`, `"`, `email eq "x" and`} {
		t.Run("refused: "+bad, func(t *testing.T) {
			r.in(t).want(400, "GET", "/api/v1/users?filter="+query(bad), "")
		})
	}
	r.noMisuse()
}

func TestUsersShowTheFieldsThatAreAskedFor(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id := r.user("bob@acme.example")
	for _, path := range []string{"/api/v1/users/" + id + "?fields=id,email", "/api/v1/users?fields=id,email&filter=" + query(`id eq "`+id+`"`)} {
		got := r.want(200, "GET", path, "").body
		if list, isList := got["data"].([]any); isList {
			got = list[0].(map[string]any)
		}
		if len(got) != 2 || got["id"] != id || got["email"] != "bob@acme.example" {
			t.Errorf("%s: got %v, want the id and the email of bob only", path, got)
		}
	}
	if got := r.want(200, "POST", "/api/v1/users/actions/filter?fields=name", `{}`).list("data")[0]; len(got) != 1 {
		t.Errorf("got the user %v, want one field: name", got)
	}
	r.noMisuse()
}

func TestMeRedirectsToTheCaller(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	got := r.want(301, "GET", "/api/v1/users/me", "")
	me := r.want(200, "GET", got.header.Get("Location"), "")
	if me.body["email"] != "ana@acme.example" || !strings.Contains(me.text, `"name":"TenantAdmin"`) {
		t.Errorf("got the caller %s, want ana as TenantAdmin", me.text)
	}
	r.want(404, "GET", "/api/v1/users/nope", "")
	r.want(400, "GET", "/api/v1/users?sort=picture", "")
}

func TestDataSourcesAreListed(t *testing.T) {
	r := newRig(t, strings.Replace(acme, `"token"`, `"disabledDataSources": ["mssql"], "token"`, 1), qlik.Options{})
	ids := func(query string) string {
		var out []string
		for _, s := range r.want(200, "GET", "/api/v1/data-sources"+query, "").list("dataSources") {
			id := s["dataSourceId"].(string)
			if s["disabled"] == true {
				id += "(disabled)"
			}
			out = append(out, id)
		}
		return strings.Join(out, ",")
	}
	const before = "DG_athena,DG_databricks,DG_gbq,DG_mssql,DG_mysql,DG_postgres,DG_snowflake,DG_teradata,File_AmazonS3ConnectorV2,File_FileTransferConnector," +
		"File_GoogleCloudStorageConnector,athena,databricks,gbq,"
	const after = "mysql,repsrc_mysql,repsrc_postgresql,reptgt_qdisnowflake,rest,snowflake,teradata"
	for query, want := range map[string]string{
		"": before + after, "/": before + after, "?dataSourceId=rest": "rest", "?dataSourceId=gbq&dataSourceId=rest": "rest",
		"?includeDisabled=true": before + "mssql(disabled)," + after,
	} {
		if got := ids(query); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
	}
	r.want(404, "GET", "/api/v1/data-sources/mssql/api-specs", "")
	r.want(404, "GET", "/api/v1/data-sources/nope/api-specs", "")
	r.want(400, "POST", connections, `{"datasourceID": "mssql", "qName": "n", "connectionProperties": {}}`)
	r.noMisuse()
}

func TestTheS3SpecsAreThoseOfTheTutorial(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	got := r.want(200, "GET", "/api/v1/data-sources/File_AmazonS3ConnectorV2/api-specs", "")
	if got.body["connectorProvider"] != "QvWebStorageProviderConnectorPackage.exe" || got.body["connectorVersion"] != "4.46.0" {
		t.Errorf("got provider %v, version %v; want those of the tutorial", got.body["connectorProvider"], got.body["connectorVersion"])
	}
	want := map[string][2]any{
		"region":              {"string", "Amazon S3 region code. (Default=us-east-1). (enum values are case sensitive)"},
		"bucketName":          {"string", "The bucket name e.g. 'my-bucket'. You are strongly advised not to use sensitive naming for bucket names and object keys. GovCloud users should follow secure naming practices for buckets and object keys, to avoid using export-controlled and other sensitive data."},
		"storeSseHeader":      {"string", "The value to send for the x-amz-server-side-encryption header for store (PutObject) which may be required by some policy conditions for SSE encrypted buckets (for example, AES256, aws:kms)."},
		"separateCredentials": {"boolean", "When checked, credentials are not saved with the connection and each user will need to provide their own set of credentials."},
		"selectedCredentials": {"string", "Select or create the credentials to associate with the current connection"},
		"credentialsName":     {"string", "Give a name for the credentials"},
		"accessKey":           {"string", "Amazon S3 access key."},
		"secretKey":           {"string", "Amazon S3 secret key."},
	}
	properties := got.at("connectionProperties", "properties").(map[string]any)
	if len(properties) != len(want) {
		t.Errorf("%d properties, want %d", len(properties), len(want))
	}
	for name, expected := range want {
		p, _ := properties[name].(map[string]any)
		if p["type"] != expected[0] || p["description"] != expected[1] {
			t.Errorf("%s: got the property %v, want type %q and description %q", name, p, expected[0], expected[1])
		}
	}
	if got.at("connectionProperties", "properties", "region", "default") != "us-east-1" ||
		got.at("connectionProperties", "properties", "separateCredentials", "default") != false {
		t.Error("the defaults of region and separateCredentials differ from those of the tutorial")
	}
	if strings.Contains(got.text, "writeOnly") || strings.Contains(got.text, "credentials\":[") || got.at("connectionProperties", "required") != nil {
		t.Error("the specs have writeOnly, credentials or required, which the service does not have")
	}
	at := 0
	for _, name := range []string{"region", "bucketName", "storeSseHeader", "separateCredentials", "selectedCredentials", "credentialsName", "accessKey", "secretKey"} {
		here := strings.Index(got.text, `"`+name+`":{`)
		if here < at {
			t.Errorf("%s is out of order", name)
		}
		at = here
	}
}

func TestEveryEmbeddedDataSourceIsConsistent(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	for _, s := range r.want(200, "GET", "/api/v1/data-sources", "").list("dataSources") {
		id := s["dataSourceId"].(string)
		specs := r.want(200, "GET", "/api/v1/data-sources/"+id+"/api-specs", "")
		if specs.body["connectorProvider"] != s["provider"] {
			t.Errorf("%s: provider %v in the list, %v in the specs", id, s["provider"], specs.body["connectorProvider"])
		}
		for name, p := range specs.at("connectionProperties", "properties").(map[string]any) {
			if p.(map[string]any)["type"] == nil || p.(map[string]any)["description"] == "" {
				t.Errorf("%s.%s has no type or description", id, name)
			}
		}
	}
}
