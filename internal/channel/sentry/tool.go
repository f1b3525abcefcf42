package sentry

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// What sentry-cli asks, so far as uploading source maps and telling of
// releases needs it. It signs in with an API token of the workspace, as
// pipelines have them (role intake); the organisation in its addresses may be
// called anything, the project is a channel's number.

// serveTool answers /api/0/.
func (s *Service) serveTool(w http.ResponseWriter, r *http.Request) {
	if err := s.tool(w, r); err != nil {
		p := web.ProblemOf(r.Context(), err)
		_ = web.JSON(w, p.Status, map[string]any{"detail": p.Detail})
	}
}

func (s *Service) tool(w http.ResponseWriter, r *http.Request) error {
	if _, err := workspace.Need(r.Context(), workspace.SendFeedback); err != nil {
		return err
	}
	var parts []string // below /api/0/
	for p := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(r.URL.EscapedPath(), "/api/0/"), "/"), "/") {
		plain, err := url.PathUnescape(p)
		if err != nil {
			return errs.New(errs.Invalid, "The address %s can't be read.", r.URL.Path)
		}
		parts = append(parts, plain)
	}
	what := func(from int) string {
		if len(parts) <= from {
			return ""
		}
		return strings.Join(parts[from:], "/")
	}
	switch parts[0] {
	case "":
		return web.JSON(w, http.StatusOK, map[string]any{"version": "0", "auth": map[string]any{"scopes": []string{"project:releases", "org:ci"}}, "user": nil})
	case "organizations":
		switch rest := what(2); {
		case rest == "":
			return web.JSON(w, http.StatusOK, map[string]any{"id": "1", "slug": parts[min(1, len(parts)-1)], "name": "hypercare"})
		case rest == "chunk-upload":
			return s.chunks(w, r)
		case rest == "artifactbundle/assemble":
			return s.assemble(w, r, "")
		case rest == "repos":
			return web.JSON(w, http.StatusOK, []any{})
		case parts[2] == "releases" && len(parts) == 5 && parts[4] == "assemble":
			return s.assemble(w, r, parts[3])
		case parts[2] == "releases":
			return s.release(w, r, parts[3:], "")
		}
	case "projects":
		if len(parts) >= 4 && parts[3] == "releases" {
			return s.release(w, r, parts[4:], parts[2])
		}
	}
	return errs.New(errs.NotFound, "hypercare has no %s %s; of sentry-cli it takes the upload of source maps and releases.", r.Method, r.URL.Path)
}

// chunks says how files are uploaded, and takes their parts.
func (s *Service) chunks(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet {
		return web.JSON(w, http.StatusOK, map[string]any{
			"url": web.BaseOf(r.Context()) + r.URL.Path, "chunkSize": crash.MaxChunk, "chunksPerRequest": 4, "maxFileSize": crash.MaxBundle, "maxRequestSize": 4 * crash.MaxChunk, "concurrency": 2,
			"hashAlgorithm": "sha1", "compression": []string{"gzip"}, "accept": []string{"release_files", "sources", "artifact_bundles", "artifact_bundles_v2"},
		})
	}
	select {
	case s.large <- struct{}{}:
		defer func() { <-s.large }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	r.Body = http.MaxBytesReader(w, r.Body, 5*crash.MaxChunk)
	form, err := r.MultipartReader()
	if err != nil {
		return errs.New(errs.Invalid, "Chunks come as multipart/form-data.")
	}
	for range 64 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return web.JSON(w, http.StatusOK, []any{})
		}
		if err != nil {
			return errs.Wrap(errs.Invalid, err, "The form can't be read.")
		}
		var from io.Reader = part
		if part.FormName() == "file_gzip" {
			if from, err = gzip.NewReader(part); err != nil {
				return errs.Wrap(errs.Invalid, err, "The chunk %.40s is no gzip.", part.FileName())
			}
		} else if part.FormName() != "file" {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(from, crash.MaxChunk+1))
		if err != nil {
			return errs.Wrap(errs.Invalid, err, "The chunk %.40s can't be read.", part.FileName())
		}
		if err := s.Crash.PutChunk(r.Context(), part.FileName(), data); err != nil {
			return err
		}
	}
	return errs.New(errs.TooLarge, "The form has too many parts.")
}

// assembly asks for a bundle to be put together.
type assembly struct {
	Checksum string   `json:"checksum"`
	Chunks   []string `json:"chunks"`
	Projects texts    `json:"projects"`
	Version  string   `json:"version"`
	Dist     string   `json:"dist"`
}

// assemble puts a bundle together for the launch of each project.
func (s *Service) assemble(w http.ResponseWriter, r *http.Request, version string) error {
	var in assembly
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if version != "" {
		in.Version = version
	}
	missing, err := s.Crash.Missing(r.Context(), in.Chunks)
	if err != nil {
		return err
	}
	state := "ok"
	if len(in.Projects) == 0 {
		return errs.New(errs.Invalid, "The bundle names no project; run sentry-cli with --project and the channel's number.")
	}
	launches := map[string]bool{}
	for _, p := range in.Projects {
		c, err := s.Channels.Named(r.Context(), Kind, p)
		if err != nil {
			return err
		}
		if launches[c.LaunchID] {
			continue
		}
		launches[c.LaunchID] = true
		if missing, err = s.Crash.Assemble(r.Context(), c.LaunchID, crash.Bundle{Checksum: strings.ToLower(in.Checksum), Chunks: in.Chunks, Release: in.Version, Dist: in.Dist}); err != nil {
			if k := errs.KindOf(err); k == errs.Invalid || k == errs.TooLarge {
				return web.JSON(w, http.StatusOK, map[string]any{"state": "error", "missingChunks": []string{}, "detail": errs.Message(err)})
			}
			return err
		}
		if len(missing) > 0 {
			state = "not_found"
			break
		}
	}
	if missing == nil {
		missing = []string{}
	}
	return web.JSON(w, http.StatusOK, map[string]any{"state": state, "missingChunks": missing})
}

// releaseBody is what is said of a release.
type releaseBody struct {
	Version      string    `json:"version"`
	Projects     texts     `json:"projects"`
	URL          string    `json:"url"`
	Ref          string    `json:"ref"`
	DateStarted  time.Time `json:"dateStarted"`
	DateReleased time.Time `json:"dateReleased"`
	Environment  string    `json:"environment"`
	Name         string    `json:"name"`
	DateFinished time.Time `json:"dateFinished"`
}

// release makes and finishes releases: each is a marker of its launch, put
// down once. What commits are in it is not kept.
func (s *Service) release(w http.ResponseWriter, r *http.Request, path []string, project string) error {
	version, rest := "", ""
	if len(path) > 0 {
		version = path[0]
		rest = strings.Join(path[1:], "/")
	}
	if r.Method == http.MethodGet {
		switch rest {
		case "previous-with-commits":
			return web.JSON(w, http.StatusOK, map[string]any{})
		case "commits", "deploys":
			return web.JSON(w, http.StatusOK, []any{})
		}
		if version == "" {
			return web.JSON(w, http.StatusOK, []any{})
		}
		return web.JSON(w, http.StatusOK, s.shown(version, time.Time{}, time.Time{}))
	}
	if r.Method == http.MethodDelete {
		return errs.New(errs.Denied, "Releases are removed in hypercare itself.")
	}
	var in releaseBody
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if version == "" {
		version = in.Version
	}
	if project != "" {
		in.Projects = []string{project}
	}
	at, title := in.DateReleased, ""
	if rest == "deploys" {
		at = in.DateFinished
		title = strings.TrimSpace("deployed to " + in.Environment + " " + in.Name)
	}
	if err := s.mark(r.Context(), version, in, at, title); err != nil {
		return err
	}
	code := http.StatusOK
	if r.Method == http.MethodPost {
		code = http.StatusCreated
	}
	if rest == "deploys" {
		return web.JSON(w, code, map[string]any{"id": "1", "environment": in.Environment, "name": in.Name, "dateStarted": in.DateStarted, "dateFinished": in.DateFinished, "url": in.URL})
	}
	return web.JSON(w, code, s.shown(version, in.DateStarted, in.DateReleased))
}

// mark puts a marker into the launch of each project; of a change that names
// none, into nothing, as the marker is there.
func (s *Service) mark(ctx context.Context, version string, in releaseBody, at time.Time, title string) error {
	seen := map[string]bool{}
	for _, p := range in.Projects {
		c, err := s.Channels.Named(ctx, Kind, p)
		if err != nil {
			return err
		}
		if seen[c.LaunchID] {
			continue
		}
		seen[c.LaunchID] = true
		key := "sentry:" + version
		if title != "" {
			key += ":" + title
		}
		if len(key) > 200 {
			key = "sentry:" + hashID(key)
		}
		if _, err := s.Releases.MarkAs(ctx, c.LaunchID, "sentry", release.Input{Version: clip(version, 200), Title: clip(title, 500), URL: clip(in.URL, 2000), At: at, Key: key}); err != nil {
			return err
		}
	}
	return nil
}

// shown is a release as sentry-cli reads it.
func (s *Service) shown(version string, started, released time.Time) map[string]any {
	m := map[string]any{"version": version, "shortVersion": version, "dateCreated": time.Now().UTC(), "dateStarted": nil, "dateReleased": nil, "projects": []any{}, "newGroups": 0, "url": nil, "ref": nil, "commitCount": 0, "deployCount": 0, "authors": []any{}}
	if !started.IsZero() {
		m["dateStarted"] = started
	}
	if !released.IsZero() {
		m["dateReleased"] = released
	}
	return m
}

// decode reads a small JSON body; one that is not there is an empty one.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		return errs.Wrap(errs.TooLarge, err, "The body is too large, or was cut off.")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return errs.New(errs.Invalid, "The body can't be read: %v.", err)
	}
	return nil
}
