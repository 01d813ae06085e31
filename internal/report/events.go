package report

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/qlsync/qlsync/internal/words"
)

// FromCache is how many connections a plan did not read because they are in the cache.
type FromCache struct {
	Folder        string
	Cached, Total int
	NotKept       error // why the cache could not be written
}

// FromCache writes how many connections came from the cache, and why the cache could not be
// written.
func (t Text) FromCache(w io.Writer, from FromCache) error {
	p := t.printer(w)
	p.line("Taken from %s: %d of %s, not updated since the cache was written. apply and drift read all connections again.",
		Sanitize(filepath.ToSlash(from.Folder)), from.Cached, words.Count(from.Total, "connection"))
	if from.NotKept != nil {
		p.line("warning: the cache was not written, so the next plan reads everything again: %s", Sanitize(from.NotKept.Error()))
	}
	return p.err
}

// FromSnapshot writes the age of the file that replaces the tenant.
func (t Text) FromSnapshot(w io.Writer, file string, age time.Duration) error {
	p := t.printer(w)
	p.line("%s was taken %s; later changes on the tenant are not visible.", Sanitize(filepath.ToSlash(file)), ago(age))
	return p.err
}

// ago formats an age in the unit that fits: "5 minutes ago".
func ago(age time.Duration) string {
	switch {
	case age < -time.Minute:
		return "in the future, by this computer's clock"
	case age < 2*time.Minute:
		return "just now"
	case age < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(age.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(age.Hours()/24))
}

// UnknownID writes that a tenant does not report its id, and the consequences.
func (t Text) UnknownID(w io.Writer, tenant string, reason error) error {
	p := t.printer(w)
	p.line("warning: tenant %q does not report its id, so qlsync cannot notice a url that leads to another tenant (%s)",
		Sanitize(tenant), Sanitize(reason.Error()))
	return p.err
}

// NotExported writes why an export is incomplete.
func (t Text) NotExported(w io.Writer, reason string) error {
	p := t.printer(w)
	p.line("warning: not everything is exported: %s", Sanitize(reason))
	return p.err
}

// worthTelling is the wait from which a command says beforehand how long reading dependents takes.
const worthTelling = 30 * time.Second

// UsagePlanned writes how long it takes to read what depends on connections, if it takes long.
func (t Text) UsagePlanned(w io.Writer, requests int, wait time.Duration) error {
	p := t.printer(w)
	if wait >= worthTelling {
		p.line("Reading which connections the apps use takes %s and about %s, because of the rate limit. "+
			"With --cache DIR, the next run takes seconds.",
			words.Count(requests, "request"), words.Duration(wait))
	}
	return p.err
}

// Reseeded writes that the embedded tenant starts again because its seed has changed.
func (t Text) Reseeded(w io.Writer, seed string) error {
	p := t.printer(w)
	p.line("The embedded tenant starts again from its seed: %s has changed.", Sanitize(seed))
	return p.err
}

// Misuse writes the requests that broke the contract of an embedded tenant.
func (t Text) Misuse(w io.Writer, requests []string) error {
	p := t.printer(w)
	for _, request := range requests {
		p.line("misuse: %s", Sanitize(request))
	}
	return p.err
}
