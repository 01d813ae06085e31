package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// patchOp is one operation of a PATCH. The reference says value, most examples of the update tutorial Value.
type patchOp struct {
	Op           string          `json:"op"`
	Path         string          `json:"path"`
	Value        json.RawMessage `json:"value"`
	CapitalValue json.RawMessage `json:"Value"`
}

// patchDocument is the part of a connection that can be patched. Credentials stand in it as digests.
type patchDocument struct {
	Name       *string        `json:"qName"`
	Tags       []string       `json:"tags"`
	Space      string         `json:"space"`
	Properties map[string]any `json:"connectionProperties"`
}

// Paths, in tokens, that name the remote place: changing one needs credentials in the same request.
var hostProperties = []string{"host", "server", "url"}

// patchConnection serves PATCH /data-connections/{qID}: the whole request is done, or nothing of it.
func (t *Tenant) patchConnection(c *call) (answer, error) {
	r, err := t.byPath(c)
	if err != nil {
		return answer{}, err
	}
	ops, err := c.patchOps()
	if err != nil {
		return answer{}, err
	}
	if err := checkRules(ops, r.source()); err != nil {
		return answer{}, err
	}
	if err := checkPaths(ops); err != nil {
		return answer{}, err
	}
	document, err := applyPatch(r, ops)
	if err != nil {
		return answer{}, err
	}
	next, err := t.patched(c, r, document, ops)
	if err != nil {
		return answer{}, err
	}
	t.world.put(next)
	return noContent, nil
}

// patchOps reads the body: a bare array. The object form {"patchData": [...]} is refused since May 2025 (change log).
func (c *call) patchOps() ([]patchOp, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) {
		return nil, misuse("the body must be an array of operations; patchData is no longer taken")
	}
	var ops []patchOp
	if err := c.decode(&ops); err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return nil, badRequest("the body has no operation")
	}
	for i := range ops {
		op := &ops[i]
		if op.Value == nil {
			op.Value = op.CapitalValue
		}
		switch op.Op {
		case "remove":
		case "add", "replace":
			if err := op.checkValue(); err != nil {
				return nil, err
			}
		default:
			return nil, badRequest("operation %d: op must be add, replace or remove", i)
		}
	}
	return ops, nil
}

// checkValue: a value is a string, a boolean, an integer or an array (API reference): no object, null or decimal.
func (op *patchOp) checkValue() error {
	if op.Value == nil {
		return badRequest("Field value is missing in the request")
	}
	var value any
	if err := decodeOne(op.Value, &value); err != nil {
		return badRequest("%s: %v", op.Path, err)
	}
	switch v := value.(type) {
	case string, bool, []any:
		if holdsSealKey(value) {
			return badRequest("%s: the value holds the reserved key %s", op.Path, sealKey)
		}
		return nil
	case json.Number:
		if isInteger(v.String()) {
			return nil
		}
	}
	return badRequest("%s: a value must be a string, boolean, integer or array", op.Path)
}

// property gives the connection property that the operation is about; "" if it is about something else.
func (op *patchOp) property() string {
	tokens := strings.Split(op.Path, "/")
	if len(tokens) < 3 || tokens[0] != "" || tokens[1] != "connectionProperties" {
		return ""
	}
	return unescapeToken(tokens[2])
}

// unescapeToken undoes the escapes of RFC 6901.
func unescapeToken(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// checkRules holds the four rules of July 2026 (change log; update tutorial). What counts as credentials is not said:
// here any credential property of the data source does, and any operation on a host property counts as a change.
func checkRules(ops []patchOp, s *source) error {
	var statement, password, properties, credentials, secret, host bool
	for i := range ops {
		name := ops[i].property()
		statement = statement || ops[i].Path == "/qConnectStatement"
		password = password || ops[i].Path == "/qPassword"
		properties = properties || name != ""
		credentials = credentials || s.isCredential(name) && ops[i].Op != "remove"
		secret = secret || strings.Contains(strings.ToLower(name), "password")
		host = host || slices.Contains(hostProperties, name)
	}
	switch {
	case statement && properties:
		return badRequest("qConnectStatement and connectionProperties cannot be changed in one request")
	case statement && !password:
		return badRequest("a change of qConnectStatement needs credentials in the same request")
	case host && !credentials && !password:
		return badRequest("a change of host, server or url needs credentials in the same request")
	case password && secret:
		return badRequest("credentials are given both as qPassword and in connectionProperties")
	}
	return nil
}

// checkPaths: what the reference allows beyond these is not served yet. Tags are set as a whole (update tutorial).
func checkPaths(ops []patchOp) error {
	for i := range ops {
		switch path := ops[i].Path; {
		case strings.Contains(path, sealKey):
			return badRequest("path %q cannot be patched", path)
		case path == "/qName", path == "/tags", path == "/space", ops[i].property() != "":
		case slices.Contains([]string{"/qConnectStatement", "/qPassword", "/qUsername", "/qCredentialsID"}, path):
			return misuse("the embedded tenant does not serve a patch of %s", path)
		default:
			return badRequest("path %q cannot be patched", path)
		}
	}
	return nil
}

// applyPatch gives the connection's document after the operations.
//
// A credential may be replaced where none is stored, as a client cannot know that; any other replacement or removal of
// what is not there is an error of RFC 6902. Undocumented; assumed.
func applyPatch(r *record, ops []patchOp) (*patchDocument, error) {
	before, err := json.Marshal(patchDocument{Name: &r.Name, Tags: r.Tags, Space: r.Space, Properties: r.Properties})
	if err != nil {
		return nil, err
	}
	patch := make(jsonpatch.Patch, len(ops))
	for i, op := range ops {
		kind := op.Op
		if kind == "replace" && r.source().isCredential(op.property()) && strings.Count(op.Path, "/") == 2 {
			kind = "add"
		}
		patch[i] = operation(kind, op.Path, op.Value)
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	after, err := patch.ApplyWithOptions(before, options)
	if err != nil {
		return nil, badRequest("an operation does not apply: %s", patchCause(err))
	}
	document := new(patchDocument)
	if err := decodeOne(after, document); err != nil {
		return nil, badRequest("%v", err)
	}
	return document, nil
}

func operation(kind, path string, value json.RawMessage) jsonpatch.Operation {
	quoted := func(s string) *json.RawMessage {
		data, _ := json.Marshal(s) // a string cannot fail
		return (*json.RawMessage)(&data)
	}
	op := jsonpatch.Operation{"op": quoted(kind), "path": quoted(path)}
	if kind != "remove" {
		op["value"] = &value
	}
	return op
}

// patchCause gives the kind of failure without any part of the document.
func patchCause(err error) string {
	for _, known := range []error{jsonpatch.ErrMissing, jsonpatch.ErrInvalidIndex, jsonpatch.ErrInvalid} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "it does not fit the connection"
}

// patched checks the document and gives the connection that it describes.
func (t *Tenant) patched(c *call, r *record, d *patchDocument, ops []patchOp) (*record, error) {
	if d.Name == nil || *d.Name == "" {
		return nil, badRequest("qName cannot be empty")
	}
	if err := checkTags(d.Tags, maxTags); err != nil {
		return nil, err
	}
	if d.Space != "" && !c.user.mayEnter(t.world.space(d.Space)) {
		return nil, forbidden("no access to the connection or space")
	}
	next := r.change(t)
	next.Name, next.Tags, next.Space = *d.Name, d.Tags, d.Space
	if t.world.taken(next.key(), r.ID) {
		return nil, conflict("a connection of this name exists in the space")
	}
	s := r.source()
	for i := range ops {
		name := ops[i].property()
		value, set := d.Properties[name]
		if _, known := s.properties[name]; name != "" && !known {
			return nil, badRequest("connectionProperties: unknown property %q of data source %s", name, s.id)
		}
		if name == "" || !set {
			continue
		}
		if err := s.checkPatched(name, value); err != nil {
			return nil, badRequest("connectionProperties: %v", err)
		}
	}
	next.Properties = s.sealAll(d.Properties)
	t.relink(r, next)
	return next, nil
}

// checkPatched checks a value that may hold digests of parts which the patch left alone.
func (s *source) checkPatched(name string, value any) error {
	if isSealed(value) {
		return nil
	}
	if list, isList := value.([]any); isList {
		visible, _ := unsealed(list)
		value = visible
	}
	return s.check(name, value)
}

// relink keeps the credential link in step: a change of host drops the link to separated credentials (change log).
func (t *Tenant) relink(before, next *record) {
	next.linkCredentials()
	if !isTrue(next.Properties["separateCredentials"]) {
		return
	}
	for _, name := range hostProperties {
		if was, set := before.Properties[name]; set && scalarText(was) != scalarText(next.Properties[name]) {
			next.CredentialID = ""
			next.Properties = next.source().withoutCredentials(next.Properties)
		}
	}
}
