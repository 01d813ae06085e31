package plan

import (
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// unsuitedSpaces warns once for each data source and type of space that connections do not belong
// there, with the source of that knowledge.
func unsuitedSpaces(all []*targets.Target) []targets.Remark {
	type kind struct{ dataSource, space, why string }
	keys := map[kind][]string{}
	var kinds []kind
	for _, t := range all {
		k := kind{t.DataSource, t.TenantSpace.Type, t.Source.Unsuited[t.TenantSpace.Type]}
		if k.why == "" {
			continue
		}
		if keys[k] == nil {
			kinds = append(kinds, k)
		}
		keys[k] = append(keys[k], t.Key.String())
	}
	var remarks []targets.Remark
	for _, k := range kinds {
		remarks = append(remarks, targets.Remark{About: nil, Reason: connection.Because("unsuited",
			"dataSource", k.dataSource, "connections", keys[k], "why", k.why)})
	}
	return remarks
}
