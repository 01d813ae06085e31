package export

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Spaces are live spaces on their way into files: each is declared there, is counted as declared
// before, or is among the omitted ones.
type Spaces struct {
	Found []connection.DesiredSpace
	// Declared counts the spaces that the files already declare.
	Declared int
	Omitted  []Remark

	ids [][]string // of the members of Found, in the same order
	// names are those of the members, by kind and id, for comments.
	names map[connection.Principal]string
}

// DeclareSpaces returns the declarations of the spaces of a snapshot, with members by name. quotes
// reports whether a text must not be written.
func DeclareSpaces(wanted []connection.Space, snapshot *connection.Snapshot, declared []connection.DesiredSpace, quotes func(string) bool) *Spaces {
	s := &Spaces{names: map[connection.Principal]string{}}
	for i := range wanted {
		space := &wanted[i]
		if slices.ContainsFunc(declared, func(d connection.DesiredSpace) bool { return d.Name == space.Name }) {
			s.Declared++
			continue
		}
		details := detailsOf(snapshot, space.ID)
		if isAmbiguous(space, snapshot.Spaces) {
			s.omit(space.Name, alike("it and another space", space.Name, space.Name))
			continue
		}
		if reason := refuseSpace(space, details, wanted, declared, quotes); reason != "" {
			s.omit(space.Name, reason)
			continue
		}
		d := connection.DesiredSpace{Name: space.Name, Type: space.Type}
		if details.Description != "" {
			d.Description = &details.Description
		}
		ids := make([]string, len(details.Members))
		for j, member := range details.Members {
			who := connection.Principal{Kind: member.Kind, Name: member.Name}
			if who.Name == "" || quotes(who.Name) {
				who = byID(member.Kind, member.ID)
			} else {
				s.names[connection.Principal{Kind: member.Kind, ID: member.ID}] = member.Name
			}
			d.Members, ids[j] = append(d.Members, connection.DesiredMember{Principal: who, Roles: member.Roles}), member.ID
		}
		s.Found, s.ids = append(s.Found, d), append(s.ids, ids)
	}
	return s
}

// Drop omits a space that was found.
func (s *Spaces) Drop(name, reason string) {
	s.Found = slices.DeleteFunc(s.Found, func(d connection.DesiredSpace) bool { return d.Name == name })
	s.omit(name, reason)
}

func (s *Spaces) omit(name, reason string) {
	s.Omitted = append(s.Omitted, Remark{Connection: connection.Key{Space: name}, Reason: reason})
}

// Settle replaces the name of each member that the snapshot does not prove to be the name of exactly
// this member by its id. The snapshot has what [connection.DesiredSpace.AddTo] asks for.
func (s *Spaces) Settle(snapshot *connection.Snapshot) {
	for i := range s.Found {
		d := &s.Found[i]
		space := spaces.Named(snapshot, d.Name)
		if space == nil {
			continue // a plan of it would create the space
		}
		details := detailsOf(snapshot, space.ID)
		taken := map[connection.Principal]bool{}
		for j := range d.Members {
			who, id := d.Members[j].Principal, s.ids[i][j]
			folded := who
			folded.Name = strings.ToLower(who.Name)
			if found, wrong := spaces.Identify(who, snapshot, details); wrong.Holds() || found != id || taken[folded] {
				who = byID(who.Kind, id)
			}
			taken[folded] = true
			d.Members[j].Principal = who
		}
	}
}

// byID returns a member by its id. The id of a client stands for its bot user as well.
func byID(kind connection.PrincipalKind, id string) connection.Principal {
	if kind == connection.MemberClient {
		return connection.Principal{Kind: kind, Name: id}
	}
	return connection.Principal{Kind: kind, ID: id}
}

func detailsOf(snapshot *connection.Snapshot, id string) *connection.SpaceDetails {
	if details := spaces.DetailsOf(snapshot, id); details != nil {
		return details
	}
	return &connection.SpaceDetails{Unreadable: "the tenant did not list it again"}
}

// isAmbiguous reports whether the tenant has another space with the same name, which may not be among
// the wanted ones. A file names the space, so it could declare the other one.
func isAmbiguous(space *connection.Space, all []connection.Space) bool {
	return slices.ContainsFunc(all, func(other connection.Space) bool { return other.ID != space.ID && other.Name == space.Name })
}

// refuseSpace returns why a space cannot be declared; empty: it can.
func refuseSpace(space *connection.Space, details *connection.SpaceDetails, wanted []connection.Space, declared []connection.DesiredSpace, quotes func(string) bool) string {
	for _, other := range wanted {
		if other.ID != space.ID && connection.FoldName(other.Name) == connection.FoldName(space.Name) {
			return alike("it and another space", space.Name, other.Name)
		}
	}
	for i := range declared {
		if connection.FoldName(declared[i].Name) == connection.FoldName(space.Name) {
			return alike("it and the declared space", space.Name, declared[i].Name)
		}
	}
	switch {
	case details.Unreadable != "":
		return "its members cannot be read: " + details.Unreadable
	case quotes(details.Description), slices.ContainsFunc(details.Members, func(m connection.Member) bool { return quotes(m.ID) || slices.ContainsFunc(m.Roles, quotes) }):
		return "its description, or an id or a role of a member, quotes a secret of this run"
	}
	return ""
}

// alike returns how two spaces differ, if a reader may overlook it.
func alike(who, name, other string) string {
	if name == other {
		return who + " have the same name"
	}
	quoted, others := connection.QuoteApart(name, other)
	return who + " differ only in " + connection.Resemblance(name, other) + ": " + quoted + " and " + others
}

// addSpaces adds the spaces that a file can declare to the contents of the files; the others are
// omitted.
func (e *exporter) addSpaces(at func(space string) *content) {
	e.out.DeclaredSpaces = e.in.Spaces.Declared
	e.out.Omitted = append(e.out.Omitted, e.in.Spaces.Omitted...)
	for i := range e.in.Spaces.Found {
		d := &e.in.Spaces.Found[i]
		if reason := e.whyNotDeclared(d); reason != "" {
			e.out.Omitted = append(e.out.Omitted, Remark{Connection: connection.Key{Space: d.Name}, Reason: reason})
			continue
		}
		in := at(d.Name)
		in.spaces = append(in.spaces, d)
	}
}

// whyNotDeclared returns why a file cannot declare exactly this space; empty: it can.
func (e *exporter) whyNotDeclared(d *connection.DesiredSpace) string {
	text := e.text(&content{spaces: []*connection.DesiredSpace{d}}, common{})
	set, problems := e.project.DraftSpaces("export.yaml", text)
	switch {
	case len(problems) > 0:
		return "a file cannot declare it: " + problems[0].Message
	case len(set) != 1 || !isSame(&set[0], d):
		return "what a file would say about it is not what it is"
	}
	return ""
}

// isSame reports whether a file says of a space what it is to say.
func isSame(said, d *connection.DesiredSpace) bool {
	return said.Name == d.Name && said.Type == d.Type && !said.ExactMembers &&
		(said.Description == nil) == (d.Description == nil) && (d.Description == nil || *said.Description == *d.Description) &&
		slices.EqualFunc(said.Members, d.Members, func(a, b connection.DesiredMember) bool {
			return a.Principal == b.Principal && slices.Equal(a.Roles, b.Roles)
		})
}

// declaration returns a space as written in a file.
func (e *exporter) declaration(d *connection.DesiredSpace) *yaml.Node {
	entry := mapping()
	entry.add("name", textNode(spec.EscapeVariables(d.Name)))
	entry.add("type", textNode(d.Type))
	if d.Description != nil {
		entry.add("description", textNode(spec.EscapeVariables(*d.Description)))
	}
	if len(d.Members) > 0 {
		members := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range d.Members {
			members.Content = append(members.Content, e.memberNode(&d.Members[i]))
		}
		entry.add("members", members)
	}
	if len(e.project.Tenants) > 1 {
		entry.add("tenants", textsNode([]string{e.in.Tenant}))
	}
	return entry.node
}

// memberNode returns a member on one line. An id has the name as a comment.
func (e *exporter) memberNode(member *connection.DesiredMember) *yaml.Node {
	entry := mapping()
	entry.node.Style = yaml.FlowStyle
	who := textNode(spec.EscapeVariables(member.Name))
	if member.ID != "" {
		id := mapping()
		id.node.Style = yaml.FlowStyle
		id.add("id", textNode(spec.EscapeVariables(member.ID)))
		who = id.node
	}
	entry.add(string(member.Kind), who)
	roles := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, role := range member.Roles { // variables are not filled in here
		roles.Content = append(roles.Content, textNode(role))
	}
	entry.add("roles", roles)
	if name := e.in.Spaces.names[connection.Principal{Kind: member.Kind, ID: cmp.Or(member.ID, member.Name)}]; name != "" {
		entry.node.LineComment = "# " + comment(name)
	}
	return entry.node
}
