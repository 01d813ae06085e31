package qlik

const (
	apiPrefix       = "/api/v1"
	connectionsPath = apiPrefix + "/data-connections"
	sourcesPath     = apiPrefix + "/data-sources"
	spacesPath      = apiPrefix + "/spaces"
	usersPath       = apiPrefix + "/users"
	groupsPath      = apiPrefix + "/groups"
	tenantPath      = apiPrefix + "/tenants/me"
	credentialsPath = apiPrefix + "/data-credentials"
	itemsPath       = apiPrefix + "/items"
	appsPath        = apiPrefix + "/apps"
	reloadsPath     = apiPrefix + "/reloads"
	knowledgePath   = apiPrefix + "/knowledgebases"
	dataSetsPath    = apiPrefix + "/data-sets"
)
