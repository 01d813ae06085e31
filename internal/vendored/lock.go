package vendored

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// lockFormat names the contract of the lock file.
const lockFormat = "qlsync.schemas-lock/v1"

// Lock is the content of the lock file.
type Lock struct {
	Format      string            `json:"format"`
	DataSources map[string]Locked `json:"dataSources"`
}

// Locked is the origin of one vendored schema.
type Locked struct {
	Version string `json:"connectorVersion"`
	Pulled  string `json:"pulled"` // the day, as 2006-01-02, of the last pull that changed the schema
	Tenant  string `json:"tenant"` // the name in the project file
	Digest  string `json:"digest"` // of the content of the vendored file
}

// ReadLock reads the lock file of a folder of schemas. A missing file is an empty lock.
func ReadLock(at workdir.Dir, dir string) (Lock, connection.Problems) {
	lock := Lock{Format: lockFormat, DataSources: map[string]Locked{}}
	path := filepath.Join(dir, spec.LockFile)
	text, err := infile.Read(at.Path(path), spec.MaxSchema)
	if errors.Is(err, fs.ErrNotExist) {
		return lock, nil
	}
	if err == nil {
		text, err = infile.Text(text)
	}
	if err != nil {
		return lock, connection.Problems{readProblem(path, err)}
	}
	var read Lock
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil || read.Format != lockFormat || read.DataSources == nil {
		return lock, connection.Problems{messages.FileProblem(path, connection.Because("invalid-schema-lock", "format", lockFormat))}
	}
	return read, nil
}

// Text returns the text of the lock file. It is deterministic.
func (l Lock) Text() []byte { return jsontext.Indented(l) }

// Edited reports whether a vendored file with this text differs from what was pulled, because it
// was changed or created by hand.
func (l Lock) Edited(id string, text []byte) bool {
	return l.DataSources[id].Digest != Digest(text)
}

// Take records that a vendored schema was pulled from a tenant. An unchanged schema keeps its day,
// so that a pull without changes changes nothing.
func (l Lock) Take(source *connection.DataSource, text []byte, tenant, day string) {
	fresh := Locked{Version: source.Version, Pulled: day, Tenant: tenant, Digest: Digest(text)}
	if known, ok := l.DataSources[source.ID]; ok && known.Digest == fresh.Digest && known.Version == fresh.Version {
		return
	}
	l.DataSources[source.ID] = fresh
}

// Digest identifies the content of a vendored schema, independent of its formatting.
func Digest(text []byte) string {
	sum := sha256.Sum256([]byte(canonicalSchema(text)))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Text returns the vendored form of a data source: the answer of the service with sorted keys and
// unchanged numbers, one line for each value, so that a change is a difference of few lines.
func Text(source *connection.DataSource) ([]byte, error) {
	if !infile.IsPlainName(source.ID) {
		return nil, fmt.Errorf("vendor data source %q: its id cannot be the name of a file", source.ID)
	}
	schema, err := jsontext.Decode(source.Schema)
	if err != nil {
		return nil, fmt.Errorf("vendor data source %q: its schema is not JSON: %w", source.ID, err)
	}
	text := jsontext.Indented(map[string]any{
		"connectorProvider":    source.Family,
		"connectorVersion":     source.Version,
		"connectionProperties": schema,
	})
	if len(text) > spec.MaxSchema {
		return nil, fmt.Errorf("vendor data source %q: its schema is larger than %d MiB", source.ID, spec.MaxSchema>>20)
	}
	return text, nil
}
