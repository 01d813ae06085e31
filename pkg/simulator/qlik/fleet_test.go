package qlik_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// threeTenants is the fleet of most tests.
const threeTenants = `{
  "oauth": {"clientId": "regional", "clientSecret": "open sesame"},
  "organization": {"clientId": "org", "clientSecret": "close sesame"},
  "template": {
    "token": "key", "users": [{"email": "ana@acme.example", "roles": ["TenantAdmin"]}],
    "spaces": [{"name": "Finance", "type": "shared"}], "gateways": [{"name": "Frankfurt"}],
    "connections": [{"name": "Rates", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}}]},
  "tenants": [
    {"name": "Acme GmbH", "id": "id-a", "aliases": ["old.fleet.test"]},
    {"name": "Bolt", "id": "id-b", "region": "us-east-1", "seed": {"connections": []}},
    {"name": "Coil", "id": "id-c", "region": "ap-southeast-1", "status": "disabled"}]}`

func newFleet(t *testing.T, seed string, o qlik.Options) *qlik.Fleet {
	t.Helper()
	fleet, err := qlik.NewFleet([]byte(seed), o)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// ask sends a request to a host of a fleet and demands a status. Other bodies than JSON are forms.
func ask(t *testing.T, fleet *qlik.Fleet, status int, token, method, address, body string) map[string]any {
	t.Helper()
	request := httptest.NewRequest(method, address, strings.NewReader(body))
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	recorder := httptest.NewRecorder()
	fleet.ServeHTTP(recorder, request)
	if recorder.Code != status {
		t.Fatalf("%s %s: got status %d, want %d: %s", method, address, recorder.Code, status, recorder.Body)
	}
	var answer map[string]any
	_ = json.Unmarshal(bytes.TrimSpace(recorder.Body.Bytes()), &answer) // not every answer is an object
	return answer
}

func signIn(t *testing.T, fleet *qlik.Fleet, host, client, secret string) string {
	t.Helper()
	got := ask(t, fleet, 200, "", "POST", "https://"+host+"/oauth/token",
		fmt.Sprintf(`{"client_id": %q, "client_secret": %q, "grant_type": "client_credentials"}`, client, secret))
	return got["access_token"].(string)
}

// names returns one field of the items of a list, empty for an item without it.
func names(list map[string]any, field string) []string {
	var all []string
	for _, item := range list["data"].([]any) {
		text, _ := item.(map[string]any)[field].(string)
		all = append(all, text)
	}
	return all
}

func TestTheConsoleListsTheTenantsOfAnOrganization(t *testing.T) {
	fleet := newFleet(t, threeTenants, qlik.Options{})
	token := signIn(t, fleet, "console.fleet.test", "org", "close sesame")
	const list = "https://console.fleet.test/api/core/tenants"

	for query, want := range map[string]string{
		"":                                      "id-a id-b id-c",
		"?sort=-name":                           "id-c id-b id-a",
		"?limit=0":                              "",
		`?filter=regionCode eq "us-east-1"`:     "id-b",
		`?filter=status ne "disabled"`:          "id-a id-b",
		`?filter=hostnames eq "old.fleet.test"`: "id-a",
		`?filter=not (id eq "id-a") and subscriptionId eq "subscription"`: "id-b id-c",
	} {
		key, value, _ := strings.Cut(query, "=")
		got := ask(t, fleet, 200, token, "GET", list+key+map[bool]string{true: "=" + url.QueryEscape(value)}[query != ""], "")
		if ids := strings.Join(names(got, "id"), " "); ids != want {
			t.Errorf("query %s: got the tenants %s, want %s", query, ids, want)
		}
	}
	for _, query := range []string{"?limit=101", "?filter=" + url.QueryEscape(`name co "A"`), "?filter=" + url.QueryEscape(`tag eq "x"`), "?sort=tag", "?offset=3"} {
		ask(t, fleet, 400, token, "GET", list+query, "")
	}

	first := ask(t, fleet, 200, token, "GET", list+"?limit=2&totalResults=true", "")
	item := first["data"].([]any)[0].(map[string]any)
	if first["totalResults"] != 3.0 || item["name"] != "Acme GmbH" || item["regionCode"] != "eu-west-1" ||
		fmt.Sprint(item["hostnames"]) != "[acme-gmbh.eu.fleet.test old.fleet.test]" {
		t.Errorf("got the page %v, want 3 tenants in all, and first Acme GmbH with its host and an alias", first)
	}
	next := first["links"].(map[string]any)["next"].(map[string]any)["href"].(string)
	address, err := url.Parse(next)
	if err != nil || address.Host != "api.fleet.test" {
		t.Fatalf("got the link %s (%v), want one with another host", next, err)
	}
	ask(t, fleet, 421, token, "GET", next, "") // whoever follows the host gets nowhere
	second := ask(t, fleet, 200, token, "GET", list+"?limit=2&totalResults=true&next="+url.QueryEscape(address.Query().Get("next")), "")
	if ids := names(second, "id"); !slices.Equal(ids, []string{"id-c"}) || second["links"].(map[string]any)["next"] != nil {
		t.Errorf("got the last page %v, want id-c and no next page", second)
	}
	if misuse := fleet.Misuse(); len(misuse) != 2 || !strings.HasPrefix(misuse[0], "console: GET /api/core/tenants: ") {
		t.Errorf("got the misuse %q, want that of the limit and the unknown key", misuse)
	}
}

func TestTheConsoleRefusesWhoMayNotList(t *testing.T) {
	fleet := newFleet(t, threeTenants, qlik.Options{})
	const console = "https://console.fleet.test"
	got := ask(t, fleet, 200, "", "POST", console+"/oauth/token", `{"client_id": "org", "client_secret": "close sesame", "grant_type": "client_credentials"}`)
	if got["scope"] != "cloud-console.tenants:read" || got["expires_in"] != 21600.0 {
		t.Errorf("got the token %v, want one with the scope of the console for 21600 seconds", got)
	}
	ask(t, fleet, 401, "", "GET", console+"/api/core/tenants", "")
	ask(t, fleet, 401, "", "POST", console+"/oauth/token", `{"client_id": "regional", "client_secret": "open sesame", "grant_type": "client_credentials"}`)
	ask(t, fleet, 400, got["access_token"].(string), "GET", console+"/api/v1/spaces", "")
	ask(t, fleet, 401, got["access_token"].(string), "GET", "https://bolt.us.fleet.test/api/v1/spaces", "")

	without := newFleet(t, strings.Replace(threeTenants, `"close sesame"}`, `"close sesame", "scopes": []}`, 1), qlik.Options{})
	ask(t, without, 403, signIn(t, without, "console.fleet.test", "org", "close sesame"), "GET", console+"/api/core/tenants", "")

	strict := newFleet(t, strings.Replace(threeTenants, `"tenants"`, `"console": {"needsSubscription": true}, "tenants"`, 1), qlik.Options{})
	token := signIn(t, strict, "console.fleet.test", "org", "close sesame")
	ask(t, strict, 400, token, "GET", console+"/api/core/tenants", "")
	ask(t, strict, 200, token, "GET", console+"/api/core/tenants?filter="+url.QueryEscape(`subscriptionId eq "subscription"`), "")
}

func TestARegionalClientHasATokenAndABotUserInEachTenant(t *testing.T) {
	fleet := newFleet(t, threeTenants, qlik.Options{})
	const acme, bolt = "https://acme-gmbh.eu.fleet.test", "https://bolt.us.fleet.test"
	key := fleet.Tenant("Acme GmbH").Token()
	if key != "key-Acme GmbH" {
		t.Errorf("got the API key %q, want one of the tenant alone", key)
	}
	users := func() int { return len(names(ask(t, fleet, 200, key, "GET", acme+"/api/v1/users", ""), "id")) }
	if n := users(); n != 1 {
		t.Errorf("got %d users before the first token, want only Ana", n)
	}
	atAcme, atBolt := signIn(t, fleet, "acme-gmbh.eu.fleet.test", "regional", "open sesame"), signIn(t, fleet, "bolt.us.fleet.test", "regional", "open sesame")
	signIn(t, fleet, "acme-gmbh.eu.fleet.test", "regional", "open sesame")
	if n := users(); n != 2 {
		t.Errorf("got %d users after two tokens, want Ana and one bot", n)
	}
	ask(t, fleet, 200, atAcme, "GET", acme+"/api/v1/spaces", "")
	ask(t, fleet, 401, atAcme, "GET", bolt+"/api/v1/spaces", "")
	ask(t, fleet, 401, atBolt, "GET", acme+"/api/v1/spaces", "")
	ask(t, fleet, 401, key, "GET", bolt+"/api/v1/spaces", "")

	own := ask(t, fleet, 200, atBolt, "GET", bolt+"/api/v1/tenants/me", "")
	if own["id"] != "id-b" || own["name"] != "Bolt" || own["datacenter"] != "us-east-1" || own["region"] != "us" || fmt.Sprint(own["hostnames"]) != "[bolt.us.fleet.test]" {
		t.Errorf("got the tenant %v, want Bolt with its id, host and region", own)
	}
	if n := len(names(ask(t, fleet, 200, atBolt, "GET", bolt+"/api/v1/data-connections?noDatafiles=true", ""), "qName")); n != 0 {
		t.Errorf("got %d connections of Bolt, want none: its seed has another list", n)
	}
	for _, misuse := range fleet.Misuse() {
		t.Errorf("got the misuse %s, want none", misuse)
	}
}

func TestTenantsOfAFleetShareNoId(t *testing.T) {
	fleet := newFleet(t, `{"count": 2, "template": {"users": [{"email": "ana@acme.example"}], "spaces": [{"name": "Finance", "type": "shared"}],
		"gateways": [{"name": "Frankfurt"}], "apps": [{"name": "Board", "space": "Finance", "reloads": [{"ago": "1h"}]}],
		"connections": [{"name": "Rates", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}}]}}`, qlik.Options{})
	seen := map[string]string{}
	for _, tenant := range fleet.Tenants {
		host := "https://" + tenant.Host()
		ids := []string{tenant.ID()}
		for _, list := range []string{"/spaces", "/users", "/data-connections?noDatafiles=true", "/items?resourceType=app"} {
			ids = append(ids, names(ask(t, fleet, 200, tenant.Token(), "GET", host+"/api/v1"+list, ""), "id")...)
		}
		gateways := ask(t, fleet, 200, tenant.Token(), "GET", host+"/api/v1/data-sources/DG_snowflake/gateways", "")["gateways"].([]any)
		ids = append(ids, gateways[0].(map[string]any)["id"].(string))
		if len(ids) != 6 {
			t.Fatalf("got the ids %v of %s, want six", ids, tenant.Name())
		}
		for _, id := range ids {
			if seen[id] != "" {
				t.Errorf("%s and %s both have the id %s", seen[id], tenant.Name(), id)
			}
			seen[id] = tenant.Name()
		}
	}
}

func TestHostilityOfAFleetIsData(t *testing.T) {
	fleet := newFleet(t, `{
	  "oauth": {"clientId": "r", "clientSecret": "s"}, "organization": {"clientId": "o", "clientSecret": "s"},
	  "tenants": [
	    {"name": "Away", "unreachable": true}, {"name": "Other", "answersAs": "someone-else", "id": "id-o"}, {"name": "Gone", "unlisted": true},
	    {"name": "Slow", "faults": [{"path": "/api/v1/spaces", "status": 503}]}],
	  "console": {"endless": true, "linkHost": "evil.example", "extra": [
	    {"id": "id-o", "name": "Other", "hostnames": ["other.eu.fleet.test"]}, {"name": "no id"},
	    {"id": "x", "name": "..\/..\/etc", "hostnames": ["metadata.internal", "a b"]}, 7]}}`, qlik.Options{})
	token := signIn(t, fleet, "console.fleet.test", "o", "s")
	seen, pages, next := 0, map[string]bool{}, ""
	for range 5 {
		page := ask(t, fleet, 200, token, "GET", "https://console.fleet.test/api/core/tenants?limit=3"+next, "")
		seen += len(page["data"].([]any))
		href := page["links"].(map[string]any)["next"].(map[string]any)["href"].(string)
		address, err := url.Parse(href)
		if err != nil || address.Host != "evil.example" {
			t.Fatalf("got the link %s (%v), want one to the hostile host", href, err)
		}
		next = "&next=" + url.QueryEscape(address.Query().Get("next"))
		pages[next] = true
	}
	if seen != 7 || len(pages) != 5 {
		t.Errorf("got %d entries and %d cursors on 5 pages, want 3 tenants, 4 extra entries and a new cursor each time", seen, len(pages))
	}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("a tenant that is unreachable answered")
			}
		}()
		signIn(t, fleet, "away.eu.fleet.test", "r", "s")
	}()
	at := signIn(t, fleet, "other.eu.fleet.test", "r", "s")
	if own := ask(t, fleet, 200, at, "GET", "https://other.eu.fleet.test/api/v1/tenants/me", ""); own["id"] != "someone-else" {
		t.Errorf("got the id %v, want someone-else", own["id"])
	}
	slow := fleet.Tenant("Slow")
	if len(fleet.UnfiredFaults()) != 1 {
		t.Error("the fault is not reported before a request meets it")
	}
	ask(t, fleet, 503, slow.Token(), "GET", "https://slow.eu.fleet.test/api/v1/spaces", "")
	ask(t, fleet, 200, slow.Token(), "GET", "https://slow.eu.fleet.test/api/v1/spaces", "")
	if _, err := inspect.Of(slow).Add(inspect.SeedConnection{Name: "Rates", DataSource: "rest"}); err != nil {
		t.Error(err)
	}
}

func TestASeedOfAFleetIsCheckedWhole(t *testing.T) {
	for seed, want := range map[string]string{
		`{"tenants": [{"nmae": "x"}]}`:                                                       "unknown field tenants[0].nmae",
		`{"count": 2, "tenants": [{"name": "tenant-0001"}]}`:                                 `"tenant-0001.eu.fleet.test" is used twice`,
		`{"tenants": [{"name": "x", "seed": {"spaces": [{"name": "a"}]}}]}`:                  "tenants[0] (x): seed: spaces[0].type",
		`{"template": {"usres": []}, "count": 1}`:                                            "template: seed: unknown field usres",
		`{"tenants": [{"name": "x", "faults": [{"path": "/x"}]}]}`:                           "tenants[0] (x): faults[0]",
		`{"count": 1, "oauth": {"clientId": "x", "publicKey": {"kid": "k", "alg": "none"}}}`: "oauth.publicKey.use",
	} {
		if _, err := qlik.NewFleet([]byte(seed), qlik.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("seed %s: got the error %v, want %q", seed, err, want)
		}
	}
}

// signer makes assertions as a client does.
type signer struct {
	header, claims map[string]any
	sign           func(signed []byte) []byte
}

func (s signer) form(change func(header, claims map[string]any)) string {
	header, claims := map[string]any{}, map[string]any{}
	for k, v := range s.header {
		header[k] = v
	}
	for k, v := range s.claims {
		claims[k] = v
	}
	if change != nil {
		change(header, claims)
	}
	encode := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(header) + "." + encode(claims)
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"regional"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {signed + "." + base64.RawURLEncoding.EncodeToString(s.sign([]byte(signed)))},
	}.Encode()
}

func TestAClientSignsInWithItsPrivateKey(t *testing.T) {
	now := time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	public := fmt.Sprintf(`"kid": "k1", "use": "sig", "kty": "RSA", "n": %q, "e": "AQAB"`, text(own.N))
	point, err := curve.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := new(big.Int).SetBytes(point[1:49]), new(big.Int).SetBytes(point[49:])
	keys := map[string]struct {
		key  string
		sign func([]byte) []byte
	}{
		"RS256": {public, func(b []byte) []byte {
			sum := sha256.Sum256(b)
			signature, _ := rsa.SignPKCS1v15(nil, own, crypto.SHA256, sum[:])
			return signature
		}},
		"RS512": {public, func(b []byte) []byte {
			sum := sha512.Sum512(b)
			signature, _ := rsa.SignPKCS1v15(nil, own, crypto.SHA512, sum[:])
			return signature
		}},
		"ES384": {fmt.Sprintf(`"kid": "k1", "use": "sig", "kty": "EC", "crv": "P-384", "x": %q, "y": %q`, text(x), text(y)), func(b []byte) []byte {
			sum := sha512.Sum384(b)
			r, s, _ := ecdsa.Sign(rand.Reader, curve, sum[:])
			signature := make([]byte, 96)
			r.FillBytes(signature[:48])
			s.FillBytes(signature[48:])
			return signature
		}},
	}
	const endpoint = "https://tenant-0001.eu.fleet.test/oauth/token"
	for algorithm, test := range keys {
		t.Run(algorithm, func(t *testing.T) {
			fleet := newFleet(t, fmt.Sprintf(`{"count": 2, "oauth": {"clientId": "regional", "publicKey": {"alg": %q, %s}}}`, algorithm, test.key),
				qlik.Options{Now: func() time.Time { return now }})
			s := signer{
				header: map[string]any{"alg": algorithm, "kid": "k1"},
				claims: map[string]any{"iss": "regional", "sub": "regional", "aud": endpoint, "jti": "1", "iat": now.Unix(), "exp": now.Unix() + 300},
				sign:   test.sign,
			}
			got := ask(t, fleet, 200, "", "POST", endpoint, s.form(nil))
			if got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 {
				t.Errorf("got the token %v, want a Bearer for 3600 seconds", got)
			}
			ask(t, fleet, 200, got["access_token"].(string), "GET", "https://tenant-0001.eu.fleet.test/api/v1/spaces", "")
			ask(t, fleet, 401, got["access_token"].(string), "GET", "https://tenant-0002.us.fleet.test/api/v1/spaces", "")
			ask(t, fleet, 401, "", "POST", endpoint, s.form(nil)) // the same id again
			refused := map[string]func(h, c map[string]any){
				"another tenant's audience": func(_, c map[string]any) { c["aud"] = "https://tenant-0002.us.fleet.test/oauth/token" },
				"no id":                     func(_, c map[string]any) { delete(c, "jti") },
				"another issuer":            func(_, c map[string]any) { c["iss"] = "x" },
				"another subject":           func(_, c map[string]any) { c["sub"] = "x" },
				"expired":                   func(_, c map[string]any) { c["iat"], c["exp"] = now.Unix()-300, now.Unix() },
				"too long":                  func(_, c map[string]any) { c["exp"] = now.Unix() + 301 },
				"not yet":                   func(_, c map[string]any) { c["iat"], c["exp"] = now.Unix()+120, now.Unix()+180 },
				"another key":               func(h, _ map[string]any) { h["kid"] = "k2" },
				"no algorithm":              func(h, _ map[string]any) { h["alg"] = "none" },
			}
			for name, change := range refused {
				t.Run(name, func(t *testing.T) {
					ask(t, fleet, 401, "", "POST", endpoint, s.form(func(h, c map[string]any) { c["jti"] = name; change(h, c) }))
				})
			}
			s.sign = func([]byte) []byte { return make([]byte, 96) }
			ask(t, fleet, 401, "", "POST", endpoint, s.form(func(_, c map[string]any) { c["jti"] = "forged" }))
			ask(t, fleet, 400, "", "POST", endpoint, "grant_type=client_credentials&client_id=regional&client_secret=x")
			ask(t, fleet, 400, "", "POST", endpoint, "grant_type=client_credentials&client_id=regional&client_assertion_type=x&client_assertion=y")
			ask(t, fleet, 401, "", "POST", endpoint, `{"client_id": "regional", "client_secret": "", "grant_type": "client_credentials"}`)
		})
	}
}

// BenchmarkFleet makes a fleet of 1,000 tenants with 50 connections each.
func BenchmarkFleet(b *testing.B) {
	var connections []string
	for i := range 50 {
		connections = append(connections, fmt.Sprintf(`{"name": "C%d", "space": "Finance", "dataSource": "mssql", "properties": {"host": "db%d", "port": "1433"},
			"credentials": {"username": "sa", "password": "pw"}}`, i, i))
	}
	seed := `{"count": 1000, "template": {"users": [{"email": "ana@acme.example"}], "spaces": [{"name": "Finance", "type": "shared"}], "connections": [` + strings.Join(connections, ",") + `]}}`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qlik.NewFleet([]byte(seed), qlik.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
