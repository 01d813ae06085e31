package model

import (
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// View returns a connection as a GET answers it, alone or in a list (facts, section 8: "single GET"; 2.2 for lists).
func (m *Store) View(r *Record, single bool) Document {
	kind, b := m.Types[r.Type], m.Behaviour
	out := Document{{"type", r.Type}, {"name", r.Name}}
	shown := map[string]bool{}
	for _, f := range kind.Fields {
		shown[f.Name] = true
		stored, set := r.Fields[f.Name]
		switch {
		case f.Name == "projectName":
			if single && b.Computed {
				out = append(out, Member{f.Name, r.Project})
			}
		case f.unlisted && !single && !b.FullLists:
		case storeNames[f.Name] != "":
			if single && !b.StoreNames {
				out = append(out, Member{f.Name, IDOf(r.Fields[storeNames[f.Name]])})
			}
		case (f.Name == keyStoreName || f.Name == trustStoreName) && single && !b.StoreNames:
		case !set && single && b.AsSent:
		case f.Class == Secret:
			out = append(out, Member{f.Name, m.shownSecret(stored, single)})
		default:
			out = append(out, Member{m.keyOf(f), m.shownValue(f, stored)})
		}
	}
	for _, key := range host.SortedKeys(r.Fields) {
		if !shown[key] {
			out = append(out, Member{key, r.Fields[key]})
		}
	}
	return out
}

// keyOf returns the key of a field in an answer.
func (m *Store) keyOf(f field) string {
	if f.Name == accessMode {
		return m.Behaviour.AccessModeKey
	}
	return f.Name
}

// shownValue returns a stored value with what the server adds to it.
func (m *Store) shownValue(f field, stored any) any {
	if stored == nil {
		stored = f.standard
	}
	switch value := stored.(type) {
	case string:
		if printed, ok := f.printed[value]; ok && m.Behaviour.PrintedEnums {
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

func (m *Store) shownObject(f field, value map[string]any) Document {
	var out Document
	for _, item := range f.items {
		stored, set := value[item.Name]
		switch {
		case item.computed && !m.Behaviour.Computed:
		case item.computed:
			out = append(out, Member{item.Name, computed(item.Name, value)})
		case set || !m.Behaviour.AsSent:
			out = append(out, Member{item.Name, m.shownValue(item, stored)})
		}
	}
	for _, key := range host.SortedKeys(value) { // Behaviour.UnknownFields "keep"
		if !slices.ContainsFunc(f.items, func(item field) bool { return item.Name == key }) {
			out = append(out, Member{key, value[key]})
		}
	}
	return out
}

// computed returns what the server adds to the written content of an object (facts, 7.2).
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
