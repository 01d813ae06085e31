package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// see records what the plan knows of a live connection, as a digest.
func see(live *connection.Live) Seen {
	return Seen{Connection: live.Key, ID: live.ID, Digest: digest(struct { // the fields in the order of their names
		DataSource     string         `json:"dataSource"`
		HasCredentials bool           `json:"hasCredentials"`
		ID             string         `json:"id"`
		Record         [5]string      `json:"mark"`
		Name           string         `json:"name"`
		Owner          string         `json:"owner"`
		Pending        bool           `json:"pending,omitempty"`
		Properties     map[string]any `json:"properties"`
		Protected      bool           `json:"protected"`
		Separated      bool           `json:"separated"`
		Space          string         `json:"space"`
		Tags           []string       `json:"tags"`
		Unreadable     bool           `json:"unreadable"`
	}{
		live.DataSource, live.HasCredentials, live.ID,
		[5]string{live.Record.Project, live.Record.Key, live.Record.Credentials, live.Record.Moved, live.Record.Phase},
		live.Key.Name, live.OwnerID, live.Record.Pending, live.Properties, live.Record.Protected, live.PerUserCredentials,
		live.Key.Space, append([]string{}, live.Tags...), live.Unreadable != "",
	})}
}

// digest is over all of a value, in the form of canonical JSON: no two values have the same
// text, and all 256 bits are kept. Canonical JSON has the keys of an object in order, so the
// structs that are hashed here have their fields in the order of their names.
func digest(value any) string {
	sum := sha256.Sum256([]byte(connection.Canonical(value)))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// declares is a digest of what a declaration says and the fields do not show. It is not made
// from the record of the credentials, which has to fit into a tag and keeps 64 bits: so few
// that another declaration with the same record could be found.
func declares(t *targets.Target) string {
	return digest(struct { // the fields in the order of their names
		Credentials map[string]any `json:"credentials"`
		Owner       string         `json:"owner"`
		Protected   *bool          `json:"protected"`
		Version     int            `json:"version"`
	}{t.Credentials, t.TenantOwner, t.Lifecycle.PreventDestroy, t.CredentialsVersion})
}

// hashVersion is in the hash. It is raised whenever the hash of the same decision changes.
const hashVersion = 2

// hash is over what will change and what it was seen on: not over steps, costs,
// texts or the caller, so that the same decision has the same hash whoever makes
// it and however it is carried out.
//
// The digest is over canonical JSON. Its text is written piece by piece: as a whole, the text
// of a large plan would take more memory than the plan.
func hash(p *Plan) string {
	sum := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			_, _ = io.WriteString(sum, part) // a hash returns no error
		}
	}
	list := func(name string, length int, item func(i int) any) {
		write(name, "[")
		for i := range length {
			if i > 0 {
				write(",")
			}
			write(connection.Canonical(item(i)))
		}
		write("]")
	}
	list(`{"changes":`, len(p.Changes), func(i int) any {
		c := &p.Changes[i]
		return hashed(c, struct {
			Name  string `json:"name"`
			Space string `json:"space"`
		}{c.Connection.Name, c.Connection.Space})
	})
	write(`,"format":`, connection.Canonical(p.Format), `,"hash":`, strconv.Itoa(hashVersion), `,"project":`, connection.Canonical(p.Project))
	list(`,"seen":`, len(p.Seen), func(i int) any {
		return struct {
			Digest string `json:"digest"`
			ID     string `json:"id"`
		}{p.Seen[i].Digest, p.Seen[i].ID}
	})
	write(`,"tenant":`, connection.Canonical(p.Tenant.URL), "}")
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// hashedChange and hashedField have their fields in the order of their names, as canonical
// JSON has them.
type hashedChange struct {
	Action     Action        `json:"action"`
	Connection any           `json:"connection"`
	DataSource string        `json:"dataSource"`
	Declares   string        `json:"declares"`
	Fields     []hashedField `json:"fields"`
	ID         string        `json:"id"`
	Refused    bool          `json:"refused"`
}

type hashedField struct {
	After  any    `json:"after"`
	Before any    `json:"before"`
	Path   string `json:"path"`
	Secret bool   `json:"secret"`
}

// hashed returns what is hashed of a change, with its key in the given form.
func hashed(c *Change, key any) hashedChange {
	fields := make([]hashedField, len(c.Fields))
	for i, f := range c.Fields {
		fields[i] = hashedField{f.After, f.Before, f.Path, f.Secret}
	}
	return hashedChange{c.Action, key, c.DataSource, c.Declares, fields, c.ID, c.Refused.Holds()}
}
