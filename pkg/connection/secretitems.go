package connection

import (
	"slices"
	"strings"
)

// cursor reads a text piece by piece. It skips blanks in front of a piece.
type cursor struct {
	text string
	at   int
}

var (
	isQuote     = bytesOf(quotes)
	backslashes = bytesOf(`\`)
	endsQuoted  = bytesOf(quotes + `\`)
	endsItem    = bytesOf(whitespace + quotes + `\,}]`)
	angles      = bytesOf("<>")
	beforeField = bytesOf(whitespace + quotes + `\,`)
)

// is skips the character if it comes next, and reports whether it does.
func (c *cursor) is(char byte) bool {
	at := skip(c.text, c.at, &isBlank)
	if at == len(c.text) || c.text[at] != char {
		return false
	}
	c.at = at + 1
	return true
}

// quoted reads a text in quotes, optionally with backslashes in front, up to its end or the first
// backslash. closed reports whether the closing quote is there.
func (c *cursor) quoted() (inner span, closed bool) {
	start := skip(c.text, skip(c.text, c.at, &isBlank), &backslashes) + 1
	if start > len(c.text) || !isQuote[c.text[start-1]] {
		return span{}, false
	}
	end := until(c.text, start, &endsQuoted)
	closing := skip(c.text, end, &backslashes)
	c.at = min(len(c.text), closing+1)
	return span{start, end}, closing < len(c.text) && isQuote[c.text[closing]]
}

// value reads a text in quotes, a number or a word.
func (c *cursor) value() span {
	if inner, _ := c.quoted(); inner.start < inner.end {
		return inner
	}
	start := skip(c.text, skip(c.text, c.at, &isBlank), &backslashes)
	end := until(c.text, start, &endsItem)
	c.at = skip(c.text, end, &endsQuoted)
	return span{start, end}
}

// field skips one of the JSON fields and its colon, and reports whether it does.
func (c *cursor) field(fields []string) bool {
	name, closed := c.quoted()
	return closed && isField(c.text[name.start:name.end], fields) && c.is(':')
}

func isField(name string, fields []string) bool {
	return len(name) <= maxWord && slices.Contains(fields, strings.ToLower(name))
}

// itemSpans finds values that are near their names but not in pairs: {"name": "password", "value":
// "x"} in either order and in attributes, {"password": {"value": "x"}}, ["password", "x"], the
// options of a command line in a list, and the secret part of a JSON Web Key.
func itemSpans(text string) []span {
	var found []span
	add := func(name, value span) {
		if value.start < value.end && IsSecretName(text[name.start:name.end]) {
			found = append(found, value)
		}
	}
	hasWebKey := strings.Contains(text, `"kty`)
	for at := range len(text) {
		if !isQuote[text[at]] {
			continue
		}
		c := cursor{text, at}
		first, closed := c.quoted()
		if !closed || first.start == first.end {
			continue
		}
		name := text[first.start:first.end]
		if field := skip(text, c.at, &beforeField); foldedPrefix(text[field:], "value") > 0 && isNameBefore(text[:at]) {
			attribute := cursor{text, field + len("value")}
			attribute.at = skip(text, attribute.at, &endsQuoted)
			if attribute.is('=') || attribute.is(':') {
				value, _ := attribute.quoted()
				add(first, value)
			}
		}
		if key := c; hasWebKey && (name == "d" || name == "k") && key.is(':') {
			value, _ := key.quoted()
			found = append(found, value)
		}
		switch {
		case c.is(','):
			value, closed := c.quoted()
			isOption := name[0] == '-' && !strings.ContainsAny(name, whitespace) && value.start < value.end && text[value.start] != '-'
			if isOption || closed && c.is(']') && strings.HasSuffix(strings.TrimRight(text[:at], whitespace+`\`), "[") {
				add(first, value)
			}
		case !c.is(':'):
		case c.is('{'):
			if c.field(valueFields) {
				value, _ := c.quoted()
				add(first, value)
			}
		case isField(name, nameFields):
			if key, _ := c.quoted(); c.is(',') && c.field(valueFields) {
				add(key, c.value())
			}
		case isField(name, valueFields):
			if value := c.value(); c.is(',') && c.field(nameFields) {
				key, _ := c.quoted()
				add(key, value)
			}
		}
	}
	return found
}

// isNameBefore reports whether a text ends with a name and a separator, such as name= or key:.
func isNameBefore(text string) bool {
	text = strings.TrimRight(text, whitespace+`\`)
	if !strings.HasSuffix(text, "=") && !strings.HasSuffix(text, ":") {
		return false
	}
	text = strings.TrimRight(text[:len(text)-1], whitespace+quotes+`\`)
	start := len(text)
	for start > 0 && len(text)-start <= len("name") && wordBytes[text[start-1]] {
		start--
	}
	return strings.EqualFold(text[start:], "name") || strings.EqualFold(text[start:], "key")
}

// elementSpans finds the texts of XML elements whose names are names of secrets.
func elementSpans(text string) []span {
	var found []span
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '<')
		if next < 0 {
			return found
		}
		at += next + 1
		end := until(text, at, &endsElement)
		_, name, ok := strings.Cut(text[at:end], ":")
		if !ok {
			name = text[at:end]
		}
		closing := until(text, end, &angles)
		if closing == len(text) || text[closing] != '>' || end < closing && !isBlank[text[end]] || !IsSecretName(name) {
			continue
		}
		start := skip(text, closing+1, &isBlank)
		if strings.HasPrefix(text[start:], "<![CDATA[") {
			start += len("<![CDATA[")
		}
		if value := strings.TrimRight(text[start:until(text, start, &angles)], whitespace); value != "" {
			found = append(found, span{start, start + len(value)})
		}
	}
}

var endsElement = bytesOf(whitespace + quotes + `<>/\!?[](){}=,;&%$`)
