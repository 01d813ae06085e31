// Package schemas contains the JSON Schemas (draft-07) of the files that qlsync reads and writes:
// for package spec, which checks the files of people; for editors, which complete and check them;
// and for programs that read our JSON outputs, whose form is a contract.
//
// It is a leaf: it compiles nothing and uses no schema library. In the two schemas of files of
// people, the annotation errorMessage says in words what a value must be if type, pattern or enum
// alone would be unclear.
//
// The schemas of the outputs contain every field. Within a version, a field may be added together
// with its schema, but never renamed or removed.
package schemas

import "embed"

//go:embed *.json
var files embed.FS

// Project is the schema of qlsync.yaml.
func Project() []byte { return read("project.json") }

// Connections is the schema of the files that declare connections.
func Connections() []byte { return read("connections.json") }

// Plan is the schema of the format qlsync.plan/v1.
func Plan() []byte { return read("plan.json") }

// Result is the schema of the format qlsync.result/v1.
func Result() []byte { return read("result.json") }

// Drift is the schema of the format qlsync.drift/v1.
func Drift() []byte { return read("drift.json") }

// Plans is the schema of the format qlsync.plans/v1.
func Plans() []byte { return read("plans.json") }

// Results is the schema of the format qlsync.results/v1.
func Results() []byte { return read("results.json") }

// Drifts is the schema of the format qlsync.drifts/v1.
func Drifts() []byte { return read("drifts.json") }

// History is the schema of the format qlsync.history/v1: of one line.
func History() []byte { return read("history.json") }

// Snapshot is the schema of the format qlsync.snapshot/v1.
func Snapshot() []byte { return read("snapshot.json") }

// Problems is the schema of the format qlsync.problems/v1.
func Problems() []byte { return read("problems.json") }

// Tenants is the schema of the format qlsync.tenants/v1.
func Tenants() []byte { return read("tenants.json") }

// Fleet is the schema of the format qlsync.fleet/v1.
func Fleet() []byte { return read("fleet.json") }

// Vendored is the schema of the format qlsync.schemas/v1.
func Vendored() []byte { return read("vendored.json") }

// Secrets is the schema of the format qlsync.secrets/v1.
func Secrets() []byte { return read("secrets.json") }

// Impact is the schema of the format qlsync.impact/v1.
func Impact() []byte { return read("impact.json") }

// Check is the schema of the format qlsync.check/v1.
func Check() []byte { return read("check.json") }

// Doctor is the schema of the format qlsync.doctor/v1.
func Doctor() []byte { return read("doctor.json") }

// Version is the schema of the format qlsync.version/v1.
func Version() []byte { return read("version.json") }

// read returns the bytes of an embedded schema, which the caller owns.
func read(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		// The names above are those of files in this folder.
		panic("schemas: " + err.Error())
	}
	return text
}
