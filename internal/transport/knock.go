package transport

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Knock reads a path of a tenant without a token, and accepts any answer, including a refusal. It
// returns how far the tenant's clock is ahead of ours; nil: unknown. An error means that there was
// no answer.
func Knock(ctx context.Context, tenant, path, userAgent string, logger *slog.Logger) (*time.Duration, error) {
	target, err := TenantURL(tenant)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.JoinPath(path).String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", userAgent)
	client := HTTPClient(nil, knockTimeout, 1)
	defer client.CloseIdleConnections()
	answer, err := exchange(client, logger, request, 1, NewRedactor())
	if answer == nil {
		return nil, err
	}
	var ahead clock
	ahead.Note(answer.Header)
	return ahead.Skew(), nil
}

// knockTimeout bounds how long Knock waits for an answer.
const knockTimeout = 20 * time.Second
