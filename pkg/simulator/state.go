package simulator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// stateVersion is raised when the layout of the state file changes; an older file is dropped for the seed.
const stateVersion = 1

// state is the file beside the seed. It holds no credential and no token, only salted digests.
type state struct {
	Version     int            `json:"version"`
	Seed        string         `json:"seed"` // salted digest of the seed it began from
	Users       []*userRecord  `json:"users"`
	Spaces      []*spaceRecord `json:"spaces"`
	Disabled    []string       `json:"disabled,omitempty"`
	Gone        []string       `json:"gone,omitempty"`
	Connections []*record      `json:"connections"`

	Credentials []*credential     `json:"credentials,omitempty"`
	SignIns     map[string]signIn `json:"signIns,omitempty"`
}

// stateFile is the place of the state, locked for this process. A nil one keeps nothing.
type stateFile struct {
	path string
	seed string // salted digest of the seed
	lock *flock.Flock
}

// lockState makes the folder and takes the lock. Two processes that wrote one state would lose each other's writes.
func lockState(path string, wait time.Duration) (*stateFile, error) {
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
	return &stateFile{path: path, lock: lock}, nil
}

// load reads the world as it was left. It is nil if there is none, or if it began from another seed: then reseeded is true.
func (f *stateFile) load(seed []byte, b Behaviour) (w *world, reseeded bool, err error) {
	f.seed = saltedDigest(rand.Text(), string(seed))
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read state of the embedded tenant: %w", err)
	}
	var head struct {
		Version int    `json:"version"`
		Seed    string `json:"seed"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, false, fmt.Errorf("state of the embedded tenant %s is damaged (delete it to start from the seed): %w", f.path, err)
	}
	if head.Version != stateVersion || !matchesDigest(head.Seed, string(seed)) {
		return nil, true, nil
	}
	var s state
	if err := decodeOne(data, &s); err != nil {
		return nil, false, fmt.Errorf("state of the embedded tenant %s is damaged (delete it to start from the seed): %w", f.path, err)
	}
	f.seed = head.Seed
	return s.world(b), false, nil
}

func (s *state) world(b Behaviour) *world {
	w := newWorld(b)
	w.users, w.spaces = s.Users, s.Spaces
	for _, id := range s.Disabled {
		w.disabled[id] = true
	}
	for _, id := range s.Gone {
		w.gone[id] = true
	}
	for _, k := range s.Credentials {
		w.credentials[k.ID] = k
	}
	maps.Copy(w.signIns, s.SignIns)
	for _, r := range s.Connections {
		w.put(r)
	}
	return w
}

// save writes the world in one step: a reader, or a process killed half way, finds the old file or the new one. It does
// not wait for the disk, so it does not survive a power cut.
func (f *stateFile) save(w *world) error {
	if f == nil {
		return nil
	}
	data, err := json.Marshal(state{
		Version: stateVersion, Seed: f.seed, Users: w.users, Spaces: w.spaces,
		Disabled: sortedKeys(w.disabled), Gone: sortedKeys(w.gone), Connections: w.inOrder(),
		Credentials: w.credentialsInOrder(), SignIns: w.signIns,
	})
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

// close gives the lock back.
func (f *stateFile) close() error {
	if f == nil {
		return nil
	}
	return f.lock.Close()
}
