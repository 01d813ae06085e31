//go:build linux

package kubernetes_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const (
	tenantCount = 200
	canaries    = 10 // the first tenants, which are in the first wave
	shardCount  = 8  // of the second wave
	zone        = ".fleet.test"
	apiKey      = "key-of-the-fleet"
	password    = "password-of-the-orders"
)

// fleet is the embedded tenants, by their names. Each is a host of its own over TLS.
type fleet struct {
	names       []string
	refused     string // a tenant whose connections belong to nobody and differ from the files
	unreachable string
	tenants     atomic.Pointer[map[string]*inspect.Tenant]
	isBack      atomic.Bool  // the unreachable tenant can be reached
	latency     atomic.Int64 // of a write
	writes      atomic.Int64 // that have begun
}

// newFleet makes the tenants. The refused and the unreachable one are in different shards.
func newFleet(t *testing.T) *fleet {
	f := &fleet{}
	shards := map[uint64]string{} // the last tenant of each shard, which is in the second wave
	for i := range tenantCount {
		name := fmt.Sprintf("t%03d", i)
		f.names = append(f.names, name)
		shards[shardOf(name)] = name
	}
	if len(shards) != shardCount {
		t.Fatalf("the tenants are in %d shards, want all %d", len(shards), shardCount)
	}
	f.refused, f.unreachable = shards[2], shards[5]
	f.reset(t)
	return f
}

// shardOf returns the shard of a tenant, as documented: by the SHA-256 of its URL.
func shardOf(name string) uint64 {
	sum := sha256.Sum256([]byte("https://" + name + zone))
	return binary.BigEndian.Uint64(sum[:]) % shardCount
}

// reset returns all tenants to the state that they begin with.
func (f *fleet) reset(t *testing.T) {
	tenants := map[string]*inspect.Tenant{}
	for _, name := range f.names {
		of := "right"
		if name == f.refused {
			of = "wrong"
		}
		// Rates is adopted; where it is wrong, all of them are refused.
		connections := fmt.Sprintf(`{"name": "Rates", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://%s.example.com", "authSchema": "anonymous"}}`, of)
		if name == f.refused {
			for _, other := range []string{"Orders", "Stock"} {
				connections += fmt.Sprintf(`, {"name": %q, "space": "Finance", "dataSource": "rest", "properties": {"url": "https://wrong.example.com", "authSchema": "anonymous"}}`, other)
			}
		}
		tenant, err := inspect.New(fmt.Appendf(nil, `{"token": %q, "tenantId": %q, "users": [{"email": "ana@example.com", "name": "Ana", "roles": ["TenantAdmin"]}],
			"spaces": [{"name": "Finance", "type": "shared"}], "connections": [%s],
			"apps": [{"name": "Sales", "id": "sales", "space": "Finance", "script": [{"type": "load", "connection": "Finance/Rates"}], "reloads": [{"ago": "2h"}]}]}`, apiKey, "id-of-"+name, connections),
			qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tenants[name] = tenant
	}
	f.tenants.Store(&tenants)
	f.writes.Store(0)
}

// project returns the files of the project.
func (f *fleet) project() map[string]string {
	var text strings.Builder
	text.WriteString("version: 1\nproject: fleet\nconnections: [connections.yaml]\n" +
		"groups: {canary: t00*}\nrollout: {waves: [{name: canary, group: canary}, {name: rest}], stopAfter: {failed: 3}, check: 1s}\ntenants:\n")
	for _, name := range f.names {
		fmt.Fprintf(&text, "  %s: {url: \"https://%s%s\", auth: {apiKey: {env: QLIK_API_KEY}}}\n", name, name, zone)
	}
	return map[string]string{"qlsync.yaml": text.String(), "connections.yaml": `version: 1
defaults: {space: Finance, dataSource: rest}
connections:
  - name: Rates
    properties: {url: "https://right.example.com", authSchema: anonymous}
  - name: Stock
    properties: {url: "https://right.example.com/stock", authSchema: anonymous}
  - name: Orders
    properties: {url: "https://right.example.com/orders", authSchema: basic}
    credentials: {username: reader, password: {env: ORDERS_PASSWORD}}
`}
}

// state is what a tenant has, in lines that can be compared, in no order of time.
func (f *fleet) state(name string) (lines []string) {
	tenant := (*f.tenants.Load())[name]
	for _, c := range tenant.Connections() {
		lines = append(lines, fmt.Sprintf("%s/%s %s %s %v %v, the right password: %t", c.Space, c.Name, c.ID, c.DataSource, c.Properties, c.Tags,
			tenant.CredentialEquals(c.ID, "password", password)))
	}
	slices.Sort(lines)
	return lines
}

// done counts the writes to a tenant that were carried out, by method.
func (f *fleet) done(name string) map[string]int {
	counts := map[string]int{}
	for _, request := range (*f.tenants.Load())[name].Writes() {
		if request.Status < http.StatusMultipleChoices && request.Status > 0 {
			counts[request.Method]++
		}
	}
	return counts
}

// ServeHTTP serves the tenant that the host name is of.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant := (*f.tenants.Load())[strings.TrimSuffix(r.Host, zone)]
	if tenant == nil {
		http.Error(w, "no such tenant", http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet {
		f.writes.Add(1)
		time.Sleep(time.Duration(f.latency.Load()))
	}
	tenant.ServeHTTP(w, r)
}

// Hosts returns the hosts of the tenants.
func (f *fleet) Hosts() (hosts []string) {
	for _, name := range f.names {
		hosts = append(hosts, name+zone)
	}
	return hosts
}

// Place does nothing: the names of the hosts lead to the tenants.
func (f *fleet) Place([]string) {}

// serve serves the tenants and their names, and returns the certificate of the authority.
func (f *fleet) serve(t *testing.T) (authority string) {
	server, err := simulator.StartFleetTLS(f, tenantsAddress+":443")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	names, err := net.ListenPacket("udp", tenantsAddress+":53")
	if err != nil {
		t.Fatal(err)
	}
	go f.answerNames(names)
	t.Cleanup(func() { _ = names.Close() })
	return string(server.CA)
}

// answerNames is the DNS server of the cluster, which knows the tenants.
func (f *fleet) answerNames(listener net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := listener.ReadFrom(buffer)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buffer[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		asked := question.Questions[0]
		answer := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: question.ID, Response: true, Authoritative: true, RecursionAvailable: true},
			Questions: question.Questions,
		}
		name, isOurs := strings.CutSuffix(strings.TrimSuffix(asked.Name.String(), "."), zone)
		address := tenantsAddress
		if name == f.unreachable && !f.isBack.Load() {
			address = absentAddress
		}
		switch {
		case !isOurs:
			answer.RCode = dnsmessage.RCodeNameError
		case asked.Type == dnsmessage.TypeA:
			answer.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())},
			}}
		}
		if text, err := answer.Pack(); err == nil {
			_, _ = listener.WriteTo(text, from)
		}
	}
}
