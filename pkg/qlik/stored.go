package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Per-user credentials (create guide; guide to authorising data connections): with
// separateCredentials, every user has their own set. credentialsName creates one for the caller,
// selectedCredentials is the id of one. The API cannot list them: one is found by its id or name.
// The credentials that a connection uses are its qCredentialsID, as the caller sees it. It is not
// documented whether the two settings can be read back, and after a change of host they would be
// outdated.

const credentialsPath = apiPath + "/data-credentials"

// The settings of per-user credentials, in every data source that has them.
const (
	separateCredentials = "separateCredentials"
	credentialsName     = "credentialsName"
	selectedCredentials = "selectedCredentials"
)

var perUserRoles = map[string]connection.PerUserRole{
	separateCredentials: connection.SeparatesCredentials,
	credentialsName:     connection.NamesCredentials,
	selectedCredentials: connection.SelectsCredentials,
}

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// showSeparated adds the switch for per-user credentials to properties that lack it, as in the
// published sample of an answer: qSeparateCredentials is its value.
func showSeparated(properties map[string]any, wire *wireConnection) {
	if _, shown := properties[separateCredentials]; !shown && wire.Separated != nil {
		properties[separateCredentials] = wire.isSeparated()
	}
}

// dropSeparated removes the switch again if it is off and an absent switch means off: the data
// source has none, or it is off by default.
func dropSeparated(source *connection.DataSource, properties map[string]any) {
	if properties[separateCredentials] != false {
		return
	}
	means := false
	if source != nil {
		property, known := source.Properties[separateCredentials]
		means = known && fmt.Sprint(property.Default) != "false"
	}
	if !means {
		delete(properties, separateCredentials)
	}
}

// stored looks up stored credentials concurrently, each once: those of the scope, and on request
// those that connections use. Credentials that do not exist are absent from the result.
func (s *survey) stored(ctx context.Context, scope connection.Scope, live []connection.Live) ([]connection.StoredCredentials, error) {
	refs := slices.Clone(scope.Stored)
	for i := range live {
		if id := live[i].StoredID; scope.Linked && id != "" && live[i].Properties != nil {
			refs = append(refs, id)
		}
	}
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	found := make([]connection.StoredCredentials, len(refs))
	group, ctx := s.readers(ctx)
	for i, ref := range refs {
		group.Go(func() (err error) {
			found[i], err = s.storedOne(ctx, ref)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(one connection.StoredCredentials) bool { return one.ID == "" })
	if scope.Linked {
		showLinked(live, found)
	}
	return distinctStored(found), nil
}

// storedOne returns the zero value if there is no set that the caller may see.
func (s *survey) storedOne(ctx context.Context, ref string) (connection.StoredCredentials, error) {
	if !isSegment(ref) {
		return connection.StoredCredentials{}, nil
	}
	query := url.Values{}
	if !uuidShape.MatchString(ref) {
		query.Set("byCredentialName", "true")
	}
	var wire wireCredential
	err := s.client.Do(ctx, s.get(credentialsPath+"/"+url.PathEscape(ref), query), &wire)
	switch {
	case errors.Is(err, connection.ErrNotFound), errors.Is(err, connection.ErrForbidden), errors.Is(err, connection.ErrInvalid):
		return connection.StoredCredentials{}, nil
	case err != nil:
		return connection.StoredCredentials{}, fmt.Errorf("look up stored credentials %q: %w", ref, err)
	}
	return connection.StoredCredentials{ID: wire.ID, Name: wire.Name}, nil
}

// showLinked adds the credentials that connections use to their properties.
func showLinked(live []connection.Live, found []connection.StoredCredentials) {
	for i := range live {
		one := &live[i]
		used := slices.IndexFunc(found, func(stored connection.StoredCredentials) bool { return stored.ID == one.StoredID })
		if one.Properties != nil && used >= 0 {
			one.Properties[selectedCredentials], one.Properties[credentialsName] = found[used].ID, found[used].Name
		}
	}
}

func distinctStored(found []connection.StoredCredentials) []connection.StoredCredentials {
	var distinct []connection.StoredCredentials
	for _, one := range found {
		if !slices.Contains(distinct, one) {
			distinct = append(distinct, one)
		}
	}
	return distinct
}
