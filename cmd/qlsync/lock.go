package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/report"
)

// lockFlag is how long an apply waits for another one.
var lockFlag = &cli.DurationFlag{Name: "lock-timeout", Usage: "wait so long, such as `5m`, for another apply of the project to the tenant on this computer"}

// lockFolderFlag is where the lock is.
var lockFolderFlag = &cli.StringFlag{Name: "lock-dir", Usage: "keep the lock in the folder `DIR` (default: the user's cache folder, else a private folder below the temporary folder)"}

// holder is who holds a lock, for whoever finds it held.
type holder struct {
	Process int       `json:"process"`
	Since   time.Time `json:"since"`
	Folder  string    `json:"folder"`
}

func (h holder) String() string {
	if h.Process == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d, since %s, in %s", h.Process, h.Since.Local().Format(time.DateTime), report.Clean(filepath.ToSlash(h.Folder)))
}

// lock keeps two applies of one project to one tenant from running at the same time on
// this computer, also from two checkouts: they would wait for the same rate limit and
// find each other's half-done work. The lock is a file in [environment.lockFolder] and
// ends with the process, however that ends. Between computers there is none; that is
// for whatever runs qlsync.
func (s *session) lock(c *cli.Context) (unlock func(), err error) {
	folder, err := s.env.lockFolder(c.String(lockFolderFlag.Name))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, s.digest())
	lock := flock.New(path+".lock", flock.SetFlag(os.O_CREATE|os.O_RDWR|outfile.NoFollow), flock.SetPermissions(outfile.Private))
	switch held, err := acquire(c.Context, lock, c.Duration(lockFlag.Name)); {
	case err != nil:
		return nil, fmt.Errorf("lock: %w", err)
	case !held:
		return nil, &exit{code: exitPartial, err: fmt.Errorf("nothing was written: another apply of project %s to tenant %s is running: %s; wait for it, or for a while with --%s",
			s.project.Name, s.tenant.Name, readHolder(path), lockFlag.Name)}
	}
	writeHolder(path)
	return sync.OnceFunc(func() { _ = os.Remove(path + ".json"); _ = lock.Unlock() }), nil
}

// digest names the project and the tenant, wherever they are checked out.
func (s *session) digest() string {
	address := s.tenant.URL
	if s.tenant.SimFile != "" {
		address, _ = filepath.Abs(s.tenant.SimFile) // relative where even the current folder is unknown
	}
	return digest(s.project.Name, address)
}

func digest(lines ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// cacheFile is where a plan keeps what it has read; empty for no folder. What an embedded
// tenant begins with always has the same times, so another seed has another file. So has
// another qlsync, which may know more properties for what they are.
func (s *session) cacheFile(folder string, seed []byte) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, digest(s.digest(), version(), string(seed))+".cache")
}

// acquire takes the lock, and waits so long for it; false when it is still held then.
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

// writeHolder says who holds the lock. That is a courtesy: without it the lock is held
// all the same.
func writeHolder(path string) {
	folder, _ := os.Getwd()
	text, _ := json.Marshal(holder{os.Getpid(), time.Now().UTC().Truncate(time.Second), folder})
	_ = outfile.WriteBytes(path+".json", outfile.Private, text)
}

func readHolder(path string) holder {
	var h holder
	if text, err := infile.Read(path+".json", 64<<10); err == nil {
		_ = json.Unmarshal(text, &h)
	}
	return h
}

// lockFolder is the folder of the locks: the one that is named, or one of this user.
func (env *environment) lockFolder(named string) (string, error) {
	if named == "" {
		folder, err := env.cacheFolder("locks")
		if err != nil {
			return "", fmt.Errorf("no safe folder for the lock: %w. Nothing was written. Pass --%s DIR with a folder that only you can write to",
				err, lockFolderFlag.Name)
		}
		return folder, nil
	}
	if err := os.MkdirAll(named, 0o700); err != nil {
		return "", fmt.Errorf("--lock-dir %s: %w", named, err)
	}
	if err := outfile.Check(filepath.Join(named, "lock")); err != nil {
		return "", fmt.Errorf("--lock-dir %s: %w", named, err)
	}
	return named, nil
}

// cacheFolder makes a folder of ours in the user's cache folder, or where that cannot be
// written, as in many containers, in a folder of this user among the temporary files.
// Whatever another user may have prepared there is not taken.
func (env *environment) cacheFolder(name string) (string, error) {
	cache, _ := env.lookup("XDG_CACHE_HOME")
	var missing error
	if cache == "" {
		cache, missing = os.UserCacheDir()
	}
	if missing == nil {
		var folder string
		if folder, missing = ownFolder(filepath.Join(cache, "qlsync"), name); missing == nil {
			return folder, nil
		}
	}
	folder, err := ownFolder(filepath.Join(os.TempDir(), "qlsync-"+strconv.Itoa(os.Getuid())), name)
	if err != nil {
		return "", fmt.Errorf("in the cache folder: %w; in the temporary folder: %w", missing, err)
	}
	return folder, nil
}

// ownFolder makes a folder in a folder, both of this user alone, and demands that
// files can be written there.
func ownFolder(above, name string) (string, error) {
	folder := filepath.Join(above, name)
	return folder, firstOfCalls(
		func() error { return outfile.PrivateFolder(above) },
		func() error { return outfile.PrivateFolder(folder) },
		func() error { return outfile.Check(filepath.Join(folder, "lock")) },
	)
}

// firstOfCalls stops at the first error.
func firstOfCalls(calls ...func() error) error {
	for _, call := range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}
