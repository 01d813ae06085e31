package apinizer

import "net/http"

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
	for _, p := range m.seed.Projects {
		if p.Access != accessNone {
			item := document{{"name", p.Name}, {"description", p.Description}}
			if m.behaviour.Dialect == Current {
				item = append(item, member{"id", idOf(p.Name)}, member{"relativePath", "/" + p.Name},
					member{"enableRelativePath", false}, member{"tags", []any{}})
			}
			items = append(items, item)
		}
	}
	return m.listed(items, len(items)), nil
}

// listEnvironments serves all environments, and those of a project; every project has all.
func (m *Manager) listEnvironments(c *call) (answer, error) {
	if name, ofProject := c.parts["project"]; ofProject {
		if p := m.project(name); p == nil || p.Access == accessNone {
			return answer{}, &refusal{
				situation: missingEnvironments, text: "Project (" + name + ") is not found or user does not have privilege to access it!",
				legacy: "Project not found for name: (" + name + ") or user has not privilege to access it!",
			}
		}
	}
	items := []any{}
	for _, e := range m.seed.Environments {
		item := document{
			{"name", e.Name},
			{"description", e.Description},
			{"type", e.Type},
			{"status", e.Status},
			{"accessUrl", e.AccessURL},
			{"deployed", e.Status != "UNPUBLISHED"},
			{"redeployRequired", e.Status == "REPUBLISH_REQUIRED"},
		}
		if m.behaviour.Dialect == Current {
			item = append(item, member{"id", idOf(e.Name)})
		}
		items = append(items, item)
	}
	return m.listed(items, len(items)), nil
}
