package apinizer

import (
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// healthcheck and hello are the probes (facts, section 1).
func (m *Manager) healthcheck(*call) (answer, error) {
	return answer{status: http.StatusOK, raw: "OK", kind: textType}, nil
}

func (m *Manager) hello(c *call) (answer, error) {
	return answer{status: http.StatusOK, raw: "Hello " + c.parts["name"], kind: textType}, nil
}

// listProjects leaves out projects that the token does not see; none is a success (facts, 2.2).
func (m *Manager) listProjects(*call) (answer, error) {
	items := []any{}
	for _, p := range m.store.Seed.Projects {
		if p.Access != model.AccessNone {
			item := model.Document{pair("name", p.Name), pair("description", p.Description)}
			if m.store.Behaviour.Dialect == Current {
				item = append(item, pair("id", model.IDOf(p.Name)), pair("relativePath", "/"+p.Name),
					pair("enableRelativePath", false), pair("tags", []any{}))
			}
			items = append(items, item)
		}
	}
	return m.listed(items, len(items)), nil
}

// listEnvironments serves all environments, and those of a project; every project has all.
func (m *Manager) listEnvironments(c *call) (answer, error) {
	if name, ofProject := c.parts["project"]; ofProject {
		if p := m.store.Project(name); p == nil || p.Access == model.AccessNone {
			return answer{}, &model.Refusal{
				Situation: model.MissingEnvironments, Text: "Project (" + name + ") is not found or user does not have privilege to access it!",
				Legacy: "Project not found for name: (" + name + ") or user has not privilege to access it!",
			}
		}
	}
	items := []any{}
	for _, e := range m.store.Seed.Environments {
		item := model.Document{
			pair("name", e.Name),
			pair("description", e.Description),
			pair("type", e.Type),
			pair("status", e.Status),
			pair("accessUrl", e.AccessURL),
			pair("deployed", e.Status != "UNPUBLISHED"),
			pair("redeployRequired", e.Status == "REPUBLISH_REQUIRED"),
		}
		if m.store.Behaviour.Dialect == Current {
			item = append(item, pair("id", model.IDOf(e.Name)))
		}
		items = append(items, item)
	}
	return m.listed(items, len(items)), nil
}
