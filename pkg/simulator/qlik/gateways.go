package qlik

import (
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

const gatewayPrefix = "DG_" // data sources that run on a data gateway (gateway tutorial)

type gatewayList struct {
	Gateways    []gatewayView `json:"gateways"`
	RefreshedAt string        `json:"refreshedAt"`
}

type gatewayView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"default"`
}

// sourceGateways serves GET /data-sources/{id}/gateways: 404 if there is none.
func (t *Tenant) sourceGateways(c *call) (answer, error) {
	s, err := t.sourceOf(c)
	if err != nil {
		return answer{}, err
	}
	if !strings.HasPrefix(s.ID, gatewayPrefix) || len(t.gateways) == 0 {
		return answer{}, sourceNotFound("no gateway for this data source")
	}
	list := gatewayList{RefreshedAt: timestamp(model.SeedTime)}
	if c.query.Get("forceRefresh") == "true" {
		list.RefreshedAt = timestamp(t.now())
	}
	for _, g := range t.gateways {
		list.Gateways = append(list.Gateways, gatewayView(g))
	}
	return ok(list), nil
}

// checkGateway refuses a gateway that is not there, if any is known: undocumented; assumed.
func (t *Tenant) checkGateway(properties map[string]any) error {
	id, set := properties["gatewayInstance"].(string)
	if !set || len(t.gateways) == 0 || slices.ContainsFunc(t.gateways, func(g model.Gateway) bool { return g.ID == id }) {
		return nil
	}
	return refusal.BadRequest("connectionProperties: no such gateway %q", id)
}

// sourceOf returns the data source of the path, if it is enabled.
func (t *Tenant) sourceOf(c *call) (*source.Source, error) {
	s := source.ByID(c.request.PathValue("id"))
	if s == nil || t.store.World.Disabled[s.ID] {
		return nil, sourceNotFound("unknown or not enabled")
	}
	return s, nil
}

func sourceNotFound(detail string) *refusal.Error {
	return &refusal.Error{Code: "DCAAS-2001", Title: "Data source not found", Detail: detail, Status: http.StatusNotFound}
}
