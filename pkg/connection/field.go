package connection

// Field is one difference within a connection. Before and After are absent where
// there is no such value, and always for a secret.
type Field struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
	Secret bool   `json:"secret,omitempty"`
}
