package qlik

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// patched checks the document and returns the connection that it describes, without its final
// credentials.
func (t *Tenant) patched(c *call, r *model.Record, d *patchDocument, ops []patchOp) (*model.Record, error) {
	if d.Name == nil || *d.Name == "" {
		return nil, refusal.BadRequest("qName cannot be empty")
	}
	if err := checkTags(d.Tags, maxTags); err != nil {
		return nil, err
	}
	if err := t.checkAccess(c, d.Space); err != nil {
		return nil, err
	}
	next := r.Change(t.now())
	next.Name, next.Tags, next.Space = *d.Name, t.keptTags(r, d.Tags), d.Space
	if err := t.store.World.CheckName(next); err != nil {
		return nil, err
	}
	s := r.Source()
	for i := range ops {
		if err := t.checkProperty(s, &ops[i], d.Properties); err != nil {
			return nil, err
		}
	}
	if err := t.checkGateway(d.Properties); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ops, func(op patchOp) bool { return op.property() != "" }) {
		next.PropertiesChanged(t.behaviour.RawStatements)
	}
	next.Properties = t.store.World.Store(s, d.Properties)
	return next, nil
}

// checkProperty checks what an operation left behind, and puts a default in the place of what it removed.
func (t *Tenant) checkProperty(s *source.Source, op *patchOp, properties map[string]any) error {
	name := op.property()
	if name == "" {
		return nil
	}
	p, known := s.Properties[name]
	if !known {
		return refusal.BadRequest("connectionProperties: unknown property %q of data source %s", name, s.ID)
	}
	value, set := properties[name]
	if !set {
		if t.behaviour.RestoreDefaults && p.Default != nil {
			properties[name] = p.Default
		}
		return nil
	}
	if err := s.CheckPatched(name, value); err != nil {
		return refusal.BadRequest("connectionProperties: %v", err)
	}
	return nil
}

// keptTags returns the tags after a patch.
func (t *Tenant) keptTags(r *model.Record, tags []string) []string {
	if !t.behaviour.KeepServerTag {
		return tags
	}
	for _, tag := range r.Tags {
		if strings.HasPrefix(tag, source.ServerTagBegin) && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// setBy returns the names of the properties that the operations set.
func setBy(ops []patchOp) map[string]bool {
	given := make(map[string]bool)
	for i := range ops {
		if name := ops[i].property(); name != "" {
			given[name] = ops[i].Op != "remove"
		}
	}
	return given
}

// splitDirect separates the operations on fields next to the properties from a patch. Their values
// are strings.
func splitDirect(ops []patchOp) (direct map[string]*string, rest []patchOp, err error) {
	direct = make(map[string]*string)
	for _, op := range ops {
		if !op.direct() {
			rest = append(rest, op)
			continue
		}
		var value *string
		if op.Op != "remove" {
			value = new(string)
			if err := json.Unmarshal(op.Value, value); err != nil {
				return nil, nil, refusal.BadRequest("%s: must be a string", op.Path)
			}
		}
		direct[op.Path] = value
	}
	return direct, rest, nil
}

// applyDirect sets the fields next to the properties; a nil value removes. A new password replaces
// all credentials that were stored with the connection.
func (t *Tenant) applyDirect(c *call, next *model.Record, direct map[string]*string) (given map[string]bool, err error) {
	given = make(map[string]bool)
	if text, changes := direct["/qConnectStatement"]; changes {
		if text == nil {
			return nil, refusal.BadRequest("qConnectStatement cannot be removed")
		}
		if err := next.SetStatement(*text, t.behaviour.RawStatements); err != nil {
			return nil, err
		}
	}
	if password := direct["/qPassword"]; password != nil {
		next.Properties = next.Source().WithoutCredentials(next.Properties)
	}
	for path, name := range map[string]string{"/qPassword": source.LoginPassword, "/qUsername": source.LoginUser} {
		switch value, changes := direct[path]; {
		case changes && value == nil:
			delete(next.Properties, name)
		case changes:
			next.Properties[name], given[name] = host.Hash(*value), true
		}
	}
	id, changes := direct["/qCredentialsID"]
	switch {
	case !changes:
	case id == nil || *id == "":
		delete(next.Links, next.LinkKey(c.user.ID))
	default:
		if err := t.store.World.LinkStored(next, c.user.ID, *id); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// redeemHeader takes the authorisation code of a patch. One that comes without need, for a connection that nobody signs in
// for, is misuse.
func (t *Tenant) redeemHeader(c *call, next *model.Record, given map[string]bool) error {
	code := c.request.Header.Get(authCodeHeader)
	if code == "" {
		return nil
	}
	s := next.Source()
	if !s.SignsIn(next.Properties) {
		return refusal.Misuse("%s is for connections with interactive OAuth", authCodeHeader)
	}
	if err := t.store.World.Redeem(c.user.ID, s, code); err != nil {
		return err
	}
	next.Properties[s.SignIn.Code], given[s.SignIn.Code] = host.Hash(code), true
	return nil
}

// patchConnection serves PATCH /data-connections/{qID}: the whole request is done, or nothing of it.
func (t *Tenant) patchConnection(c *call) (answer, error) {
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	ops, err := t.patchOps(c)
	if err != nil {
		return answer{}, err
	}
	if err := t.checkPatch(c, r, ops); err != nil {
		return answer{}, err
	}
	direct, rest, err := splitDirect(ops)
	if err != nil {
		return answer{}, err
	}
	document, err := applyPatch(t.store.World, c.user.ID, r, rest)
	if err != nil {
		return answer{}, err
	}
	next, err := t.patched(c, r, document, rest)
	if err != nil {
		return answer{}, err
	}
	given, err := t.applyDirect(c, next, direct)
	if err != nil {
		return answer{}, err
	}
	maps.Copy(given, setBy(rest))
	if err := t.redeemHeader(c, next, given); err != nil {
		return answer{}, err
	}
	if err := t.store.World.Settle(c.user.ID, r, next, given); err != nil {
		return answer{}, err
	}
	t.store.World.Put(next)
	return noContent, nil
}
