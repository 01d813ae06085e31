package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves an embedded service over HTTP.
type Server struct {
	URL   string // http://127.0.0.1:PORT
	Token string // signs the caller in

	*served
}

// Start serves a service on addr, by default a free port of 127.0.0.1. It speaks plain HTTP and its data is made up, so an
// address beyond loopback is refused. Close the server, then the service.
func Start(service Service, addr string) (*Server, error) {
	listener, err := listen(addr)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + listener.Addr().String(), Token: service.Token(), served: newServed(service)}
	s.run(func() error { return s.server.Serve(listener) })
	return s, nil
}

// listen listens on a loopback address, by default a free port of 127.0.0.1.
func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	hostname, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("start embedded tenant: %w", err)
	}
	if ip := net.ParseIP(hostname); hostname != "localhost" && !ip.IsLoopback() {
		return nil, fmt.Errorf("start embedded tenant: %q is not a loopback address", addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start embedded tenant: %w", err)
	}
	return listener, nil
}

// served is an HTTP server on one or more listeners.
type served struct {
	server  *http.Server
	running int
	done    chan error

	mu     sync.Mutex
	unused map[net.Conn]bool // opened, but without a request so far
}

const readHeaderTimeout = 10 * time.Second

func newServed(handler http.Handler) *served {
	s := &served{
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       time.Minute,
			WriteTimeout:      5 * time.Minute, // injected latency is part of it
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          log.New(io.Discard, "", 0), // disconnecting clients are not worth a log record
		},
		done:   make(chan error),
		unused: make(map[net.Conn]bool),
	}
	s.server.ConnState = s.track
	s.server.RegisterOnShutdown(s.dropUnused)
	return s
}

// run serves a listener until close.
func (s *served) run(serve func() error) {
	s.running++
	go func() { s.done <- serve() }()
}

// track remembers connections that carry no request yet: clients open them in advance, and a shutdown would wait for them.
func (s *served) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.unused, c); state == http.StateNew {
		s.unused[c] = true
	}
}

func (s *served) dropUnused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.unused {
		_ = c.Close() // the other side may have done so
	}
}

// Close lets requests in flight finish, for a few seconds, and stops. It does not close the tenant.
func (s *served) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	for range s.running {
		if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	if err != nil {
		return fmt.Errorf("stop embedded tenant: %w", err)
	}
	return nil
}
