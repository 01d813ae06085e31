package qlik

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// patched checks the document and gives the connection that it describes, its credentials not yet settled.
func (t *Tenant) patched(c *call, r *record, d *patchDocument, ops []patchOp) (*record, error) {
	if d.Name == nil || *d.Name == "" {
		return nil, badRequest("qName cannot be empty")
	}
	if err := checkTags(d.Tags, maxTags); err != nil {
		return nil, err
	}
	if err := t.checkAccess(c, d.Space); err != nil {
		return nil, err
	}
	next := r.change(t.now())
	next.Name, next.Tags, next.Space = *d.Name, t.keptTags(r, d.Tags), d.Space
	if err := t.world.checkName(next); err != nil {
		return nil, err
	}
	s := r.source()
	for i := range ops {
		if err := t.checkProperty(s, &ops[i], d.Properties); err != nil {
			return nil, err
		}
	}
	if err := t.checkGateway(d.Properties); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(ops, func(op patchOp) bool { return op.property() != "" }) && r.Statement != "" {
		_, next.Extras, _ = s.parseStatement(r.Statement) // it was parsed when it was stored
		next.propertiesChanged()
	}
	next.Properties = t.world.store(s, d.Properties)
	return next, nil
}

// checkProperty checks what an operation left behind, and puts a default in the place of what it removed.
func (t *Tenant) checkProperty(s *source, op *patchOp, properties map[string]any) error {
	name := op.property()
	if name == "" {
		return nil
	}
	p, known := s.properties[name]
	if !known {
		return badRequest("connectionProperties: unknown property %q of data source %s", name, s.id)
	}
	value, set := properties[name]
	if !set {
		if t.behaviour.RestoreDefaults && p.Default != nil {
			properties[name] = p.Default
		}
		return nil
	}
	if err := s.checkPatched(name, value); err != nil {
		return badRequest("connectionProperties: %v", err)
	}
	return nil
}

// keptTags gives the tags after a patch.
func (t *Tenant) keptTags(r *record, tags []string) []string {
	if !t.behaviour.KeepServerTag {
		return tags
	}
	for _, tag := range r.Tags {
		if strings.HasPrefix(tag, serverTagBegin) && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// setBy gives the names of the properties that the operations set.
func setBy(ops []patchOp) map[string]bool {
	given := make(map[string]bool)
	for i := range ops {
		if name := ops[i].property(); name != "" {
			given[name] = ops[i].Op != "remove"
		}
	}
	return given
}

// splitDirect takes the operations on fields beside the properties out of a patch. Their values are strings.
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
				return nil, nil, badRequest("%s: must be a string", op.Path)
			}
		}
		direct[op.Path] = value
	}
	return direct, rest, nil
}

// applyDirect sets the fields beside the properties; a nil value removes. A new password stands for all credentials that
// were stored with the connection.
func (t *Tenant) applyDirect(c *call, next *record, direct map[string]*string) (given map[string]bool, err error) {
	given = make(map[string]bool)
	if text, changes := direct["/qConnectStatement"]; changes {
		if text == nil {
			return nil, badRequest("qConnectStatement cannot be removed")
		}
		if err := next.setStatement(*text); err != nil {
			return nil, err
		}
	}
	if password := direct["/qPassword"]; password != nil {
		next.Properties = next.source().withoutCredentials(next.Properties)
	}
	for path, name := range map[string]string{"/qPassword": loginPassword, "/qUsername": loginUser} {
		switch value, changes := direct[path]; {
		case changes && value == nil:
			delete(next.Properties, name)
		case changes:
			next.Properties[name], given[name] = host.Seal(*value), true
		}
	}
	id, changes := direct["/qCredentialsID"]
	switch {
	case !changes:
	case id == nil || *id == "":
		delete(next.Links, next.linkKey(c.user.ID))
	default:
		if err := t.world.linkStored(next, c.user.ID, *id); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// redeemHeader takes the authorisation code of a patch. One that comes without need, for a connection that nobody signs in
// for, is misuse.
func (t *Tenant) redeemHeader(c *call, next *record, given map[string]bool) error {
	code := c.request.Header.Get(authCodeHeader)
	if code == "" {
		return nil
	}
	s := next.source()
	if !s.signsIn(next.Properties) {
		return misuse("%s is for connections with interactive OAuth", authCodeHeader)
	}
	if err := t.world.redeem(c.user.ID, s, code); err != nil {
		return err
	}
	next.Properties[s.SignIn.Code], given[s.SignIn.Code] = host.Seal(code), true
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
	document, err := applyPatch(t.world, c.user.ID, r, rest)
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
	if err := t.world.settle(c.user.ID, r, next, given); err != nil {
		return answer{}, err
	}
	t.world.put(next)
	return noContent, nil
}
