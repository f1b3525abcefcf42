package feedback

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	if _, err := os.Stat(path); err == nil {
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

// Open opens what Put stored.
func (f *Files) Open(name string) (*os.File, error) {
	if b, err := hex.DecodeString(name); err != nil || len(b) != sha256.Size {
		return nil, fs.ErrNotExist
	}
	return os.Open(f.path(name))
}

func (f *Files) path(name string) string { return filepath.Join(f.dir, name[:2], name) }
