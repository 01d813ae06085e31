package connection

import (
	"encoding/json"
	"slices"
	"strings"
)

// isSecretJSON reports whether a text begins with JSON that contains a secret by its structure,
// such as a list under the name of a secret. The text is read in place, because a tree would take
// 50 times its memory.
func isSecretJSON(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' ||
		!mayHoldSecretName(text) && !strings.Contains(text, `"kty"`) && !strings.Contains(text, `\`) {
		return false
	}
	text = text[:endOfJSON(text)]
	reader := jsonReader{text: text}
	return json.Valid([]byte(text)) && reader.value(false).holds
}

// endOfJSON returns the end of the list or map with which a text begins.
func endOfJSON(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// jsonReader reads valid JSON.
type jsonReader struct {
	text string
	at   int
}

// jsonValue is the knowledge of one value.
type jsonValue struct {
	first byte   // of its text
	text  string // of a string
	holds bool   // it contains a secret
	named bool   // it contains one if its name is the name of a secret; false if not requested
	pair  bool   // it is a list of the name of a secret and its value
}

// hasName reports whether a value is a string that is the name of a secret.
func (v jsonValue) hasName() bool {
	return v.first == '"' && len(v.text) <= maxKey && IsSecretName(v.text)
}

var (
	betweenValues = bytesOf(whitespace + ",:")
	endsLiteral   = bytesOf(whitespace + ",]}")
)

// ends skips separators and reports whether the list or map ends then.
func (r *jsonReader) ends(closing byte) bool {
	r.at = skip(r.text, r.at, &betweenValues)
	if r.text[r.at] != closing {
		return false
	}
	r.at++
	return true
}

// value reads the next value; named requests that field of the result.
func (r *jsonReader) value(named bool) jsonValue {
	r.at = skip(r.text, r.at, &betweenValues)
	start := r.at
	value := jsonValue{first: r.text[start]}
	switch value.first {
	case '{':
		value = r.object(named)
	case '[':
		value = r.list(named)
	case '"':
		for r.at++; r.text[r.at] != '"'; r.at++ {
			if r.text[r.at] == '\\' {
				r.at++
			}
		}
		r.at++
		value.text = r.text[start+1 : r.at-1]
		if strings.Contains(value.text, `\`) {
			var decoded string
			_ = json.Unmarshal([]byte(r.text[start:r.at]), &decoded)
			value.text = decoded
		}
		value.named = named && !isHarmless(value.text)
	default:
		r.at = until(r.text, start, &endsLiteral)
		value.named = named && strings.IndexByte("tfn", value.first) < 0 && !isHarmless(r.text[start:r.at])
	}
	value.named = value.named || value.holds
	return value
}

func (r *jsonReader) list(named bool) (list jsonValue) {
	r.at++
	var first, last jsonValue
	size, isOption := 0, false
	for ; !r.ends(']'); size++ {
		last = r.value(named || isOption || size == 1 && first.hasName())
		list.holds = list.holds || last.holds || last.pair || isOption && last.named
		list.named = list.named || named && last.named
		isOption = strings.HasPrefix(last.text, "-") && IsSecretName(last.text) // of a command line
		if size == 0 {
			first = last
		}
	}
	list.first, list.pair = '[', size == 2 && last.first != '[' && last.named && first.hasName()
	return list
}

func (r *jsonReader) object(named bool) (object jsonValue) {
	r.at++
	var hasName, hasValue, isWebKey, hasKey bool
	for !r.ends('}') {
		field := r.value(false).text
		isSecret, isValue, isKey := IsSecretName(field), isField(field, valueFields), field == "d" || field == "k"
		value := r.value(isSecret || isValue || isKey)
		object.holds = object.holds || value.holds || isSecret && value.named
		object.named = object.named || named && value.named && slices.Contains(valueFields, field)
		hasValue = hasValue || isValue && value.named
		hasName = hasName || isField(field, nameFields) && value.hasName()
		isWebKey = isWebKey || field == "kty" && value.first != 'n'
		hasKey = hasKey || isKey && value.named
	}
	object.holds = object.holds || hasName && hasValue || isWebKey && hasKey
	return object
}
