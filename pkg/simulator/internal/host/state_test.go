package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

type world struct {
	StateHead

	Value string `json:"value"`
}

// opened is a state file of its own that has been loaded.
func opened(t *testing.T) *StateFile {
	t.Helper()
	f, err := lockState(filepath.Join(t.TempDir(), "state.json"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, _, err := f.Load(1, []byte("seed"), new(world)); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *StateFile) put(value string) error { return f.Save(world{f.Head(), value}) }

// holds demands what the file and Last hold, and that nothing else is in the folder.
func holds(t *testing.T, f *StateFile, want string) {
	t.Helper()
	text, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	var kept, last world
	found, damaged := f.Last(&last)
	if err := errors.Join(json.Unmarshal(text, &kept), damaged); err != nil || !found || kept.Value != want || last.Value != want {
		t.Errorf("the file holds %q, Last returns %q, want %q (%v)", kept.Value, last.Value, want, err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.path), "*.tmp"))
	if len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

func TestAStateThatIsOpenInAnotherProgramIsWaitedForOnceForASecond(t *testing.T) {
	errInUse := errors.New("in use")
	f := opened(t)
	if err := f.put("old"); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		tries, free := 0, time.Now().Add(300*time.Millisecond)
		f.inUse = func(err error) bool { return errors.Is(err, errInUse) }
		f.rename = func(from, to string) error {
			if tries++; time.Now().Before(free) {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: errInUse}
			}
			return os.Rename(from, to)
		}
		if err := f.put("new"); err != nil || tries < 3 || f.Unsaved() != nil {
			t.Fatalf("after %d tries: got error %v and %v from Unsaved, want success after 3 tries or more", tries, err, f.Unsaved())
		}
		holds(t, f, "new")

		free = time.Now().Add(time.Hour)
		start := time.Now()
		err := f.put("newer")
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v, want 1s", waited)
		}
		if !errors.Is(err, errInUse) || !strings.Contains(err.Error(), filepath.ToSlash(f.path)+": in use") || strings.Contains(err.Error(), ".tmp") || f.Unsaved() != err {
			t.Errorf("got error %v, and then %v from Unsaved; want the same one that says which file is in use", err, f.Unsaved())
		}
		holds(t, f, "new")
		start, tries = time.Now(), 0
		if err := f.put("newest"); err == nil || tries != 1 || time.Since(start) != 0 {
			t.Errorf("the next request tries %d times for %v: %v", tries, time.Since(start), err)
		}
		free = time.Now()
		if err := f.put("last"); err != nil || f.Unsaved() != nil {
			t.Errorf("got error %v and %v from Unsaved, want the next state to be saved", err, f.Unsaved())
		}
		holds(t, f, "last")
	})
}

func TestARenameThatFailsForAnotherReasonIsTriedOnce(t *testing.T) {
	f := opened(t)
	if err := f.put("old"); err != nil {
		t.Fatal(err)
	}
	tries := 0
	f.rename = func(string, string) error { tries++; return errors.New("no") }
	if err := f.put("new"); err == nil || tries != 1 {
		t.Errorf("after %d tries: got error %v, want an error after 1 try", tries, err)
	}
	holds(t, f, "old")
}

func TestAFileThatIsNotAStateIsNotReplaced(t *testing.T) {
	digest := SaltedDigest("salt", "another seed")
	for text, want := range map[string]string{
		`{"name": "package", "version": "1.0.0"}`:      "is not the state of an embedded tenant",
		`{"version":"1.0.0"}`:                          "damaged",
		`{"version":1,"seed":"apples"}`:                "is not the state of an embedded tenant",
		`{"version":1,"seed":"a.b"}`:                   "is not the state of an embedded tenant",
		`{"version":1,"runs":[]}`:                      "is not the state of an embedded tenant",
		fmt.Sprintf(`{"version":0,"seed":%q}`, digest): "is not the state of an embedded tenant",
		`[]`:                  "is not the state of an embedded tenant",
		"users: []":           "is not the state of an embedded tenant",
		`{"version":1,"seed"`: "damaged",
		``:                    "damaged",
		fmt.Sprintf(`{"version":1,"seed":%q,"value":"dropped"}`, digest): "",
		fmt.Sprintf(`{"version":9,"seed":%q,"another":"state"}`, digest): "",
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var reseeded bool
		_, err := WithState(path, time.Second, func(f *StateFile) (_ *world, err error) {
			_, reseeded, err = f.Load(1, []byte("seed"), new(world))
			_ = f.Close()
			return new(world), err
		})
		switch {
		case want == "" && (err != nil || !reseeded):
			t.Errorf("%s: got reseeded %v, error %v; want a new state without an error", text, reseeded, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: got error %v, want one with %q and the path", text, err, want)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("%s: the file holds %s (error %v), want it unchanged", text, kept, err)
		}
	}
}

func TestNoStateOrLockIsWrittenThroughALink(t *testing.T) {
	for _, name := range []string{"state.json", "state.json.lock"} {
		folder := t.TempDir()
		precious := filepath.Join(folder, "precious")
		if err := os.Symlink("precious", filepath.Join(folder, name)); err != nil {
			t.Skip("links cannot be made here: ", err)
		}
		_, err := lockState(filepath.Join(folder, "state.json"), time.Second)
		if err == nil || !strings.Contains(err.Error(), name+" is not a regular file") {
			t.Errorf("%s: got error %v, want a refusal to write through a link", name, err)
		}
		if _, err := os.Lstat(precious); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: written through the link", name)
		}
	}
}

func TestAStateIsBounded(t *testing.T) {
	f := opened(t)
	if err := f.put("small"); err != nil {
		t.Fatal(err)
	}
	if err := f.put(strings.Repeat("x", maxState)); err == nil || !strings.Contains(err.Error(), "would be larger than 128 MiB") || f.Unsaved() == nil {
		t.Errorf("saving too much: got %v, want that it would be larger than 128 MiB", err)
	}
	holds(t, f, "small")
	if err := os.Truncate(f.path, maxState+1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Load(1, []byte("seed"), new(world)); err == nil || !strings.Contains(err.Error(), "is larger than 128 MiB. Remove it to start from the seed") {
		t.Errorf("reading too much: got %v, want that it is larger than 128 MiB", err)
	}
}
