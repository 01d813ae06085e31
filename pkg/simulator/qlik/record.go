package qlik

import (
	"maps"
	"slices"
	"time"
)

// change gives a copy of the record to be changed and stored in its place.
func (r *record) change(now time.Time) *record {
	next := *r
	next.Properties, next.Links = maps.Clone(r.Properties), maps.Clone(r.Links)
	next.Updated = touched(now, r.Updated)
	return &next
}

// statement gives the statement of a connection.
func (r *record) statement() string {
	if r.Statement != "" {
		return r.Statement
	}
	return r.source().statement(r.Properties, r.Extras)
}

// setStatement takes the place of statement and properties. What a statement does not say (credentials, and how they
// are kept) stays.
func (r *record) setStatement(text string) error {
	s := r.source()
	properties, extras, err := s.parseStatement(text)
	if err != nil {
		return err
	}
	for name, value := range r.Properties {
		if s.isCredential(name) || slices.Contains(credentialSettings, name) {
			properties[name] = value
		}
	}
	r.Statement, r.Extras, r.Properties = text, extras, properties
	return nil
}

// propertiesChanged has the statement built anew from now on.
func (r *record) propertiesChanged() { r.Statement = "" }

// separated says whether every user brings credentials of their own.
func (r *record) separated() bool { return isTrue(r.Properties["separateCredentials"]) }

// linkKey is where a link of the user stands: a connection that does not separate credentials has one for everybody.
func (r *record) linkKey(user string) string {
	if r.separated() {
		return user
	}
	return ""
}

// credentialOf gives qCredentialsID as the user sees it.
func (r *record) credentialOf(user string) string {
	if id := r.Links[r.linkKey(user)]; id != "" {
		return id
	}
	return r.CredentialID
}

// link points the user's credentials of a record that is not stored yet to a set.
func (r *record) link(user, id string) {
	links := map[string]string{r.linkKey(user): id}
	for key, other := range r.Links {
		if key != r.linkKey(user) {
			links[key] = other
		}
	}
	r.Links = links
}

// linkCredentials keeps qCredentialsID in step: there is one as long as any credential is stored.
func (r *record) linkCredentials() {
	switch has := r.source().hasCredentials(r.Properties); {
	case !has:
		r.CredentialID = ""
	case r.CredentialID == "":
		r.CredentialID = uuidOf("credential", r.ID, r.Owner)
	}
}

func (r *record) hasCredentials() bool {
	return r.source().hasCredentials(r.Properties) || len(r.Links) > 0
}
