package call

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

// Retention says what is kept. What is older or beyond is dropped by whole
// files, so a little more than that may be there.
type Retention struct {
	Age   time.Duration // 0: however old
	Bytes int64         // on disk; 0: however many
}

// Config is what a Log is made of.
type Config struct {
	Dir       string // of its own, held by one process at a time
	Retention Retention
	Buffer    int              // bytes that may wait to be written; 0: 32 MB
	MinFree   int64            // bytes of the disk that are left alone; 0: 256 MB
	Workers   int              // row groups that are read at once by all queries; 0: half of the cores
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: none

	tune   tuning
	disk   disk
	manual bool       // no keeper: a test calls it
	keeper func(*Log) // in place of the one that makes segments
}

// tuning are sizes that tests make smaller.
type tuning struct {
	flush     time.Duration // from the first record that waits until it is written
	cutRows   int           // a head of so many calls
	cutBytes  int           // or bytes
	cutAge    time.Duration // or so old is made into segments
	heads     int           // that may wait to be; more stop the log
	mergeAt   int           // small segments of an hour that is not over
	grace     time.Duration // after an hour's end until its segments are merged
	late      time.Duration // after an hour's end until stragglers are merged into it
	fileRows  int
	groupRows int
}

var defaults = tuning{flush: 25 * time.Millisecond, cutRows: groupRows, cutBytes: groupBytes, cutAge: 10 * time.Minute, heads: 4,
	mergeAt: 8, grace: 5 * time.Minute, late: 6 * time.Hour, fileRows: fileRows, groupRows: groupRows}

// maxQueries is how many are answered at the same time; others wait.
const maxQueries = 16

// Log is the call log. Make one with Open, end it with Close.
type Log struct {
	cfg  Config
	log  *slog.Logger
	buf  *buffer
	tail *tail
	lock *os.File

	files   *files
	slots   chan *scratch // a query takes one for each row group it reads
	queries chan struct{} // those that are let in

	mu       sync.Mutex // what the log consists of
	manifest manifest   // without its segments
	segments []*segment
	sealed   []*head // oldest first
	head     *head
	trouble  map[string]string // by part of the log: why it has stopped
	keep     Retention

	down     atomic.Bool // closed: nothing is taken
	synced   atomic.Int64
	flushes  chan chan error
	seals    chan struct{} // the head is to end
	erasures chan erasure
	work     chan struct{} // there is something to be made into segments
	quit     chan struct{}
	bg       sync.WaitGroup
}

// Open opens the log in a folder of its own, and makes it when it is new.
// What a crash left in the spool is there again when it returns.
func Open(cfg Config) (*Log, error) {
	cfg.fill()
	if err := os.MkdirAll(filepath.Join(cfg.Dir, segmentFolder), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the call log: %w", err)
	}
	lock, err := lockFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	n := runtime.GOMAXPROCS(0)
	l := &Log{cfg: cfg, lock: lock, log: cfg.Log, buf: newBuffer(min(n, 16), cfg.Buffer), tail: newTail(), files: newFiles(128, cfg.Log),
		slots: make(chan *scratch, cfg.Workers), queries: make(chan struct{}, maxQueries), trouble: map[string]string{}, keep: cfg.Retention,
		flushes: make(chan chan error), seals: make(chan struct{}), erasures: make(chan erasure), work: make(chan struct{}, 1), quit: make(chan struct{})}
	for range cfg.Workers {
		l.slots <- newScratch()
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, unlockFolder(lock))
	}
	l.bg.Go(l.write)
	switch {
	case cfg.keeper != nil:
		l.bg.Go(func() { cfg.keeper(l) })
	case !cfg.manual:
		l.bg.Go(l.tend)
		l.nudge()
	}
	return l, nil
}

func (c *Config) fill() {
	if c.Buffer == 0 {
		c.Buffer = 32 << 20
	}
	if c.MinFree == 0 {
		c.MinFree = 256 << 20
	}
	if c.Workers == 0 {
		c.Workers = (runtime.GOMAXPROCS(0) + 1) / 2
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.tune == (tuning{}) {
		c.tune = defaults
	}
	if c.disk.create == nil {
		c.disk = realDisk
	}
}

// load reads the manifest and the spool.
func (l *Log) load() error {
	dir := l.cfg.Dir
	spools, err := listSpools(dir)
	if err != nil {
		return fmt.Errorf("read the folder of the call log: %w", err)
	}
	m, found, err := loadManifest(dir)
	if err != nil {
		return err
	}
	if !found {
		if m, err = l.rebuild(spools); err != nil {
			return err
		}
	}
	if err := sweep(dir, m); err != nil {
		l.log.Warn("remove what a crash left in the call log", "err", err)
	}
	for _, meta := range m.Segments {
		s := &segment{segmentMeta: meta, path: filepath.Join(folderOf(dir, meta.Workspace), meta.Name)}
		if _, err := os.Stat(s.path + dataSuffix); errors.Is(err, fs.ErrNotExist) {
			l.log.Error("a segment of the call log is gone", "segment", s.path, "calls", s.Rows)
			continue
		}
		l.segments = append(l.segments, s)
	}
	m.Segments = nil
	l.manifest = *m
	next := m.Spools
	for _, n := range spools {
		next = max(next, n)
		if n > m.Spools {
			if err := l.replay(n); err != nil {
				return err
			}
		} else if err := os.Remove(spoolPath(dir, n)); err != nil {
			return fmt.Errorf("remove a spool file that is in segments: %w", err)
		}
	}
	l.head = &head{n: next + 1}
	return nil
}

func (l *Log) rebuild(spools []uint64) (*manifest, error) {
	m, unread, err := rebuild(l.cfg.Dir, spools)
	if err != nil {
		return nil, err
	}
	if len(m.Segments)+len(unread) > 0 {
		l.log.Warn("the manifest of the call log could not be read, and was made again from its segments", "segments", len(m.Segments), "unreadable", len(unread))
	}
	for _, path := range unread {
		if err := os.Rename(path+dataSuffix, path+".damaged"); err != nil {
			return nil, fmt.Errorf("put a damaged segment aside: %w", err)
		}
	}
	return m, l.cfg.disk.saveManifest(l.cfg.Dir, m)
}

// replay takes a spool file into memory, as one that waits to be made into
// segments.
func (l *Log) replay(n uint64) error {
	path := spoolPath(l.cfg.Dir, n)
	frames, torn, err := readSpool(path)
	if err != nil {
		l.log.Error("a spool file of the call log can't be read, and was put aside", "file", path, "err", err)
		return os.Rename(path, path+".damaged")
	}
	h := &head{n: n}
	h.place(frames)
	h.show(l.now())
	if torn {
		l.log.Info("the call log's spool ended within a record, as it does after a crash", "file", path, "calls", h.rows)
	}
	if h.rows == 0 {
		return os.Remove(path)
	}
	l.sealed = append(l.sealed, h)
	l.tail.publish(frames)
	return nil
}

// SetRetention changes what is kept, from the next sweep on.
func (l *Log) SetRetention(r Retention) {
	l.mu.Lock()
	l.keep = r
	l.mu.Unlock()
	l.nudge()
}

func (l *Log) now() int64 { return l.cfg.Now().UnixMicro() }

// Append takes a copy of a record into the log. It never waits for disk: when
// there is no room, or the log has stopped, the record is counted as dropped
// and the answer is false. What r points to may be used again afterwards.
func (l *Log) Append(r *Record) bool {
	if l.down.Load() {
		l.buf.lost.Add(1)
		return false
	}
	return l.buf.put(r)
}

// Sync returns when all that was appended before it is on disk, or says why
// it is not.
func (l *Log) Sync(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case l.flushes <- reply:
	case <-l.quit:
		return errs.New(errs.Unavailable, "The call log is closed.")
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what was appended, and ends the log. Nobody may append or ask
// any more.
func (l *Log) Close() error {
	l.down.Store(true)
	close(l.quit)
	l.bg.Wait()
	l.tail.close()
	l.files.close()
	defer func() { _ = unlockFolder(l.lock) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.buf.size(); n > 0 {
		return fmt.Errorf("%d bytes of the call log could not be written", n)
	}
	return nil
}

// Stats is how the log is doing.
type Stats struct {
	State      string    `json:"state" doc:"What is wrong, and what to do, in a sentence; empty when all is well."`
	Appended   int64     `json:"appended" doc:"Calls taken since the start."`
	Dropped    int64     `json:"dropped" doc:"Calls that were not recorded."`
	Waiting    int       `json:"waiting" doc:"Bytes that are not on disk yet."`
	Calls      int64     `json:"calls" doc:"Calls that are kept."`
	Segments   int       `json:"segments"`
	Unreadable int       `json:"unreadable" doc:"Segments that are damaged."`
	Bytes      int64     `json:"bytes" doc:"On disk, with the spool."`
	Oldest     time.Time `json:"oldest,omitzero"`
	Newest     time.Time `json:"newest,omitzero"`
	Synced     time.Time `json:"synced,omitzero" doc:"When something was last written."`
	Watchers   int       `json:"watchers" doc:"Who follows the live tail."`
}

// Stats returns how the log is doing.
func (l *Log) Stats() Stats {
	s := Stats{Appended: l.buf.got.Load(), Dropped: l.buf.lost.Load(), Waiting: l.buf.size(),
		Unreadable: l.files.unreadable(), Watchers: l.tail.watchers()}
	if t := l.synced.Load(); t > 0 {
		s.Synced = time.UnixMicro(t).UTC()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.State = l.stateLocked()
	s.Segments = len(l.segments)
	var from, to int64
	span := func(a, b int64) {
		if from == 0 || a < from {
			from = a
		}
		to = max(to, b)
	}
	for _, seg := range l.segments {
		s.Calls += int64(seg.Rows)
		s.Bytes += seg.Bytes
		span(seg.From, seg.To)
	}
	for _, h := range append(slices.Clone(l.sealed), l.head) {
		s.Calls += int64(h.rows)
		s.Bytes += int64(h.bytes)
		for _, u := range h.units {
			span(u.from, u.to)
		}
	}
	if to > 0 {
		s.Oldest, s.Newest = time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC()
	}
	return s
}

// stateLocked says what is wrong, the writing before the rest.
func (l *Log) stateLocked() string {
	for _, part := range []string{partSpool, partSegments, partCluster} {
		if why := l.trouble[part]; why != "" {
			return why
		}
	}
	return ""
}

// The parts of the log that can fail.
const (
	partSpool    = "spool"
	partSegments = "segments"
	partCluster  = "cluster"
)
