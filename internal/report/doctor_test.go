package report_test

import (
	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/pkg/plan"
)

func examinedTenants() doctor.Report {
	return doctor.Report{Format: doctor.Format, Project: "finance", Tenants: []doctor.Examined{
		{Tenant: plan.Tenant{Name: "prod", URL: "https://acme.eu.qlikcloud.com"}, Checks: []doctor.Check{
			{Name: "files", Status: doctor.OK, Message: "12 connections in 3 files, valid", Code: "files-valid", Args: map[string]any{"connections": 12, "files": 3}},
			{
				Name: "secrets", Status: doctor.Failed, Message: "2 of 5 secrets cannot be used",
				Details: []string{`c.yaml:4:5: environment variable "LAKE_KEY" is not set`, "a hostile\x1b[31m line\nand another"},
				Next:    "set them: qlsync secrets -t prod lists what needs them",
			},
			{Name: "schemas", Status: doctor.Warning, Message: "not vendored: rest", Next: "to validate without a network, run qlsync schemas pull -t prod"},
			{Name: "token", Status: doctor.NotChecked, Message: "the tenant did not answer, see tenant"},
		}},
		{Tenant: plan.Tenant{Name: "test", URL: "https://acme-test.eu.qlikcloud.com"}, Checks: []doctor.Check{
			{Name: "files", Status: doctor.OK, Message: "12 connections in 3 files, valid"},
		}},
	}}
}
