package model

import (
	"cmp"
	"fmt"
	"slices"
)

// Dialect is one of the two contracts that the documentation holds (facts, section 0).
type Dialect string

// Legacy is the first documentation: success, error and error_description, 404 next to 400, 400 for
// a name that exists. Current is the present one: status and resultMessage, 400 for all, POST
// overwrites.
const (
	Legacy  Dialect = "legacy"
	Current Dialect = "current"
)

// Behaviour holds a switch for everything that the documentation leaves open, or says in two ways, and that a client may
// come to feel. The zero value is the current dialect, and of the plausible answers the one that harms a careless client
// most. What the seed says ("behaviour": {...}) goes before [Options].
type Behaviour struct {
	// Dialect is "current" or "legacy". What it decides and another switch names, that switch decides.
	Dialect Dialect `json:"dialect"`

	// Errors is the dialect of error bodies, where that differs from the rest (facts, C2).
	Errors Dialect `json:"errors"`

	// ErrorStatus is the status of all refusals that are neither 401, 429 nor 500. 0: that of the dialect. With 200 the body
	// alone reports (facts, section 3).
	ErrorStatus int `json:"errorStatus"`

	// WriteStatus is that of a write that was done (facts, C20). 0: 200.
	WriteStatus int `json:"writeStatus"`

	// ExistingName is what POST does to a name that exists (facts, C4): "overwrite", "refuse" (400) or "conflict" (409). "":
	// that of the dialect, refuse under legacy and overwrite under current.
	ExistingName string `json:"existingName"`

	// Secrets is how a single GET shows them (facts, C5): "clear", "null" or "ciphertext". "": as the page of the type says,
	// which is clear for email and null for all others. In lists they are always null.
	Secrets string `json:"secrets"`

	// What a secret becomes that a PUT sends as null, as "", or not at all (facts, 6.3). Off: it is lost.
	NullKeepsSecret    bool `json:"nullKeepsSecret"`
	BlankKeepsSecret   bool `json:"blankKeepsSecret"`
	OmittedKeepsSecret bool `json:"omittedKeepsSecret"`

	// SecretsRequired: a PUT without a secret that the definition needs is 400. Off: it is taken, and the secret is lost.
	SecretsRequired bool `json:"secretsRequired"`

	// OmittedKeepsFields: a field that a PUT leaves out keeps its value (facts, 6.2). Off: it falls back to its default.
	OmittedKeepsFields bool `json:"omittedKeepsFields"`

	// RefuseRename: the name in the body of a PUT must be the one in the path (facts, C7). Off: it is the new name.
	RefuseRename bool `json:"refuseRename"`

	// LetterCase of connection names (facts, C6). "": names are unique ignoring it, and a path must have the stored spelling.
	// "ignored": any spelling will do in a path. "matters": two names that differ in it alone are two connections.
	LetterCase string `json:"letterCase"`

	// SameName lets connections of two types have one name (facts, C8); get, put and delete then take that of the "first" or
	// the "last" type, in the order of the documentation's list. "": a name is unique in its project.
	SameName string `json:"sameName"`

	// PageSize is how many items a list answers at most; resultCount counts all (facts, C13). The keys
	// page, size and sort are then accepted, and pages counted from 1. 0: no pages.
	PageSize int `json:"pageSize"`

	// MixedLists: a list holds connections of all types, whichever was asked for, and none need be (facts, C9).
	MixedLists bool `json:"mixedLists"`

	// FullLists: items of a list have all fields. Off: some lack those that the examples lack (facts, 2.2).
	FullLists bool `json:"fullLists"`

	// AsSent: a single GET has the fields that were written. Off: all, with defaults and null for the others.
	AsSent bool `json:"asSent"`

	// Computed: a GET shows what the server sets: projectName, the status of hosts, valueByType (facts, 7.2).
	Computed bool `json:"computed"`

	// StoreNames: a single GET of kafka shows keyStoreName and trustStoreName. Off: ids in their place (facts, C15).
	StoreNames bool `json:"storeNames"`

	// PrintedEnums: values are read as the OpenAPI document prints them, ftp and INFO(6), and both forms are taken (facts,
	// C14).
	PrintedEnums bool `json:"printedEnums"`

	// AccessModeKey is how the access mode of elasticsearch is called (facts, 7.3): "type", a second time, or
	// "elasticsearchType". "": the former under legacy, the latter under current.
	AccessModeKey string `json:"accessModeKey"`

	// Authenticate is what a GET shows of an elasticsearch connection for which authenticate was never sent: "true", which
	// needs the credentials, or "false"; one page has the one as the default, another page the other. "": null.
	Authenticate string `json:"authenticate"`

	// UnknownFields in a body: "ignore" drops them, "keep" stores them. "": 400, and the request is misuse (facts, 11.8).
	UnknownFields string `json:"unknownFields"`

	// Deployment is how every push to the workers ends (facts, section 7): "fails", "partly" (success with a worker that
	// failed), "unknown" (deploymentResult is null) or "empty" (no success, no detail). "": it succeeds.
	Deployment string `json:"deployment"`

	// DeploymentDetail is the form of the detail (facts, C10): "deploymentResults", "environmentResults", "detailList" or
	// "none". "": the first under legacy, the third under current.
	DeploymentDetail string `json:"deploymentDetail"`

	// EmptyWhenNotDeployed: a write that asked for no push answers {"success": false, "detailList": []}. Off: null (facts,
	// section 7, false alarm).
	EmptyWhenNotDeployed bool `json:"emptyWhenNotDeployed"`

	// StaysDeployed: deployToWorker false leaves on the workers what is there. Off: it is taken from them.
	StaysDeployed bool `json:"staysDeployed"`

	// OptionalSlash: the slash at the end of a path may be left out. Off: such a path is 404.
	OptionalSlash bool `json:"optionalSlash"`

	// ProxyPages: a proxy answers 404 with an HTML page, to unknown operations ("unknown"), or to
	// everything ("all"), as with a wrong base URL. "": an unknown operation is answered 404 without a
	// body.
	ProxyPages string `json:"proxyPages"`

	// ConsoleRules are those of the console: names have no space in front and no special characters, and descriptions at most
	// 1,000 characters (facts, 2.1). Off: any text will do.
	ConsoleRules bool `json:"consoleRules"`

	// Lag: reads show connections as they were so many seconds before what requests have written since; writes act on what
	// there is. A state file does not keep what was there before. 0: what was just written is read.
	Lag int `json:"lag"`
}

// What a proxy answers in the place of the manager.
const (
	proxyUnknown = "unknown"
	ProxyAll     = "all"
)

// check says what is wrong with the switches.
func (b Behaviour) check() error {
	for _, s := range []struct {
		key, value string
		allowed    []string
	}{
		{"dialect", string(b.Dialect), []string{string(Legacy), string(Current)}},
		{"errors", string(b.Errors), []string{string(Legacy), string(Current)}},
		{"existingName", b.ExistingName, []string{"overwrite", "refuse", "conflict"}},
		{"secrets", b.Secrets, []string{"clear", "null", "ciphertext"}},
		{"letterCase", b.LetterCase, []string{"ignored", "matters"}},
		{"sameName", b.SameName, []string{"first", "last"}},
		{"accessModeKey", b.AccessModeKey, []string{"type", accessMode}},
		{"authenticate", b.Authenticate, []string{"true", "false"}},
		{"unknownFields", b.UnknownFields, []string{"ignore", "keep"}},
		{"deployment", b.Deployment, Deployments},
		{"proxyPages", b.ProxyPages, []string{proxyUnknown, ProxyAll}},
		{"deploymentDetail", b.DeploymentDetail, []string{"deploymentResults", "environmentResults", "detailList", "none"}},
	} {
		if s.value != "" && !slices.Contains(s.allowed, s.value) {
			return fmt.Errorf("seed: behaviour.%s: %q is none of %v", s.key, s.value, s.allowed)
		}
	}
	switch {
	case b.Lag < 0:
		return fmt.Errorf("seed: behaviour.lag: cannot be negative")
	case b.PageSize < 0:
		return fmt.Errorf("seed: behaviour.pageSize: cannot be negative")
	case b.ErrorStatus != 0 && (b.ErrorStatus < 200 || b.ErrorStatus > 599):
		return fmt.Errorf("seed: behaviour.errorStatus: %d is not an HTTP status from 200 to 599", b.ErrorStatus)
	case b.WriteStatus != 0 && (b.WriteStatus < 200 || b.WriteStatus > 299):
		return fmt.Errorf("seed: behaviour.writeStatus: %d is not a status from 200 to 299", b.WriteStatus)
	}
	return nil
}

// complete fills in what the dialect decides.
func (b Behaviour) complete() Behaviour {
	b.Dialect = cmp.Or(b.Dialect, Current)
	b.Errors = cmp.Or(b.Errors, b.Dialect)
	existing, key, detail := "overwrite", accessMode, "detailList"
	if b.Dialect == Legacy {
		existing, key, detail = "refuse", "type", "deploymentResults"
	}
	b.ExistingName = cmp.Or(b.ExistingName, existing)
	b.AccessModeKey = cmp.Or(b.AccessModeKey, key)
	b.DeploymentDetail = cmp.Or(b.DeploymentDetail, detail)
	b.WriteStatus = cmp.Or(b.WriteStatus, 200)
	return b
}

// Deployments are the ways in which a push to the workers may end other than well; see Behaviour.Deployment.
var Deployments = []string{DeployFails, DeployPartly, DeployUnknown, DeployEmpty}

const (
	DeployFails   = "fails"
	DeployPartly  = "partly"
	DeployUnknown = "unknown"
	DeployEmpty   = "empty"
)

// accessMode is the second key `type` of elasticsearch under its newer name (facts, 7.3).
const accessMode = "elasticsearchType"
