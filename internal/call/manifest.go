package call

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// manifest says which segments the log consists of. It is replaced whole:
// what it names is in the log, what it does not name is not, and by that a
// segment appears, and those it was made from go, in one moment.
type manifest struct {
	Version  int           `json:"version"`
	Next     uint64        `json:"next"`   // number of the next segment
	Spools   uint64        `json:"spools"` // spool files up to this one are in segments
	Segments []segmentMeta `json:"segments"`
}

const (
	manifestVersion = 1
	manifestName    = "manifest.json"
	segmentFolder   = "segments"
)

// folderOf is the folder of a workspace's segments.
func folderOf(dir string, id workspace.ID) string {
	name := string(id)
	if !plainName.MatchString(name) || strings.HasPrefix(name, "x-") {
		name = "x-" + hex.EncodeToString([]byte(name))
	}
	return filepath.Join(dir, segmentFolder, name)
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$`)

// segmentName is one that sorts by time.
func segmentName(from int64, n uint64) string {
	return fmt.Sprintf("%s-%06d", time.UnixMicro(from).UTC().Format("20060102T15"), n)
}

func numberOf(name string) uint64 {
	_, digits, _ := strings.Cut(name, "-")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil { // not one of ours
		return 0
	}
	return n
}

func (d disk) saveManifest(dir string, m *manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := d.replace(filepath.Join(dir, manifestName), text); err != nil {
		return fmt.Errorf("write the call log's manifest: %w", err)
	}
	return nil
}

// loadManifest reads it. found is false when there is none, or none that can
// be read.
func loadManifest(dir string) (m *manifest, found bool, err error) {
	m = &manifest{Version: manifestVersion, Next: 1}
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the call log's manifest: %w", err)
	}
	var read manifest
	if err := json.Unmarshal(text, &read); err != nil {
		return m, false, nil
	}
	if read.Version != manifestVersion {
		return nil, false, fmt.Errorf("the call log in %s was written by another version of hypercare (format %d, this one reads %d)", dir, read.Version, manifestVersion)
	}
	return &read, true, nil
}

// rebuild makes a manifest out of what the segments say of themselves. Of a
// spool file that is still there the segments that were cut from it may not
// all be: it counts, and they are made again.
func rebuild(dir string, spools []uint64) (*manifest, []string, error) {
	m := &manifest{Version: manifestVersion, Next: 1}
	var unread []string
	found := map[string]segmentMeta{} // by workspace and name
	key := func(ws workspace.ID, name string) string { return string(ws) + "/" + name }
	paths, err := segmentPaths(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		meta, err := originOf(path)
		m.Next = max(m.Next, numberOf(filepath.Base(path))+1)
		if err != nil {
			unread = append(unread, path)
			continue
		}
		if slices.ContainsFunc(meta.Spools, func(n uint64) bool { return slices.Contains(spools, n) }) {
			continue
		}
		for _, n := range meta.Spools {
			m.Spools = max(m.Spools, n)
		}
		found[key(meta.Workspace, meta.Name)] = meta
	}
	if len(spools) > 0 && spools[0] <= m.Spools { // older than what is in segments, and still there: to be cut
		m.Spools = spools[0] - 1
	}
	// A segment has its name when all of it is there, so what it was merged
	// from is not needed any more.
	for _, meta := range slices.Collect(maps.Values(found)) {
		for _, name := range meta.Replaces {
			delete(found, key(meta.Workspace, name))
		}
	}
	for _, meta := range found {
		m.Segments = append(m.Segments, meta)
	}
	slices.SortFunc(m.Segments, func(a, b segmentMeta) int { return strings.Compare(a.Name, b.Name) })
	return m, unread, nil
}

// segmentPaths lists the segments that lie in the folder, without suffix.
func segmentPaths(dir string) ([]string, error) {
	list, err := filepath.Glob(filepath.Join(dir, segmentFolder, "*", "*"+dataSuffix))
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], dataSuffix)
	}
	return list, err
}

// sweep removes what a crash left: parts of files, and segments that the
// manifest does not name.
func sweep(dir string, m *manifest) error {
	named := map[string]bool{}
	for _, s := range m.Segments {
		named[filepath.Join(folderOf(dir, s.Workspace), s.Name)] = true
	}
	var errList []error
	for _, pattern := range []string{filepath.Join(dir, segmentFolder, "*", "*"), filepath.Join(dir, "*"+partSuffix)} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, path := range list {
			base := strings.TrimSuffix(strings.TrimSuffix(path, dataSuffix), indexSuffix)
			if strings.HasSuffix(path, partSuffix) || base != path && !named[base] {
				errList = append(errList, os.Remove(path))
			}
		}
	}
	return errors.Join(errList...)
}
