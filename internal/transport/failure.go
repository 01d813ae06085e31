package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// maxWords bounds a quoted error of a system, in characters.
const maxWords = 200

// Failure is a request without an answer. It wraps [connection.ErrUnreachable],
// [connection.ErrUnknownOutcome] if a write may have happened, or the error of the context if the
// request was interrupted, with [connection.ErrNotSent] for a write.
type Failure struct {
	Method, Path, Host string
	Cause              string // one line, for people
	// Hint is the next step. May be empty.
	Hint string
	// Proxy is the proxy of the request. Nil: none.
	Proxy *Proxy
	// AtProxy reports whether the proxy failed, and not the service behind it.
	AtProxy bool
	// TurnedAway reports whether the service was reached and refused the request for now. If Sent is
	// false, the service says that it has not processed the request.
	TurnedAway bool
	Err        error
	// Sent reports whether the service may have received the request.
	Sent bool
	// Hopeless reports whether another attempt would end in the same way.
	Hopeless bool
	// Ambiguous reports whether this or an earlier attempt of a write may have been carried out.
	Ambiguous bool
}

// Interrupted returns the failure of a request that was never sent, because its context ended with
// the error.
func Interrupted(method string, target *url.URL, err error) *Failure {
	return &Failure{Method: method, Path: target.Path, Host: target.Host, Cause: causeInterrupted, Err: err}
}

// Error returns "PATCH /path failed, host not reachable: connection refused".
func (f *Failure) Error() string {
	request := f.Method + " " + f.Path
	switch {
	case f.Ambiguous:
		return request + ": " + connection.ErrUnknownOutcome.Error() + "; " + f.Cause
	case f.Interrupted(), errors.Is(f.Err, errTooMuch):
		return request + ": " + f.Cause
	}
	return request + " failed, " + f.Trouble()
}

// Trouble returns "host not reachable: connection refused", with the proxy if there is
// one.
func (f *Failure) Trouble() string {
	if errors.Is(f.Err, errTooMuch) {
		return f.Cause
	}
	text := f.Host + " " + connection.ErrUnreachable.Error()
	if f.Proxy != nil {
		text += " through " + f.Proxy.String()
	}
	return text + ": " + f.Cause
}

// Interrupted reports whether the request ended because its context ended.
func (f *Failure) Interrupted() bool {
	return errors.Is(f.Err, context.Canceled) || f.Cause == causeInterrupted
}

const causeInterrupted = "interrupted"

// IsInterrupted reports whether a request ended because its context ended.
func IsInterrupted(err error) bool {
	failed, ok := errors.AsType[*Failure](err)
	return ok && failed.Interrupted()
}

// Unwrap returns the sentinel error and the cause.
func (f *Failure) Unwrap() []error {
	switch {
	case f.Ambiguous:
		return []error{connection.ErrUnknownOutcome, f.Err}
	case f.Interrupted() && f.Method != http.MethodGet:
		return []error{connection.ErrNotSent, f.Err}
	case f.Interrupted():
		return []error{f.Err}
	}
	return []error{connection.ErrUnreachable, f.Err}
}

// newFailure returns the failure for the transport's error of a request.
func newFailure(client *http.Client, request *http.Request, err error, reached phase, hide *Redactor) *Failure {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL: its query may hold an e-mail address
	}
	f := &Failure{Method: request.Method, Path: pathOf(request.URL, hide), Host: request.URL.Host, Err: err, Sent: true}
	if ended := request.Context().Err(); ended != nil {
		f.Cause, f.Err = causeInterrupted, ended
		return f
	}
	f.Proxy = proxyFor(client, request.URL)
	f.Sent = !isDial(err) && (reached == phaseUnknown || reached == phaseAnswer)
	if away, unseen := turnedAway(err); away {
		f.Cause, f.Hint, f.TurnedAway = "the server turned the request away because of too many requests", "try again later, or lower --parallelism", true
		f.Sent = f.Sent && !unseen
		return f
	}
	if f.Cause, f.Hint, f.Hopeless = proxyTrouble(err, f.Proxy, request.URL); f.Cause != "" {
		f.AtProxy, f.Sent = true, false
		return f
	}
	f.AtProxy = f.Proxy != nil && reached == phaseTunnel
	f.Cause, f.Hint, f.Hopeless = causeOf(err, request.URL)
	if hugeHeaders.MatchString(innermost(err).Error()) {
		f.Err = errTooMuch // there was an answer
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case ok && timeout.Timeout() && f.Cause == "":
		f.Cause, f.Hint = reached.timeout()
	case f.Cause == "":
		f.Cause = hide.Sanitize(innermost(err).Error(), maxWords)
	}
	if why := withoutProxy(request.URL); why != "" && f.Proxy == nil && !f.Sent {
		f.Hint += "; " + why
	}
	if f.isTLS() {
		f.Sent = false
	}
	return f
}

// isDial reports whether connecting failed, so that nothing was sent.
func isDial(err error) bool {
	operation, ok := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	return isDNS || ok && (operation.Op == "dial" || operation.Op == "proxyconnect")
}

// isTLS reports whether the handshake failed for a permanent reason.
func (f *Failure) isTLS() bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](f.Err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](f.Err)
	_, alert := errors.AsType[tls.AlertError](f.Err)
	return untrusted || notTLS || alert || errors.Is(f.Err, http.ErrSchemeMismatch)
}

// causeOf returns the cause of a failure in a few words, and what to try. The cause is empty if the
// kind of the error is unknown.
func causeOf(err error, target *url.URL) (cause, hint string, hopeless bool) {
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		cause, hint = certificateTrouble(untrusted, target.Hostname())
		return cause, hint, true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "the server does not speak TLS", "check the port in the url", true
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return "the server refused the TLS handshake: " + Sanitize(alert.Error(), maxWords), "check the url", true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "no such host", "check the url, and whether this network can resolve the name", true
		}
		return "the DNS lookup failed", "check the DNS of this network", false
	}
	switch {
	case hugeHeaders.MatchString(innermost(err).Error()):
		return fmt.Sprintf("the answer's headers are larger than %d MiB", maxHeaders>>20), "check the url of the tenant, and whether something else answers there", true
	case isErrno(err, syscall.ECONNREFUSED, 10061):
		return "connection refused", "check the host and the port of the url", false
	case isErrno(err, syscall.ENETUNREACH, 10051), isErrno(err, syscall.EHOSTUNREACH, 10065):
		return "no route to the host", "check the network of this computer, and the VPN if you need one", false
	case isErrno(err, syscall.ECONNRESET, 10054), isErrno(err, syscall.ECONNABORTED, 10053), isErrno(err, syscall.EPIPE, 10058),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke before the answer was complete", "try again; if it happens again, ask the administrator of the network or its firewall", false
	}
	return "", "", false
}

// isErrno reports whether a system call failed with this error. On Windows the errors of sockets
// have other numbers, which package syscall does not define.
func isErrno(err error, unix syscall.Errno, windows uintptr) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return errors.Is(err, unix) || ok && runtime.GOOS == "windows" && uintptr(errno) == windows
}

// certificateTrouble returns the reason why a certificate is not accepted, and what to try.
func certificateTrouble(untrusted *tls.CertificateVerificationError, host string) (cause, hint string) {
	cause = "its certificate is not accepted"
	if chain := untrusted.UnverifiedCertificates; len(chain) > 0 {
		cause = "its certificate, issued by " + strconv.Quote(Sanitize(issuer(chain[0]), maxWords)) + ", is not accepted"
	}
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](untrusted.Err)
	wrongHost, isWrongHost := errors.AsType[x509.HostnameError](untrusted.Err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](untrusted.Err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return cause + ": it is not valid before " + day(invalid.Cert.NotBefore), "check the clock of this computer"
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return cause + ": it expired on " + day(invalid.Cert.NotAfter), "renew it on the server, or check the clock of this computer"
	case isWrongHost && wrongHost.Certificate != nil:
		return cause + ": it is for " + names(wrongHost.Certificate) + ", not for " + host, "check the url, and whether a proxy or a firewall answers in its place"
	case isUnknown:
		return cause + ": this computer does not trust the issuer", "if your company's proxy or service uses its own CA, " +
			"add that CA to this computer's trusted certificates; on Linux, SSL_CERT_FILE=CA.pem does so for one run"
	}
	return cause + ": " + Sanitize(untrusted.Err.Error(), maxWords), "check which server answers at the url"
}

func issuer(certificate *x509.Certificate) string {
	if name := certificate.Issuer.CommonName; name != "" {
		return name
	}
	return certificate.Issuer.String()
}

// names returns the first names for which a certificate is valid.
func names(certificate *x509.Certificate) string {
	all := slices.Clone(certificate.DNSNames)
	for _, ip := range certificate.IPAddresses {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return "no host"
	case len(all) > 3:
		all = append(all[:3], "others")
	}
	return Sanitize(strings.Join(all, ", "), maxWords)
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func itoa(number int) string { return strconv.Itoa(number) }
