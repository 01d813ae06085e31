package qlik

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// fieldPath returns the part of an operation to which an error of the service refers, as in
// [connection.Outcome.Path]; empty if unknown.
//
// An error of the service has no pointer, only words (API reference, errors[]). The words refer to
// a part if they contain its name in the request, or if it is the only part of the request.
func fieldPath(operation connection.Operation, err error) string {
	refusal := transport.RefusalOf(err)
	switch {
	case refusal == nil:
		return ""
	case refusal.Status == http.StatusConflict:
		return "/name"
	case operation.Kind == connection.BulkUpdate && refusal.Status/100 == 4:
		return onlyPart(operation)
	case refusal.Status != http.StatusBadRequest && refusal.Status != http.StatusUnprocessableEntity:
		return ""
	}
	return mentioned(refusal.Title+" "+refusal.Detail, parts(operation))
}

// onlyPart returns what a bulk update changes, if that is a single field.
func onlyPart(operation connection.Operation) string {
	switch {
	case operation.Space == nil:
		return "/owner"
	case operation.OwnerID == "":
		return "/space"
	}
	return ""
}

// parts returns the paths of the parts of a create or patch, by the name in the request.
func parts(operation connection.Operation) map[string]string {
	named := map[string]string{"qName": "/name", "tags": "/tags", "space": "/space", "datasourceID": "/dataSource", "dataSourceId": "/dataSource"}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(operation.Set)), operation.Remove) {
		named[name] = "/properties/" + jsonpointer.Escape(name)
	}
	for name := range operation.Credentials {
		named[name] = "/credentials/" + jsonpointer.Escape(name)
	}
	return named
}

// mentioned returns the path of the name that occurs first in the words, as a whole word; of two
// names at one place the longer.
func mentioned(words string, named map[string]string) string {
	first, found := len(words), ""
	for _, name := range slices.Sorted(maps.Keys(named)) {
		at := wordAt(words, name)
		if at >= 0 && (at < first || at == first && len(name) > len(found)) {
			first, found = at, name
		}
	}
	return named[found]
}

// wordAt returns where the words contain the name, not next to a letter or digit; -1 if they do
// not.
func wordAt(words, name string) int {
	for from := 0; name != ""; {
		at := strings.Index(words[from:], name)
		if at < 0 {
			break
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(words[:at])
		after, _ := utf8.DecodeRuneInString(words[at+len(name):])
		if !inWord(before) && !inWord(after) {
			return at
		}
		from = at + len(name)
	}
	return -1
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
