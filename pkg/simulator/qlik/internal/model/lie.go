package model

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/source"
)

// Lie makes answers show a connection with another statement or tag than the one that its properties are read from.
type Lie struct {
	Kind       string   `json:"kind"`
	Property   string   `json:"property"`   // left out: the first one that was sent
	DataSource string   `json:"dataSource"` // of these connections alone
	Of         []string `json:"of"`         // of connections of these names alone
	Every      int      `json:"every"`      // of every so many of those; 0: of all
}

// lies are the kinds, each with what it makes of a statement; nil: it lies in another way.
var lies = map[string]func(l Lie, r *Record, pairs []source.Pair) []source.Pair{
	LieOldValue: nil, LieRaw: nil, LieAnother: nil, LieAbsent: nil, LieOtherVersion: nil, LieNoVersion: nil,
	LieOtherName: func(l Lie, r *Record, pairs []source.Pair) []source.Pair {
		return l.replace(r, pairs, func(p source.Pair) []source.Pair { return []source.Pair{{Key: otherName(p.Key), Value: p.Value}} })
	},
	LieOtherEncoding: func(l Lie, r *Record, pairs []source.Pair) []source.Pair {
		return l.replace(r, pairs, func(p source.Pair) []source.Pair {
			if p.Value == "" {
				return []source.Pair{p}
			}
			return []source.Pair{{Key: p.Key, Value: fmt.Sprintf("%%%02X", p.Value[0]) + url.QueryEscape(p.Value[1:])}}
		})
	},
	LieTwice: func(l Lie, r *Record, pairs []source.Pair) []source.Pair {
		return l.replace(r, pairs, func(p source.Pair) []source.Pair { return []source.Pair{p, {Key: p.Key, Value: "other"}} })
	},
	LieWithoutDefaults: func(_ Lie, r *Record, pairs []source.Pair) []source.Pair {
		return slices.DeleteFunc(pairs, func(p source.Pair) bool {
			name := r.Source().PropertyOf(p.Key)
			return name != "" && r.Properties[name] == nil
		})
	},
	LieMoreDefaults: func(_ Lie, _ *Record, pairs []source.Pair) []source.Pair {
		return append(pairs, source.Pair{Key: "FetchSizeOverride", Value: "0"})
	},
}

// The kinds of lies.
const (
	LieOldValue        = "oldValue"        // the statement from before its last change
	LieOtherName       = "otherName"       // the property under another name
	LieOtherEncoding   = "otherEncoding"   // its value in URL encoding
	LieTwice           = "twice"           // its key once more, with another value
	LieWithoutDefaults = "withoutDefaults" // no property that was not sent
	LieMoreDefaults    = "moreDefaults"    // one pair more
	LieRaw             = "raw"             // a value with ; as it is, so that it looks like several pairs
	LieAnother         = "another"         // the statement of another connection of the data source
	LieAbsent          = "absent"          // no statement
	LieOtherVersion    = "otherVersion"    // the server's tag of another connector version
	LieNoVersion       = "noVersion"       // no tag of the server
)

// CheckLie returns an error for a kind that does not exist.
func CheckLie(kind string) error {
	if _, known := lies[kind]; !known {
		return fmt.Errorf("%q is none of %s", kind, strings.Join(slices.Sorted(maps.Keys(lies)), ", "))
	}
	return nil
}

// concerns reports whether the lie is about a connection.
func (l Lie) concerns(r *Record) bool {
	return (l.DataSource == "" || l.DataSource == r.DataSource) && (len(l.Of) == 0 || slices.Contains(l.Of, r.Name)) &&
		(l.Every < 2 || isShare(r.ID, l.Every))
}

// isShare reports whether an id is in a share of one in so many, which is the same in every run.
func isShare(id string, every int) bool {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()%uint32(every) == 0
}

// replace puts others in the place of the pair of the property.
func (l Lie) replace(r *Record, pairs []source.Pair, by func(source.Pair) []source.Pair) []source.Pair {
	var changed []source.Pair
	done := false
	for _, p := range pairs {
		name := r.Source().PropertyOf(p.Key)
		if done || name == "" || name != l.Property && (l.Property != "" || r.Properties[name] == nil) {
			changed = append(changed, p)
			continue
		}
		changed, done = append(changed, by(p)...), true
	}
	return changed
}

// otherName returns a plausible other name of a key, as database is db in the statements of one connector.
func otherName(key string) string {
	if key == "database" {
		return "db"
	}
	return "the" + strings.ToUpper(key[:1]) + key[1:]
}
