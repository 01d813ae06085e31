package simulator

import (
	"encoding/json"
	"net/http"
)

type sourceList struct {
	DataSources []json.RawMessage `json:"dataSources"`
	LastUpdated string            `json:"lastUpdated"`
}

// listSources serves GET /data-sources. Disabled ones are shown, marked, with includeDisabled=true.
func (t *Tenant) listSources(c *call) (answer, error) {
	list := sourceList{DataSources: []json.RawMessage{}, LastUpdated: timestamp(seedTime)}
	wanted := c.query.Get("dataSourceId")
	for _, s := range catalogue() {
		disabled := t.world.disabled[s.id]
		if wanted != "" && s.id != wanted || disabled && c.query.Get("includeDisabled") != "true" {
			continue
		}
		item := s.DataSource
		if disabled {
			var err error
			if item, err = marked(item, "disabled"); err != nil {
				return answer{}, err
			}
		}
		list.DataSources = append(list.DataSources, item)
	}
	return ok(list), nil
}

// marked gives a copy of a JSON object with a true member.
func marked(object json.RawMessage, name string) (json.RawMessage, error) {
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	members[name] = json.RawMessage("true")
	return json.Marshal(members)
}

// sourceSpecs serves GET /data-sources/{id}/api-specs: 404 if the data source is unknown or not enabled.
func (t *Tenant) sourceSpecs(c *call) (answer, error) {
	s := sourceByID(c.request.PathValue("id"))
	if s == nil || t.world.disabled[s.id] {
		return answer{}, &apiError{
			Code: "DCAAS-2001", Title: "Data source not found", Detail: "unknown or not enabled",
			Status: http.StatusNotFound,
		}
	}
	return ok(s.APISpecs), nil
}
