package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/spec"
)

// FleetRefresh is the result of reading the list of a fleet's tenants.
type FleetRefresh struct {
	File              string // the lock file
	Changes           spec.TenantChanges
	Tenants, Inactive int
	// Differs reports whether the text of the lock file differs, and Written whether it was replaced.
	Differs, Written bool
}

// FleetRefresh writes the tenants that were added, removed or changed.
func (t Text) FleetRefresh(w io.Writer, r *FleetRefresh) error {
	p := t.printer(w)
	for _, tenant := range r.Changes.Came {
		p.line("%s", p.paint(green, "+ added    "+lockedTenant(tenant)))
	}
	for _, tenant := range r.Changes.Went {
		p.line("%s", p.paint(red, "- removed  "+lockedTenant(tenant)))
	}
	for _, pair := range r.Changes.Changed {
		p.line("%s", p.paint(amber, changedTenant(pair[0], pair[1])))
	}
	state := "up to date"
	switch {
	case r.Written:
		state = "written"
	case r.Differs:
		state = "would change"
	}
	inactive := ""
	if r.Inactive > 0 {
		inactive = fmt.Sprintf(", %d of them not active and left out", r.Inactive)
	}
	p.line("%s: %s%s. The file is %s.", label(r.File), words.Count(r.Tenants, "tenant"), inactive, state)
	if len(r.Changes.Went) > 0 {
		p.line("apply no longer changes a removed tenant. Its connections stay as they are.")
	}
	return p.err
}

func lockedTenant(t spec.LockedTenant) string {
	text := label(t.ID)
	for _, part := range []string{t.Name, t.Host, t.Status} {
		if part != "" {
			text += "  " + label(part)
		}
	}
	return text
}

// changedTenant returns what of a tenant has changed. Another host is where the sign-in is sent to.
func changedTenant(before, now spec.LockedTenant) string {
	word := "changed "
	if before.Name != now.Name {
		word = "renamed "
	}
	text := "~ " + word + " " + label(now.ID)
	for _, field := range []struct{ name, before, now string }{
		{"name", before.Name, now.Name},
		{"host", before.Host, now.Host},
		{"region", before.Region, now.Region},
		{"status", before.Status, now.Status},
		{"columns", columnsText(before.Columns), columnsText(now.Columns)},
	} {
		if field.before != field.now {
			text += fmt.Sprintf("  %s: %s -> %s", field.name, orNone(field.before), orNone(field.now))
		}
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return label(text)
}

func columnsText(columns map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		parts = append(parts, name+"="+columns[name])
	}
	return strings.Join(parts, " ")
}

// FleetListFormat names the JSON contract of a list of tenants.
const FleetListFormat = "qlsync.fleet/v1"

// FleetList is the tenants of a project with their groups.
type FleetList struct {
	Format  string       `json:"format"`
	Project string       `json:"project"`
	Summary FleetSummary `json:"summary"`
	Tenants []FleetRow   `json:"tenants"`
}

// FleetSummary counts tenants: those that the command line selects, the others of the project, and
// those of the lock file that are not part of the project.
type FleetSummary struct {
	Chosen    int `json:"chosen"`
	NotChosen int `json:"notChosen"`
	LeftOut   int `json:"leftOut"`
}

// FleetRow is a tenant in a list of tenants.
type FleetRow struct {
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
	// URL is the address of a tenant of the project, and Host that of one that is left out.
	URL    string   `json:"url,omitempty"`
	Host   string   `json:"host,omitempty"`
	Region string   `json:"region,omitempty"`
	Groups []string `json:"groups"`
	// Wave is the wave of a rollout. Empty: none.
	Wave string `json:"wave,omitempty"`
	// Status is why the tenant is left out. Empty: it is part of the project.
	Status string `json:"leftOut,omitempty"`
}

// FleetListFormats are the forms of a list of tenants.
func FleetListFormats() Formats[FleetList] {
	return Formats[FleetList]{{FormatText, Text.FleetList}, jsonFormat[FleetList]()}
}

// FleetList writes a table of tenants.
func (t Text) FleetList(w io.Writer, list FleetList) error {
	rows := list.Tenants
	table := [][]string{{"TENANT", "ID", "REGION", "GROUPS", "ADDRESS"}}
	hasWaves := slices.ContainsFunc(rows, func(row FleetRow) bool { return row.Wave != "" })
	if hasWaves {
		table[0] = slices.Insert(table[0], 4, "WAVE")
	}
	for _, row := range rows {
		groups := strings.Join(row.Groups, ",")
		if row.Status != "" {
			groups = "left out: " + row.Status
		}
		cells := []string{label(row.Name), orDash(row.ID), orDash(row.Region), orDash(groups), label(cmp.Or(row.URL, row.Host))}
		if hasWaves {
			cells = slices.Insert(cells, 4, orDash(row.Wave))
		}
		table = append(table, cells)
	}
	p := t.printer(w)
	p.table(table)
	return p.err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return label(text)
}
