// Package tail follows a file of lines as a program writes it, through
// rotation, and hands on what is new, once: it notes how far it came, and
// goes on from there when it starts again. It knows nothing of what the lines
// are.
package tail

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Batch is some whole lines of a file.
type Batch struct {
	Lines  []byte // each ends in a line feed
	Offset int64  // of the first byte in the file
	Count  int
	// Again says that they may have been sent before: it is the first batch
	// since the start, or a try whose outcome is not known.
	Again bool

	after int // bytes behind them that are passed over
}

// Follower follows one file. Send must return nil only when the batch is
// kept for good; it is called again with the same until then, unless it
// returns a Fatal error.
type Follower struct {
	Path  string
	State string // file that says how far it came
	Send  func(context.Context, Batch) error
	Log   *slog.Logger
	// FromEnd begins a file that is new to it at its end.
	FromEnd bool

	Poll time.Duration // between looks at the file; 250 ms when 0
	Wait time.Duration // after a first try that failed; 1 s when 0
}

// Fatal marks an error that no further try would mend.
type Fatal struct{ Err error }

// Error implements error.
func (f Fatal) Error() string { return f.Err.Error() }

// Unwrap returns what is wrong.
func (f Fatal) Unwrap() error { return f.Err }

// RetryAfter is an error that says when to try again.
type RetryAfter struct {
	Err  error
	Wait time.Duration
}

// Error implements error.
func (r RetryAfter) Error() string { return r.Err.Error() }

// Unwrap returns what is wrong.
func (r RetryAfter) Unwrap() error { return r.Err }

const (
	maxLines = 1000
	maxBytes = 1 << 20
	maxLine  = 1 << 20 // longer ones are passed over
	headSize = 1024
	grace    = 8 // looks at a file that was rotated away before it is left
)

// place is how far a file was read. A file is known by its beginning, which
// stays when it is renamed.
type place struct {
	Offset int64  `json:"offset"`
	Head   string `json:"head"` // SHA-256 of its first HeadSize bytes
	Size   int    `json:"head_size"`
}

// Run follows the file until ctx ends, then returns nil; or what is fatal.
func (t *Follower) Run(ctx context.Context) error {
	if t.Poll == 0 {
		t.Poll = 250 * time.Millisecond
	}
	if t.Wait == 0 {
		t.Wait = time.Second
	}
	at, known, err := t.load()
	if err != nil {
		return err
	}
	r := &reading{t: t, again: true}
	defer r.close()
	if known {
		if err := r.resume(ctx, at); err != nil {
			return ended(ctx, err)
		}
	}
	return ended(ctx, r.follow(ctx, !known && t.FromEnd))
}

func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil // it was told to
	}
	return err
}

func (t *Follower) load() (at place, known bool, err error) {
	text, err := os.ReadFile(t.State)
	if errors.Is(err, fs.ErrNotExist) {
		return at, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil {
		return at, false, fmt.Errorf("read how far it came from %s: %w; remove the file to begin anew", t.State, err)
	}
	return at, true, nil
}

// save notes how far it came, durably: a crash leaves the old or the new.
func (t *Follower) save(at place) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	tmp := t.State + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("note how far it came: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, t.State)
	}
	if err != nil {
		return fmt.Errorf("note how far it came: %w", err)
	}
	return nil
}

// reading is one file that is being read.
type reading struct {
	t      *Follower
	f      *os.File
	buf    *bufio.Reader
	offset int64  // of what was sent
	rest   []byte // of a line that is not whole yet
	long   int    // bytes of a line that is too long
	again  bool
}

func (r *reading) close() {
	if r.f != nil {
		_ = r.f.Close() // only read
		r.f = nil
	}
}

func (r *reading) open(path string, offset int64) error {
	r.close()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return errors.Join(err, f.Close())
	}
	r.f, r.buf, r.offset, r.rest, r.long = f, bufio.NewReaderSize(f, 64<<10), offset, nil, 0
	return nil
}

// head reads the beginning of the file by which it is known.
func head(f io.ReaderAt, size int) (string, int, error) {
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	sum := sha256.Sum256(b[:n])
	return hex.EncodeToString(sum[:]), n, nil
}

// resume goes on where an earlier run ended. When the file was rotated away
// since, the one it became is read to its end, and those that came after it.
func (r *reading) resume(ctx context.Context, at place) error {
	files, err := r.t.generations()
	if err != nil {
		return err
	}
	found := slices.IndexFunc(files, func(path string) bool { return at.Size > 0 && isFile(path, at) })
	if found < 0 {
		if at.Offset > 0 {
			r.t.Log.Warn("the file that was read last is gone; what it had since is lost", "file", r.t.Path)
		}
		return nil
	}
	for i, path := range files[found:] {
		offset := int64(0)
		if i == 0 {
			offset = at.Offset
		}
		if err := r.open(path, offset); err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
		if path == r.t.Path {
			return nil // follow goes on with it
		}
		if err := r.toEnd(ctx); err != nil {
			return err
		}
		r.close()
	}
	return nil
}

func isFile(path string, at place) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	sum, n, err := head(f, at.Size)
	info, statErr := f.Stat()
	return err == nil && statErr == nil && n == at.Size && sum == at.Head && info.Size() >= at.Offset
}

// generations are the file and those it was rotated to, oldest first. What
// was packed can't be followed.
func (t *Follower) generations() ([]string, error) {
	list, err := filepath.Glob(escape(t.Path) + "*")
	if err != nil {
		return nil, err
	}
	type aged struct {
		path string
		at   time.Time
	}
	var found []aged
	for _, path := range list {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || path == t.State || path == t.State+".new" || slices.Contains([]string{".gz", ".bz2", ".xz", ".zst"}, filepath.Ext(path)) {
			continue
		}
		at := info.ModTime()
		if path == t.Path {
			at = time.Unix(1<<40, 0) // the newest, whatever its time says
		}
		found = append(found, aged{path, at})
	}
	slices.SortFunc(found, func(a, b aged) int { // .2 is older than .1 where their times are the same
		return cmp.Or(a.at.Compare(b.at), -strings.Compare(a.path, b.path))
	})
	out := make([]string, len(found))
	for i := range found {
		out[i] = found[i].path
	}
	return out, nil
}

func escape(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}

// follow reads what is written, from file to file.
func (r *reading) follow(ctx context.Context, fromEnd bool) error {
	gone := 0
	for {
		if r.f == nil {
			offset := int64(0)
			if info, err := os.Stat(r.t.Path); err == nil && fromEnd {
				offset = info.Size()
			}
			fromEnd = false
			if err := r.open(r.t.Path, offset); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("open %s: %w", r.t.Path, err)
			}
			gone = 0
		}
		if r.f != nil {
			if err := r.toEnd(ctx); err != nil {
				return err
			}
			moved, err := r.moved()
			if err != nil {
				return err
			}
			if moved { // who writes may not know yet: it is looked at some more
				if gone++; gone > grace {
					r.close()
					continue
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(r.t.Poll):
		}
	}
}

// moved reports whether another file stands at the path now. A file that was
// cut off is read from its beginning.
func (r *reading) moved() (bool, error) {
	own, err := r.f.Stat()
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", r.t.Path, err)
	}
	now, err := os.Stat(r.t.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // being rotated: the new one is not there yet
	case err != nil:
		return false, fmt.Errorf("look at %s: %w", r.t.Path, err)
	case !os.SameFile(own, now):
		return true, nil
	case own.Size() < r.offset:
		r.t.Log.Warn("the file was cut off and is read from its beginning", "file", r.t.Path)
		return false, r.open(r.t.Path, 0)
	}
	return false, nil
}

// toEnd sends all whole lines that are there.
func (r *reading) toEnd(ctx context.Context) error {
	for {
		b, err := r.batch()
		if err != nil {
			return fmt.Errorf("read %s: %w", r.t.Path, err)
		}
		if b.Count == 0 {
			return nil
		}
		if err := r.send(ctx, b); err != nil {
			return err
		}
	}
}

// batch gathers lines until there is enough, or no whole one any more. One
// that is too long ends it, so that offsets are those of the file.
func (r *reading) batch() (Batch, error) {
	b := Batch{Offset: r.offset}
	for b.Count < maxLines && len(b.Lines) < maxBytes {
		part, err := r.buf.ReadSlice('\n')
		if r.long > 0 || len(r.rest)+len(part) > maxLine {
			r.long += len(r.rest) + len(part)
			r.rest = nil
		} else {
			r.rest = append(r.rest, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return b, nil // the line is not whole yet
		case err != nil:
			return b, err
		}
		if r.long > 0 {
			r.t.Log.Warn("a line is too long and was passed over", "file", r.t.Path, "bytes", r.long)
			over := r.long
			r.long = 0
			if b.Count > 0 {
				b.after = over
				return b, nil
			}
			r.offset += int64(over)
			b.Offset = r.offset
			continue
		}
		b.Lines = append(b.Lines, r.rest...)
		b.Count++
		r.rest = r.rest[:0]
	}
	return b, nil
}

// send hands a batch on until it is kept, and notes that it is.
func (r *reading) send(ctx context.Context, b Batch) error {
	wait := r.t.Wait
	for b.Again = r.again; ; b.Again = true {
		err := r.t.Send(ctx, b)
		if err == nil {
			break
		}
		if _, fatal := errors.AsType[Fatal](err); fatal || ctx.Err() != nil {
			return err
		}
		pause := wait
		if told, ok := errors.AsType[RetryAfter](err); ok && told.Wait > 0 {
			pause = told.Wait
		}
		r.t.Log.Warn("lines could not be sent; they are sent again", "lines", b.Count, "in", pause, "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		wait = min(wait*2, 30*time.Second)
	}
	r.again = false
	r.offset += int64(len(b.Lines) + b.after)
	size := int(min(r.offset, headSize))
	sum, n, err := head(r.f, size)
	if err != nil {
		return fmt.Errorf("read the beginning of %s: %w", r.t.Path, err)
	}
	return r.t.save(place{Offset: r.offset, Head: sum, Size: n})
}
