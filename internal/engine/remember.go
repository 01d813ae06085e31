package engine

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/connection"
)

// memory is what earlier runs have seen of usage: in the read cache, which may be lost at any time,
// and in the history, which grows.
type memory struct {
	key            []byte
	cache, history string // paths; empty: none
	cached, kept   *impact.Kept
	raise          int
}

// sealKey returns the key that seals what runs remember of usage. Only somebody who can sign in as
// this caller can make a file that hides a use.
func sealKey(a auth, seed []byte) []byte {
	sum := sha256.New()
	for _, part := range []connection.Secret{a.apiKey, a.clientID, a.clientSecret, a.privateKey, a.token, a.user, a.password} {
		fmt.Fprintf(sum, "%d:%s", len(part.Reveal()), part.Reveal())
	}
	if seed != nil { // an embedded tenant without a token in its seed has another one in each run
		sum = sha256.New()
		sum.Write(seed)
	}
	return sum.Sum(nil)
}

// usageFile returns the file in the read cache of dependents.
func (s *Session) usageFile() string {
	return filepath.Join(s.usageCache, digest(s.digest(), string(s.sealKey))+".usage")
}

// recall reads what earlier runs have seen. A cache that does not fit its seal, or is too large, is
// ignored, because it can be read again. Such a history is an error, because it cannot.
func (s *Session) recall(history string) (*memory, error) {
	m := &memory{key: s.sealKey, raise: s.project.o.RaiseLimits}
	if s.usageCache != "" {
		m.cache = s.host.at(s.usageFile())
		var err error
		m.cached, err = m.read(m.cache)
		if large := (*infile.TooLargeError)(nil); err != nil && !errors.Is(err, impact.ErrSeal) && !errors.As(err, &large) {
			return nil, fmt.Errorf("cache: %w", s.host.WorkDir.Shown(err))
		}
	}
	if history != "" {
		m.history = s.host.at(history)
		var err error
		m.kept, err = m.read(m.history)
		switch {
		case errors.Is(err, impact.ErrSeal):
			return nil, fmt.Errorf("--usage-history %s: the file was written with another sign-in, or modified. Sign in as before, or name a new file", history)
		case err != nil:
			return nil, fmt.Errorf("--usage-history %s: %w", history, s.host.WorkDir.Shown(err))
		}
	}
	return m, nil
}

// lockUsage waits until no other run of this computer adds to the history. Without a lock the run goes
// on: what it has read took long.
func (s *Session) lockUsage(ctx context.Context, history string) (unlock func()) {
	if history == "" {
		return func() {}
	}
	folder, err := s.host.LockFolder("")
	if err != nil {
		return func() {}
	}
	lock := lockFile(filepath.Join(s.host.at(folder), digest(history)+".usage.lock"))
	_, _ = acquire(ctx, lock, usagePatience)
	return func() { _ = lock.Unlock() }
}

// usagePatience is how long a run waits for another one to write a history. Writing takes less.
const usagePatience = 30 * time.Second

// read returns the content of a file; nil if it does not exist.
func (m *memory) read(path string) (*impact.Kept, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, infile.ErrNotRegular
	}
	content, err := infile.Read(path, limits.Cache.At(m.raise))
	if err != nil {
		return nil, err
	}
	return impact.OpenKept(content, m.key)
}

// known returns the apps of the newest of the two.
func (m *memory) known() map[string]connection.App {
	for _, kept := range []*impact.Kept{m.cached, m.kept} {
		if kept != nil {
			return kept.Apps
		}
	}
	return nil
}

// save adds a reading to both files, and returns the history with it that the index needs. A cache
// that would be too large is not kept, and a history that would be is an error: the next run could not
// read it.
func (m *memory) save(usage *connection.Usage, live []connection.Live) (*impact.History, error) {
	cached := m.cached.Keep(usage, live)
	err := m.write(m.cache, cached)
	if large := (*infile.TooLargeError)(nil); errors.As(err, &large) {
		err = nil
	}
	if m.history == "" {
		return cached.History, err
	}
	before, unread := m.read(m.history) // another run may have added to it since
	if unread != nil {
		return nil, unread
	}
	kept := before.Keep(usage, live)
	err = cmp.Or(err, m.write(m.history, kept))
	if m.kept == nil { // the file is new, so the cache has seen more
		return cached.History, err
	}
	return kept.History, err
}

func (m *memory) write(path string, next *impact.Kept) error {
	if path == "" {
		return nil
	}
	content, err := next.Seal(m.key)
	if err != nil {
		return err
	}
	if most := limits.Cache.At(m.raise); int64(len(content)) > most {
		return &infile.TooLargeError{Limit: most}
	}
	if old, err := infile.Read(path, limits.Cache.At(m.raise)); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return outfile.WriteBytes(path, outfile.Private, content)
}

// readsFresh returns a function that reports whether an app uses one of the connections: nothing is
// refused because of what only a cache says.
func readsFresh(live []connection.Live, ids map[string]bool) func(*connection.App) bool {
	keys := map[string]bool{}
	for i := range live {
		if ids[live[i].ID] {
			keys[connection.KeyDigest(live[i].Key)] = true
			keys[connection.KeyDigest(connection.Key{Name: live[i].Key.Name})] = true
		}
	}
	return func(app *connection.App) bool {
		for i := range app.Reloads {
			for _, use := range app.Reloads[i].Uses {
				if ids[use.ID] || keys[use.Key] || keys[use.Bare] {
					return true
				}
			}
		}
		return false
	}
}
