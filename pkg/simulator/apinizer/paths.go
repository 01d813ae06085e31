package apinizer

const (
	tokenPath       = "/apiops/auth/token"
	projectsPath    = "/apiops/projects/"
	connectionsPath = projectsPath + "{project}/connections/"
	connectionPath  = connectionsPath + "{name}/"
)
