package main

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
)

func TestTheVersionIsThatOfTheReleaseOrOfTheModule(t *testing.T) {
	yes, no := true, false
	build := func(version, commit, date string, modified *bool) report.Build {
		return report.Build{
			Format: report.BuildFormat, Version: version, Commit: commit, Date: date, Modified: modified,
			Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		}
	}
	recorded := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	git := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: "c0ffee"},
			{Key: "vcs.time", Value: "2026-11-29T18:00:00Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	const date = "2026-11-29T18:00:00Z"
	for name, test := range map[string]struct {
		release string
		info    *debug.BuildInfo
		want    report.Build
	}{
		"a release":                       {"v1.2.3", recorded("v1.2.3", git("false")...), build("v1.2.3", "c0ffee", date, &no)},
		"a release names its own version": {"v1.2.3", recorded("v0.0.0-2026+dirty", git("true")...), build("v1.2.3", "c0ffee", date, &yes)},
		"go install of a version":         {"", recorded("v1.2.3"), build("v1.2.3", "", "", nil)},
		"go build in a repository":        {"", recorded("v1.2.4-0.2026", git("false")...), build("v1.2.4-0.2026", "c0ffee", date, &no)},
		"go build without a repository":   {"", recorded("(devel)"), build("devel", "", "", nil)},
		"go build of a single file":       {"", recorded(""), build("devel", "", "", nil)},
		"no record":                       {"", nil, build("devel", "", "", nil)},
	} {
		if difference := cmp.Diff(test.want, describeBuild(test.release, test.info)); difference != "" {
			t.Errorf("%s is described with differences (-want +got):\n%s", name, difference)
		}
	}
}
