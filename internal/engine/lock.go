package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
)

// holder describes the holder of a lock to a process that finds it held.
type holder struct {
	Process int       `json:"process"`
	Since   time.Time `json:"since"`
	Folder  string    `json:"folder"`
}

func (h holder) String() string {
	if h.Process == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d, since %s, in %s", h.Process, h.Since.Local().Format(time.DateTime), filepath.ToSlash(h.Folder))
}

// Lock prevents two concurrent applies of one project to one tenant on this computer, including
// from two checkouts: they would wait for the same rate limit and find each other's unfinished
// work. It waits that long for another apply, then returns a [LockedError]. The lock is a file in
// [Host.LockFolder] of dir, and is released when the process ends in any way. There is no lock
// between computers; the scheduler must prevent that. unlock may be called more than once.
func (s *Session) Lock(ctx context.Context, dir string, wait time.Duration) (unlock func(), err error) {
	folder, err := s.host.LockFolder(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.host.at(folder), s.digest())
	lock := lockFile(path + ".lock")
	switch held, err := acquire(ctx, lock, wait); {
	case err != nil:
		return nil, fmt.Errorf("the lock of project %s and tenant %s cannot be taken: %w. Nothing was written", s.project.Name, s.tenant.Name, err)
	case !held:
		return nil, &LockedError{fmt.Sprintf("another apply of project %s to tenant %s is running (%s). Nothing was written. Wait until it has ended, or pass --lock-timeout 10m to wait for it",
			s.project.Name, s.tenant.Name, readHolder(path))}
	}
	s.host.writeHolder(path)
	return sync.OnceFunc(func() { _ = os.Remove(path + ".json"); _ = lock.Unlock() }), nil
}

// digest identifies the project and the tenant, independent of the checkout.
func (s *Session) digest() string {
	address := s.tenant.URL
	if s.tenant.SimFile != "" {
		address, _ = s.host.WorkDir.Abs(s.tenant.SimFile) // relative if even the current folder is unknown
	}
	return digest(s.project.Name, address)
}

func digest(lines ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// cacheFile returns the cache file of a tenant; empty without a folder. An embedded tenant starts
// with the same times for any seed, so the name depends on the seed. It also depends on the version
// of qlsync, which may interpret properties differently.
func (s *Session) cacheFile(folder string, seed []byte) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, digest(s.digest(), s.host.Version, string(seed))+".cache")
}

// lockFile returns a lock that is a file, which only the user can read and which is not a link.
func lockFile(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|outfile.NoFollow), flock.SetPermissions(outfile.Private))
}

// acquire takes the lock, and waits that long for it; false if it is still held then.
func acquire(ctx context.Context, lock *flock.Flock, wait time.Duration) (bool, error) {
	if held, err := lock.TryLock(); held || err != nil || wait <= 0 {
		return held, err
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	held, err := lock.TryLockContext(waiting, 200*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, nil
	}
	return held, err
}

// writeHolder writes who holds the lock, for messages only: the lock is valid without it.
func (host *Host) writeHolder(path string) {
	text, _ := json.Marshal(holder{os.Getpid(), host.now().UTC().Truncate(time.Second), host.WorkDir.String()})
	_ = outfile.WriteBytes(path+".json", outfile.Private, text)
}

func readHolder(path string) holder {
	var h holder
	if text, err := infile.Read(path+".json", 64<<10); err == nil {
		_ = json.Unmarshal(text, &h)
	}
	return h
}
