package engine

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// formerly demands that every form of a value is known when it is about to be replaced.
func formerly[T any](t *testing.T, all report.Formats[T], values ...T) {
	t.Helper()
	for _, value := range values {
		for _, name := range all.Names() {
			if name == "env" {
				continue // see TestATemplateThatMayBeFilledInIsNotReplaced
			}
			path := filepath.Join(t.TempDir(), "file")
			if err := outfile.Write(path, outfile.Private, func(w io.Writer) error { return all.Write(name, report.Text{}, w, value) }); err != nil {
				t.Fatal(err)
			}
			if former, err := formerOutput(path); err != nil || former != nil && *former != report.FormerReport {
				text, _ := os.ReadFile(path)
				t.Errorf("%T as %s cannot be replaced: %v\n%.300s", value, name, err, text)
			}
		}
	}
}

func TestEveryFormIsKnownWhenItIsReplaced(t *testing.T) {
	at := connection.Position{File: "a b.yaml", Line: 1, Column: 2}
	problem := connection.Problem{Position: at, Severity: connection.SeverityError, Message: "no"}
	warning := connection.Problem{Severity: connection.SeverityWarning, Message: "well"}
	valid := func(tenant string, connections int) report.Validation {
		return report.Validation{Checked: []report.CheckedTenant{{Name: tenant, Connections: connections, Files: 1}}}
	}
	page := report.HTML{}
	formerly(t, report.PlanFormats(), &plan.Plan{Format: plan.Format})
	formerly(t, report.PlansFormats(), &report.Fleet[plan.Plan]{Format: report.PlansFormat}, &report.Fleet[plan.Plan]{Format: report.PlansFormat, Tenants: []report.Member[plan.Plan]{{Error: "no"}}})
	formerly(t, report.ResultFormats(), &apply.Result{Format: apply.Format})
	formerly(t, report.DriftFormats(page), &plan.Drift{Format: plan.DriftFormat, Project: "p"})
	formerly(t, report.DriftsFormats(page), &report.Fleet[plan.Drift]{Format: report.DriftsFormat, Project: "p"}, &report.Fleet[plan.Drift]{Format: report.DriftsFormat, Project: "p", Tenants: []report.Member[plan.Drift]{{Error: "no"}}})
	tenant := plan.Tenant{Name: "a b", URL: "https://acme.example"}
	formerly(t, report.SecretsFormats(), doctor.Secrets{Format: doctor.SecretsFormat, Tenants: []doctor.TenantSecrets{{Tenant: tenant}}},
		doctor.Secrets{Format: doctor.SecretsFormat, Tenants: []doctor.TenantSecrets{{Tenant: tenant, Secrets: []doctor.Secret{{Use: doctor.UseAuth}}}}})
	for _, status := range []doctor.Status{doctor.OK, doctor.Warning, doctor.Failed, doctor.NotChecked} {
		formerly(t, report.DoctorFormats(), doctor.Report{Format: doctor.Format, Tenants: []doctor.Examined{{Tenant: tenant, Checks: []doctor.Check{{Name: "files", Status: status}}}}})
	}
	formerly(t, report.ValidationFormats("1.0.0"),
		valid("demo", 2), valid("a: b", 1),
		report.Validation{Problems: connection.Problems{problem}}, report.Validation{Problems: connection.Problems{warning}, Checked: valid("x", 1).Checked})
	source := func(state report.SchemaState) report.SchemaSource {
		return report.SchemaSource{ID: "rest", State: state}
	}
	listed := func(sources ...report.SchemaSource) report.Schemas {
		return report.Schemas{Format: report.SchemasFormat, Sources: sources}
	}
	broken := listed()
	broken.Breaks = []report.SchemaBreak{{Problems: connection.Problems{problem}}}
	formerly(t, report.SchemaListFormats(), listed(), listed(source("")))
	formerly(t, report.SchemaCheckFormats(), listed(), listed(source(report.SchemaSame)), listed(source(report.SchemaGone)),
		listed(source(report.SchemaDiffers)), listed(source(report.SchemaNotPulled)), broken)
}

// Editors and shells of Windows put a byte order mark there, or write UTF-16.
func TestAFormerOutputIsKnownAfterAByteOrderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for format, want := range map[string]report.Former{plan.Format: report.FormerReport, report.HistoryFormat: report.FormerHistory} {
		text := `{"format": "` + format + `"}`
		if err := os.WriteFile(path, []byte("\xef\xbb\xbf"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		former, err := formerOutput(path)
		if err != nil {
			t.Fatal(err)
		}
		if *former != want {
			t.Errorf("%s: got the former output %v, want %v", format, *former, want)
		}
		wide := binary.LittleEndian.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(text)) {
			wide = binary.LittleEndian.AppendUint16(wide, unit)
		}
		if err := os.WriteFile(path, wide, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := formerOutput(path); !errors.Is(err, infile.ErrUTF16) || !strings.Contains(err.Error(), "Out-File -Encoding utf8") {
			t.Errorf("%s in UTF-16: got error %v, want ErrUTF16 with the way to write UTF-8", format, err)
		}
	}
}

func TestATemplateThatMayBeFilledInIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	err := outfile.Write(path, outfile.Private, func(w io.Writer) error {
		return report.SecretsFormats().Write("env", report.Text{}, w, doctor.Secrets{Project: "p"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if former, err := formerOutput(path); err != nil || former == nil || *former != report.Foreign {
		t.Errorf("a .env file is taken for %v, %v", former, err)
	}
}

func TestWhatOthersWroteIsNotKnown(t *testing.T) {
	for _, text := range []string{
		"x", "# Plan for project a", "version: 1\nproject: a\n", "{}", `{"format": "other/v1"}`, `{"version":1,"format":"qlsync.plan/v1"}`,
		`{"format": "qlsync.schemas-lock/v1"}`, "<!DOCTYPE html><title>qlsync</title>", `<?xml version="1.0"?><testsuites name="pytest">`,
		`{"runs":[{"tool":{"driver":{"name":"gosec"}}}]}`, `{"runs":[]}`, "\xef\xbb\xbf", "::error::other", "<!-- other -->",
	} {
		if former := report.Recognize([]byte(text)); former != report.Foreign {
			t.Errorf("%q is recognized as %v, want a foreign file", text, former)
		}
	}
}

func TestPathsAreOneFileWhereTheFileSystemSaysSo(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	if !samePath(in("new.json"), in("new.json")) || samePath(in("new.json"), in("other.json")) {
		t.Error("the names of files that do not exist are compared wrongly")
	}
	if samePath(in("new.json"), in("NEW.json")) != foldsCase(folder) {
		t.Error("letter case counts for a file that does not exist, against the file system")
	}
	if err := os.WriteFile(in("a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(in("A"))
	if folds := err == nil; folds != foldsCase(folder) || samePath(in("a"), in("A")) != folds {
		t.Errorf("the file system folds letter case: %v; said: %v", folds, foldsCase(folder))
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
}
