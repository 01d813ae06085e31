package qlik

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
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

// checkPatch holds what can be said before anything is tried.
func (t *Tenant) checkPatch(c *call, r *model.Record, ops []patchOp) error {
	exempt := c.request.Header.Get(authCodeHeader) != "" || t.behaviour.AnonymousHostChange && !r.HasCredentials() && len(r.Links) == 0
	if err := checkRules(ops, t.countsAsCredential(r.Source()), exempt); err != nil {
		return err
	}
	if err := checkPaths(ops); err != nil {
		return err
	}
	for i := range ops {
		credential := ops[i].direct() && ops[i].Path != "/qConnectStatement" || r.Source().IsCredential(ops[i].property())
		switch signIn := r.Source().SignIn; {
		case signIn != nil && ops[i].property() == signIn.Code && r.Source().SignsIn(r.Properties):
			return refusal.BadRequest("the authorisation code of a patch belongs in the header %s", authCodeHeader)
		case t.behaviour.RefuseSpacePatch && ops[i].Path == "/space":
			return refusal.BadRequest("path %q cannot be patched", ops[i].Path)
		case t.behaviour.CredentialsByOwnerOnly && credential && r.Owner != c.user.ID && !r.Separated():
			return refusal.Forbidden("only the owner may change the credentials of a connection")
		}
	}
	return nil
}

// patchOps reads the body: a bare array. The object form {"patchData": [...]} is refused since May 2025 (change log).
func (t *Tenant) patchOps(c *call) ([]patchOp, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) {
		return nil, refusal.Misuse("the body must be an array of operations; patchData is no longer taken")
	}
	var ops []patchOp
	if err := c.decode(&ops); err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return nil, refusal.BadRequest("the body has no operation")
	}
	for i := range ops {
		op := &ops[i]
		if t.behaviour.StrictPatchKeys && op.CapitalValue != nil {
			return nil, refusal.BadRequest("operation %d: unknown field Value", i)
		}
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
			return nil, refusal.BadRequest("operation %d: op must be add, replace or remove", i)
		}
	}
	return ops, nil
}

// checkValue: a value is a string, a boolean, an integer or an array (API reference): no object, null or decimal.
func (op *patchOp) checkValue() error {
	if op.Value == nil {
		return refusal.BadRequest("Field value is missing in the request")
	}
	var value any
	if err := host.DecodeOne(op.Value, &value); err != nil {
		return refusal.BadRequest("%s: %v", op.Path, err)
	}
	switch v := value.(type) {
	case string, bool, []any:
		if host.HoldsHashKey(value) {
			return refusal.BadRequest("%s: the value holds the reserved key %s", op.Path, host.HashKey)
		}
		return nil
	case json.Number:
		if source.IsInteger(v.String()) {
			return nil
		}
	}
	return refusal.BadRequest("%s: a value must be a string, boolean, integer or array", op.Path)
}

// property returns the connection property that the operation is about; "" if it is about something else.
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
// here any credential property of the data source does, an authorisation code, and a link to stored credentials; and any
// operation on a host property counts as a change. What is exempt needs none among the operations.
func checkRules(ops []patchOp, counts func(property string) bool, exempt bool) error {
	var statement, password, properties, secret, host bool
	credentials := exempt
	for i := range ops {
		name := ops[i].property()
		statement = statement || ops[i].Path == "/qConnectStatement"
		password = password || ops[i].Path == "/qPassword"
		properties = properties || name != ""
		credentials = credentials || ops[i].Op != "remove" && (counts(name) || name == "selectedCredentials" ||
			ops[i].Path == "/qPassword" || ops[i].Path == "/qCredentialsID")
		secret = secret || strings.Contains(strings.ToLower(name), "password")
		host = host || slices.Contains(source.HostProperties, name)
	}
	switch {
	case statement && properties:
		return refusal.BadRequest("qConnectStatement and connectionProperties cannot be changed in one request")
	case statement && !credentials:
		return refusal.BadRequest("a change of qConnectStatement needs credentials in the same request")
	case host && !credentials:
		return refusal.BadRequest("a change of host, server or url needs credentials in the same request")
	case password && secret:
		return refusal.BadRequest("credentials are given both as qPassword and in connectionProperties")
	}
	return nil
}

// countsAsCredential reports which properties are credentials for the rules.
func (t *Tenant) countsAsCredential(s *source.Source) func(property string) bool {
	return func(name string) bool {
		return s.IsCredential(name) && (!t.behaviour.HostChangeNeedsPassword || strings.Contains(strings.ToLower(name), "password"))
	}
}

// directPaths are the fields next to properties that are not part of the patched document.
var directPaths = []string{"/qConnectStatement", "/qPassword", "/qUsername", "/qCredentialsID"}

func (op *patchOp) direct() bool { return slices.Contains(directPaths, op.Path) }

// checkPaths: tags are set as a whole (update tutorial).
func checkPaths(ops []patchOp) error {
	for i := range ops {
		switch path := ops[i].Path; {
		case strings.Contains(path, host.HashKey):
			return refusal.BadRequest("path %q cannot be patched", path)
		case path == "/qName", path == "/tags", path == "/space", ops[i].property() != "", ops[i].direct():
		default:
			return refusal.BadRequest("path %q cannot be patched", path)
		}
	}
	return nil
}

// applyPatch returns the connection's document after the operations.
//
// A credential may be replaced where none is stored, as a client cannot know that; any other replacement or removal of
// what is not there is an error of RFC 6902. Undocumented; assumed.
//
// Separated credentials stand in the document as if they were the connection's own.
func applyPatch(w *model.World, user string, r *model.Record, ops []patchOp) (*patchDocument, error) {
	properties := maps.Clone(r.Properties)
	if k := w.Linked(r, user); k != nil && r.Separated() {
		maps.Copy(properties, k.Values)
	}
	before, err := json.Marshal(patchDocument{Name: &r.Name, Tags: r.Tags, Space: r.Space, Properties: properties})
	if err != nil {
		return nil, err
	}
	patch := make(jsonpatch.Patch, len(ops))
	for i, op := range ops {
		kind := op.Op
		if kind == "replace" && r.Source().IsCredential(op.property()) && strings.Count(op.Path, "/") == 2 {
			kind = "add"
		}
		patch[i] = operation(kind, op.Path, op.Value)
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	after, err := patch.ApplyWithOptions(before, options)
	if err != nil {
		return nil, refusal.BadRequest("an operation does not apply: %s", patchCause(err))
	}
	document := new(patchDocument)
	if err := host.DecodeOne(after, document); err != nil {
		return nil, refusal.BadRequest("%v", err)
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

// patchCause returns the kind of failure without any part of the document.
func patchCause(err error) string {
	for _, known := range []error{jsonpatch.ErrMissing, jsonpatch.ErrInvalidIndex, jsonpatch.ErrInvalid} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "it does not fit the connection"
}
