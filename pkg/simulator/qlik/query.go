package qlik

import (
	"net/url"
	"strconv"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// params are the query keys that a route takes.
type params map[string]param

// param is the kind of a query value.
type param int

const (
	text param = iota
	boolean
	pageSize  // 1 to 100
	emptySize // 0 to 100
	repeated  // text; the last one of several counts
)

// parse checks a query against the route. That unknown keys are ignored by the service is possible, but then a filter
// that is spelled wrongly would do nothing: here they are misuse.
func (p params) parse(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refusal.Misuse("the query is not well-formed")
	}
	for _, key := range host.SortedKeys(query) {
		kind, known := p[key]
		if !known {
			return nil, refusal.Misuse("unknown query key %q", key)
		}
		if len(query[key]) != 1 && kind != repeated {
			return nil, refusal.Misuse("query key %q is given more than once", key)
		}
		if !kind.accepts(query.Get(key)) {
			return nil, refusal.Misuse("query key %q has a value of the wrong type or range", key)
		}
	}
	return query, nil
}

func (k param) accepts(value string) bool {
	switch k {
	case boolean:
		return value == "true" || value == "false"
	case pageSize, emptySize:
		n, err := strconv.Atoi(value)
		return err == nil && n <= 100 && (n >= 1 || n == 0 && k == emptySize)
	default:
		return true
	}
}
