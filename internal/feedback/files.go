package feedback

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Files keeps attachments in the data folder, named by their SHA-256, so that
// the same screenshot sent twice is stored once.
type Files struct{ dir string }

// NewFiles keeps files below dir.
func NewFiles(dir string) *Files { return &Files{dir} }

// Put writes data, durably, and returns its name.
func (f *Files) Put(data []byte) (string, error) {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	path := f.path(name)
	// The time says that somebody counts on the file: Drop looks at it.
	if now := time.Now(); os.Chtimes(path, now, now) == nil {
		return name, nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder for attachments: %w", err)
	}
	tmp, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return "", fmt.Errorf("store attachment: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails after the rename, as it should
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return "", fmt.Errorf("store attachment: %w", err)
	}
	return name, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Drop removes a file unless it is used: as used says, or because it was put
// again since a moment. It is moved aside first, so that whoever puts the same
// meanwhile writes it anew.
func (f *Files) Drop(name string, since time.Time, used func() (bool, error)) error {
	if b, err := hex.DecodeString(name); err != nil || len(b) != sha256.Size {
		return nil
	}
	path := f.path(name)
	aside := path + ".drop"
	if err := os.Rename(path, aside); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	info, err := os.Stat(aside)
	keep := err == nil && info.ModTime().After(since)
	if err == nil && !keep {
		keep, err = used()
	}
	if keep || err != nil {
		return errors.Join(err, os.Rename(aside, path))
	}
	return errors.Join(os.Remove(aside), syncDir(filepath.Dir(path)))
}

// Open opens what Put stored.
func (f *Files) Open(name string) (*os.File, error) {
	if b, err := hex.DecodeString(name); err != nil || len(b) != sha256.Size {
		return nil, fs.ErrNotExist
	}
	return os.Open(f.path(name))
}

func (f *Files) path(name string) string { return filepath.Join(f.dir, name[:2], name) }

// OpenFile opens a stored file by its SHA-256, for who has found out that its
// reader may have it.
func (s *Service) OpenFile(sha256 string) (*os.File, error) { return s.files.Open(sha256) }
