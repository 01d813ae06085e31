package report

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// NewLog returns a log of that level whose text cannot control a terminal or the runner of a
// pipeline.
func NewLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cleanAttribute}))
}

// cleanAttribute returns an attribute of the log whose text cannot control a terminal or the runner
// of a pipeline.
func cleanAttribute(_ []string, attribute slog.Attr) slog.Attr {
	switch value := attribute.Value.Any().(type) {
	case string:
		attribute.Value = slog.StringValue(Sanitize(value))
	case error:
		attribute.Value = slog.StringValue(Sanitize(value.Error()))
	case fmt.Stringer:
		if _, isTime := value.(time.Time); !isTime {
			attribute.Value = slog.StringValue(Sanitize(value.String()))
		}
	}
	return attribute
}
