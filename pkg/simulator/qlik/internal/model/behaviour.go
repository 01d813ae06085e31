package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Behaviour holds a switch for everything that the documentation leaves open and that a client may come to feel. The zero
// value is what the tenant does unless told otherwise. A switch is on if it is on in Options or in the seed
// ("behaviour": {...}); a number or a text of Options goes before that of the seed.
type Behaviour struct {
	// CredentialsByOwnerOnly: credentials stored with a connection are patched by its owner alone; anybody else, an
	// administrator too, gets 403. Off: by everybody who sees the connection.
	CredentialsByOwnerOnly bool `json:"credentialsByOwnerOnly"`

	// KeepServerTag: a patch of /tags keeps the server's own DcaasAPI tag. Off: the tags are those of the patch.
	KeepServerTag bool `json:"keepServerTag"`

	// RefuseSpacePatch: a patch of /space is 400. Off: it moves the connection.
	RefuseSpacePatch bool `json:"refuseSpacePatch"`

	// NormaliseValues: properties are read back with the types of the api-specs and with defaults filled in. Off: as they
	// were sent.
	NormaliseValues bool `json:"normaliseValues"`

	// RewriteValues: lists of named items are read back in the order of their names, each item with "encrypt" filled in, and
	// hosts in lower case. Off: as they were sent.
	RewriteValues bool `json:"rewriteValues"`

	// RawStatements: a value is written into the statement as it is, so that one with ; in it is read back as several pairs.
	// Off: in braces, and read back as it was sent.
	RawStatements bool `json:"rawStatements"`

	// Lies are told about the statements of connections, in lists and elsewhere, while parseConnection answers the properties
	// of the true one. None: statements are true.
	Lies []Lie `json:"lies"`

	// RestoreDefaults: a property that a patch removes gets the default of the api-specs, if it has one. Off: it is gone.
	RestoreDefaults bool `json:"restoreDefaults"`

	// DuplicateCopiesTags: a duplicate has the tags of its source. Off: none.
	DuplicateCopiesTags bool `json:"duplicateCopiesTags"`

	// TenantLimit: in addition to each user, the tenant as a whole has a limit per tier: the user's,
	// times the number of users, times a half (rate limit page). A tenant of one user therefore has
	// half of it. Off: only users are limited.
	TenantLimit bool `json:"tenantLimit"`

	// NamesIgnoreCase: two names in one place that differ in letter case alone are the same. Off: they are two.
	NamesIgnoreCase bool `json:"namesIgnoreCase"`

	// IgnoreUnknownProperties: a create drops connection properties that the api-specs do not list. Off: it is 400.
	IgnoreUnknownProperties bool `json:"ignoreUnknownProperties"`

	// BulkMaximum: a bulk action with more items is 400. 0: any number.
	BulkMaximum int `json:"bulkMaximum"`

	// OwnerChangeKeepsCredentials: after a change of owner, the credentials stored with the connection are still there
	// (qCredentialsID), though of no use to anybody until new ones are written. Off: they are cleared at once.
	OwnerChangeKeepsCredentials bool `json:"ownerChangeKeepsCredentials"`

	// ShowUsername: parseConnection answers the property username, which is then the one credential whose value is kept.
	// Off: it is as hidden as a password.
	ShowUsername bool `json:"showUsername"`

	// DefaultPageSize: the list of connections without limit is paged by so many. 0: it is one page with everything.
	DefaultPageSize int `json:"defaultPageSize"`

	// HideCredentialSettings: parseConnection answers neither selectedCredentials nor credentialsName. Off: both.
	HideCredentialSettings bool `json:"hideCredentialSettings"`

	// HideSeparateCredentials: parseConnection does not return separateCredentials, as in the published
	// sample; only qSeparateCredentials shows the value. Off: as it was sent.
	HideSeparateCredentials bool `json:"hideSeparateCredentials"`

	// Without: members of connections that no answer has, of those that the published types call optional: user,
	// datasourceID, tags, created, updated, qSeparateCredentials. None: all are there.
	Without []string `json:"without"`

	// AnonymousHostChange: a patch may change the host of a connection that has no credentials without giving any. Off: that
	// is 400 like any other.
	AnonymousHostChange bool `json:"anonymousHostChange"`

	// HostChangeNeedsPassword: of the credentials that come with a change of host, only a password counts. Off: any part of
	// them, a key file too.
	HostChangeNeedsPassword bool `json:"hostChangeNeedsPassword"`

	// StrictPatchKeys: the key of a patch is value; Value, as most examples have it, is 400. Off: both.
	StrictPatchKeys bool `json:"strictPatchKeys"`

	// DetailedSpecs: api-specs list required properties, and mark secrets and the items of lists. Off: types, defaults, enums
	// and descriptions alone, as in the only public sample.
	DetailedSpecs bool `json:"detailedSpecs"`

	// DataSourceKey: the spelling that create takes, datasourceID or dataSourceId; the other one counts as missing. "":
	// both.
	DataSourceKey string `json:"dataSourceKey"`

	// Lag: reads show connections as they were so many seconds ago; writes act on what there is. A state file does not keep
	// what was there before. 0: what was just written is read.
	Lag int `json:"lag"`

	// ListLag: lists of connections show them as they were so many seconds ago, where that is more than Lag; a request for
	// one connection does not. 0: lists are as new as anything else.
	ListLag int `json:"listLag"`

	// ListPersonalItems: the list of items has, for an administrator, also those in the personal spaces of others. Off: one's
	// own alone.
	ListPersonalItems bool `json:"listPersonalItems"`

	// ReloadsByOwnerOnly: reload metadata of an app is for its owner alone. Off: for administrators too.
	ReloadsByOwnerOnly bool `json:"reloadsByOwnerOnly"`

	// ReloadsForAll: reload metadata of an app is for everybody who sees the app. Off: for its owner and administrators.
	ReloadsForAll bool `json:"reloadsForAll"`

	// QualifiedStatements: the statements of a reload name connections as Space:Name. Off: by their name alone.
	QualifiedStatements bool `json:"qualifiedStatements"`

	// DirectQueryStatements: reload metadata of a Direct Query app has its statements. Off: it has none.
	DirectQueryStatements bool `json:"directQueryStatements"`

	// HideAppUsage: the list of items does not say which apps are in Direct Query mode. Off: resourceAttributes.usage does.
	HideAppUsage bool `json:"hideAppUsage"`

	// NestedDataSetConnection: a data set names its connection inside of tableConnectionInfo. Off: as createdByConnectionId.
	NestedDataSetConnection bool `json:"nestedDataSetConnection"`
}

// Or joins the switches of Options with those of a seed.
func (b Behaviour) Or(seed Behaviour) Behaviour {
	return Behaviour{
		CredentialsByOwnerOnly:      b.CredentialsByOwnerOnly || seed.CredentialsByOwnerOnly,
		KeepServerTag:               b.KeepServerTag || seed.KeepServerTag,
		RefuseSpacePatch:            b.RefuseSpacePatch || seed.RefuseSpacePatch,
		NormaliseValues:             b.NormaliseValues || seed.NormaliseValues,
		RewriteValues:               b.RewriteValues || seed.RewriteValues,
		RawStatements:               b.RawStatements || seed.RawStatements,
		Lies:                        slices.Concat(b.Lies, seed.Lies),
		RestoreDefaults:             b.RestoreDefaults || seed.RestoreDefaults,
		DuplicateCopiesTags:         b.DuplicateCopiesTags || seed.DuplicateCopiesTags,
		TenantLimit:                 b.TenantLimit || seed.TenantLimit,
		NamesIgnoreCase:             b.NamesIgnoreCase || seed.NamesIgnoreCase,
		IgnoreUnknownProperties:     b.IgnoreUnknownProperties || seed.IgnoreUnknownProperties,
		BulkMaximum:                 cmp.Or(b.BulkMaximum, seed.BulkMaximum),
		OwnerChangeKeepsCredentials: b.OwnerChangeKeepsCredentials || seed.OwnerChangeKeepsCredentials,
		ShowUsername:                b.ShowUsername || seed.ShowUsername,
		DefaultPageSize:             cmp.Or(b.DefaultPageSize, seed.DefaultPageSize),
		HideCredentialSettings:      b.HideCredentialSettings || seed.HideCredentialSettings,
		HideSeparateCredentials:     b.HideSeparateCredentials || seed.HideSeparateCredentials,
		Without:                     slices.Concat(b.Without, seed.Without),
		HostChangeNeedsPassword:     b.HostChangeNeedsPassword || seed.HostChangeNeedsPassword,
		StrictPatchKeys:             b.StrictPatchKeys || seed.StrictPatchKeys,
		DetailedSpecs:               b.DetailedSpecs || seed.DetailedSpecs,
		AnonymousHostChange:         b.AnonymousHostChange || seed.AnonymousHostChange,
		DataSourceKey:               cmp.Or(b.DataSourceKey, seed.DataSourceKey),
		Lag:                         cmp.Or(b.Lag, seed.Lag),
		ListLag:                     cmp.Or(b.ListLag, seed.ListLag),
		ListPersonalItems:           b.ListPersonalItems || seed.ListPersonalItems,
		ReloadsByOwnerOnly:          b.ReloadsByOwnerOnly || seed.ReloadsByOwnerOnly,
		ReloadsForAll:               b.ReloadsForAll || seed.ReloadsForAll,
		QualifiedStatements:         b.QualifiedStatements || seed.QualifiedStatements,
		DirectQueryStatements:       b.DirectQueryStatements || seed.DirectQueryStatements,
		HideAppUsage:                b.HideAppUsage || seed.HideAppUsage,
		NestedDataSetConnection:     b.NestedDataSetConnection || seed.NestedDataSetConnection,
	}
}

func (b Behaviour) check() error {
	switch {
	case b.Lag < 0:
		return errors.New("behaviour.lag: cannot be negative")
	case b.ListLag < 0:
		return errors.New("behaviour.listLag: cannot be negative")
	case b.BulkMaximum < 0:
		return errors.New("behaviour.bulkMaximum: cannot be negative")
	case b.DefaultPageSize < 0 || b.DefaultPageSize > 100:
		return errors.New("behaviour.defaultPageSize: must be 0 to 100")
	}
	for i, l := range b.Lies {
		if err := CheckLie(l.Kind); err != nil {
			return fmt.Errorf("behaviour.lies[%d].kind: %w", i, err)
		}
		if l.Every < 0 {
			return fmt.Errorf("behaviour.lies[%d].every: cannot be negative", i)
		}
	}
	for _, name := range b.Without {
		if !slices.Contains(optionalMembers, name) {
			return fmt.Errorf("behaviour.without: %q is none of %s", name, strings.Join(optionalMembers, ", "))
		}
	}
	switch b.DataSourceKey {
	case "", KeyOfContract, KeyOfTutorials:
		return nil
	}
	return fmt.Errorf("behaviour.dataSourceKey: must be %s or %s", KeyOfContract, KeyOfTutorials)
}

// optionalMembers are the members of a connection that an answer may be without (published types).
var optionalMembers = []string{"user", "datasourceID", "tags", "created", "updated", "qSeparateCredentials"}

// The two spellings of the data source's key: that of the reference, and that of every tutorial.
const (
	KeyOfContract  = "datasourceID"
	KeyOfTutorials = "dataSourceId"
)
