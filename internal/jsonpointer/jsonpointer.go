// Package jsonpointer joins and splits JSON Pointers (RFC 6901).
package jsonpointer

import "strings"

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// Escape returns a name as one token of a JSON Pointer.
func Escape(name string) string { return escape.Replace(name) }

// Unescape returns the name that a token of a JSON Pointer stands for.
func Unescape(token string) string { return unescape.Replace(token) }

// Join returns the JSON Pointer with the names as its tokens; "" for no names.
func Join(names ...string) string {
	var pointer strings.Builder
	for _, name := range names {
		pointer.WriteString("/" + Escape(name))
	}
	return pointer.String()
}

// Split returns the names of a JSON Pointer; none for "".
func Split(pointer string) []string {
	if pointer == "" {
		return nil
	}
	names := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, token := range names {
		names[i] = Unescape(token)
	}
	return names
}
