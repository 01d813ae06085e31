package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fleet is a group of services, each at a host of its own.
type Fleet interface {
	http.Handler // serves a request to the service at its host
	Hosts() []string
	Place(hosts []string) // moves the services to other hosts, in the order of Hosts
}

// FleetServer serves a [Fleet] over HTTP.
type FleetServer struct {
	// URLs are the addresses of the services, in the order of the fleet's hosts.
	URLs []string
	// Proxy is the address of an HTTP proxy that leads to the hosts, and CA is the certificate of the authority that
	// signs for them, as PEM. Both are empty for a fleet without TLS.
	Proxy string
	CA    []byte

	servers []*served
}

// StartFleet serves a fleet over plain HTTP, each service at a loopback address of its own: the first one at addr, by
// default a free port of 127.0.0.1, the others at 127.0.0.2, 127.0.0.3 and so on. Where these addresses do not exist, as on
// macOS, each service has a port of its own. Close the server at the end.
func StartFleet(fleet Fleet, addr string) (*FleetServer, error) {
	hosts := fleet.Hosts()
	first, err := listen(addr)
	if err != nil {
		return nil, err
	}
	port := first.Addr().(*net.TCPAddr).Port
	listeners := []net.Listener{first}
	for i := 1; i < len(hosts); i++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:%d", (i+1)>>16, (i+1)>>8&0xff, (i+1)&0xff, port))
		if err != nil {
			listener, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			return nil, fmt.Errorf("start embedded fleet: %w", err)
		}
		listeners = append(listeners, listener)
	}
	server := &FleetServer{}
	for i, l := range listeners {
		hosts[i] = l.Addr().String()
		server.URLs = append(server.URLs, "http://"+hosts[i])
	}
	fleet.Place(hosts)
	services := newServed(fleet)
	for _, l := range listeners {
		services.run(func() error { return services.server.Serve(l) })
	}
	server.servers = []*served{services}
	return server, nil
}

// StartFleetTLS serves a fleet over TLS by the names of its hosts, with certificates of a new test authority. The names
// lead to no address by themselves: use the address as a proxy (HTTPS_PROXY), or let the names resolve to it. As
// everything is encrypted, addr may be beyond loopback; the data is made up.
func StartFleetTLS(fleet Fleet, addr string) (*FleetServer, error) {
	authority, err := newAuthority(fleet.Hosts())
	if err != nil {
		return nil, fmt.Errorf("start embedded fleet: %w", err)
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start embedded fleet: %w", err)
	}
	s := &FleetServer{Proxy: "http://" + listener.Addr().String(), CA: authority.certificate}
	for _, host := range fleet.Hosts() {
		s.URLs = append(s.URLs, "https://"+host)
	}
	plain, encrypted := newQueue(listener), newQueue(listener)
	services := newServed(fleet)
	services.server.TLSConfig = &tls.Config{GetCertificate: authority.of}
	services.run(func() error { return services.server.ServeTLS(encrypted, "", "") })
	proxy := newServed(tunnel{authority, encrypted})
	proxy.run(func() error { return proxy.server.Serve(plain) })
	go split(listener, plain, encrypted)
	s.servers = []*served{proxy, services}
	return s, nil
}

// Close lets requests in flight finish, for a few seconds, and stops.
func (s *FleetServer) Close() error {
	var failed []error
	for _, server := range s.servers {
		failed = append(failed, server.Close())
	}
	return errors.Join(failed...)
}

// authority is a certificate authority for tests. Its key is never written.
type authority struct {
	hosts       []string
	certificate []byte // PEM
	parent      *x509.Certificate
	key         *ecdsa.PrivateKey

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

func newAuthority(hosts []string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Embedded fleet test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, parent, parent, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if parent, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &authority{
		hosts: hosts, parent: parent, key: key, issued: make(map[string]*tls.Certificate),
		certificate: append([]byte("Test authority of an embedded fleet: trust it in tests only.\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...),
	}, nil
}

// of returns the certificate of the host that a client names.
func (a *authority) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := hello.ServerName
	if !slices.Contains(a.hosts, name) {
		return nil, fmt.Errorf("no service of the fleet is at %q", name)
	}
	if a.issued[name] != nil {
		return a.issued[name], nil
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.issued)) + 2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: a.parent.NotBefore, NotAfter: a.parent.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.parent, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.issued[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	return a.issued[name], nil
}

// tunnel is the proxy: it connects clients to the hosts of the fleet, and to nothing else.
type tunnel struct {
	authority *authority
	encrypted *queue
}

func (t tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil || port != "443" || !slices.Contains(t.authority.hosts, host) {
		http.Error(w, "the proxy of the embedded fleet only connects to port 443 of its hosts", http.StatusForbidden)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	t.encrypted.add(conn)
}

// queue is a listener for connections that another listener has accepted.
type queue struct {
	parent net.Listener // closed with the queue
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newQueue(parent net.Listener) *queue {
	return &queue{parent: parent, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (q *queue) add(conn net.Conn) {
	select {
	case q.conns <- conn:
	case <-q.closed:
		_ = conn.Close()
	}
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

func (q *queue) Addr() net.Addr { return q.parent.Addr() }

func (q *queue) Close() error {
	q.once.Do(func() {
		close(q.closed)
		_ = q.parent.Close()
	})
	return nil
}

// split queues the connections of a listener by their first byte, until the listener is closed.
func split(listener net.Listener, plain, encrypted *queue) {
	const handshake = 0x16 // the first byte of TLS
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			first := make([]byte, 1)
			_ = conn.SetReadDeadline(time.Now().Add(readHeaderTimeout))
			if _, err := io.ReadFull(conn, first); err != nil {
				_ = conn.Close()
				return
			}
			_ = conn.SetReadDeadline(time.Time{})
			to := plain
			if first[0] == handshake {
				to = encrypted
			}
			to.add(&begun{conn, first})
		}()
	}
}

// begun is a connection of which the first bytes were read.
type begun struct {
	net.Conn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}
