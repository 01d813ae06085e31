package apinizer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// A [connection.Record] can only be stored in the description, which everyone who sees a connection
// sees and everyone who may edit it may change. The ownership record is at the end, in exactly this
// form with the record of a key. A connection without one has no owner:
//
//	Orders of the web shop
//	[qlsync:finance key=0123456789abcdef credentials=1:89abcdef01234567 protected]
//
// Text that only looks like a record, or is in another place, belongs to the user and owns nothing.
var markPattern = regexp.MustCompile(`(?:^|\s)\[qlsync:([a-z][a-z0-9,-]*) key=([0-9a-f]{16})((?: [a-z]+(?:=[^\s\]]*)?)*)\]\s*$`)

const (
	// descriptionKey is the field that holds the ownership record.
	descriptionKey = "description"
	// maxDescription is how many characters the user's text may have: the console allows 1,000 in
	// total, and the longest ownership record has fewer than 300. The schemas have it as maxLength.
	maxDescription = 700
)

// splitDescription separates the user's text from the ownership record. Words of newer versions of
// qlsync are returned as other. Several projects, which only manual edits can cause, are joined by
// commas, so that the connection is foreign to each.
func splitDescription(text string) (user string, record connection.Record, other []string) {
	var projects []string
	user = strings.TrimSpace(text)
	for {
		at := markPattern.FindStringSubmatchIndex(user)
		if at == nil {
			break
		}
		projects = append(projects, strings.Split(user[at[2]:at[3]], ",")...)
		record.Key = user[at[4]:at[5]]
		for word := range strings.FieldsSeq(user[at[6]:at[7]]) {
			if !readWord(&record, word) {
				other = append(other, word)
			}
		}
		user = strings.TrimSpace(user[:at[0]])
	}
	slices.Sort(projects)
	record.Project = strings.Join(slices.Compact(projects), ",")
	return user, record, other
}

func readWord(record *connection.Record, word string) bool {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "credentials":
		record.Credentials = value
	case "fingerprint":
		record.Fingerprint = value
	case "sensitive":
		record.Sensitive = value
	case "plain":
		record.NotSensitive = value
	case "protected":
		record.Protected = true
	case "moved":
		record.Moved = value
	case "transit":
		record.Phase = value
	case "pending":
		record.Pending = true
	default:
		return false
	}
	return true
}

// joinDescription is the inverse of splitDescription.
func joinDescription(user string, record connection.Record, other []string) string {
	if record.Project == "" {
		return user
	}
	words := []string{"qlsync:" + record.Project}
	for _, word := range []struct{ name, value string }{
		{"key", record.Key},
		{"credentials", record.Credentials},
		{"fingerprint", record.Fingerprint},
		{"sensitive", record.Sensitive},
		{"plain", record.NotSensitive},
		{"moved", record.Moved},
		{"transit", record.Phase},
	} {
		if word.value != "" {
			words = append(words, word.name+"="+word.value)
		}
	}
	if record.Protected {
		words = append(words, "protected")
	}
	if record.Pending {
		words = append(words, "pending")
	}
	text := "[" + strings.Join(append(words, other...), " ") + "]"
	if user != "" {
		return user + "\n" + text
	}
	return text
}

// record returns the ownership record in the description; the zero record if there is none.
func (d document) record() connection.Record {
	text, _ := d.fields[descriptionKey].(string)
	_, record, _ := splitDescription(text)
	return record
}

// settledRecord returns the ownership record without the pending flag.
func (d document) settledRecord() connection.Record {
	record := d.record()
	record.Pending = false
	return record
}

// setPending sets or clears the pending flag in the ownership record, if there is one.
func (d document) setPending(pending bool) {
	text, _ := d.fields[descriptionKey].(string)
	if user, record, other := splitDescription(text); record.Project != "" {
		record.Pending = pending
		d.fields[descriptionKey] = joinDescription(user, record, other)
	}
}
