package qlik

import (
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// routeTable is the whole surface: what is not in it is answered 400.
func routeTable() []route {
	return []route{
		{http.MethodPost, tokenPath, ratelimit.Untiered, nil, (*Tenant).token, true},
		{http.MethodGet, authorizePath, ratelimit.Untiered, params{
			"response_type": text, "client_id": text, "state": text, "code_challenge": text, "code_challenge_method": text,
		}, (*Tenant).authorize, true},

		{http.MethodGet, connectionsPath, ratelimit.Tier1, params{
			"spaceId": text, "personal": boolean, "ownedByMe": boolean, "noDatafiles": boolean,
			"includeDisabled": boolean, "includeQris": boolean, "limit": pageSize, "page": text, "sort": text,
			"userId": text, "owner": text, "filter": text, "extended": boolean, "dataName": text,
			"caseinsensitive": boolean, "locale": text,
		}, (*Tenant).listConnections, false},
		{http.MethodPost, connectionsPath, ratelimit.Tier2, nil, (*Tenant).createConnection, false},
		{http.MethodGet, connectionsPath + "/{id}", ratelimit.Tier1, params{
			"type": text, "spaceId": text, "parseConnection": boolean, "noCache": boolean, "extended": boolean,
			"credentialId": text, "byCredentialName": boolean,
		}, (*Tenant).getConnection, false},
		{http.MethodPatch, connectionsPath + "/{id}", ratelimit.Tier2, params{"type": text}, (*Tenant).patchConnection, false},
		{http.MethodPut, connectionsPath + "/{id}", ratelimit.Tier2, params{
			"type": text, "spaceId": text,
		}, (*Tenant).putConnection, false},
		{http.MethodDelete, connectionsPath + "/{id}", ratelimit.Tier2, params{
			"type": text, "spaceId": text,
		}, (*Tenant).deleteConnection, false},
		{http.MethodPost, connectionsPath + "/actions/update", ratelimit.Tier2, nil, (*Tenant).bulkUpdate, false},
		{http.MethodPost, connectionsPath + "/actions/delete", ratelimit.Tier2, nil, (*Tenant).bulkDelete, false},
		{http.MethodPost, connectionsPath + "/actions/duplicate", ratelimit.Tier2, nil, (*Tenant).duplicateConnection, false},

		{http.MethodGet, sourcesPath, ratelimit.Tier1, params{
			"dataSourceId": repeated, "includeDisabled": boolean, "includeui": boolean, "detail": boolean,
		}, (*Tenant).listSources, false},
		{http.MethodGet, sourcesPath + "/{id}/api-specs", ratelimit.Tier1, nil, (*Tenant).sourceSpecs, false},
		{http.MethodGet, sourcesPath + "/{id}/gateways", ratelimit.Tier1, params{
			"forceRefresh": boolean,
		}, (*Tenant).sourceGateways, false},
		{http.MethodGet, sourcesPath + "/{id}/settings", ratelimit.Tier1, nil, (*Tenant).getSettings, false},
		{http.MethodPut, sourcesPath + "/{id}/settings", ratelimit.Tier2, nil, (*Tenant).putSettings, false},

		{http.MethodGet, credentialsPath + "/{id}", ratelimit.Tier1, params{"byCredentialName": boolean}, (*Tenant).getCredential, false},
		{http.MethodPatch, credentialsPath + "/{id}", ratelimit.Tier2, params{"byCredentialName": boolean}, (*Tenant).patchCredential, false},
		{http.MethodPut, credentialsPath + "/{id}", ratelimit.Tier2, params{"byCredentialName": boolean}, (*Tenant).putCredential, false},
		{http.MethodDelete, credentialsPath + "/{id}", ratelimit.Tier2, params{"byCredentialName": boolean}, (*Tenant).deleteCredential, false},
		{http.MethodPost, credentialsPath + "/actions/filter-orphan", ratelimit.Tier2, nil, (*Tenant).filterOrphans, false},

		{http.MethodGet, spacesPath, ratelimit.Tier1, params{
			"name": text, "type": text, "ownerId": text, "limit": pageSize, "next": text, "prev": text, "sort": text,
			"action": text, "roles": text, "environmentId": text, "environment.name": text,
		}, (*Tenant).listSpaces, false},
		{http.MethodPost, spacesPath, ratelimit.Tier2, nil, (*Tenant).createSpace, false},
		{http.MethodGet, spacesPath + "/types", ratelimit.Tier1, nil, (*Tenant).spaceTypes, false},
		{http.MethodGet, spacesPath + "/{id}", ratelimit.Tier1, nil, (*Tenant).getSpace, false},
		{http.MethodPatch, spacesPath + "/{id}", ratelimit.Tier2, nil, (*Tenant).patchSpace, false},
		{http.MethodGet, spacesPath + "/{id}/assignments", ratelimit.Tier1, params{
			"limit": pageSize, "next": text, "prev": text, "type": text, "assigneeId": text,
		}, (*Tenant).listAssignments, false},
		{http.MethodPost, spacesPath + "/{id}/assignments", ratelimit.Tier2, nil, (*Tenant).createAssignment, false},
		{http.MethodGet, spacesPath + "/{id}/assignments/{assignment}", ratelimit.Tier1, nil, (*Tenant).getAssignment, false},
		{http.MethodPut, spacesPath + "/{id}/assignments/{assignment}", ratelimit.Tier2, nil, (*Tenant).putAssignment, false},
		{http.MethodDelete, spacesPath + "/{id}/assignments/{assignment}", ratelimit.Tier2, nil, (*Tenant).deleteAssignment, false},

		{http.MethodGet, groupsPath, ratelimit.Tier1, params{
			"filter": text, "limit": pageSize, "next": text, "prev": text, "sort": text, "totalResults": boolean, "systemGroups": boolean,
		}, (*Tenant).listGroups, false},
		{http.MethodGet, groupsPath + "/{id}", ratelimit.Tier1, nil, (*Tenant).getGroup, false},

		{http.MethodGet, usersPath, ratelimit.Tier1, params{
			"filter": text, "limit": pageSize, "next": text, "prev": text, "sort": text, "totalResults": boolean, "fields": text,
		}, (*Tenant).listUsers, false},
		{http.MethodPost, usersPath + "/actions/filter", ratelimit.UsersFilter, params{
			"limit": pageSize, "next": text, "prev": text, "sort": text, "fields": text,
		}, (*Tenant).filterUsers, false},
		{http.MethodGet, itemsPath, ratelimit.Tier1, params{
			"resourceType": text, "resourceId": text, "spaceId": text, "ownerId": text, "name": text, "sort": text,
			"noActions": boolean, "limit": pageSize, "next": text, "prev": text,
		}, (*Tenant).listItems, false},
		{http.MethodGet, appsPath + "/{id}/reloads/metadata/{reload...}", ratelimit.Tier1, params{
			"includeSkipStoreReloads": boolean, "limit": pageSize, "reloadId": text,
		}, (*Tenant).reloadMetadata, false},
		{http.MethodGet, reloadsPath, ratelimit.Tier1, params{
			"appId": text, "filter": text, "limit": pageSize, "log": boolean, "partial": boolean, "sort": text, "next": text, "prev": text,
		}, (*Tenant).listReloads, false},
		{http.MethodGet, reloadsPath + "/{id}", ratelimit.Tier1, nil, (*Tenant).getReload, false},
		{http.MethodPost, reloadsPath, ratelimit.Tier2, nil, (*Tenant).queueReload, false},
		{http.MethodGet, knowledgePath + "/{id}", ratelimit.Tier1, nil, (*Tenant).getKnowledgeBase, false},
		{http.MethodGet, dataSetsPath + "/{id}", ratelimit.Tier1, nil, (*Tenant).getDataSet, false},

		{http.MethodGet, tenantPath, ratelimit.Tier1, nil, (*Tenant).getTenant, false},

		{http.MethodGet, usersPath + "/me", ratelimit.Tier1, nil, (*Tenant).redirectToMe, false},
		{http.MethodGet, usersPath + "/{id}", ratelimit.Tier1, params{"fields": text}, (*Tenant).getUser, false},
	}
}

// routes builds the router. A trailing slash is taken on the list of data sources, as the create tutorial sends it.
func (t *Tenant) routes(table []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range table {
		serve := func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, rt) }
		mux.HandleFunc(rt.method+" "+rt.pattern, serve)
		if rt.pattern == sourcesPath {
			mux.HandleFunc(rt.method+" "+rt.pattern+"/{$}", serve)
		}
	}
	unknown := route{open: true, handle: func(_ *Tenant, c *call) (answer, error) {
		return answer{}, refusal.Misuse("%s %s is not an operation that the embedded tenant serves", c.request.Method, c.request.URL.Path)
	}}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, unknown) })
	return mux
}
