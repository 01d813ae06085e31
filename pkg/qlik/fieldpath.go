package qlik

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// fieldPath reports which part of an operation the service complains about, as
// [connection.Outcome.Path] has it; empty where it does not say.
//
// An error of the service has no pointer, only words (API reference, errors[]). A
// part is meant where the words name it as the request did, or where it is the only
// part that the request has.
func fieldPath(operation connection.Operation, err error) string {
	refusal, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
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

// onlyPart is what a bulk update changes, if that is one thing.
func onlyPart(operation connection.Operation) string {
	switch {
	case operation.Space == nil:
		return "/owner"
	case operation.OwnerID == "":
		return "/space"
	}
	return ""
}

// parts are those of a create or patch, by the name in the request.
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

// mentioned returns the path of the name that the words have first, as a whole word;
// of two at one place the longer.
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

// wordAt is where the words have the name, with no letter or digit beside it; -1 if
// they do not.
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
