package impact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// KeptHead begins each file, before its seal.
const KeptHead = "qlsync usage/v1 "

// keptVersion is the version of the file format.
const keptVersion = 1

// Kept is what a run remembers for the next ones, as one file: of connections and apps only ids and
// digests of names. Whoever can write the file could hide a use, so that it is sealed with a key.
type Kept struct {
	History *History
	// Apps are the apps as they were last read, by id; see [connection.UsageScope.Known].
	Apps map[string]connection.App
}

// Keep returns what to remember of a reading, added to what was remembered before, which may be nil.
func (k *Kept) Keep(usage *connection.Usage, live []connection.Live) *Kept {
	next := &Kept{Apps: map[string]connection.App{}}
	if k != nil {
		next.History = k.History
	}
	next.History = next.History.With(usage, live)
	for i := range usage.Apps {
		// A reload that is in the list and not yet in the metadata must be read again.
		app := &usage.Apps[i]
		last := app.LastReload()
		behind := !app.State.ReloadedAt.IsZero() && (last == nil || app.State.ReloadedAt.After(last.At.Add(listLag)))
		if !app.Unread.Holds() && !behind {
			next.Apps[app.ID] = *app
		}
	}
	return next
}

// keptFile is the file format, after a line with [KeptHead] and the seal.
type keptFile struct {
	Version int       `json:"version"`
	History *History  `json:"history"`
	Apps    []keptApp `json:"apps"`
}

// keptApp is an app whose reloads refer to its uses by number: most reloads have the same uses.
type keptApp struct {
	ID          string              `json:"id"`
	State       connection.AppState `json:"state"`
	DirectQuery bool                `json:"directQuery,omitempty"`
	Uses        []connection.Use    `json:"uses,omitempty"`
	Reloads     []keptReload        `json:"reloads,omitempty"`
}

type keptReload struct {
	ID        string        `json:"id"`
	At        time.Time     `json:"at,omitzero"`
	Took      time.Duration `json:"took,omitempty"`
	Success   bool          `json:"success,omitempty"`
	Limited   bool          `json:"limited,omitempty"`
	ErrorCode string        `json:"errorCode,omitempty"`
	Unknown   int           `json:"unknown,omitempty"`
	Uses      []int         `json:"uses,omitempty"`
}

// Seal returns the content of the file.
func (k *Kept) Seal(key []byte) ([]byte, error) {
	file := keptFile{Version: keptVersion, History: k.History, Apps: make([]keptApp, 0, len(k.Apps))}
	for _, app := range k.Apps {
		file.Apps = append(file.Apps, keptOf(&app))
	}
	slices.SortFunc(file.Apps, func(a, b keptApp) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	text, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(KeptHead+seal(key, text)+"\n"), text), nil
}

func keptOf(app *connection.App) keptApp {
	kept := keptApp{ID: app.ID, State: app.State, DirectQuery: app.DirectQuery}
	numbers := map[connection.Use]int{}
	for i := range app.Reloads {
		reload := &app.Reloads[i]
		one := keptReload{ID: reload.ID, At: reload.At, Took: reload.Took, Success: reload.Success, Limited: reload.Limited, ErrorCode: reload.ErrorCode, Unknown: reload.Unknown}
		for _, use := range reload.Uses {
			number, known := numbers[use]
			if !known {
				number = len(kept.Uses)
				numbers[use], kept.Uses = number, append(kept.Uses, use)
			}
			one.Uses = append(one.Uses, number)
		}
		kept.Reloads = append(kept.Reloads, one)
	}
	return kept
}

// ErrSeal is the error of a file that was sealed with another key, or was modified.
var ErrSeal = errors.New("the content does not fit its seal")

// OpenKept returns the content of a file. A file that was not sealed with the key is [ErrSeal]; a
// sealed file of another version is empty.
func OpenKept(content, key []byte) (*Kept, error) {
	sum, text, _ := bytes.Cut(content, []byte("\n"))
	if !hmac.Equal(sum, []byte(KeptHead+seal(key, text))) {
		return nil, ErrSeal
	}
	var file keptFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	kept := &Kept{Apps: map[string]connection.App{}}
	if file.Version != keptVersion {
		return kept, nil
	}
	kept.History = file.History
	for i := range file.Apps {
		app, err := file.Apps[i].app()
		if err != nil {
			return nil, err
		}
		kept.Apps[app.ID] = app
	}
	return kept, nil
}

func (k *keptApp) app() (connection.App, error) {
	app := connection.App{Item: connection.Item{ID: k.ID}, State: k.State, DirectQuery: k.DirectQuery}
	for _, one := range k.Reloads {
		reload := connection.Reload{ID: one.ID, At: one.At, Took: one.Took, Success: one.Success, Limited: one.Limited, ErrorCode: one.ErrorCode, Unknown: one.Unknown}
		for _, number := range one.Uses {
			if number < 0 || number >= len(k.Uses) {
				return app, ErrSeal
			}
			reload.Uses = append(reload.Uses, k.Uses[number])
		}
		app.Reloads = append(app.Reloads, reload)
	}
	return app, nil
}

// seal returns a keyed digest of the text.
func seal(key, text []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(KeptHead))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}
