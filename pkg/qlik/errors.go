package qlik

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// How much of what the service says is repeated, in characters.
const (
	maxCode   = 64
	maxTitle  = 200
	maxDetail = 400
)

// Error is an answer of the service that is no success, or that cannot be used.
//
// It wraps a sentinel error of package connection where the status has one: 400
// and 422 ErrInvalid, 401 ErrUnauthorized, 403 ErrForbidden, 404 ErrNotFound, 409
// ErrConflict; and ErrUnknownOutcome, beside it, for a write that may have happened all
// the same: this attempt, or an earlier one. The trace is for Qlik's support.
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

// refusal makes the error for an answer that is no success. Its body should be
// {"errors": [...], "traceId": ...}, but proxies send what they like.
func (c *Client) refusal(call call, got *reply) *Error {
	var body wireErrors
	failed := c.blank(call, got)
	failed.Kind = kindOf(got.Status)
	if err := json.Unmarshal(got.Body, &body); err != nil {
		if len(bytes.TrimSpace(got.Body)) > 0 {
			failed.Detail = notJSON(got, c.redactor(call, got))
		}
		return failed
	}
	hide := c.redactor(call, got)
	failed.TraceID = cmp.Or(hide.Clean(body.TraceID, maxCode), failed.TraceID)
	fill(failed, body.Errors, hide)
	return failed
}

// unusable makes the error for an answer that says it is a success and cannot be
// read. A write has then probably happened.
func (c *Client) unusable(call call, got *reply, why string) *Error {
	failed := c.blank(call, got)
	failed.Detail = why
	failed.Unknown = !call.isRead() && !call.anonymous // a token may be asked for again
	return failed
}

// blank is an error that says where and when.
func (c *Client) blank(call call, got *reply) *Error {
	return &Error{
		Method: call.method, Path: call.asked.Path, Status: got.Status,
		TraceID: c.redactor(call, got).Clean(got.Header.Get("X-B3-Traceid"), maxCode),
	}
}

// fill takes over the words of the service: code and title of the first error,
// the details of all.
func fill(e *Error, items []wireError, hide *transport.Redactor) {
	var details []string
	for i, item := range items {
		if i == 0 {
			e.Code, e.Title = hide.Clean(item.Code, maxCode), hide.Clean(item.Title, maxTitle)
		} else if item.Title != "" && item.Title != items[0].Title {
			details = append(details, item.Title)
		}
		if item.Detail != "" {
			details = append(details, item.Detail)
		}
	}
	e.Detail = hide.Clean(strings.Join(details, "; "), maxDetail)
}

// decode reads a successful answer.
func (c *Client) decode(call call, got *reply, answer any) error {
	text := bytes.TrimSpace(got.Body)
	if _, written := answer.(*wireWritten); answer == nil || written && len(text) == 0 {
		return nil
	}
	err := decodeOne(text, answer)
	if err == nil {
		return nil
	}
	hide := c.redactor(call, got)
	why := notJSON(got, hide)
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		why = fmt.Sprintf("the answer holds a JSON %s at %q where it should not", wrongType.Value, hide.Clean(wrongType.Field, maxTitle))
	} else if missing, ok := errors.AsType[otherForm](err); ok {
		why = "the answer is not what the API describes: " + string(missing)
	}
	return c.unusable(call, got, why)
}

// otherForm tells what is wrong with JSON that can be read and is not what it should be.
type otherForm string

func (e otherForm) Error() string { return string(e) }

// decodeOne reads one JSON value, and checks that what it must have is there.
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

func notJSON(got *reply, hide *transport.Redactor) string {
	kind := got.Header.Get("Content-Type")
	if len(bytes.TrimSpace(got.Body)) == 0 {
		return "the answer is empty"
	}
	return fmt.Sprintf("the answer is not whole JSON (%d bytes of %q)", len(got.Body), hide.Clean(kind, maxCode))
}

// redactor returns the redactor of the run, which knows the secrets of this call, the token
// that it was sent with, our own, and those of every call before.
func (c *Client) redactor(call call, got *reply) *transport.Redactor {
	secrets := append(slices.Concat(call.secrets, c.auth.secrets()), call.signInCode)
	if got != nil && got.token != nil {
		secrets = append(secrets, got.token.AccessToken)
	}
	c.secrets.Add(secrets...)
	return c.secrets
}
