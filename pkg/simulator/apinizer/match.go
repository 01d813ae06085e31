package apinizer

import (
	"net/http"
	"net/url"
	"strings"
)

// match finds the route of a request, and the parts of its path that stand for something.
func (m *Manager) match(r *http.Request) (rt route, parts map[string]string, found bool) {
	path := r.URL.EscapedPath()
	if m.store.Behaviour.OptionalSlash && !strings.HasSuffix(path, "/") {
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
