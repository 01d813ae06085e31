package apinizer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// A server has no room for a [connection.Mark] but the description, which everyone
// who sees a connection sees and everyone who may edit it may change. The mark is at the
// end, in exactly this form with the record of a key, and whoever takes it away gives the
// connection up:
//
//	Orders of the web shop
//	[qlsync:finance key=0123456789abcdef credentials=1:89abcdef01234567 protected]
//
// Text that only looks like it, or is elsewhere, belongs to the user: it owns nothing.
var markPattern = regexp.MustCompile(`(?:^|\s)\[qlsync:([a-z][a-z0-9,-]*) key=([0-9a-f]{16})((?: [a-z]+(?:=[^\s\]]*)?)*)\]\s*$`)

const (
	// descriptionKey is the field that holds the mark.
	descriptionKey = "description"
	// maxDescription is how many characters the user's text may have: the console
	// allows 1,000 in all, and the longest mark has fewer than 300. The schemas have it
	// as maxLength.
	maxDescription = 700
)

// splitDescription separates the user's text from our mark. Words of a newer qlsync come
// back as other. Several projects, which only a hand can have written, are joined by
// commas, so that the connection is foreign to each.
func splitDescription(text string) (user string, mark connection.Mark, other []string) {
	var projects []string
	user = strings.TrimSpace(text)
	for {
		at := markPattern.FindStringSubmatchIndex(user)
		if at == nil {
			break
		}
		projects = append(projects, strings.Split(user[at[2]:at[3]], ",")...)
		mark.Key = user[at[4]:at[5]]
		for word := range strings.FieldsSeq(user[at[6]:at[7]]) {
			if !readWord(&mark, word) {
				other = append(other, word)
			}
		}
		user = strings.TrimSpace(user[:at[0]])
	}
	slices.Sort(projects)
	mark.Project = strings.Join(slices.Compact(projects), ",")
	return user, mark, other
}

func readWord(mark *connection.Mark, word string) bool {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "credentials":
		mark.Credentials = value
	case "fingerprint":
		mark.Fingerprint = value
	case "sensitive":
		mark.Sensitive = value
	case "plain":
		mark.NotSensitive = value
	case "protected":
		mark.Protected = true
	case "moved":
		mark.Moved = value
	case "transit":
		mark.Transit = value
	case "pending":
		mark.Pending = true
	default:
		return false
	}
	return true
}

// joinDescription is the way back.
func joinDescription(user string, mark connection.Mark, other []string) string {
	if mark.Project == "" {
		return user
	}
	words := []string{"qlsync:" + mark.Project}
	for _, word := range []struct{ name, value string }{
		{"key", mark.Key},
		{"credentials", mark.Credentials},
		{"fingerprint", mark.Fingerprint},
		{"sensitive", mark.Sensitive},
		{"plain", mark.NotSensitive},
		{"moved", mark.Moved},
		{"transit", mark.Transit},
	} {
		if word.value != "" {
			words = append(words, word.name+"="+word.value)
		}
	}
	if mark.Protected {
		words = append(words, "protected")
	}
	if mark.Pending {
		words = append(words, "pending")
	}
	text := "[" + strings.Join(append(words, other...), " ") + "]"
	if user != "" {
		return user + "\n" + text
	}
	return text
}

// mark returns the mark in the description; the zero one if there is none.
func (d document) mark() connection.Mark {
	text, _ := d.fields[descriptionKey].(string)
	_, mark, _ := splitDescription(text)
	return mark
}

// record is the mark without whether a deployment is pending: whose the connection is.
func (d document) record() connection.Mark {
	mark := d.mark()
	mark.Pending = false
	return mark
}

// setPending writes into the mark, if there is one, whether a deployment is pending.
func (d document) setPending(pending bool) {
	text, _ := d.fields[descriptionKey].(string)
	if user, mark, other := splitDescription(text); mark.Project != "" {
		mark.Pending = pending
		d.fields[descriptionKey] = joinDescription(user, mark, other)
	}
}
