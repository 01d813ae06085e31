package report_test

import "github.com/qlsync/qlsync/internal/report"

func releaseBuild() report.Build {
	modified := false
	return report.Build{
		Format: report.BuildFormat, Version: "v1.2.3", Commit: "3f786850e387550fdab836ed7e6dc881de23001b", Date: "2026-11-29T18:00:00Z",
		Go: "go1.26.8", Platform: "linux/amd64", Modified: &modified,
	}
}
