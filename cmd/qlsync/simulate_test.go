package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

func TestSimulateComplainsAtItsEnd(t *testing.T) {
	const seed = `{"users": [{"email": "ana@example.com"}]}`
	tests := map[string]struct {
		path   string // of the one request
		code   int
		stderr string
	}{
		"not when every fault fired":  {"/api/v1/spaces", exitOK, ""},
		"of a fault that never fired": {"/api/v1/users", exitError, `never fired: {"path":"/api/v1/spaces","status":503}` + "\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tenant, err := inspect.New([]byte(seed), simulator.Options{Faults: []simulator.Fault{{Path: "/api/v1/spaces", Status: 503}}})
			if err != nil {
				t.Fatal(err)
			}
			request := httptest.NewRequest(http.MethodGet, test.path, nil)
			request.Header.Set("Authorization", "Bearer "+tenant.Token())
			tenant.ServeHTTP(httptest.NewRecorder(), request)

			var stderr strings.Builder
			env := &environment{stderr: &stderr}
			code, ended := exitOK, (*exit)(nil)
			if errors.As(checkServed(env, tenant), &ended) {
				code = ended.code
			}
			if code != test.code || stderr.String() != test.stderr {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
		})
	}
}

func TestSimulateFailsIfItsStateCouldNotBeSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	tenant, err := inspect.Open([]byte(`{"users": [{"email": "ana@example.com"}]}`), file, simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	// Nothing can be renamed onto a folder that is not empty, on any system.
	if err := errors.Join(os.Remove(file), os.MkdirAll(filepath.Join(file, "full"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Add(inspect.SeedConnection{Name: "Rates", DataSource: "rest"}); err == nil {
		t.Fatal("got no error from Add, want the one of the state that cannot be saved")
	}
	var stderr strings.Builder
	ended, failed := errors.AsType[*exit](checkServed(&environment{stderr: &stderr}, tenant))
	if !failed || ended.code != exitError || !strings.Contains(stderr.String(), "could not be saved in "+filepath.ToSlash(file)) {
		t.Errorf("got %v with stderr %q, want exit code 1 and the file that could not be saved", ended, stderr.String())
	}
}

func TestSimulateReportsMisuse(t *testing.T) {
	tenant, err := inspect.New([]byte(`{"users": [{"email": "ana@example.com"}]}`), simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/apps", nil))
	var stderr strings.Builder
	if err := checkServed(&environment{stderr: &stderr}, tenant); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(stderr.String(), "misuse: GET /api/v1/apps: ") {
		t.Errorf("got stderr %q, want the misuse first", stderr.String())
	}
}
