package qlik

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/connection"
)

// cacheVersion is the version of the file format; files of other versions are not read.
const cacheVersion = 2

// settling is the minimum age of a connection's last update at the time of a read for the result to
// be cached. A change soon after the read may have the same `updated`, whose resolution is not
// documented, and may be dated by another server whose clock is slightly behind.
const settling = time.Minute

// cache holds the properties of connections from an earlier snapshot, valid as long as the list
// says that they have not been updated since and, with a key, shows the same statement. It is a file that only its owner may read, with the
// view of one caller. It contains no secrets: connections with a secret among their properties are
// not cached, and neither are those with a record that lifts guesses, because the lifted values
// must not outlive the record.
type cache struct {
	path   string
	caller string
	most   int64             // maximum size of the file; a larger one is neither read nor written
	known  map[string]cached // by id
	// digests holds the keyed digests of the listed connections, by id. Nil: there is no key.
	digests map[string]string
}

type cached struct {
	Updated    time.Time      `json:"updated"`
	DataSource string         `json:"dataSource"`
	Properties map[string]any `json:"properties"`
	// Digest is the keyed digest of the statement and of the time of update. Empty: there was no key.
	Digest string `json:"digest,omitempty"`
}

// cacheFile is the file format, after a line with its digest.
type cacheFile struct {
	Version     int               `json:"version"`
	Caller      string            `json:"caller"`
	Connections map[string]cached `json:"connections"`
}

// openCache reads the file. The cache is empty, so that everything is read from the tenant, if the
// file does not exist, was modified, is of another caller or version, or is larger than the limit,
// which is multiplied by raise.
func openCache(path, caller string, raise int) (*cache, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c := &cache{path: path, caller: caller, most: limits.Cache.At(raise)}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, fmt.Errorf("cache: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("cache: %q is not a regular file: remove it", path)
	case !outfile.IsOurs(info): // whoever can write the file decides what is in sync
		return nil, fmt.Errorf("cache: %q belongs to another user: remove it, or name a folder that only you can write to", path)
	}
	whole, err := infile.Read(path, c.most)
	if large := (*infile.TooLargeError)(nil); errors.As(err, &large) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	digest, text, _ := bytes.Cut(whole, []byte("\n"))
	if string(digest) != digestOf(text) {
		return c, nil
	}
	var file cacheFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&file) == nil && file.Version == cacheVersion && file.Caller == caller {
		c.known = file.Connections
	}
	return c, nil
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// fill sets the properties of a listed connection from the cache; false if they must be read.
func (c *cache) fill(live *connection.Live) bool {
	known, ok := c.known[live.ID]
	if !ok || live.UpdatedAt.IsZero() || !known.Updated.Equal(live.UpdatedAt) || known.DataSource != live.DataSource || known.Properties == nil {
		return false
	}
	if c.digests != nil && (known.Digest == "" || known.Digest != c.digests[live.ID]) {
		return false
	}
	live.Properties = known.Properties
	return true
}

// save writes these connections to the file and no others; secretive is the function of
// [connection.Scope].
func (c *cache) save(settled []*connection.Live, secretive func(*connection.Live) bool) error {
	file := cacheFile{Version: cacheVersion, Caller: c.caller, Connections: map[string]cached{}}
	for _, live := range settled {
		secret := len(connection.Secrets(live.Properties)) > 0 || secretive != nil && secretive(live)
		if live.Properties != nil && !live.UpdatedAt.IsZero() && !secret && live.Record.NotSensitive == "" {
			file.Connections[live.ID] = cached{live.UpdatedAt, live.DataSource, live.Properties, c.digests[live.ID]}
		}
	}
	text, err := json.Marshal(file)
	if int64(len(text)) > c.most {
		return nil // the cached properties are still valid as far as the list says so
	}
	if err == nil {
		err = outfile.WriteBytes(c.path, outfile.Private, slices.Concat([]byte(digestOf(text)), []byte("\n"), text))
	}
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
