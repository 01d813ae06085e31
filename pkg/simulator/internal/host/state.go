package host

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// StateHead begins every state file.
type StateHead struct {
	Version int    `json:"version"` // raised when the layout changes; an older file is dropped for the seed
	Seed    string `json:"seed"`    // salted digest of the seed it began from
}

// StateFile is a file beside the seed, locked for this process. A nil one keeps nothing.
type StateFile struct {
	path string
	head StateHead
	lock *flock.Flock
}

// WithState makes a service on a state file, which it has until it closes it. Another process that holds the file is waited
// for; 0: 3 seconds.
func WithState[Service any](path string, wait time.Duration, open func(*StateFile) (*Service, error)) (*Service, error) {
	if wait == 0 {
		wait = 3 * time.Second
	}
	file, err := lockState(path, wait)
	if err != nil {
		return nil, err
	}
	service, err := open(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return service, nil
}

// lockState makes the folder and takes the lock. Two processes that wrote one state would lose each other's writes.
func lockState(path string, wait time.Duration) (*StateFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("state of the embedded tenant: %w", err)
	}
	lock := flock.New(path + ".lock")
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	locked, err := lock.TryLockContext(ctx, 20*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("state of the embedded tenant: %s is in use by another process", path)
	}
	if err != nil || !locked {
		return nil, fmt.Errorf("lock state of the embedded tenant: %w", err)
	}
	return &StateFile{path: path, lock: lock}, nil
}

// Load reads into state what was left under the same version of the layout and the same seed. There may be none (found is
// false), or one that began otherwise: then reseeded is true.
func (f *StateFile) Load(version int, seed []byte, state any) (found, reseeded bool, err error) {
	f.head = StateHead{Version: version, Seed: SaltedDigest(rand.Text(), string(seed))}
	data, err := readRegular(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("read state of the embedded tenant: %w", err)
	}
	var head StateHead
	if err := json.Unmarshal(data, &head); err != nil {
		return false, false, f.damaged(err)
	}
	if head.Version != version || !MatchesDigest(head.Seed, string(seed)) {
		return false, true, nil
	}
	if err := DecodeOne(data, state); err != nil {
		return false, false, f.damaged(err)
	}
	f.head = head
	return true, false, nil
}

// maxState bounds a state, in bytes.
const maxState = 1 << 30

// readRegular reads a file of state. Whoever can place a link or a device there must not be able to make the read endless.
func readRegular(path string) ([]byte, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: remove it", path)
	case info.Size() > maxState:
		return nil, fmt.Errorf("%s is larger than %d bytes: remove it to start from the seed", path, maxState)
	}
	return os.ReadFile(path)
}

func (f *StateFile) damaged(err error) error {
	return fmt.Errorf("state of the embedded tenant %s is damaged (delete it to start from the seed): %w", f.path, err)
}

// Head is what the state must begin with, after Load.
func (f *StateFile) Head() StateHead { return f.head }

// Save writes the state in one step: a reader, or a process killed half way, finds the old file or the new one. It does not
// wait for the disk, so it does not survive a power cut.
func (f *StateFile) Save(state any) error {
	data, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode state of the embedded tenant: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write state of the embedded tenant: %w", err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("write state of the embedded tenant: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

// Close gives the lock back.
func (f *StateFile) Close() error {
	if f == nil {
		return nil
	}
	return f.lock.Close()
}
