package qlik

import "encoding/json"

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
	list := sourceList{DataSources: []json.RawMessage{}, LastUpdated: timestamp(seedTime)}
	var wanted string
	if ids := c.query["dataSourceId"]; len(ids) > 0 {
		wanted = ids[len(ids)-1] // the last one counts
	}
	for _, s := range catalogue() {
		disabled := t.world.disabled[s.id]
		if wanted != "" && s.id != wanted || disabled && c.query.Get("includeDisabled") != "true" {
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

func (l *sourceList) addNode(s *source) {
	for i := range l.ConnectorNodes {
		if l.ConnectorNodes[i].ProviderName == s.provider {
			l.ConnectorNodes[i].CachedDataSources = append(l.ConnectorNodes[i].CachedDataSources, s.id)
			return
		}
	}
	l.ConnectorNodes = append(l.ConnectorNodes, connectorNode{
		CachedDataSources: []string{s.id}, ContractType: 3, DataSourcesUpdated: true, ProviderName: s.provider,
		State: "OK", URL: "http://" + s.provider + ".invalid",
	})
}

// withMember gives a copy of a JSON object with another member.
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
		detailed, err := s.detailed()
		return ok(detailed), err
	}
	return ok(s.APISpecs), nil
}

type sourceSettings struct {
	Disabled *bool `json:"disabled"`
}

// getSettings serves GET /data-sources/{id}/settings, of disabled ones too.
func (t *Tenant) getSettings(c *call) (answer, error) {
	s := sourceByID(c.request.PathValue("id"))
	if s == nil {
		return answer{}, sourceNotFound("unknown")
	}
	disabled := t.world.disabled[s.id]
	return ok(sourceSettings{&disabled}), nil
}

// putSettings serves PUT /data-sources/{id}/settings. That it takes an administrator is in the change log; the status
// for others is undocumented; assumed.
func (t *Tenant) putSettings(c *call) (answer, error) {
	if !c.user.isAdmin() {
		return answer{}, forbidden("the endpoint requires Admin role")
	}
	var body sourceSettings
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	s := sourceByID(c.request.PathValue("id"))
	switch {
	case s == nil:
		return answer{}, sourceNotFound("unknown")
	case body.Disabled == nil:
		return answer{}, badRequest("Field disabled is missing in the request")
	case *body.Disabled:
		t.world.disabled[s.id] = true
	default:
		delete(t.world.disabled, s.id)
	}
	return ok(body), nil
}
