package report_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
)

func TestNoAttributeOfTheLogSteersATerminalOrAPipeline(t *testing.T) {
	var log bytes.Buffer
	logger := report.NewLog(&log, slog.LevelInfo)
	const forged = "##vso[task.setvariable variable=PATH]/evil"
	logger.Warn(forged, "text", forged, "bare", "##[add-path]/evil", "error", errors.New(forged+"\x1b]0;pwn\a"), slog.Group("group", "text", "\u202e"+forged))
	if strings.Contains(log.String(), "##") || strings.ContainsAny(log.String(), "\x1b\a\u202e") {
		t.Errorf("a terminal or the runner of a pipeline obeys a part of the log: %q", log.String())
	}
	if n := strings.Count(log.String(), "task.setvariable"); n != 4 {
		t.Errorf("%d of 4 texts are readable in the log: %q", n, log.String())
	}
}
