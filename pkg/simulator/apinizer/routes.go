package apinizer

import (
	"net/http"
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
