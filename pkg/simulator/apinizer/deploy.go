package apinizer

import (
	"cmp"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// push deploys a write to the workers. It returns the deploymentResult, and whether the workers
// have the write now.
func (m *Manager) push(c *call) (result any, done bool) {
	c.pushed = true
	outcome := cmp.Or(c.fault.Deploy, m.store.Behaviour.Deployment)
	switch outcome {
	case model.DeployUnknown:
		return nil, true
	case model.DeployEmpty:
		return model.Document{pair("success", false), m.detail(nil)}, false
	}
	var pods []pod
	for _, e := range m.store.Seed.Environments {
		for _, name := range e.Pods {
			pods = append(pods, pod{e.Name, name, outcome != model.DeployFails})
		}
	}
	if outcome == model.DeployPartly && len(pods) > 0 {
		pods[len(pods)-1].reached = false
	}
	out := model.Document{pair("success", outcome != model.DeployFails)}
	if m.store.Behaviour.DeploymentDetail != "none" {
		out = append(out, m.detail(pods))
	}
	return out, outcome == ""
}

// notPushed is the deploymentResult of a write that asked for no push (facts, section 7).
func (m *Manager) notPushed() any {
	if m.store.Behaviour.EmptyWhenNotDeployed {
		return model.Document{pair("success", false), m.detail(nil)}
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

// detail returns the nested list in its form (facts, section 3): per environment, or per pod.
func (m *Manager) detail(pods []pod) model.Member {
	items := []any{}
	if form := m.store.Behaviour.DeploymentDetail; form == "deploymentResults" || form == "environmentResults" {
		for _, e := range inEnvironments(pods) {
			items = append(items, model.Document{pair("environmentName", e.environment), pair("success", e.reached), pair("message", e.message())})
		}
		return pair(form, items)
	}
	for _, p := range pods {
		items = append(items, model.Document{
			pair("envName", p.environment), pair("podName", p.name), pair("success", p.reached), pair("detail", p.message()), pair("responseTime", 12),
		})
	}
	return pair("detailList", items)
}

// inEnvironments returns for each environment the first pod that was not reached, or any.
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

// written returns the answer of a write that was done; it never echoes the object (facts, section 3).
func (m *Manager) written(result any) answer {
	out := model.Document{pair("success", true)}
	if m.store.Behaviour.Dialect == Current {
		out = model.Document{pair("status", "SUCCESS")}
		if d, isResult := result.(model.Document); isResult && d[0].Value == false {
			out = append(out, pair("resultMessage", "Connection saved successfully but deployment to environments failed"))
		}
	}
	return answer{status: m.store.Behaviour.WriteStatus, body: append(out, pair("deploymentResult", result))}
}

// listed returns the envelope of a read.
func (m *Manager) listed(items []any, count int) answer {
	head := pair("success", true)
	if m.store.Behaviour.Dialect == Current {
		head = pair("status", "SUCCESS")
	}
	return answer{status: 200, body: model.Document{head, pair("resultList", items), pair("resultCount", count)}}
}
