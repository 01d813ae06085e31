package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// forge is the part of GitHub or GitLab that the pipelines in examples/ci speak to,
// on loopback: comments on pull requests, commits, and artifacts. It is written from
// the services' published documentation. What it does not know is misuse.
type forge struct {
	*httptest.Server
	storage   *httptest.Server // where artifacts are kept; it gets no token
	mu        sync.Mutex
	tokens    map[string]map[string]string // what each job's token may do, or the bot's
	comments  []*comment
	merged    map[string]int    // the pull request of each merge commit
	heads     map[string]string // the commit of each branch
	artifacts []artifact
	broken    bool // answers every request with 500
	misuse    []string
}

type comment struct {
	ID           int
	Number       int
	Author, Kind string // a login, and User or Bot
	Editor       string // who changed it last; "" if nobody did
	EditorKind   string
	Body         string
}

type artifact struct {
	ID        int
	Name      string
	Branch    string
	Fork      bool // made by a run in a fork
	Expired   bool
	Zip       []byte
	CreatedAt time.Time
}

const (
	botLogin = "github-actions"
	botUser  = 77 // at GitLab people are numbers
)

func newForge(system string) *forge {
	f := &forge{tokens: map[string]map[string]string{}, merged: map[string]int{}, heads: map[string]string{}}
	mux := http.NewServeMux()
	if system == "github" {
		f.github(mux)
	} else {
		f.gitlab(mux)
	}
	f.storage = httptest.NewServer(http.HandlerFunc(f.blob))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		// The patterns of the mux cannot separate issues/comments/ID from issues/NUMBER/comments.
		r.URL.Path = strings.Replace(r.URL.Path, "/issues/comments/", "/comment/", 1)
		if _, pattern := mux.Handler(r); pattern == "" {
			f.complain("unknown: %s %s", r.Method, r.URL)
		}
		if f.broken {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return f
}

func (f *forge) complain(format string, args ...any) {
	f.misuse = append(f.misuse, fmt.Sprintf(format, args...))
}

// may answers with 403 unless the token of the request has the permission, to read
// or to write.
func (f *forge) may(w http.ResponseWriter, r *http.Request, permission, level string) bool {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("PRIVATE-TOKEN")
	has := f.tokens[token][permission]
	if has == "write" || has == level {
		return true
	}
	http.Error(w, "Resource not accessible by integration: "+permission, http.StatusForbidden)
	return false
}

func (f *forge) github(mux *http.ServeMux) {
	const repository = "/repos/acme/bi"
	mux.HandleFunc("GET "+repository+"/issues/{number}/comments", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "pull-requests", "read") {
			answer(w, f.page(r, githubComment))
		}
	})
	mux.HandleFunc("POST "+repository+"/issues/{number}/comments", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "pull-requests", "write") {
			f.say(number(r), botLogin, "Bot", body(r))
			w.WriteHeader(http.StatusCreated)
		}
	})
	mux.HandleFunc("GET "+repository+"/comment/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := f.comment(w, r); c != nil && f.may(w, r, "pull-requests", "read") {
			answer(w, githubComment(c))
		}
	})
	mux.HandleFunc("PATCH "+repository+"/comment/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := f.comment(w, r); c != nil && f.may(w, r, "pull-requests", "write") {
			c.Body, c.Editor, c.EditorKind = body(r), botLogin, "Bot"
		}
	})
	mux.HandleFunc("POST /graphql", f.graphql)
	mux.HandleFunc("GET "+repository+"/commits/{sha}/pulls", func(w http.ResponseWriter, r *http.Request) {
		if !f.may(w, r, "pull-requests", "read") || !f.may(w, r, "contents", "read") {
			return
		}
		pulls := []any{map[string]any{"number": 1, "merged_at": nil, "merge_commit_sha": r.PathValue("sha"), "base": map[string]any{"ref": "main"}}}
		if n, ok := f.merged[r.PathValue("sha")]; ok {
			pulls = append(pulls, map[string]any{
				"number": n, "merged_at": "2026-11-25T20:00:00Z", "merge_commit_sha": r.PathValue("sha"), "base": map[string]any{"ref": "main"},
			})
		}
		answer(w, pulls)
	})
	mux.HandleFunc("GET "+repository+"/git/ref/heads/{branch}", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "contents", "read") {
			answer(w, map[string]any{"object": map[string]any{"sha": f.heads[r.PathValue("branch")]}})
		}
	})
	mux.HandleFunc("GET "+repository+"/actions/artifacts", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "actions", "read") {
			answer(w, map[string]any{"artifacts": f.githubArtifacts(r.URL.Query().Get("name"))})
		}
	})
	mux.HandleFunc("GET /zip/{id}", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "actions", "read") {
			f.toStorage(w, r)
		}
	})
}

func githubComment(c *comment) any {
	login := c.Author
	if c.Kind == "Bot" {
		login += "[bot]"
	}
	return map[string]any{
		"id": c.ID, "node_id": fmt.Sprintf("IC_%d", c.ID), "body": c.Body, "user": map[string]any{"login": login, "type": c.Kind},
	}
}

// graphql answers the one query there is, for an author and an editor.
func (f *forge) graphql(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query     string
		Variables struct{ ID string }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || !f.may(w, r, "pull-requests", "read") {
		return
	}
	node := map[string]any{}
	for _, c := range f.comments {
		if asked.Variables.ID != fmt.Sprintf("IC_%d", c.ID) {
			continue
		}
		node["body"] = c.Body
		node["author"] = map[string]any{"__typename": c.Kind, "login": c.Author}
		node["editor"] = nil
		if c.Editor != "" {
			node["editor"] = map[string]any{"__typename": c.EditorKind, "login": c.Editor}
		}
	}
	for field := range node {
		if !strings.Contains(asked.Query, field) {
			delete(node, field)
		}
	}
	answer(w, map[string]any{"data": map[string]any{"node": node}})
}

func (f *forge) githubArtifacts(name string) []any {
	found := []any{}
	for _, a := range slices.Backward(f.artifacts) {
		if a.Name != name {
			continue
		}
		head := 1
		if a.Fork {
			head = 2
		}
		found = append(found, map[string]any{
			"name": a.Name, "expired": a.Expired, "created_at": a.CreatedAt.Format(time.RFC3339),
			"archive_download_url": fmt.Sprintf("%s/zip/%d", f.URL, a.ID),
			"workflow_run":         map[string]any{"head_branch": a.Branch, "repository_id": 1, "head_repository_id": head},
		})
	}
	return found
}

func (f *forge) gitlab(mux *http.ServeMux) {
	const project = "/projects/42"
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "api", "write") {
			answer(w, map[string]any{"id": botUser})
		}
	})
	mux.HandleFunc("GET "+project+"/merge_requests/{number}/notes", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "api", "write") {
			answer(w, f.page(r, gitlabNote))
		}
	})
	mux.HandleFunc("POST "+project+"/merge_requests/{number}/notes", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "api", "write") {
			f.say(number(r), botLogin, "Bot", body(r))
			w.WriteHeader(http.StatusCreated)
		}
	})
	mux.HandleFunc("PUT "+project+"/merge_requests/{number}/notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := f.comment(w, r); c != nil && f.may(w, r, "api", "write") {
			c.Body = body(r)
		}
	})
	mux.HandleFunc("GET "+project+"/repository/commits/{sha}/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		sha := r.PathValue("sha")
		requests := []any{map[string]any{"iid": 1, "state": "opened", "target_branch": "main", "sha": sha}}
		if n, ok := f.merged[sha]; ok {
			requests = append(requests, map[string]any{
				"iid": n, "state": "merged", "target_branch": "main", "sha": "feed", "merge_commit_sha": sha, "squash_commit_sha": nil,
			})
		}
		answer(w, requests)
	})
	mux.HandleFunc("GET "+project+"/repository/branches/{branch}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"commit": map[string]any{"id": f.heads[r.PathValue("branch")]}})
	})
	mux.HandleFunc("GET "+project+"/jobs", func(w http.ResponseWriter, r *http.Request) {
		if !slices.Equal(r.URL.Query()["scope[]"], []string{"success", "failed"}) {
			f.complain("scope of jobs: %q", r.URL.RawQuery)
		}
		answer(w, f.gitlabJobs())
	})
	mux.HandleFunc("GET "+project+"/jobs/{id}/artifacts", func(w http.ResponseWriter, r *http.Request) {
		if f.may(w, r, "api", "write") {
			f.toStorage(w, r)
		}
	})
}

func gitlabNote(c *comment) any {
	id := 1
	if c.Kind == "Bot" {
		id = botUser
	}
	return map[string]any{"id": c.ID, "body": c.Body, "system": false, "author": map[string]any{"id": id, "username": c.Author}}
}

func (f *forge) gitlabJobs() []any {
	jobs := []any{}
	for _, a := range slices.Backward(f.artifacts) {
		expires := time.Now().Add(time.Hour)
		if a.Expired {
			expires = time.Now().Add(-time.Hour)
		}
		jobs = append(jobs, map[string]any{
			"id": a.ID, "name": a.Name, "ref": a.Branch, "tag": false,
			"artifacts_file": map[string]any{"filename": "artifacts.zip"}, "artifacts_expire_at": expires.UTC().Format(time.RFC3339),
		})
	}
	return jobs
}

// toStorage redirects to the storage service, as both forges do where one is set up.
func (f *forge) toStorage(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, f.storage.URL+"/"+r.PathValue("id"), http.StatusFound)
}

// blob answers for the storage service, which belongs to somebody else. It refuses a
// token of the forge, as services do that sign their addresses.
func (f *forge) blob(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, values := range r.Header {
		for token := range f.tokens {
			if strings.Contains(strings.Join(values, "\n"), token) {
				http.Error(w, "a token arrived in the header "+name, http.StatusBadRequest)
				return
			}
		}
	}
	for _, a := range f.artifacts {
		if "/"+strconv.Itoa(a.ID) == r.URL.Path && !a.Expired {
			_, _ = w.Write(a.Zip)
			return
		}
	}
	http.NotFound(w, r)
}

// page returns a page of the comments on a pull request, oldest first.
func (f *forge) page(r *http.Request, shape func(*comment) any) []any {
	var all []any
	for _, c := range f.comments {
		if c.Number == number(r) {
			all = append(all, shape(c))
		}
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min(len(all), (page-1)*size)
	return append([]any{}, all[from:min(len(all), from+size)]...)
}

func (f *forge) comment(w http.ResponseWriter, r *http.Request) *comment {
	for _, c := range f.comments {
		if strconv.Itoa(c.ID) == r.PathValue("id") {
			return c
		}
	}
	http.NotFound(w, r)
	return nil
}

func (f *forge) say(number int, author, kind, body string) {
	f.comments = append(f.comments, &comment{ID: 1000 + len(f.comments), Number: number, Author: author, Kind: kind, Body: body})
}

// keep stores the files of a folder as an artifact; of a folder without files, none.
func (f *forge) keep(name, branch, folder string, fork bool) error {
	var buffer bytes.Buffer
	files := 0
	archive := zip.NewWriter(&buffer)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(folder, path)
		file, err := archive.Create(filepath.ToSlash(relative))
		if err == nil {
			_, err = file.Write(text)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if files == 0 {
		return nil
	}
	f.artifacts = append(f.artifacts, artifact{
		ID: 500 + len(f.artifacts), Name: name, Branch: branch, Fork: fork, Zip: buffer.Bytes(),
		CreatedAt: time.Date(2026, 11, 1+len(f.artifacts), 3, 0, 0, 0, time.UTC),
	})
	return nil
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func number(r *http.Request) int {
	n, _ := strconv.Atoi(r.PathValue("number"))
	return n
}

func body(r *http.Request) string {
	var sent struct{ Body string }
	_ = json.NewDecoder(r.Body).Decode(&sent)
	return sent.Body
}
