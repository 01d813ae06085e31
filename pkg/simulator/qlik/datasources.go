package qlik

import (
	"encoding/json"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

type sourceList struct {
	DataSources    []json.RawMessage `json:"dataSources"`
	LastUpdated    string            `json:"lastUpdated"`
	ConnectorNodes []connectorNode   `json:"connectorNodes,omitempty"`
}

// connectorNode is the detail of a provider.
type connectorNode struct {
	CachedDataSources  []string `json:"cachedDataSources"`
	ContractType       int      `json:"contractType"`
	DataSourcesUpdated bool     `json:"dataSourcesUpdated"`
	ProviderName       string   `json:"providerName"`
	State              string   `json:"state"`
	URL                string   `json:"url"`
}

// listSources serves GET /data-sources. Disabled ones are shown, marked, with includeDisabled=true. What detail and
// includeui hold beyond their names is undocumented; assumed.
func (t *Tenant) listSources(c *call) (answer, error) {
	list := sourceList{DataSources: []json.RawMessage{}, LastUpdated: timestamp(model.SeedTime)}
	var wanted string
	if ids := c.query["dataSourceId"]; len(ids) > 0 {
		wanted = ids[len(ids)-1] // the last one counts
	}
	for _, s := range source.Catalogue() {
		disabled := t.store.World.Disabled[s.ID]
		if wanted != "" && s.ID != wanted || disabled && c.query.Get("includeDisabled") != "true" {
			continue
		}
		item := s.DataSource
		if disabled {
			var err error
			if item, err = withMember(item, "disabled", "true"); err != nil {
				return answer{}, err
			}
		}
		if c.query.Get("includeui") == "true" {
			var err error
			if item, err = withMember(item, "uiInfo", `{"iframe":false,"loadModelSupport":"false"}`); err != nil {
				return answer{}, err
			}
		}
		list.DataSources = append(list.DataSources, item)
		if c.query.Get("detail") == "true" {
			list.addNode(s)
		}
	}
	return ok(list), nil
}

func (l *sourceList) addNode(s *source.Source) {
	for i := range l.ConnectorNodes {
		if l.ConnectorNodes[i].ProviderName == s.Provider {
			l.ConnectorNodes[i].CachedDataSources = append(l.ConnectorNodes[i].CachedDataSources, s.ID)
			return
		}
	}
	l.ConnectorNodes = append(l.ConnectorNodes, connectorNode{
		CachedDataSources: []string{s.ID}, ContractType: 3, DataSourcesUpdated: true, ProviderName: s.Provider,
		State: "OK", URL: "http://" + s.Provider + ".invalid",
	})
}

// withMember returns a copy of a JSON object with another member.
func withMember(object json.RawMessage, name, value string) (json.RawMessage, error) {
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	members[name] = json.RawMessage(value)
	return json.Marshal(members)
}

// sourceSpecs serves GET /data-sources/{id}/api-specs: 404 if the data source is unknown or not enabled.
func (t *Tenant) sourceSpecs(c *call) (answer, error) {
	s, err := t.sourceOf(c)
	if err != nil {
		return answer{}, err
	}
	if t.behaviour.DetailedSpecs {
		detailed, err := s.Detailed()
		return ok(detailed), err
	}
	return ok(s.APISpecs), nil
}

type sourceSettings struct {
	Disabled *bool `json:"disabled"`
}

// getSettings serves GET /data-sources/{id}/settings, of disabled ones too.
func (t *Tenant) getSettings(c *call) (answer, error) {
	s := source.ByID(c.request.PathValue("id"))
	if s == nil {
		return answer{}, sourceNotFound("unknown")
	}
	disabled := t.store.World.Disabled[s.ID]
	return ok(sourceSettings{&disabled}), nil
}

// putSettings serves PUT /data-sources/{id}/settings. That it takes an administrator is in the change log; the status
// for others is undocumented; assumed.
func (t *Tenant) putSettings(c *call) (answer, error) {
	if !c.user.IsAdmin() {
		return answer{}, refusal.Forbidden("the endpoint requires Admin role")
	}
	var body sourceSettings
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	s := source.ByID(c.request.PathValue("id"))
	switch {
	case s == nil:
		return answer{}, sourceNotFound("unknown")
	case body.Disabled == nil:
		return answer{}, refusal.BadRequest("Field disabled is missing in the request")
	case *body.Disabled:
		t.store.World.Disabled[s.ID] = true
	default:
		delete(t.store.World.Disabled, s.ID)
	}
	return ok(body), nil
}
