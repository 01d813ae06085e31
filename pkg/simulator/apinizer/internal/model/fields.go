package model

import (
	"encoding/json"
	"strconv"
)

// kind is the JSON form of a field.
type kind int

const (
	textKind kind = iota
	integerKind
	longKind
	booleanKind
	fileKind   // one base64 text
	listKind   // of items
	objectKind // of items[0].fields
	mapKind    // any key, every value an items[0]
	anyKind
)

// class says how a field is shown.
type class int

const (
	plain   class = iota
	carrier       // no secret by the reference, but people put credentials there: shown, and hidden in the state file
	Secret        // see Behaviour.Secrets
)

// field is one row of a type's table (facts, section 8).
type field struct {
	Name     string
	kind     kind
	Class    class
	required bool
	standard any      // the documented default; nil: none, which reads as null
	values   []string // of a text or a number; of a map, its keys; nil: any
	items    []field  // of a list, a map or an object

	since    Dialect // the dialect that has it; "": both
	computed bool    // set by the server, ignored in what is written
	shown    bool    // a secret that the reference shows in a single GET
	unlisted bool    // not in list items
	minimum  int     // of a text, in characters; of a list, in items
	printed  map[string]string
}

func text(name string) field    { return field{Name: name} }
func integer(name string) field { return field{Name: name, kind: integerKind} }
func long(name string) field    { return field{Name: name, kind: longKind} }
func boolean(name string) field { return field{Name: name, kind: booleanKind} }

// file is a binary blob: nobody calls it a secret, but it is masked as one (facts, 8.15).
func file(name string) field { return field{Name: name, kind: fileKind, Class: Secret} }

func list(name string, item field) field {
	return field{Name: name, kind: listKind, items: []field{item}}
}

func mapOf(name string, item field) field {
	return field{Name: name, kind: mapKind, items: []field{item}}
}

func object(name string, fields ...field) field {
	return field{Name: name, kind: objectKind, items: fields}
}

func (f field) must() field {
	f.required = true
	return f
}

// or sets the default.
func (f field) or(value any) field {
	if n, ok := value.(int); ok {
		value = json.Number(strconv.Itoa(n))
	}
	f.standard = value
	return f
}

// of limits the values, or the keys of a map.
func (f field) of(values ...string) field {
	f.values = values
	return f
}

func (f field) secret() field {
	f.Class = Secret
	return f
}

func (f field) carries() field {
	f.Class = carrier
	return f
}

func (f field) in(d Dialect) field {
	f.since = d
	return f
}

func (f field) atLeast(n int) field {
	f.minimum = n
	return f
}

func (f field) byServer() field {
	f.computed = true
	return f
}

func (f field) notListed() field {
	f.unlisted = true
	return f
}

// inFull marks the secret that its page shows in a single GET.
func (f field) inFull() field {
	f.shown = true
	return f
}

// printedAs returns the form of the values in the OpenAPI document (facts, C14).
func (f field) printedAs(printed map[string]string) field {
	f.printed = printed
	return f
}
