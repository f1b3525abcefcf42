package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/hypercare/hypercare/internal/errs"
)

// folder is the data folder, held by one process at a time.
type folder struct {
	dir  string
	lock *os.File
}

// instance says where the process that holds a folder listens; it is written
// into the lock file.
type instance struct {
	PID int    `json:"pid"`
	URL string `json:"url"`
}

// openFolder makes the folder if need be and takes its lock.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data folder's lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		held, _ := readInstance(dir)
		err = errs.New(errs.Conflict, "The data folder %s is in use by another hypercare (process %d at %s); stop it first or use another folder with --data.", dir, held.PID, held.URL)
		return nil, errors.Join(err, f.Close())
	}
	return &folder{dir: dir, lock: f}, nil
}

// announce writes where this process listens.
func (f *folder) announce(url string) error {
	b, err := json.Marshal(instance{PID: os.Getpid(), URL: url})
	if err != nil {
		return err
	}
	if err := f.lock.Truncate(0); err != nil {
		return fmt.Errorf("write the data folder's lock: %w", err)
	}
	if _, err := f.lock.WriteAt(b, 0); err != nil {
		return fmt.Errorf("write the data folder's lock: %w", err)
	}
	return nil
}

// close gives the folder back; the system does the same when a process dies.
func (f *folder) close() error { return f.lock.Close() }

func readInstance(dir string) (instance, error) {
	var i instance
	b, err := os.ReadFile(filepath.Join(dir, "lock"))
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(b, &i)
}
