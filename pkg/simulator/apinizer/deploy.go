package apinizer

import "cmp"

// push brings a write to the workers. It gives the deploymentResult, and whether they have it now.
func (m *Manager) push(c *call) (result any, done bool) {
	c.pushed = true
	outcome := cmp.Or(c.fault.Deploy, m.behaviour.Deployment)
	switch outcome {
	case deployUnknown:
		return nil, true
	case deployEmpty:
		return document{{"success", false}, m.detail(nil)}, false
	}
	var pods []pod
	for _, e := range m.seed.Environments {
		for _, name := range e.Pods {
			pods = append(pods, pod{e.Name, name, outcome != deployFails})
		}
	}
	if outcome == deployPartly && len(pods) > 0 {
		pods[len(pods)-1].reached = false
	}
	out := document{{"success", outcome != deployFails}}
	if m.behaviour.DeploymentDetail != "none" {
		out = append(out, m.detail(pods))
	}
	return out, outcome == ""
}

// notPushed is the deploymentResult of a write that asked for no push (facts, section 7).
func (m *Manager) notPushed() any {
	if m.behaviour.EmptyWhenNotDeployed {
		return document{{"success", false}, m.detail(nil)}
	}
	return nil
}

// pod is a worker, and whether a push has reached it.
type pod struct {
	environment, name string
	reached           bool
}

func (p pod) message() string {
	if p.reached {
		return "Deployed"
	}
	return "Connection refused: " + p.name
}

// detail gives the nested list in its form (facts, section 3): per environment, or per pod.
func (m *Manager) detail(pods []pod) member {
	items := []any{}
	if form := m.behaviour.DeploymentDetail; form == "deploymentResults" || form == "environmentResults" {
		for _, e := range inEnvironments(pods) {
			items = append(items, document{{"environmentName", e.environment}, {"success", e.reached}, {"message", e.message()}})
		}
		return member{form, items}
	}
	for _, p := range pods {
		items = append(items, document{
			{"envName", p.environment}, {"podName", p.name}, {"success", p.reached}, {"detail", p.message()}, {"responseTime", 12},
		})
	}
	return member{"detailList", items}
}

// inEnvironments gives for each environment the first pod that was not reached, or any.
func inEnvironments(pods []pod) []pod {
	var out []pod
	for _, p := range pods {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].environment != p.environment:
			out = append(out, p)
		case out[last].reached:
			out[last] = p
		}
	}
	return out
}

// written gives the answer of a write that was done; it never echoes the object (facts, section 3).
func (m *Manager) written(result any) answer {
	out := document{{"success", true}}
	if m.behaviour.Dialect == Current {
		out = document{{"status", "SUCCESS"}}
		if d, isResult := result.(document); isResult && d[0].value == false {
			out = append(out, member{"resultMessage", "Connection saved successfully but deployment to environments failed"})
		}
	}
	return answer{status: m.behaviour.WriteStatus, body: append(out, member{"deploymentResult", result})}
}

// listed gives the envelope of a read.
func (m *Manager) listed(items []any, count int) answer {
	head := member{"success", true}
	if m.behaviour.Dialect == Current {
		head = member{"status", "SUCCESS"}
	}
	return answer{status: 200, body: document{head, {"resultList", items}, {"resultCount", count}}}
}
