package call

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A spool file holds frames one after the other, after eight bytes that say
// what it is. What is in it and synced survives everything; where a frame is
// torn or damaged it ends.
const (
	spoolMagic  = "HCSPOOL1"
	spoolPrefix = "spool-"
)

func spoolPath(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d", spoolPrefix, n))
}

// listSpools returns the numbers of the spool files, in order.
func listSpools(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, e := range entries {
		var n uint64
		if _, err := fmt.Sscanf(e.Name(), spoolPrefix+"%d", &n); err == nil && e.Name() == filepath.Base(spoolPath(dir, n)) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// spool is the file that frames are appended to.
type spool struct {
	f    outFile
	path string
	good int64 // bytes that are written and synced
}

func createSpool(d disk, path string) (*spool, error) {
	f, err := d.create(path)
	if err != nil {
		return nil, err
	}
	s := &spool{f: f, path: path}
	if err := s.append([]byte(spoolMagic)); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := d.syncDir(filepath.Dir(path)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return s, nil
}

// append writes and syncs. After an error the file has to be repaired: what
// is behind its good part is unknown.
func (s *spool) append(b []byte) error {
	if _, err := s.f.Write(b); err != nil {
		return err
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	s.good += int64(len(b))
	return nil
}

// repair cuts off what may have been written of a failed append, so that it
// can be written again and is not there twice.
func (s *spool) repair() error {
	if err := s.f.Truncate(s.good); err != nil {
		return err
	}
	if _, err := s.f.Seek(s.good, io.SeekStart); err != nil {
		return err
	}
	return s.f.Sync()
}

// readSpool returns the frames of a spool file, and whether its end was torn.
func readSpool(path string) (frames []byte, torn bool, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	return soundFrames(b)
}

// soundFrames returns what of a spool file's content can be trusted: all
// frames up to the first that is not whole.
func soundFrames(b []byte) (frames []byte, torn bool, err error) {
	if len(b) < len(spoolMagic) { // killed before it had begun
		return nil, len(b) > 0, nil
	}
	if string(b[:len(spoolMagic)]) != spoolMagic {
		return nil, true, errors.New("not a spool file of this version")
	}
	b = b[len(spoolMagic):]
	rest := b
	var r Record
	for len(rest) > 0 {
		body, next, err := nextFrame(rest)
		if err != nil || decode(body, &r) != nil {
			return b[:len(b)-len(rest)], true, nil
		}
		rest = next
	}
	return b, false, nil
}
