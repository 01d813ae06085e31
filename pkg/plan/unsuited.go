package plan

import "fmt"

// warnUnsuited says once for each data source and type of space that connections do not belong
// there, with the source of that knowledge.
func (a *analysis) warnUnsuited() {
	type kind struct{ dataSource, space string }
	keys := map[kind][]string{}
	var kinds []kind
	for _, t := range a.targets {
		k := kind{t.DataSource, t.space.Type}
		if t.source.Unsuited[k.space] == "" {
			continue
		}
		if keys[k] == nil {
			kinds = append(kinds, k)
		}
		keys[k] = append(keys[k], t.key.String())
	}
	for _, k := range kinds {
		a.warn(nil, fmt.Sprintf("data source %s does not fit the type of space of %s. %s", k.dataSource, firstOf(keys[k]), a.source(k.dataSource).Unsuited[k.space]))
	}
}
