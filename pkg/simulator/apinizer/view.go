package apinizer

import (
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// view gives a connection as a GET answers it, alone or in a list (facts, section 8: "single GET"; 2.2 for lists).
func (m *model) view(r *record, single bool) document {
	kind, b := m.types[r.Type], m.behaviour
	out := document{{"type", r.Type}, {"name", r.Name}}
	shown := map[string]bool{}
	for _, f := range kind.fields {
		shown[f.name] = true
		stored, set := r.Fields[f.name]
		switch {
		case f.name == "projectName":
			if single && b.Computed {
				out = append(out, member{f.name, r.Project})
			}
		case f.unlisted && !single && !b.FullLists:
		case storeNames[f.name] != "":
			if single && !b.StoreNames {
				out = append(out, member{f.name, idOf(r.Fields[storeNames[f.name]])})
			}
		case (f.name == keyStoreName || f.name == trustStoreName) && single && !b.StoreNames:
		case !set && single && b.AsSent:
		case f.class == secret:
			out = append(out, member{f.name, m.shownSecret(stored, single)})
		default:
			out = append(out, member{m.keyOf(f), m.shownValue(f, stored)})
		}
	}
	for _, key := range host.SortedKeys(r.Fields) {
		if !shown[key] {
			out = append(out, member{key, r.Fields[key]})
		}
	}
	return out
}

// keyOf gives the key of a field in an answer.
func (m *model) keyOf(f field) string {
	if f.name == accessMode {
		return m.behaviour.AccessModeKey
	}
	return f.name
}

// shownValue gives a stored value with what the server adds to it.
func (m *model) shownValue(f field, stored any) any {
	if stored == nil {
		stored = f.standard
	}
	switch value := stored.(type) {
	case string:
		if printed, ok := f.printed[value]; ok && m.behaviour.PrintedEnums {
			return printed
		}
	case []any:
		if f.kind != listKind {
			return value
		}
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = m.shownValue(f.items[0], item)
		}
		return out
	case map[string]any:
		switch f.kind {
		case mapKind:
			out := make(map[string]any, len(value))
			for key, item := range value {
				out[key] = m.shownValue(f.items[0], item)
			}
			return out
		case objectKind:
			return m.shownObject(f, value)
		}
	}
	return stored
}

func (m *model) shownObject(f field, value map[string]any) document {
	var out document
	for _, item := range f.items {
		stored, set := value[item.name]
		switch {
		case item.computed && !m.behaviour.Computed:
		case item.computed:
			out = append(out, member{item.name, computed(item.name, value)})
		case set || !m.behaviour.AsSent:
			out = append(out, member{item.name, m.shownValue(item, stored)})
		}
	}
	for _, key := range host.SortedKeys(value) { // Behaviour.UnknownFields "keep"
		if !slices.ContainsFunc(f.items, func(item field) bool { return item.name == key }) {
			out = append(out, member{key, value[key]})
		}
	}
	return out
}

// computed gives what the server says of an object beside what was written (facts, 7.2).
func computed(name string, value map[string]any) any {
	switch name {
	case "valueByType":
		text, _ := value["value"].(string)
		switch value["valueType"] {
		case "BOOLEAN":
			return text == "true"
		case "INTEGER", "LONG":
			if number, err := strconv.ParseInt(text, 10, 64); err == nil {
				return number
			}
		}
		return text
	case "status":
		return "green"
	}
	return "docker-cluster"
}
