package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TenantChoice selects tenants of a project.
type TenantChoice struct {
	// Names is the name of a tenant, or names and patterns that are separated by commas. In a pattern, *
	// stands for any characters and ? for one character. Empty: all tenants.
	Names string
	// Groups is the name of a group, or names and patterns that are separated by commas. Only tenants in
	// one of these groups are selected. Empty: groups do not matter.
	Groups string
	// Wave is the name of a wave of the rollout. Only tenants of this wave are selected. Empty: waves do
	// not matter.
	Wave string
	// Shard selects a part of these tenants.
	Shard Shard
}

// Shard is one of Count parts of a list of tenants, counted from zero. The zero value is the whole
// list.
type Shard struct{ Index, Count int }

// ParseShard reads a shard as I/N. An empty text is the whole list.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{}, nil
	}
	before, after, _ := strings.Cut(text, "/")
	index, errIndex := strconv.ParseUint(before, 10, 31)
	count, errCount := strconv.ParseUint(after, 10, 31)
	if cmp.Or(errIndex, errCount) != nil || index >= count || count > report.MaxShards {
		return Shard{}, fmt.Errorf("shard %q: it must be I/N, where N is at most %d and I is from 0 to N-1, such as 0/4", text, report.MaxShards)
	}
	return Shard{int(index), int(count)}, nil
}

// String returns the shard as I/N; empty for the whole list.
func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Has reports whether a tenant with this identity belongs to the shard. The answer depends on no
// other tenant.
func (s Shard) Has(identity string) bool {
	if s.Count == 0 {
		return true
	}
	sum := sha256.Sum256([]byte(identity))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Count) == uint64(s.Index)
}

// IsSeveral reports whether a text of names selects a list of tenants: it is not the name of a
// tenant, and has a comma or a pattern.
func (p *Project) IsSeveral(names string) bool {
	return strings.ContainsAny(names, ",*?") && !slices.Contains(p.TenantNames(), names)
}

// Tenant is [spec.Project.Tenant] for use cases that take one tenant: a list of names is an error.
func (p *Project) Tenant(name string) (*spec.Tenant, error) {
	if !p.IsSeveral(name) {
		return p.Project.Tenant(name)
	}
	matched, err := p.Choose(TenantChoice{Names: name})
	if err != nil {
		return nil, err
	}
	return nil, p.tooMany("-t "+name, matched)
}

// One returns the tenant of a choice that must select one.
func (p *Project) One(choice TenantChoice) (*spec.Tenant, error) {
	if choice.Groups == "" {
		return p.Tenant(choice.Names)
	}
	matched, err := p.Choose(choice)
	switch {
	case err != nil:
		return nil, err
	case len(matched) != 1:
		return nil, p.tooMany("--group "+choice.Groups, matched)
	}
	return &matched[0], nil
}

func (p *Project) tooMany(option string, matched []spec.Tenant) error {
	example := ""
	if len(matched) > 0 {
		example = ", such as -t " + matched[0].Name
	}
	return fmt.Errorf("%s selects %s, and this command takes one tenant. Write its whole name%s", option, words.Count(len(matched), "tenant"), example)
}

// Choose returns the chosen tenants, in the order of the project. A name or pattern without a match
// is an error, and so is a group without a tenant. A shard or a wave may be empty, unless the project
// has errors, which may be why.
func (p *Project) Choose(choice TenantChoice) ([]spec.Tenant, error) {
	chosen, err := p.tenantsNamed(choice.Names)
	if err != nil {
		return nil, err
	}
	groups, err := p.groupsNamed(choice.Groups)
	if err != nil {
		return nil, err
	}
	if err := p.checkWave(choice.Wave); err != nil {
		return nil, err
	}
	var tenants []spec.Tenant
	isEmpty := true
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		if !chosen[tenant.Name] || groups != nil && !slices.ContainsFunc(tenant.Groups, func(name string) bool { return slices.Contains(groups, name) }) {
			continue
		}
		isEmpty = false
		if choice.Shard.Has(tenant.Identity()) && (choice.Wave == "" || p.WaveOf(tenant) == choice.Wave) {
			tenants = append(tenants, *tenant)
		}
	}
	if isEmpty && groups != nil {
		return nil, fmt.Errorf("--group %s: no selected tenant is in %s", choice.Groups, words.Plural(len(groups), "this group", "one of these groups"))
	}
	if len(tenants) == 0 { // each tenant reports the errors of the project, and here is none
		return nil, p.Problems.Err()
	}
	return tenants, nil
}

// Covered returns the names of the tenants that plans would be about if they were made now, as they
// were: with the same selections and the same shard. A name or group that is gone selects nothing.
func (p *Project) Covered(plans *report.Fleet[plan.Plan]) (names []string) {
	shard, err := ParseShard(plans.Shard)
	if err != nil {
		shard = Shard{} // rather too many tenants are named than too few
	}
	for i := range p.Tenants {
		tenant := &p.Tenants[i]
		isCovered := len(plans.Selections) == 0 || slices.ContainsFunc(plans.Selections, func(s report.Selection) bool {
			return isListed(s.Names, tenant.Name) && isListed(s.Groups, tenant.Groups...) && isListed(s.Wave, p.WaveOf(tenant))
		})
		if isCovered && shard.Has(tenant.Identity()) {
			names = append(names, tenant.Name)
		}
	}
	return names
}

// isListed reports whether a list of names and patterns contains one of these names. An empty list
// contains all.
func isListed(list string, names ...string) bool {
	return list == "" || slices.ContainsFunc(names, func(name string) bool {
		return name == list || slices.ContainsFunc(strings.Split(list, ","), func(part string) bool { return words.Match(strings.TrimSpace(part), name) })
	})
}

// tenantsNamed returns the names of the tenants that a list of names and patterns selects; an empty
// list selects all.
func (p *Project) tenantsNamed(list string) (map[string]bool, error) {
	parts := []string{list}
	if p.IsSeveral(list) {
		parts = strings.Split(list, ",")
	}
	chosen := make(map[string]bool, len(p.Tenants))
	for _, part := range parts {
		names, err := p.named(strings.TrimSpace(part), len(parts) > 1)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			chosen[name] = true
		}
	}
	return chosen, nil
}

// groupsNamed returns the groups that a list of names and patterns selects; nil for an empty list.
func (p *Project) groupsNamed(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	known := p.GroupNames()
	var groups []string
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		before := len(groups)
		for _, name := range known {
			if words.Match(part, name) {
				groups = append(groups, name)
			}
		}
		switch {
		case len(groups) > before:
		case len(known) == 0:
			return nil, fmt.Errorf("%s has no group %q: it declares none under groups", p.File, part)
		default:
			hint := cmp.Or(words.DidYouMean(strings.Trim(part, "*?"), known), "there is "+words.OneOf(known[:min(len(known), 10)]))
			return nil, fmt.Errorf("%s has no group %q (%s)", p.File, part, hint)
		}
	}
	return groups, nil
}

// named returns the names of the tenants that one name or pattern selects: first an exact name,
// then a pattern. An empty name selects all tenants, unless it is part of a list.
func (p *Project) named(name string, isPart bool) ([]string, error) {
	names := p.TenantNames()
	switch {
	case slices.Contains(names, name):
		return []string{name}, nil
	case name == "" && isPart:
		return nil, fmt.Errorf("-t has an empty name between its commas")
	case name == "":
		return names, nil
	case !strings.ContainsAny(name, "*?"):
		_, err := p.Project.Tenant(name) // names the tenants that are probably meant
		return nil, err
	}
	matched := slices.DeleteFunc(slices.Clone(names), func(known string) bool { return !words.Match(name, known) })
	if len(matched) > 0 {
		return matched, nil
	}
	hint := words.DidYouMean(strings.Trim(name, "*?"), names)
	if hint == "" {
		hint = "there is " + words.OneOf(names[:min(len(names), 10)])
	}
	return nil, fmt.Errorf("%s has no tenant that matches %q (%s)", p.File, name, hint)
}
