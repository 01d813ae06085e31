package qlik

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The tags that contain a [connection.Record]. Everyone who sees a connection sees its tags, and
// everyone who may edit it may change them.
const (
	projectTag     = "qlsync:"               // + project
	keyTag         = "qlsync-key:"           // + digest of the declared key
	credentialsTag = "qlsync-credentials:"   // + record of the last write [ + ":" + fingerprint of it ]
	sensitiveTag   = "qlsync-sensitive:"     // + record of the names of sensitive properties
	plainTag       = "qlsync-not-sensitive:" // + record of the names of properties that are not sensitive
	protectedTag   = "qlsync-protected"
	movedTag       = "qlsync-moved:"   // + digest of the previous key, on a cycle
	phaseTag       = "qlsync-transit:" // + phase of a recreate

	// reservedTag is the prefix of every tag of ours except the project's, and of tags of newer
	// versions of qlsync, which are kept.
	reservedTag = "qlsync-"
	// serverTag is the prefix of the tag that the service adds to connections created from properties:
	// "DcaasAPI:<provider>:<version>".
	serverTag = "DcaasAPI:"

	// maxTags is how many tags a connection may have: 31 in a create, to which the server adds one.
	maxTags = 32
	// maxUserTags is how many tags a user may have, next to ours and the server's.
	maxUserTags = 26
)

// tagSet is the tags of a live connection by their owners. All parts are sorted.
type tagSet struct {
	user   []string
	record connection.Record
	other  []string // the server's, and ours that this version does not know
}

// splitTags sorts tags by their owners. Several projects, which only manual edits can cause, are
// joined by commas, so that the connection is foreign to each.
func splitTags(tags []string) tagSet {
	var set tagSet
	var projects []string
	sorted := slices.Compact(slices.Sorted(slices.Values(tags)))
	for _, tag := range slices.Backward(sorted) { // so that of two equal records the first counts
		if project, ok := strings.CutPrefix(tag, projectTag); ok {
			projects = append(projects, project)
		} else if key, ok := strings.CutPrefix(tag, keyTag); ok {
			set.record.Key = key
		} else if credentials, ok := strings.CutPrefix(tag, credentialsTag); ok {
			set.record.Credentials, set.record.Fingerprint = splitCredentials(credentials)
		} else if sensitive, ok := strings.CutPrefix(tag, sensitiveTag); ok {
			set.record.Sensitive = sensitive
		} else if plain, ok := strings.CutPrefix(tag, plainTag); ok {
			set.record.NotSensitive = plain
		} else if tag == protectedTag {
			set.record.Protected = true
		} else if moved, ok := strings.CutPrefix(tag, movedTag); ok {
			set.record.Moved = moved
		} else if phase, ok := strings.CutPrefix(tag, phaseTag); ok {
			set.record.Phase = phase
		} else if strings.HasPrefix(tag, serverTag) || strings.HasPrefix(tag, reservedTag) {
			set.other = append(set.other, tag)
		} else {
			set.user = append(set.user, tag)
		}
	}
	slices.Reverse(projects)
	slices.Reverse(set.other)
	slices.Reverse(set.user)
	set.record.Project = strings.Join(projects, ",")
	return set
}

// tags returns the whole set: the user's tags, ours, the rest.
func (s tagSet) tags() []string {
	return slices.Concat(s.user, recordTags(s.record), s.other)
}

func recordTags(record connection.Record) []string {
	var tags []string
	if record.Project != "" {
		for project := range strings.SplitSeq(record.Project, ",") {
			tags = append(tags, projectTag+project)
		}
	}
	if record.Key != "" {
		tags = append(tags, keyTag+record.Key)
	}
	if record.Credentials != "" {
		tags = append(tags, credentialsTag+joinCredentials(record))
	}
	if record.Sensitive != "" {
		tags = append(tags, sensitiveTag+record.Sensitive)
	}
	if record.NotSensitive != "" {
		tags = append(tags, plainTag+record.NotSensitive)
	}
	if record.Protected {
		tags = append(tags, protectedTag)
	}
	if record.Moved != "" {
		tags = append(tags, movedTag+record.Moved)
	}
	if record.Phase != "" {
		tags = append(tags, phaseTag+record.Phase)
	}
	return tags
}

// splitCredentials splits "VERSION:DIGEST:FINGERPRINT": the record of the credentials ends before
// the second colon, and the fingerprint follows.
func splitCredentials(text string) (credentials, fingerprint string) {
	version, rest, _ := strings.Cut(text, ":")
	digest, fingerprint, found := strings.Cut(rest, ":")
	if !found {
		return text, ""
	}
	return version + ":" + digest, fingerprint
}

// joinCredentials is the inverse of splitCredentials. A record without a digest cannot have a
// fingerprint.
func joinCredentials(record connection.Record) string {
	if record.Fingerprint == "" || !strings.Contains(record.Credentials, ":") {
		return record.Credentials
	}
	return record.Credentials + ":" + record.Fingerprint
}
