package apinizer

import (
	"net/http"
	"net/url"
	"strings"
)

// handler serves one route. It runs under the lock: exclusive for a write, else shared.
type handler func(*Manager, *call) (answer, error)

// route is one operation of the documentation, as far as it is served. A part {x} of the pattern stands for any text.
type route struct {
	method, pattern string
	query           []string
	handle          handler
	open            bool // needs no token
}

const (
	tokenPath       = "/apiops/auth/token"
	projectsPath    = "/apiops/projects/"
	connectionsPath = projectsPath + "{project}/connections/"
	connectionPath  = connectionsPath + "{name}/"
)

// routeTable is the whole surface (facts, sections 1 and 2).
func routeTable(d Dialect) []route {
	environments := projectsPath + "{project}/environments/"
	if d == Legacy { // facts, C17
		environments = "/apiops/environments/{project}"
	}
	return []route{
		{http.MethodPost, tokenPath, nil, (*Manager).token, true},
		{http.MethodGet, "/apiops/test/healthcheck", nil, (*Manager).healthcheck, true},
		{http.MethodGet, "/apiops/test/hello/{name}", nil, (*Manager).hello, false},
		{http.MethodGet, projectsPath, nil, (*Manager).listProjects, false},
		{http.MethodGet, "/apiops/environments/", nil, (*Manager).listEnvironments, false},
		{http.MethodGet, environments, nil, (*Manager).listEnvironments, false},
		{http.MethodGet, connectionsPath, []string{"type"}, (*Manager).listConnections, false},
		{http.MethodGet, connectionPath, nil, (*Manager).getConnection, false},
		{http.MethodPost, connectionPath, nil, (*Manager).createConnection, false},
		{http.MethodPut, connectionPath, nil, (*Manager).updateConnection, false},
		{http.MethodDelete, connectionPath, nil, (*Manager).deleteConnection, false},
	}
}

// match finds the route of a request, and the parts of its path that stand for something.
func (m *Manager) match(r *http.Request) (rt route, parts map[string]string, found bool) {
	path := r.URL.EscapedPath()
	if m.behaviour.OptionalSlash && !strings.HasSuffix(path, "/") {
		if rt, parts, found = m.matchExactly(r.Method, path); found {
			return rt, parts, true
		}
		path += "/"
	}
	return m.matchExactly(r.Method, path)
}

func (m *Manager) matchExactly(method, path string) (rt route, parts map[string]string, found bool) {
	segments := strings.Split(path, "/")
	for _, rt := range m.routes {
		pattern := strings.Split(rt.pattern, "/")
		if rt.method != method || len(pattern) != len(segments) {
			continue
		}
		parts := map[string]string{}
		if fits(pattern, segments, parts) {
			return rt, parts, true
		}
	}
	return route{}, nil, false
}

// fits compares a path with a pattern, segment by segment, and notes what the parts in braces stand for.
func fits(pattern, segments []string, parts map[string]string) bool {
	for i, want := range pattern {
		got, err := url.PathUnescape(segments[i])
		if err != nil {
			return false
		}
		if strings.HasPrefix(want, "{") {
			parts[strings.Trim(want, "{}")] = got
		} else if got != want {
			return false
		}
	}
	return true
}
