package plan

import "github.com/qlsync/qlsync/pkg/connection"

// unsuitedSpaces warns once for each data source and type of space that connections do not belong
// there, with the source of that knowledge.
func unsuitedSpaces(targets []*target) []remark {
	type kind struct{ dataSource, space, why string }
	keys := map[kind][]string{}
	var kinds []kind
	for _, t := range targets {
		k := kind{t.DataSource, t.space.Type, t.source.Unsuited[t.space.Type]}
		if k.why == "" {
			continue
		}
		if keys[k] == nil {
			kinds = append(kinds, k)
		}
		keys[k] = append(keys[k], t.key.String())
	}
	var remarks []remark
	for _, k := range kinds {
		remarks = append(remarks, remark{nil, connection.Because("unsuited",
			"dataSource", k.dataSource, "connections", firstOf(keys[k]), "why", k.why)})
	}
	return remarks
}
