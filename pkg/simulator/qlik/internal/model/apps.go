package model

import "time"

// App is an app, as far as connections are concerned: what its script uses, and its reloads.
type App struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Space       string    `json:"space,omitempty"` // id; "": the personal space of the owner
	Owner       string    `json:"owner"`
	Viewers     int       `json:"viewers,omitempty"`
	Unreadable  bool      `json:"unreadable,omitempty"` // nobody may read its reloads
	DirectQuery bool      `json:"directQuery,omitempty"`
	Script      []Line    `json:"script,omitempty"`
	Reloads     []*Reload `json:"reloads,omitempty"` // oldest first; replaced, never changed in place
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

// Line is a use of a connection in a script.
type Line struct {
	Type       string `json:"type"`       // load, store or include
	Connection string `json:"connection"` // "Space/Name", or "Name" for the space of the app; "endpoints": unknown to the service
	ID         string `json:"id"`         // in a reload of a seed: the id that the connection had
}

// Reload is one reload of an app.
type Reload struct {
	ID        string      `json:"id"`
	App       string      `json:"app"`
	User      string      `json:"user"`
	End       time.Time   `json:"end"`
	Success   bool        `json:"success"`
	Partial   bool        `json:"partial,omitempty"`
	SkipStore bool        `json:"skipStore,omitempty"`
	RowLimit  int         `json:"rowLimit,omitempty"` // 0: none
	ErrorCode string      `json:"errorCode,omitempty"`
	Lines     []Statement `json:"lines,omitempty"`
}

// Statement is a line of a script that a reload has run.
type Statement struct {
	Type       string `json:"type"`
	Space      string `json:"space,omitempty"` // name of the connection's space at that time
	Name       string `json:"name"`
	Connection string `json:"connection,omitempty"` // id; "": unknown to the service
}

// Holder is a knowledge base or a data set: an object other than an app that names connections.
type Holder struct {
	ID          string    `json:"id"`
	Kind        string    `json:"kind"` // knowledgebase or dataset
	Name        string    `json:"name"`
	Space       string    `json:"space,omitempty"`
	Owner       string    `json:"owner"`
	Unreadable  bool      `json:"unreadable,omitempty"`
	Connections []string  `json:"connections,omitempty"` // ids; none: files only
	Updated     time.Time `json:"updated"`
}

// The kinds of holders, as the list of items has them.
const (
	KnowledgeBase = "knowledgebase"
	DataSet       = "dataset"
)
