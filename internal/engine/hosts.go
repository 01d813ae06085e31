package engine

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
		if !isHost(host) && !isHostPattern(host) {
			return fmt.Errorf("%s lists %q, which is not a host, so no token was sent. Write only the host, such as acme.eu.qlikcloud.com, or all hosts of one region as *.eu.qlikcloud.com "+
				"(one star, as the first label, before at least two others). Separate hosts by commas", hostsVariable, host)
		}
	}
	address, err := url.Parse(s.tenant.URL)
	if err != nil {
		address = &url.URL{} // no host is listed like this
	}
	switch {
	case !set, slices.ContainsFunc(hosts, func(host string) bool {
		listed, host := withoutHTTPSPort(host), withoutHTTPSPort(address.Host)
		return strings.EqualFold(listed, host) || isHostPattern(listed) && matchesHost(listed, host)
	}):
		return nil
	case len(hosts) == 0:
		return Refused(connection.Because("no-host-listed", "variable", hostsVariable, "tenant", s.tenant.Name))
	}
	return Refused(connection.Because("host-not-listed", "tenant", s.tenant.Name, "url", s.tenant.URL, "variable", hostsVariable, "host", address.Host))
}

// withoutHTTPSPort drops the default port of https. Plain http is for loopback only.
func withoutHTTPSPort(host string) string { return strings.TrimSuffix(host, ":443") }

// isHost reports whether a text is only a host as in a URL, with or without a port. An entry such
// as "https://acme.example" would never match, contrary to its author's intention.
func isHost(text string) bool {
	address, err := url.Parse("https://" + text)
	return err == nil && address.Host == text && !strings.ContainsAny(text, "*?#@") && !slices.Contains(strings.Split(address.Hostname(), "."), "")
}

// isHostPattern reports whether a text is a star in place of the first label of a host, which has at
// least two more labels: one would be a domain in which anybody can have a host.
func isHostPattern(text string) bool {
	fixed, isPattern := strings.CutPrefix(text, "*.")
	if !isPattern || !isHost(fixed) || !isASCII(fixed) {
		return false
	}
	address, err := url.Parse("https://" + fixed)
	if err != nil {
		return false
	}
	labels := strings.Split(address.Hostname(), ".")
	_, err = strconv.ParseUint(labels[len(labels)-1], 0, 64) // the end of an IP address
	return len(labels) >= 2 && err != nil
}

// matchesHost reports whether the star of a pattern stands for exactly one label of a host. A label of
// other letters than those of the DNS never matches: it may be read as something else on its way.
func matchesHost(pattern, host string) bool {
	label, rest, _ := strings.Cut(host, ".")
	_, fixed, _ := strings.Cut(pattern, ".")
	isLabel := label != "" && !strings.ContainsFunc(label, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
	return isLabel && isASCII(rest) && strings.EqualFold(rest, fixed)
}

// isASCII reports whether a text has no other characters: some fold to ASCII letters.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
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
