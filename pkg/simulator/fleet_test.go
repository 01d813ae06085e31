package simulator_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

const fleetSeed = `{"count": 3, "organization": {"clientId": "o", "clientSecret": "s"}, "template": {"users": [{"email": "ana@example.com"}]}}`

func newFleet(t *testing.T) *qlik.Fleet {
	t.Helper()
	fleet, err := qlik.NewFleet([]byte(fleetSeed), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// get returns the text of an answer, or the error of the request.
func get(client *http.Client, url, token string) string {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return fmt.Sprint(response.StatusCode, " ", string(text), err)
}

// listed returns what the console of a fleet lists.
func listed(t *testing.T, client *http.Client, console string) string {
	t.Helper()
	response, err := client.Post(console+"/oauth/token", "application/json", strings.NewReader(`{"client_id": "o", "client_secret": "s", "grant_type": "client_credentials"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `"access_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return get(client, console+"/api/core/tenants", token)
}

func TestEachTenantOfAFleetHasALoopbackAddressOfItsOwn(t *testing.T) {
	fleet := newFleet(t)
	server, err := simulator.StartFleet(fleet, "")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	hosts := map[string]bool{}
	list := listed(t, client, server.URLs[0])
	for i, tenant := range fleet.Tenants {
		address := server.URLs[i+1]
		host := strings.TrimPrefix(address, "http://")
		if hosts[host] = true; !strings.Contains(list, `"hostnames":["`+host+`"]`) {
			t.Errorf("the console does not list %s: %s", host, list)
		}
		if got := get(client, address+"/api/v1/tenants/me", tenant.Token()); !strings.Contains(got, tenant.ID()) {
			t.Errorf("got the answer %s from %s, want the tenant %s", got, address, tenant.ID())
		}
	}
	if len(hosts) != 3 {
		t.Errorf("got the hosts %v, want three different ones", hosts)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, err := simulator.StartFleet(fleet, "0.0.0.0:0"); err == nil {
		t.Error("got no error for an address beyond loopback")
	}
}

func TestAFleetIsServedByNameOverTLS(t *testing.T) {
	fleet := newFleet(t)
	server, err := simulator.StartFleetTLS(fleet, "")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(server.CA) {
		t.Fatalf("got the authority %s, want a certificate as PEM", server.CA)
	}
	proxy, err := url.Parse(server.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
	}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	tenant := fleet.Tenants[1]
	if got := get(client, server.URLs[2]+"/api/v1/tenants/me", tenant.Token()); !strings.Contains(got, tenant.ID()) || server.URLs[2] != "https://tenant-0002.us.fleet.test" {
		t.Errorf("got the answer %s from %s, want the tenant %s by its name", got, server.URLs[2], tenant.ID())
	}
	if list := listed(t, client, server.URLs[0]); !strings.Contains(list, `"hostnames":["tenant-0002.us.fleet.test"]`) {
		t.Errorf("the console lists %s, want the host of the second tenant", list)
	}
	if got := get(client, "https://api.fleet.test/api/core/tenants", ""); !strings.Contains(got, "Forbidden") {
		t.Errorf("got the answer %s from the host of the console's links, want a refusal of the proxy", got)
	}

	// A name may lead to the address directly.
	direct := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "tenant-0002.us.fleet.test"}}}
	defer direct.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, "https://"+proxy.Host+"/api/v1/tenants/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "tenant-0002.us.fleet.test"
	request.Header.Set("Authorization", "Bearer "+tenant.Token())
	response, err := direct.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got status %d without the proxy, want 200", response.StatusCode)
	}
	direct.CloseIdleConnections()
	client.CloseIdleConnections()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}
