package plan

// unsuitedSpaces warns once for each data source and type of space that connections do not belong
// there, with the source of that knowledge.
func unsuitedSpaces(targets []*target) []Warning {
	type kind struct{ dataSource, space string }
	unsuitedOf := map[kind][]*target{}
	var kinds []kind
	for _, t := range targets {
		k := kind{t.DataSource, t.space.Type}
		if t.source.Unsuited[k.space] == "" {
			continue
		}
		if unsuitedOf[k] == nil {
			kinds = append(kinds, k)
		}
		unsuitedOf[k] = append(unsuitedOf[k], t)
	}
	var warnings []Warning
	for _, k := range kinds {
		warnings = append(warnings, Warning{Message: unsuited(unsuitedOf[k])})
	}
	return warnings
}
