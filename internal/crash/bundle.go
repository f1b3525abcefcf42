package crash

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol names chunks by it; nothing is trusted for it
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of bundles.
const (
	MaxChunk      = 8 << 20   // bytes of one part
	MaxBundle     = 128 << 20 // bytes of a bundle
	maxUnpacked   = 512 << 20
	maxSourceFile = 64 << 20
	maxFiles      = 5000
	maxStored     = 8 << 30 // bytes of source files of a workspace
	chunkAge      = 24 * time.Hour
)

var sha1Hex = regexp.MustCompile(`^[0-9a-f]{40}$`)

// chunkPath is where a part waits to be put together; parts of workspaces
// don't meet, or one could learn what another has.
func (s *sources) chunkPath(ws workspace.ID, sum string) string {
	return filepath.Join(s.dir, filepath.Base(string(ws)), sum)
}

// PutChunk keeps a part of a bundle under the hash that it must have.
func (s *Service) PutChunk(ctx context.Context, sum string, data []byte) error {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return err
	}
	got := sha1.Sum(data) //nolint:gosec // see above
	if sum = strings.ToLower(sum); hex.EncodeToString(got[:]) != sum {
		return errs.New(errs.Invalid, "The chunk %.40s has another SHA-1; send it again.", sum)
	}
	if len(data) > MaxChunk {
		return errs.New(errs.TooLarge, "A chunk may have %d bytes.", MaxChunk)
	}
	path := s.sources.chunkPath(a.Workspace, sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder for chunks: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return fmt.Errorf("keep chunk: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails after the rename, as it should
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keep chunk: %w", err)
	}
	return nil
}

// Bundle is a request to put parts together.
type Bundle struct {
	Checksum string   // SHA-1 of the whole
	Chunks   []string // SHA-1 of each, in order
	Release  string
	Dist     string
}

// Assemble puts a bundle together and keeps its files for a launch. What it
// returns are the parts that are missing.
func (s *Service) Assemble(ctx context.Context, launchID string, b Bundle) (missing []string, err error) {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	if !sha1Hex.MatchString(b.Checksum) || len(b.Chunks) > MaxBundle/1024 || slices.ContainsFunc(b.Chunks, func(c string) bool { return !sha1Hex.MatchString(c) }) {
		return nil, errs.New(errs.Invalid, "A bundle and its chunks are named by their SHA-1, in 40 hexadecimal digits.")
	}
	var stored int64
	var here bool
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(size), 0), COUNT(*) FILTER (WHERE launch_id = $2 AND bundle = $3) > 0 FROM source_file WHERE workspace_id = $1`, a.Workspace, launchID, b.Checksum).Scan(&stored, &here)
	if err != nil {
		return nil, fmt.Errorf("sum source files: %w", err)
	}
	if here {
		return nil, nil
	}
	if stored > maxStored {
		return nil, errs.New(errs.TooLarge, "This workspace has %d MB of source maps already; remove those of old releases first.", stored>>20)
	}
	s.sources.mu.Lock() // bundles are large: one at a time
	defer s.sources.mu.Unlock()
	raw, missing, err := s.sources.gather(a.Workspace, b)
	if err != nil || len(missing) > 0 {
		return missing, err
	}
	files, err := s.sources.unpack(raw, b)
	if err != nil {
		return nil, err
	}
	now := db.Micros(s.now())
	rows := make([][]any, 0, len(files))
	for _, f := range files {
		rows = append(rows, []any{a.Workspace, db.NewID(), launchID, b.Checksum, f.debugID, f.release, f.dist, f.url, f.kind, f.mapURL, f.sum, f.size, now})
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := db.Insert(ctx, tx, `INSERT INTO source_file (workspace_id, id, launch_id, bundle, debug_id, release, dist, url, kind, map_url, sha256, size, created_at)`, "ON CONFLICT DO NOTHING", rows); err != nil {
			return fmt.Errorf("keep bundle: %w", err)
		}
		return a.Audit(ctx, tx, "sourcemaps.upload", "launch", launchID, map[string]any{"files": len(rows), "release": b.Release, "bundle": b.Checksum})
	})
	if err != nil {
		return nil, err
	}
	for _, c := range b.Chunks {
		_ = os.Remove(s.sources.chunkPath(a.Workspace, c)) // the sweep takes what stays
	}
	return nil, nil
}

// Missing returns which of some parts are not here.
func (s *Service) Missing(ctx context.Context, chunks []string) ([]string, error) {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, c := range chunks {
		if !sha1Hex.MatchString(c) {
			return nil, errs.New(errs.Invalid, "%.50q is no SHA-1.", c)
		}
		if _, err := os.Stat(s.sources.chunkPath(a.Workspace, c)); err != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *sources) gather(ws workspace.ID, b Bundle) (raw []byte, missing []string, err error) {
	var size int64
	for _, c := range b.Chunks {
		info, err := os.Stat(s.chunkPath(ws, c))
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, c)
			continue
		} else if err != nil {
			return nil, nil, fmt.Errorf("look for chunk: %w", err)
		}
		size += info.Size()
	}
	switch {
	case len(missing) > 0:
		return nil, missing, nil
	case size > MaxBundle:
		return nil, nil, errs.New(errs.TooLarge, "A bundle may have %d MB; upload fewer files at a time.", MaxBundle>>20)
	}
	raw = make([]byte, 0, size)
	for _, c := range b.Chunks {
		part, err := os.ReadFile(s.chunkPath(ws, c))
		if err != nil {
			return nil, nil, fmt.Errorf("read chunk: %w", err)
		}
		raw = append(raw, part...)
	}
	if sum := sha1.Sum(raw); hex.EncodeToString(sum[:]) != b.Checksum { //nolint:gosec // see above
		return nil, nil, errs.New(errs.Invalid, "The chunks put together have another SHA-1 than the bundle; upload it again.")
	}
	return raw, nil, nil
}

// bundleFile is one file of a bundle.
type bundleFile struct {
	debugID, release, dist, url, kind, mapURL, sum string
	size                                           int64
}

// manifest is manifest.json of a bundle.
type manifest struct {
	Release string `json:"release"`
	Dist    string `json:"dist"`
	DebugID string `json:"debug_id"`
	Files   map[string]struct {
		Type    string            `json:"type"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	} `json:"files"`
}

// unpack stores the files of a bundle: a ZIP archive, behind 8 bytes that say
// that it is one ("SYSB" and a version).
func (s *sources) unpack(raw []byte, b Bundle) ([]bundleFile, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, errs.New(errs.Invalid, "The bundle is no ZIP archive: %v.", err)
	}
	if len(z.File) > maxFiles {
		return nil, errs.New(errs.TooLarge, "The bundle has %d files, %d are taken at a time.", len(z.File), maxFiles)
	}
	byName := map[string]*zip.File{}
	for _, f := range z.File {
		byName[f.Name] = f
	}
	left := int64(maxUnpacked)
	text, err := readZip(byName["manifest.json"], &left)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, errs.New(errs.Invalid, "The bundle's manifest.json can't be read: %v.", err)
	}
	var out []bundleFile
	for name, f := range m.Files {
		if f.Type != "minified_source" && f.Type != "source_map" {
			continue
		}
		data, err := readZip(byName[name], &left)
		if err != nil {
			return nil, err
		}
		header := map[string]string{}
		for k, v := range f.Headers {
			header[strings.ToLower(k)] = v
		}
		bf := bundleFile{debugID: strings.ToLower(cut(header["debug-id"], 64)), release: cut(first(b.Release, m.Release), maxShort), dist: cut(first(b.Dist, m.Dist), maxShort), url: cut(first(f.URL, name), 2000), kind: f.Type, size: int64(len(data))}
		if bf.kind == "minified_source" {
			bf.mapURL = cut(first(header["sourcemap"], header["x-sourcemap"], mapComment(data)), 2000)
			if strings.HasPrefix(bf.mapURL, "data:") {
				bf.mapURL = ""
			}
		}
		if bf.sum, err = s.files.Put(data); err != nil {
			return nil, err
		}
		out = append(out, bf)
	}
	if len(out) == 0 {
		return nil, errs.New(errs.Invalid, "The bundle has neither minified sources nor source maps.")
	}
	return out, nil
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func readZip(f *zip.File, left *int64) ([]byte, error) {
	if f == nil {
		return nil, errs.New(errs.Invalid, "The bundle lacks a file that its manifest names.")
	}
	r, err := f.Open()
	if err != nil {
		return nil, errs.New(errs.Invalid, "The file %.100s of the bundle can't be read: %v.", f.Name, err)
	}
	defer func() { _ = r.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(r, min(maxSourceFile, *left)+1))
	if err != nil {
		return nil, errs.New(errs.Invalid, "The file %.100s of the bundle can't be read: %v.", f.Name, err)
	}
	if *left -= int64(len(data)); len(data) > maxSourceFile || *left < 0 {
		return nil, errs.New(errs.TooLarge, "The file %.100s is too large, or the bundle is when unpacked.", f.Name)
	}
	return data, nil
}

var mapAddress = regexp.MustCompile(`(?m)^\s*//[#@]\s*sourceMappingURL=(\S+)\s*$`)

// mapComment is where a script says its map is, at its end.
func mapComment(data []byte) string {
	tail := data[max(0, len(data)-8<<10):]
	if found := mapAddress.FindAllSubmatch(tail, -1); len(found) > 0 {
		return string(found[len(found)-1][1])
	}
	return ""
}

// sweep removes parts that nobody put together.
func (s *sources) sweep(now time.Time) error {
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && now.Sub(info.ModTime()) > chunkAge {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
