package spec

// merge merges a connection over the defaults of its file. The result shares its values with both,
// so every value keeps its position.
//
// Properties, credentials and lifecycle merge entry by entry, including the maps within them;
// everything else is replaced. null replaces like any other value: it removes a default. A
// reference is one value: {file: ...} does not merge into {env: ...}.
func merge(defaults, own *node) *node {
	if !defaults.is(kindObject) || !own.is(kindObject) || len(defaults.children) == 0 {
		return own
	}
	return overlay(defaults, own, func(key string, under, over *node) *node {
		switch key {
		case "properties", "credentials", "lifecycle":
			return mergeMaps(under, over)
		}
		return over
	})
}

// mergeMaps merges two maps at every depth.
func mergeMaps(under, over *node) *node {
	if !under.is(kindObject) || !over.is(kindObject) || isReference(under) || isReference(over) {
		return over
	}
	return overlay(under, over, func(_ string, under, over *node) *node { return mergeMaps(under, over) })
}

// overlay returns the entries of over, combined with those of under that have the
// same key, and then the other entries of under.
func overlay(under, over *node, combine func(key string, under, over *node) *node) *node {
	merged := &node{kind: kindObject, place: over.place}
	merged.children = make([]child, 0, len(over.children)+len(under.children))
	for _, entry := range over.children {
		if base := under.get(entry.key); base != nil {
			entry.value = combine(entry.key, base, entry.value)
		}
		merged.children = append(merged.children, entry)
	}
	for _, entry := range under.children {
		if over.entry(entry.key) == nil {
			merged.children = append(merged.children, entry)
		}
	}
	return merged
}
