package transport

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
)

// phase is the progress of a request.
type phase int

const (
	phaseUnknown phase = iota // the transport reports nothing
	phaseLookup
	phaseConnect
	phaseTunnel // the connection to the proxy exists, the one through it does not
	phaseTLS
	phaseAnswer // a connection exists: the request may have been sent
)

// progress records the phase of a request. The transport dials in its own goroutines, so a mutex
// guards the phase.
type progress struct {
	mu    sync.Mutex
	phase phase
}

func (p *progress) reach(next phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != phaseAnswer { // a dial that is no longer needed may still be in progress
		p.phase = next
	}
}

func (p *progress) reached() phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase
}

// trace returns a context in which the transport reports to the progress.
func (p *progress) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { p.reach(phaseConnect) },
		DNSStart:     func(httptrace.DNSStartInfo) { p.reach(phaseLookup) },
		ConnectStart: func(string, string) { p.reach(phaseConnect) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				p.reach(phaseTunnel)
			}
		},
		TLSHandshakeStart: func() { p.reach(phaseTLS) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				p.reach(phaseTunnel) // the connection to the proxy, unless another connection follows
			}
		},
		GotConn: func(httptrace.GotConnInfo) { p.reach(phaseAnswer) },
	})
}

// timeout returns the phase in which a request timed out, and what to try.
func (p phase) timeout() (cause, hint string) {
	const network = "check that this network allows outgoing connections, or set HTTPS_PROXY if it needs a proxy"
	switch p {
	case phaseLookup:
		return "the DNS lookup timed out", "check the DNS of this network"
	case phaseConnect:
		return "the connection timed out", network
	case phaseTunnel:
		return "the proxy did not connect in time", "ask the administrator of the proxy"
	case phaseTLS:
		return "the TLS handshake timed out", network
	}
	return "timed out waiting for the answer", "try again later: the connection works, but the service is slow"
}
