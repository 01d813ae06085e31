package qlik

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Limits on quoted messages of the service, in characters.
const (
	maxCode   = 64
	maxTitle  = 200
	maxDetail = 400
)

// Error is an answer of the service that is not a success or cannot be used.
//
// It wraps a sentinel error of package connection if the status has one: 400 and 422 ErrInvalid,
// 401 ErrUnauthorized, 403 ErrForbidden, 404 ErrNotFound, 409 ErrConflict. For a write that may
// still have happened, in this attempt or an earlier one, it also wraps ErrUnknownOutcome. The
// trace is for Qlik's support.
type Error = transport.Error

func kindOf(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return connection.ErrInvalid
	case http.StatusUnauthorized:
		return connection.ErrUnauthorized
	case http.StatusForbidden:
		return connection.ErrForbidden
	case http.StatusNotFound:
		return connection.ErrNotFound
	case http.StatusConflict:
		return connection.ErrConflict
	}
	return nil
}

// classify is [transport.Service.Classify]. The body of a failure should be {"errors": [...],
// "traceId": ...}, but proxies send other bodies. An error 500 may be permanent, as for credentials
// that cannot be decrypted.
func classify(got *transport.Answer, failed *transport.Error, hide *transport.Redactor) transport.Fate {
	if got.Status/100 == 2 {
		return transport.Done
	}
	failed.Kind = kindOf(got.Status)
	var body wireErrors
	switch err := json.Unmarshal(got.Body, &body); {
	case err == nil:
		failed.TraceID = cmp.Or(hide.Sanitize(body.TraceID, maxCode), failed.TraceID)
		fill(failed, body.Errors, hide)
	case len(bytes.TrimSpace(got.Body)) > 0:
		failed.Detail = got.NotJSON(hide)
	}
	switch {
	case got.Status == http.StatusTooManyRequests:
		return transport.RateLimited
	case got.Status == http.StatusUnauthorized:
		return transport.Unsigned
	case got.Status == http.StatusNotImplemented, got.Status/100 != 5:
		return transport.Refused
	case got.Status == http.StatusBadGateway, got.Status == http.StatusServiceUnavailable, got.Status == http.StatusGatewayTimeout:
		return transport.Doubtful
	}
	return transport.Unexplained
}

// fill copies the service's messages: code and title of the first error, the details of all.
func fill(e *Error, items []wireError, hide *transport.Redactor) {
	var details []string
	for i, item := range items {
		if i == 0 {
			e.Code, e.Title = hide.Sanitize(item.Code, maxCode), hide.Sanitize(item.Title, maxTitle)
		} else if item.Title != "" && item.Title != items[0].Title {
			details = append(details, item.Title)
		}
		if item.Detail != "" {
			details = append(details, item.Detail)
		}
	}
	e.Detail = hide.Sanitize(strings.Join(details, "; "), maxDetail)
}

// decode parses a successful answer.
func (c *Client) decode(got *transport.Answer, answer any) error {
	text := bytes.TrimSpace(got.Body)
	if _, written := answer.(*wireWritten); answer == nil || written && len(text) == 0 {
		return nil
	}
	err := decodeOne(text, answer)
	if _, isPage := answer.(*wirePage); err == nil && !isPage { // the items of a page are checked one by one
		err = transport.CheckTexts(text)
	}
	if err == nil {
		return nil
	}
	hide := c.http.Redactor()
	why := got.NotJSON(hide)
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		why = fmt.Sprintf("the answer holds a JSON %s at %q where it should not", wrongType.Value, hide.Sanitize(wrongType.Field, maxTitle))
	} else if missing, ok := errors.AsType[otherForm](err); ok {
		why = "the answer is not what the API describes: " + string(missing)
	} else if errors.Is(err, transport.ErrLongText) {
		why = "the answer cannot be used: " + err.Error()
	}
	return got.Unreadable(why)
}

// otherForm is an error about JSON that is valid and has an unexpected form.
type otherForm string

func (e otherForm) Error() string { return string(e) }

// decodeOne parses one JSON value and checks that its required parts are there.
func decodeOne(text []byte, into any) error {
	if string(text) == "null" {
		return otherForm("it is null")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if promised, ok := into.(promised); ok {
		if name := promised.missing(); name != "" {
			return otherForm(fmt.Sprintf("it has no %q", name))
		}
	}
	return nil
}
