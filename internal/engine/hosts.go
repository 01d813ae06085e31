package engine

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// hostsVariable is the environment variable that lists the hosts to which a token may be sent,
// regardless of the files: a person who may change the files may not be allowed to have the token.
const hostsVariable = "QLSYNC_HOSTS"

// checkHost returns an error if hosts are listed and the tenant's host is not among them. An empty
// list is an error: a pipeline sets an unfilled variable to the empty text.
func (s *Session) checkHost() error {
	listed, set := s.host.Lookup(hostsVariable)
	hosts := strings.FieldsFunc(listed, func(r rune) bool { return r == ',' || r == ' ' })
	for _, host := range hosts {
		if !isHost(host) {
			return fmt.Errorf("%s lists %q, which is not a host, so no token was sent. Write only the host, such as acme.eu.qlikcloud.com, or *.eu.qlikcloud.com for all hosts of a domain, and separate hosts by commas",
				hostsVariable, host)
		}
	}
	address, err := url.Parse(s.tenant.URL)
	switch {
	case !set, err == nil && slices.ContainsFunc(hosts, func(host string) bool {
		return listsHost(withoutHTTPSPort(host), withoutHTTPSPort(address.Host))
	}):
		return nil
	case len(hosts) == 0:
		return Refused(connection.Because("no-host-listed", "variable", hostsVariable, "tenant", s.tenant.Name))
	}
	return Refused(connection.Because("host-not-listed", "tenant", s.tenant.Name, "url", s.tenant.URL, "variable", hostsVariable, "host", address.Host))
}

// withoutHTTPSPort drops the default port of https. Plain http is for loopback only.
func withoutHTTPSPort(host string) string { return strings.TrimSuffix(host, ":443") }

// anyHost begins an entry for all hosts of a domain.
const anyHost = "*."

// listsHost reports whether an entry names a host: the host itself, or with [anyHost] its domain.
func listsHost(entry, host string) bool {
	if domain, isDomain := strings.CutPrefix(entry, anyHost); isDomain {
		return len(host) > len(domain)+1 && strings.EqualFold(host[len(host)-len(domain)-1:], "."+domain)
	}
	return strings.EqualFold(entry, host)
}

// isHost reports whether a text is only a host as in a URL, with or without a port, or all hosts of
// a domain that has a dot. An entry such as "https://acme.example" would never match, contrary to its
// author's intention, and *.com would match hosts of everybody.
func isHost(text string) bool {
	if domain, isDomain := strings.CutPrefix(text, anyHost); isDomain {
		return isHost(domain) && strings.Contains(domain, ".")
	}
	address, err := url.Parse("https://" + text)
	return err == nil && address.Host == text && !strings.ContainsAny(text, "*?#@") && !slices.Contains(strings.Split(address.Hostname(), "."), "")
}

// checkAnyHost is [Session.checkHost], but accepts an embedded tenant, to which no token is sent.
func (s *Session) checkAnyHost() error {
	if s.tenant.SimFile != "" || s.tenant.URL == "" {
		return nil
	}
	return s.checkHost()
}

// hostRule returns why the token may be sent to the host of the tenant.
func (s *Session) hostRule() string {
	switch _, set := s.host.Lookup(hostsVariable); {
	case s.tenant.SimFile != "":
		return "the embedded tenant gets no token"
	case set:
		return hostsVariable + " lists the host of the tenant"
	}
	return hostsVariable + " is not set, so any host in the files may get the token"
}
