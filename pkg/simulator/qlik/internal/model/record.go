package model

import (
	"maps"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Change returns a copy of the record to be changed and stored in its place.
func (r *Record) Change(now time.Time) *Record {
	next := *r
	next.Properties, next.Links = maps.Clone(r.Properties), maps.Clone(r.Links)
	next.Updated = Touched(now, r.Updated)
	return &next
}

// SetStatement takes the place of statement and properties. What a statement does not say (credentials, and how they
// are kept) stays, and what it has as a mere default counts as not sent. Here and below, raw is Behaviour.RawStatements.
func (r *Record) SetStatement(text string, raw bool) error {
	s := r.Source()
	properties, extras, err := s.ParseStatement(text, raw)
	if err != nil {
		return err
	}
	if pairs, stored := source.ReadStatement(r.Statement, raw); stored {
		before := s.Parsed(pairs, nil) // without the defaults
		maps.DeleteFunc(properties, func(name string, value any) bool {
			_, wasSent := r.Properties[name]
			return !wasSent && before[name] == nil && s.IsDefault(name, value)
		})
	}
	for name, value := range r.Properties {
		if s.IsCredential(name) || slices.Contains(source.CredentialSettings, name) {
			properties[name] = value
		}
	}
	r.Statement, r.Extras, r.Properties = text, extras, properties
	return nil
}

// PropertiesChanged makes the statement be written again when the record is stored.
func (r *Record) PropertiesChanged(raw bool) {
	if r.Statement != "" {
		_, r.Extras, _ = r.Source().ParseStatement(r.Statement, raw) // it was parsed when it was stored
	}
	r.Statement = ""
}

// settleStatement writes the statement of a record where it is not written, and makes the properties those that the
// statement says, as the reference describes them.
func (r *Record) settleStatement(raw bool) {
	s := r.Source()
	if r.Statement == "" {
		r.Statement = source.WriteStatement(s.Pairs(r.Properties, r.Extras), raw)
	}
	pairs, _ := source.ReadStatement(r.Statement, raw)
	r.Properties = s.Parsed(pairs, r.Properties)
}

// Separated reports whether every user brings credentials of their own.
func (r *Record) Separated() bool { return source.IsTrue(r.Properties["separateCredentials"]) }

// LinkKey returns the key of the user's link: a connection that does not separate credentials has
// one link for everybody.
func (r *Record) LinkKey(user string) string {
	if r.Separated() {
		return user
	}
	return ""
}

// CredentialOf returns qCredentialsID as the user sees it.
func (r *Record) CredentialOf(user string) string {
	if id := r.Links[r.LinkKey(user)]; id != "" {
		return id
	}
	return r.CredentialID
}

// link points the user's credentials of a record that is not stored yet to a set.
func (r *Record) link(user, id string) {
	links := map[string]string{r.LinkKey(user): id}
	for key, other := range r.Links {
		if key != r.LinkKey(user) {
			links[key] = other
		}
	}
	r.Links = links
}

// LinkCredentials keeps qCredentialsID in step: there is one as long as any credential is stored.
func (r *Record) LinkCredentials() {
	switch has := r.Source().HasCredentials(r.Properties); {
	case !has:
		r.CredentialID = ""
	case r.CredentialID == "":
		r.CredentialID = identity.UUID("credential", r.ID, r.Owner)
	}
}

func (r *Record) HasCredentials() bool {
	return r.Source().HasCredentials(r.Properties) || len(r.Links) > 0
}
