// Package newhost contains the rules for a change of the host of a connection, shared by the
// providers: the stored credentials would be sent to the new host, so the declared ones must be
// written with the change.
package newhost

import (
	"net/url"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// In returns the last of the properties that a difference changes; empty if none changes.
func In(c connection.Difference, properties []string) string {
	host := ""
	for _, name := range properties {
		_, set := c.Set[name]
		if set || slices.Contains(c.Remove, name) {
			host = name
		}
	}
	return host
}

// Of returns the last of the properties that a change sets or removes; empty if none changes.
func Of(l connection.Lowering, properties []string) string {
	host := ""
	for _, name := range properties {
		_, was := l.From.Properties[name]
		_, is := l.To.Properties[name]
		if slices.Contains(l.To.Set, name) || was && !is {
			host = name
		}
	}
	return host
}

// Gets returns the warning that credentials will be sent to the place that the property names. The
// warning contains the old and the new place if the service returns both: the hosts of two URLs
// with different hosts, else the whole values.
func Gets(c connection.Difference, property, credentials string) connection.Reason {
	before, _ := c.Live.Properties[property].(string)
	after, _ := c.Set[property].(string)
	if old, next := hostOf(before), hostOf(after); old != "" && next != "" && old != next {
		before, after = old, next
	}
	warning := connection.Because("host-gets-credentials", "property", property, "credentials", credentials)
	switch {
	case after == "":
		return warning
	case before == "":
		warning.Code = "host-gets-credentials-at"
		return warning.With("after", after)
	}
	warning.Code = "host-gets-credentials-from"
	return warning.With("before", before).With("after", after)
}

// hostOf returns the host of a URL, with its port; empty for any other text.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// Demand adds the demands of a change of the property. An empty property adds nothing.
func Demand(d *connection.Demands, c connection.Difference, property string) {
	switch {
	case property == "":
		return
	case len(c.Declared.Credentials) == 0:
		d.Advice = connection.Because("host-may-need-credentials", "property", property)
	default:
		d.Warnings = append(d.Warnings, Gets(c, property, "these credentials"))
	}
	d.Together, d.Drops = true, true
	d.Credentials = connection.Because("property-takes-credentials", "property", property)
}

// Refuse returns why a change of the property is refused: credentials are stored, and none are
// declared.
func Refuse(l connection.Lowering, property string) connection.Reason {
	if property == "" || len(l.Declared) > 0 || !l.Live.HasCredentials {
		return connection.Reason{}
	}
	return connection.Because("host-needs-credentials", "property", property)
}

// Messages are the sentences of the reasons of this package.
var Messages = connection.Messages{
	"property-takes-credentials": {
		Text:    "a change of {property} must carry the credentials",
		Meaning: "A property that names the host changes. The credentials are written with it, so that they are sent only to a reviewed host.",
		Example: map[string]any{"property": "host"},
	},
	"host-gets-credentials": {
		Text:    "{property} changes, so {credentials} will be sent to the new host",
		Meaning: "A property that names the host changes, and its values are not shown. Check that the new host may have the credentials.",
		Example: map[string]any{"property": "host", "credentials": "these credentials"},
	},
	"host-gets-credentials-at": {
		Text:    "{property} changes to {after:q}, so {credentials} will be sent there",
		Meaning: "A property that names the host is new. Check that this host may have the credentials.",
		Example: map[string]any{"property": "host", "credentials": "these credentials", "after": "db.new"},
	},
	"host-gets-credentials-from": {
		Text:    "{property} changes from {before:q} to {after:q}, so {credentials} will be sent to {after:q}",
		Meaning: "A property that names the host changes. Check that the new host may have the credentials.",
		Example: map[string]any{"property": "host", "credentials": "these credentials", "before": "db.old", "after": "db.new"},
	},
	"host-may-need-credentials": {
		Text: "a change of {property} may need the credentials in the same request", Next: "declare them under credentials, or set lifecycle.update: recreate",
		Meaning: "The service refused a change of the host without credentials.",
		Example: map[string]any{"property": "host"},
	},
	"host-needs-credentials": {
		Text: "a change of {property} must carry the credentials", Next: "declare them under credentials",
		Meaning: "A property that names the host changes, the connection has stored credentials, and the files declare none. qlsync does not let stored credentials go to another host.",
		Example: map[string]any{"property": "host"},
	},
}
