package report_test

import (
	"io"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
)

func checkedSchemas() report.Schemas {
	return report.Schemas{
		Format: report.SchemasFormat, Tenant: "prod", Pull: "qlsync schemas pull -c my.yaml -t prod",
		Sources: []report.SchemaSource{
			{ID: "gone", Version: "1", Pulled: "2026-01-02", From: "prod", Uses: 1, State: report.SchemaGone},
			{ID: "left", Version: "1", Pulled: "2026-01-02", From: "prod", State: report.SchemaGone},
			{ID: "made", Edited: true, State: report.SchemaGone},
			{ID: "off", Version: "1", Pulled: "2026-01-02", From: "prod", Uses: 1, State: report.SchemaGone, Disabled: true},
			{ID: "mssql", Version: "8.19", Pulled: "2026-01-02", From: "test", Edited: true, Uses: 2, State: report.SchemaDiffers, TenantVersion: "8.20", Changes: []connection.SchemaChange{
				{Property: "host\x1b[31m", Kind: connection.SchemaChanged, Details: []string{`enum loses "a"`, "no default, which was 1"}},
				{Property: "port", Kind: connection.SchemaAdded, Details: []string{`type "integer"`}},
				{Property: "prot", Kind: connection.SchemaRemoved},
				{Kind: connection.SchemaChanged, Details: []string{`required gains "host"`}},
			}},
			{ID: "rest", Version: "3.30", Pulled: "2026-01-02", From: "prod", Uses: 9, State: report.SchemaSame, TenantVersion: "3.30"},
			{ID: "snowflake", Uses: 1, State: report.SchemaNotPulled, TenantVersion: "8.20"},
			{ID: "within", Version: "1", Pulled: "2026-01-02", From: "prod", State: report.SchemaDiffers, TenantVersion: "1"},
		},
		Breaks: []report.SchemaBreak{{
			Connection: connection.Key{Space: "Finance", Name: "Ledger"},
			Problems:   connection.Problems{{Position: place("a.yaml", 4, 5), Severity: connection.SeverityError, Message: `data source "mssql" needs the property "host"`}},
		}},
	}
}

func TestSchemasAreListedAndCompared(t *testing.T) {
	compare(t, "schemas-list.txt", print(t, func(w io.Writer) error { return report.Text{}.SchemaList(w, checkedSchemas()) }))
	compare(t, "schemas-check.txt", print(t, func(w io.Writer) error { return report.Text{}.SchemaCheck(w, checkedSchemas()) }))
}
