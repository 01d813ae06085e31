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

// cacheVersion is that of the layout; files of another are not read.
const cacheVersion = 2

// settling is how long ago a connection was updated at least, when it was read, for
// what was read to be kept. A change soon after the read may have the same `updated`,
// whose resolution is not documented, and another computer of the service may have set
// it, whose clock is a little behind.
const settling = time.Minute

// cache is what is known of connections from an earlier snapshot: their properties,
// for as long as the list says that they have not been updated since. It is a file
// that only its owner may read, and holds what one caller sees. It holds no secret: a
// connection that has one among its properties is not kept, and neither is one with a record
// that lifts guesses, since what such a record shows must not outlive the record.
type cache struct {
	path   string
	caller string
	most   int64             // bytes of the file; a larger one is neither read nor kept
	known  map[string]cached // by id
}

type cached struct {
	Updated    time.Time      `json:"updated"`
	DataSource string         `json:"dataSource"`
	Properties map[string]any `json:"properties"`
}

// cacheFile is the layout, behind a line with its digest.
type cacheFile struct {
	Version     int               `json:"version"`
	Caller      string            `json:"caller"`
	Connections map[string]cached `json:"connections"`
}

// openCache reads the file. One that is not there is empty, and so is one that is not as
// it was written, or by another caller or layout, or larger than the limit, which is
// multiplied by raise: then everything is read from the tenant.
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
	case !outfile.IsOurs(info): // who writes it decides what is in sync
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

// fill returns a listed connection the properties that are known of it; false if they
// must be read.
func (c *cache) fill(live *connection.Live) bool {
	known, ok := c.known[live.ID]
	if !ok || live.UpdatedAt.IsZero() || !known.Updated.Equal(live.UpdatedAt) || known.DataSource != live.DataSource || known.Properties == nil {
		return false
	}
	live.Properties = known.Properties
	return true
}

// save keeps these for the next time, and nothing else; secretive is that of
// [connection.Scope].
func (c *cache) save(settled []*connection.Live, secretive func(*connection.Live) bool) error {
	file := cacheFile{Version: cacheVersion, Caller: c.caller, Connections: map[string]cached{}}
	for _, live := range settled {
		secret := len(connection.Secrets(live.Properties)) > 0 || secretive != nil && secretive(live)
		if live.Properties != nil && !live.UpdatedAt.IsZero() && !secret && live.Record.NotSensitive == "" {
			file.Connections[live.ID] = cached{live.UpdatedAt, live.DataSource, live.Properties}
		}
	}
	text, err := json.Marshal(file)
	if int64(len(text)) > c.most {
		return nil // what was kept before is still true, as far as the list says so
	}
	if err == nil {
		err = outfile.WriteBytes(c.path, outfile.Private, slices.Concat([]byte(digestOf(text)), []byte("\n"), text))
	}
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
