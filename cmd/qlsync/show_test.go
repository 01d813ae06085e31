package main

import (
	"slices"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
)

func TestShowOffersTheFormsOfEveryReport(t *testing.T) {
	offered := report.DriftFormats(report.HTML{}).Names()
	for _, name := range slices.Concat(report.PlanFormats().Names(), report.ResultFormats().Names()) {
		if !slices.Contains(offered, name) {
			t.Errorf("a plan or a result can be shown as %s, but show offers only %q", name, offered)
		}
	}
}
