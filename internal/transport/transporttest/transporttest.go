// Package transporttest contains servers that misbehave below HTTP, for tests of clients. It is not
// part of the program. Everything works in the fake time of testing/synctest.
package transporttest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// Certificate returns a certificate of the CA "Acme Test CA" for a host, valid between two times,
// and the pool that trusts it.
func Certificate(t testing.TB, host string, from, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme Test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: from.Add(-time.Hour), NotAfter: until.Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: from, NotAfter: until}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(authority)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, pool
}

// Stream is a request that an HTTP/2 server has received, up to its headers.
type Stream struct {
	Number int // of the request on this server, from 1
	ID     uint32
	Framer *http2.Framer
	isGone *bool
}

// GoAway announces that the connection ends after the last stream, and lets the server ignore all
// later requests on the connection, as the protocol requires.
func (s Stream) GoAway(code http2.ErrCode, last uint32) error {
	*s.isGone = true
	return s.Framer.WriteGoAway(last, code, []byte("too many"))
}

// Answer sends a status and a body of JSON. The header block is that of an indexed status, so the
// status must be 200.
func (s Stream) Answer(body string) error {
	err := s.Framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.ID, BlockFragment: []byte{0x88}, EndHeaders: true})
	if err == nil {
		err = s.Framer.WriteData(s.ID, true, []byte(body))
	}
	return err
}

// HTTP2 returns a client whose connections lead to an HTTP/2 server for the host. The server passes
// each request to answer, one after the other, and closes the connection after an error, such as
// [io.EOF].
func HTTP2(t testing.TB, host string, answer func(Stream) error) *http.Client {
	t.Helper()
	certificate, pool := Certificate(t, host, time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour))
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
	turn, number := make(chan struct{}, 1), 0
	next := func(s Stream) error {
		turn <- struct{}{}
		defer func() { <-turn }()
		number++
		s.Number = number
		return answer(s)
	}
	var dialled wires
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			if err := dialled.add(theirs); err != nil {
				return nil, err
			}
			go serve(tls.Server(newBuffered(theirs), config), next)
			return ours, nil
		},
	}
	t.Cleanup(dialled.cut)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// wires are the connections to a server. [http.Transport.CloseIdleConnections] misses an HTTP/2
// connection that is being established when it is called, as a spare one may be at the end of a
// test; its goroutines would outlive the bubble of testing/synctest.
type wires struct {
	mu    sync.Mutex
	conns []net.Conn
	isCut bool
}

func (w *wires) add(conn net.Conn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		return net.ErrClosed
	}
	w.conns = append(w.conns, conn)
	return nil
}

// cut closes all connections and prevents new ones.
func (w *wires) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for _, conn := range w.conns {
		_ = conn.Close()
	}
}

func serve(conn *tls.Conn, next func(Stream) error) {
	defer conn.Close()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	if framer.WriteSettings() != nil {
		return
	}
	isGone := false
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.HeadersFrame:
			if !isGone {
				err = next(Stream{ID: frame.StreamID, Framer: framer, isGone: &isGone})
			}
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				err = framer.WritePing(true, frame.Data)
			}
		}
		if err != nil {
			return
		}
	}
}

// buffered is a connection whose writes never wait for the other side to read, like the writes of a
// socket. [net.Pipe] alone would let both sides wait for each other.
type buffered struct {
	net.Conn
	written chan []byte
}

func newBuffered(conn net.Conn) *buffered {
	b := &buffered{conn, make(chan []byte, 1000)}
	go func() {
		defer conn.Close()
		for text := range b.written {
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(text []byte) (int, error) {
	b.written <- bytes.Clone(text)
	return len(text), nil
}

// Close sends the written bytes, and then ends the connection.
func (b *buffered) Close() error {
	close(b.written)
	return nil
}
