package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The placeholders ${tenant.NAME} stand for what is known of a tenant: its id, name, host and
// region, and the columns of the fleet's file.
const openTenant = "${tenant."

// The attributes of every tenant. No column may have one of these names.
const (
	attributeID, attributeName, attributeHost, attributeRegion = "id", "name", "host", "region"
)

func tenantAttributes() []string {
	return []string{attributeID, attributeName, attributeHost, attributeRegion}
}

// isRemote reports whether an attribute is chosen on the tenant's side.
func isRemote(name string) bool {
	return name == attributeName || name == attributeHost || name == attributeRegion
}

// safeInName is the form of a value that may be part of the name of a reference.
var safeInName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// environmentName is the form of the name of an environment variable.
var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// attribute returns an attribute or a column of the tenant; empty if it is unknown. known reports
// whether the name is one.
func (t *Tenant) attribute(name string) (value string, known bool) {
	switch name {
	case attributeID:
		return t.ID, true
	case attributeName:
		return t.title, true
	case attributeHost:
		return t.Host(), true
	case attributeRegion:
		return t.Region, true
	}
	value, known = t.Columns[name]
	return value, known
}

// ExpandName returns the name of an environment variable, or the path of a file, in a reference,
// with the placeholders of the tenant filled in. A text without one is returned as it is. The reason
// is the zero value if there is no problem.
//
// The name selects a secret, and the secret is sent to the tenant. Only what nobody on the tenant's
// side can choose may be part of it: the tenant's id, and columns of a file in the repository. The
// tenant may be nil: then every placeholder is a problem.
func (t *Tenant) ExpandName(text string) (string, connection.Reason) {
	return expandAll(openTenant, text, func(name string) (string, connection.Reason) {
		if t == nil {
			return "", connection.Because("tenant-placeholder-outside", "placeholder", name)
		}
		value, known := t.attribute(name)
		switch {
		case isRemote(name):
			return "", connection.Because("tenant-placeholder-remote", "placeholder", name)
		case !known:
			return "", t.unknownPlaceholder(name)
		case value == "":
			return "", connection.Because("tenant-placeholder-empty", "placeholder", name, "tenant", t.Name)
		case !safeInName.MatchString(value):
			return "", connection.Because("tenant-placeholder-unfit", "placeholder", name, "tenant", t.Name)
		}
		return value, connection.Reason{}
	})
}

// expandText fills in every placeholder of the tenant, in texts that do not select a secret.
func (t *Tenant) expandText(text string) (string, connection.Reason) {
	return expandAll(openTenant, text, func(name string) (string, connection.Reason) {
		value, known := t.attribute(name)
		if !known {
			return "", t.unknownPlaceholder(name)
		}
		return value, connection.Reason{}
	})
}

func (t *Tenant) unknownPlaceholder(name string) connection.Reason {
	known := slices.Concat(tenantAttributes(), slices.Sorted(maps.Keys(t.Columns)))
	return suggest(connection.Because("tenant-placeholder-unknown", "placeholder", name), name, known)
}

// value returns the text of a placeholder in a value of a connection: the tenant's id, or a column. The
// rest is chosen on the tenant's side, and a value can be the host that gets the credentials.
func (t *Tenant) value(name string) (string, connection.Reason) {
	value, known := t.attribute(name)
	switch {
	case isRemote(name):
		return "", connection.Because("tenant-placeholder-in-value", "placeholder", name)
	case !known:
		return "", t.unknownPlaceholder(name)
	case value == "" && name == attributeID:
		return "", connection.Because("tenant-placeholder-empty", "placeholder", name, "tenant", t.Name)
	}
	return value, connection.Reason{}
}

// expandName is [Tenant.ExpandName], also for the item of forEach. Its files are in the repository.
func (r *reader) expandName(text string) (string, connection.Reason) {
	text, reason := r.tenant.ExpandName(text)
	if reason.Code != "" {
		return "", reason
	}
	return expandAll(openEach, text, func(name string) (string, connection.Reason) {
		value, reason := r.scope.each.text(strings.Split(name, "."))
		if reason.Code == "" && !safeInName.MatchString(value) {
			reason = connection.Because("each-unfit", "placeholder", name)
		}
		return value, reason
	})
}

// expandAll replaces each placeholder of a text that begins with open, such as ${tenant.NAME}. A value
// is not expanded again.
func expandAll(open, text string, lookup func(name string) (string, connection.Reason)) (string, connection.Reason) {
	var expanded strings.Builder
	for {
		before, after, found := strings.Cut(text, open)
		expanded.WriteString(before)
		if !found {
			return expanded.String(), connection.Reason{}
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", connection.Because("placeholder-open", "open", open)
		}
		value, reason := lookup(name)
		if reason.Code != "" {
			return "", reason
		}
		expanded.WriteString(value)
		text = rest
	}
}
