package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// SchemasFormat names the JSON contract of a list of vendored schemas.
const SchemasFormat = "qlsync.schemas/v1"

// Schemas is the state of the data sources whose schemas are vendored or in use.
type Schemas struct {
	Format string `json:"format"`
	// Tenant is the tenant that was asked; empty: none.
	Tenant  string         `json:"tenant,omitempty"`
	Sources []SchemaSource `json:"dataSources"`
	// Breaks are the declared connections that the tenant's schemas refuse and the vendored ones
	// accept.
	Breaks []SchemaBreak `json:"breaks,omitempty"`
	// Pull is a command that pulls the schemas from the tenant.
	Pull string `json:"-"`
}

// SchemaSource is one data source.
type SchemaSource struct {
	ID string `json:"id"`
	// Version and Pulled describe the vendored schema; empty if there is none.
	Version string `json:"connectorVersion,omitempty"`
	Pulled  string `json:"pulled,omitempty"`
	From    string `json:"from,omitempty"` // the tenant
	// Edited reports that the vendored file was changed after it was pulled.
	Edited bool `json:"edited,omitempty"`
	// Uses counts the declared connections.
	Uses int `json:"connections"`
	// State is the comparison with the tenant; empty if no tenant was asked.
	State SchemaState `json:"state,omitempty"`
	// Disabled reports, for a data source that is gone, whether the tenant has disabled it.
	Disabled bool `json:"disabled,omitempty"`
	// TenantVersion is the tenant's version of the connector.
	TenantVersion string                    `json:"tenantVersion,omitempty"`
	Changes       []connection.SchemaChange `json:"changes,omitempty"`
}

// SchemaState is the result of comparing a vendored schema with the tenant's.
type SchemaState string

// The states of a vendored schema.
const (
	SchemaSame      SchemaState = "same"
	SchemaDiffers   SchemaState = "changed"
	SchemaGone      SchemaState = "gone" // the tenant does not have the data source, or has disabled it
	SchemaNotPulled SchemaState = "not vendored"
)

// SchemaBreak is a declared connection that the tenant's schema refuses.
type SchemaBreak struct {
	Connection connection.Key      `json:"connection"`
	Problems   connection.Problems `json:"problems"`
}

// SchemaList writes a table of the vendored schemas.
func (t Text) SchemaList(w io.Writer, s Schemas) error {
	p := t.printer(w)
	if len(s.Sources) == 0 {
		p.line("No schemas are vendored. To pull those of the data sources in use, run: %s", Sanitize(s.Pull))
		return p.err
	}
	rows := [][]string{{"DATA SOURCE", "VERSION", "PULLED", "FROM", "CONNECTIONS"}}
	for _, source := range s.Sources {
		version := source.Version
		switch {
		case source.State == SchemaNotPulled:
			version = "not vendored"
		case source.Pulled == "":
			version = "not pulled"
		case source.Edited:
			version += " (edited)"
		}
		rows = append(rows, []string{Sanitize(source.ID), Sanitize(version), Sanitize(source.Pulled), Sanitize(source.From), fmt.Sprint(source.Uses)})
	}
	p.table(rows)
	p.line("%s.", words.Count(len(s.Sources), "data source"))
	return p.err
}

// table writes rows in columns. The last column is not padded: blanks at the end of a line could be
// wrapped to a row of their own.
func (p *printer) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for column := range widths {
		texts := make([]string, len(rows))
		for i, row := range rows {
			texts[i] = row[column]
		}
		widths[column] = widest(40, texts...)
	}
	for _, row := range rows {
		last := len(row) - 1
		var line strings.Builder
		for column, text := range row[:last] {
			line.WriteString(pad(text, widths[column]) + "  ")
		}
		p.line("%s%s", line.String(), row[last])
	}
}

// SchemaCheck writes what has changed on the tenant since the schemas were vendored, and which
// declared connections the changes break.
func (t Text) SchemaCheck(w io.Writer, s Schemas) error {
	p := t.printer(w)
	same, unvendored := 0, []string{}
	for _, source := range s.Sources {
		switch source.State {
		case SchemaSame:
			same++
		case SchemaNotPulled:
			unvendored = append(unvendored, Sanitize(source.ID))
		case SchemaGone:
			why := "gone: the tenant has no such data source"
			if source.Disabled {
				why = "disabled in the tenant"
			}
			p.line("%s %s  %s (%s)", p.paint(red, "-"), label(source.ID), why, uses(source))
		case SchemaDiffers:
			p.line("%s %s  %s (%s)", p.paint(amber, "~"), label(source.ID), versions(source), uses(source))
			for _, change := range source.Changes {
				p.schemaChange(change)
			}
		}
	}
	for _, broken := range s.Breaks {
		p.line("")
		p.line("%s is not valid on tenant %s:", label(broken.Connection.String()), Sanitize(s.Tenant))
		for _, problem := range broken.Problems {
			p.problem(problem, "")
		}
	}
	p.schemaSummary(s, same, unvendored)
	return p.err
}

func (p *printer) schemaSummary(s Schemas, same int, unvendored []string) {
	differ := len(s.Sources) - same - len(unvendored)
	if differ > 0 || len(s.Breaks) > 0 {
		p.line("")
	}
	switch {
	case differ == 0 && same == 0:
		p.line("No schemas are vendored, so there is nothing to compare.")
	case differ == 0:
		p.line("No change: tenant %s has %s as vendored.", Sanitize(s.Tenant), words.Count(same, "schema"))
	default:
		p.line("Changed on tenant %s: %d of %s. %s.", Sanitize(s.Tenant), differ, words.Count(differ+same, "schema"), breaks(len(s.Breaks)))
	}
	p.schemaAdvice(s)
	if len(unvendored) > 0 {
		p.line("In use and not vendored: %s.", strings.Join(unvendored, ", "))
	}
}

// schemaAdvice writes what to do about each kind of difference.
func (p *printer) schemaAdvice(s Schemas) {
	var edited, lost, disabled []string
	takes, removes := "", ""
	for _, source := range s.Sources {
		switch isGone := source.State == SchemaGone; {
		case !isGone && source.State != SchemaDiffers:
		case isGone && source.Uses > 0 && source.Disabled:
			disabled = append(disabled, Sanitize(source.ID))
		case isGone && source.Uses > 0:
			lost = append(lost, Sanitize(source.ID))
		case source.Edited:
			edited = append(edited, Sanitize(source.ID))
		case isGone:
			removes = "remove what is gone or disabled and not in use"
		default:
			takes = "take the changes over"
		}
	}
	if todo := slices.DeleteFunc([]string{takes, removes}, func(text string) bool { return text == "" }); len(todo) > 0 {
		p.line("To %s, run: %s", strings.Join(todo, " and "), Sanitize(s.Pull))
	}
	if len(edited) > 0 {
		p.line("Edited here and kept by pull: %s. To have the %s of the tenant, remove the %s and pull again.", strings.Join(edited, ", "),
			words.Plural(len(edited), "schema", "schemas"), words.Plural(len(edited), "file", "files"))
	}
	if len(lost) > 0 {
		p.line("Gone and in use: %s. Change dataSource of the connections that use %s.", strings.Join(lost, ", "), words.Plural(len(lost), "it", "them"))
	}
	if len(disabled) > 0 {
		p.line("Disabled and in use: %[1]s. Ask an administrator to enable %[2]s, or change dataSource of the connections that use %[2]s.", strings.Join(disabled, ", "),
			words.Plural(len(disabled), "it", "them"))
	}
}

func uses(source SchemaSource) string { return words.Count(source.Uses, "connection") }

func breaks(n int) string {
	switch n {
	case 0:
		return "Every declared connection stays valid"
	case 1:
		return "1 declared connection is not valid there"
	}
	return fmt.Sprintf("%d declared connections are not valid there", n)
}

func versions(source SchemaSource) string {
	if source.Version == source.TenantVersion {
		return "changed within version " + Sanitize(source.Version)
	}
	return Sanitize(source.Version) + " -> " + Sanitize(source.TenantVersion)
}

func (p *printer) schemaChange(change connection.SchemaChange) {
	signs := map[connection.SchemaChangeKind]string{
		connection.SchemaAdded:   p.paint(green, "+"),
		connection.SchemaRemoved: p.paint(red, "-"),
		connection.SchemaChanged: p.paint(amber, "~"),
	}
	name := "the rest of the schema"
	if change.Property != "" {
		name = label(change.Property)
	}
	details := ""
	if len(change.Details) > 0 {
		details = "  " + Sanitize(strings.Join(change.Details, "; "))
	}
	p.line("    %s %s%s", signs[change.Kind], name, details)
}
