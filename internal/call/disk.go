package call

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// lockName is the file by which a process holds the folder.
const lockName = "lock"

// disk is what the log writes to: the file system, or one that fails as a
// test wants it.
type disk struct {
	create func(path string) (outFile, error)
	rename func(from, to string) error
	// free is how many bytes there is room for; negative when that is unknown.
	free func(dir string) int64
}

// outFile is a file that is written.
type outFile interface {
	io.Writer
	io.Seeker
	io.Closer
	Sync() error
	Truncate(size int64) error
}

var realDisk = disk{
	create: func(path string) (outFile, error) {
		return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	},
	rename: os.Rename,
	free:   freeBytes,
}

// syncDir makes names in a folder durable.
func (disk) syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replace writes a small file whole: under its name is the old or the new.
func (d disk) replace(path string, text []byte) error {
	f, err := d.create(path + partSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.rename(path+partSuffix, path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// makeFolder makes a folder, durably, in one that is there.
func (d disk) makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	}
	return d.syncDir(filepath.Dir(dir))
}
