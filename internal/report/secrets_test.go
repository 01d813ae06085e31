package report_test

import (
	"io"
	"testing"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func listedSecrets() doctor.Secrets {
	at := func(file string, line int) *connection.Position {
		return &connection.Position{File: file, Line: line, Column: 5}
	}
	key := func(name string) connection.Key { return connection.Key{Space: "Finance", Name: name} }
	return doctor.Secrets{Format: doctor.SecretsFormat, Project: "finance", Tenants: []doctor.TenantSecrets{
		{Tenant: plan.Tenant{Name: "prod", URL: "https://acme.eu.qlikcloud.com"}, Secrets: []doctor.Secret{
			{Reference: connection.Reference{Env: "QLIK_API_KEY"}, Use: doctor.UseAuth, Position: at("qlsync.yaml", 6), Present: true},
			{
				Reference: connection.Reference{Env: "LAKE_KEY"}, Use: doctor.UseCredentials, Position: at("c.yaml", 4),
				Connections: []connection.Key{key("Archive"), key("Lake\nEVIL="), key("Orders"), key("Rates"), key("Sensors")},
				Problem:     `environment variable "LAKE_KEY" is not set`,
			},
			{
				Reference: connection.Reference{File: "/run/secrets/the-service-account-of-sensors.json", Encoding: "base64"}, Use: doctor.UseCredentials,
				Connections: []connection.Key{key("Sensors")}, Position: at("c.yaml", 5), Present: true,
			},
			{
				Reference: connection.Reference{Exec: []string{"op", "read", "op://vault/ledger"}}, Use: doctor.UseCredentials,
				Connections: []connection.Key{key("Ledger")},
				Position:    &connection.Position{File: "c.yaml", Line: 6, Column: 5, Item: connection.Place{Line: 8, Column: 9}},
				Problem:     "exec references are off", Hint: "allow them with --allow-exec, and only where you trust whoever may write the files",
			},
			{
				Reference: connection.Reference{Env: "GBQ_CODE"}, Use: doctor.UseSignIn, Connections: []connection.Key{key("Warehouse")}, Position: at("c.yaml", 7),
				Problem: `environment variable "GBQ_CODE" is not set`,
			},
			{
				Reference: connection.Reference{Env: "QLSYNC_FINGERPRINT_KEY"}, Use: doctor.UseFingerprints,
				Problem: `environment variable "QLSYNC_FINGERPRINT_KEY" is not set`,
			},
		}},
		{Tenant: plan.Tenant{Name: "test", URL: "https://acme-test.eu.qlikcloud.com"}, Secrets: []doctor.Secret{
			{Reference: connection.Reference{Env: "QLIK_API_KEY"}, Use: doctor.UseAuth, Position: at("qlsync.yaml", 9), Present: true},
		}},
		{Tenant: plan.Tenant{Name: "demo", URL: "sim:tenant.yaml"}, Secrets: []doctor.Secret{}},
	}}
}

func TestATemplateOfVariablesHoldsNamesAndNoLinesOfOthers(t *testing.T) {
	compare(t, "secrets.env", print(t, func(w io.Writer) error { return report.SecretsEnv(w, listedSecrets()) }))
}
