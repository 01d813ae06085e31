package qlik

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The tags that carry a [connection.Mark]. Everyone who sees a connection sees its
// tags, and everyone who may edit it may change them.
const (
	projectTag     = "qlsync:"               // + project
	keyTag         = "qlsync-key:"           // + digest of the declared key
	credentialsTag = "qlsync-credentials:"   // + mark of what was last written [ + ":" + fingerprint of it ]
	sensitiveTag   = "qlsync-sensitive:"     // + mark of the names of sensitive properties
	plainTag       = "qlsync-not-sensitive:" // + mark of the names of properties that are not sensitive
	protectedTag   = "qlsync-protected"
	movedTag       = "qlsync-moved:"   // + digest of the key it came from, on a cycle
	transitTag     = "qlsync-transit:" // + what it is in a recreate

	// reservedTag begins every tag of ours except the project's, also those of a
	// newer qlsync, which are left alone.
	reservedTag = "qlsync-"
	// serverTag begins the tag that the service adds to what is created from
	// properties: "DcaasAPI:<provider>:<version>".
	serverTag = "DcaasAPI:"

	// maxTags is how many tags a connection may have: 31 in a create, to which the server adds one.
	maxTags = 32
	// maxUserTags leaves room for ours and the server's.
	maxUserTags = 26
)

// tagSet is the tags of a live connection, told apart by whose they are. All parts
// are sorted.
type tagSet struct {
	user  []string
	mark  connection.Mark
	other []string // the server's, and ours that this version does not know
}

// splitTags tells apart what tags hold. Several projects, which only a hand can
// have written, are joined by commas, so that the connection is foreign to each.
func splitTags(tags []string) tagSet {
	var set tagSet
	var projects []string
	sorted := slices.Compact(slices.Sorted(slices.Values(tags)))
	for _, tag := range slices.Backward(sorted) { // so that of two equal marks the first counts
		if project, ok := strings.CutPrefix(tag, projectTag); ok {
			projects = append(projects, project)
		} else if key, ok := strings.CutPrefix(tag, keyTag); ok {
			set.mark.Key = key
		} else if credentials, ok := strings.CutPrefix(tag, credentialsTag); ok {
			set.mark.Credentials, set.mark.Fingerprint = splitCredentials(credentials)
		} else if sensitive, ok := strings.CutPrefix(tag, sensitiveTag); ok {
			set.mark.Sensitive = sensitive
		} else if plain, ok := strings.CutPrefix(tag, plainTag); ok {
			set.mark.NotSensitive = plain
		} else if tag == protectedTag {
			set.mark.Protected = true
		} else if moved, ok := strings.CutPrefix(tag, movedTag); ok {
			set.mark.Moved = moved
		} else if transit, ok := strings.CutPrefix(tag, transitTag); ok {
			set.mark.Transit = transit
		} else if strings.HasPrefix(tag, serverTag) || strings.HasPrefix(tag, reservedTag) {
			set.other = append(set.other, tag)
		} else {
			set.user = append(set.user, tag)
		}
	}
	slices.Reverse(projects)
	slices.Reverse(set.other)
	slices.Reverse(set.user)
	set.mark.Project = strings.Join(projects, ",")
	return set
}

// tags puts the set together again: the user's, ours, the rest.
func (s tagSet) tags() []string {
	return slices.Concat(s.user, markTags(s.mark), s.other)
}

func markTags(mark connection.Mark) []string {
	var tags []string
	if mark.Project != "" {
		for project := range strings.SplitSeq(mark.Project, ",") {
			tags = append(tags, projectTag+project)
		}
	}
	if mark.Key != "" {
		tags = append(tags, keyTag+mark.Key)
	}
	if mark.Credentials != "" {
		tags = append(tags, credentialsTag+joinCredentials(mark))
	}
	if mark.Sensitive != "" {
		tags = append(tags, sensitiveTag+mark.Sensitive)
	}
	if mark.NotSensitive != "" {
		tags = append(tags, plainTag+mark.NotSensitive)
	}
	if mark.Protected {
		tags = append(tags, protectedTag)
	}
	if mark.Moved != "" {
		tags = append(tags, movedTag+mark.Moved)
	}
	if mark.Transit != "" {
		tags = append(tags, transitTag+mark.Transit)
	}
	return tags
}

// splitCredentials takes "VERSION:DIGEST:FINGERPRINT" apart: the mark of the
// credentials ends before the second colon, and what stands behind it is the
// fingerprint.
func splitCredentials(text string) (credentials, fingerprint string) {
	version, rest, _ := strings.Cut(text, ":")
	digest, fingerprint, found := strings.Cut(rest, ":")
	if !found {
		return text, ""
	}
	return version + ":" + digest, fingerprint
}

// joinCredentials is the way back. A record without a digest has no room for a
// fingerprint.
func joinCredentials(mark connection.Mark) string {
	if mark.Fingerprint == "" || !strings.Contains(mark.Credentials, ":") {
		return mark.Credentials
	}
	return mark.Credentials + ":" + mark.Fingerprint
}
