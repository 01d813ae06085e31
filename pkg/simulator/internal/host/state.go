package host

import (
	"bytes"
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

// stateBegin is how every state file begins: its head is encoded first.
const stateBegin = `{"version":`

// StateFile is a file next to the seed, locked for this process. A nil one keeps nothing.
type StateFile struct {
	path string
	head StateHead
	lock *flock.Flock

	saved   []byte // the content of the file
	unsaved error  // of the last Save; nil: it succeeded, or there was none

	rename func(from, to string) error // os.Rename, except in tests
	inUse  func(error) bool            // reports whether a rename may succeed soon: another program has the file open
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
		return nil, fmt.Errorf("the folder for the state of the embedded tenant cannot be created (%w)", err)
	}
	for _, name := range []string{path, path + ".lock"} {
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("the state of the embedded tenant cannot be kept, because %s is not a regular file. Remove it", name)
		}
	}
	lock := flock.New(path + ".lock")
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	locked, err := lock.TryLockContext(ctx, 20*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("the state of the embedded tenant cannot be opened, because %s is in use by another process. Wait until that process has ended", path)
	}
	if err != nil || !locked {
		return nil, fmt.Errorf("lock state of the embedded tenant: %w", err)
	}
	return &StateFile{path: path, lock: lock, rename: os.Rename, inUse: inUse}, nil
}

// Load reads into state what was left under the same version of the layout and the same seed. There may be none (found is
// false), or one that began otherwise: then reseeded is true. A file that is not a state is an error: Save would replace it.
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
	err = json.Unmarshal(data, &head)
	switch {
	case len(data) > 0 && !bytes.HasPrefix(data, []byte(stateBegin)), err == nil && (head.Version < 1 || !isSaltedDigest(head.Seed)):
		return false, false, fmt.Errorf("%s is not the state of an embedded tenant, and would be lost. Name another file", f.path)
	case err != nil:
		return false, false, f.damaged(err)
	}
	if head.Version != version || !MatchesDigest(head.Seed, string(seed)) {
		return false, true, nil
	}
	if err := DecodeOne(data, state); err != nil {
		return false, false, f.damaged(err)
	}
	f.head, f.saved = head, data
	return true, false, nil
}

// maxState bounds a state, in bytes: decoded, it takes several times as much memory. A larger one is neither read nor written.
const maxState = 128 << 20

// readRegular reads a file of state. Whoever can place a link or a device there must not be able to make the read endless.
func readRegular(path string) ([]byte, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file. Remove it", path)
	case info.Size() > maxState:
		return nil, fmt.Errorf("%s is larger than %d MiB. Remove it to start from the seed", path, maxState>>20)
	}
	return os.ReadFile(path)
}

func (f *StateFile) damaged(err error) error {
	return fmt.Errorf("the state of the embedded tenant in %s is damaged (%w). Delete the file to start from the seed", f.path, err)
}

// Head is what the state must begin with, after Load.
func (f *StateFile) Head() StateHead { return f.head }

// Save writes the state in one step: a reader, or a process killed half way, finds the old file or the new one. It does not
// wait for the disk, so it does not survive a power cut. While another program has the file open, which only Windows
// minds, it tries for about a second; after a Save that failed, once. The caller takes an error for a request that changed
// nothing, and goes back to [StateFile.Last].
func (f *StateFile) Save(state any) error {
	data, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode state of the embedded tenant: %w", err)
	}
	if len(data) > maxState {
		f.unsaved = fmt.Errorf("the state of the embedded tenant would be larger than %d MiB, so %s was not saved: use a smaller seed", maxState>>20, filepath.ToSlash(f.path))
		return f.unsaved
	}
	if err := f.replace(data); err != nil {
		f.unsaved = fmt.Errorf("the state of the embedded tenant could not be saved in %s: %w", filepath.ToSlash(f.path), err)
		return f.unsaved
	}
	f.saved, f.unsaved = data, nil
	return nil
}

// Last reads into state what was saved or loaded last; false if there is none.
func (f *StateFile) Last(state any) (bool, error) {
	if f.saved == nil {
		return false, nil
	}
	return true, DecodeOne(f.saved, state)
}

// Unsaved returns the error of the last Save, nil if it succeeded. The service that it asks about must be at rest.
func (f *StateFile) Unsaved() error {
	if f == nil {
		return nil
	}
	return f.unsaved
}

func (f *StateFile) replace(data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.tmp") // mode 0600
	if err != nil {
		return cause(err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = f.renamed(temporary.Name())
	}
	if err != nil {
		return errors.Join(cause(err), os.Remove(temporary.Name()))
	}
	return nil
}

// patience is how long a rename is tried while another program, such as an editor or a virus scanner, has the file open.
const patience = time.Second

// renamed puts a file in the place of the state. Every request waits meanwhile, so the patience is spent once, not again by
// each of the requests that follow.
func (f *StateFile) renamed(from string) error {
	err := f.rename(from, f.path)
	for pause, waited := 10*time.Millisecond, time.Duration(0); err != nil && f.inUse(err) && f.unsaved == nil && waited < patience; pause *= 2 {
		pause = min(pause, patience-waited)
		time.Sleep(pause)
		waited += pause
		err = f.rename(from, f.path)
	}
	return err
}

// cause returns an error without the name of the temporary file, which is meaningless to users.
func cause(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	if failed, ok := errors.AsType[*os.LinkError](err); ok {
		return failed.Err
	}
	return err
}

// Close returns the lock back.
func (f *StateFile) Close() error {
	if f == nil {
		return nil
	}
	return f.lock.Close()
}
