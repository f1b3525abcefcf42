package call

import (
	"container/list"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Suffixes of a segment's two files.
const (
	dataSuffix  = ".parquet"
	indexSuffix = ".idx"
)

// segmentMeta is a segment as the manifest has it.
type segmentMeta struct {
	Name string `json:"name"`
	origin
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Rows  int   `json:"rows"`
	Bytes int64 `json:"bytes"` // on disk, with its index
}

// sum makes the totals out of the groups.
func (m *segmentMeta) sum() {
	m.Rows = 0
	for i, g := range m.Groups {
		if i == 0 || g.From < m.From {
			m.From = g.From
		}
		if i == 0 || g.To > m.To {
			m.To = g.To
		}
		m.Rows += g.Rows
	}
}

// segment is one that the log has. Queries hold it while they read; one that
// was dropped is removed from disk when nobody does any more.
type segment struct {
	segmentMeta
	path string // without suffix
	// Under Log.mu:
	users int
	gone  bool
}

func (s *segment) remove() error {
	err := os.Remove(s.path + dataSuffix)
	if err2 := os.Remove(s.path + indexSuffix); err == nil && !errors.Is(err2, os.ErrNotExist) {
		err = err2
	}
	return err
}

// openSegment is a segment's open files, with what was read of them already.
type openSegment struct {
	meta  *segmentMeta
	file  *parquet.File
	data  *os.File
	index *indexFile // nil: there is none
	at    [fieldCount]int
	users int
	entry *list.Element
}

func (o *openSegment) close() {
	_ = o.data.Close()
	if o.index != nil {
		_ = o.index.r.(*os.File).Close()
	}
}

// openPath opens a segment's files.
func openPath(path string, meta *segmentMeta) (*openSegment, error) {
	f, err := os.Open(path + dataSuffix)
	if err != nil {
		return nil, err
	}
	o := &openSegment{meta: meta, data: f}
	if err := o.read(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open segment %s: %w", filepath.Base(path), err)
	}
	if ix, err := os.Open(path + indexSuffix); err == nil {
		if o.index, err = openIndex(ix); err != nil || len(o.index.groups) != len(o.file.RowGroups()) {
			o.index = nil
			_ = ix.Close()
		}
	}
	return o, nil
}

func (o *openSegment) read() (err error) {
	defer func() {
		if r := recover(); r != nil { // a damaged file may lead the library anywhere
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	st, err := o.data.Stat()
	if err != nil {
		return err
	}
	if o.file, err = parquet.OpenFile(o.data, st.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(32<<10)); err != nil {
		return err
	}
	if o.meta != nil && len(o.file.RowGroups()) != len(o.meta.Groups) {
		return fmt.Errorf("%d row groups, the manifest says %d", len(o.file.RowGroups()), len(o.meta.Groups))
	}
	for f := range o.at {
		o.at[f] = -1
		if leaf, ok := o.file.Schema().Lookup(columns[f].name); ok {
			o.at[f] = leaf.ColumnIndex
		}
	}
	return nil
}

// originOf reads what a segment says of itself.
func originOf(path string) (segmentMeta, error) {
	o, err := openPath(path, nil)
	if err != nil {
		return segmentMeta{}, err
	}
	defer o.close()
	m := segmentMeta{Name: filepath.Base(path)}
	text, ok := o.file.Lookup(originKey)
	if !ok {
		return m, fmt.Errorf("%s is no segment of a call log", path)
	}
	if err := json.Unmarshal([]byte(text), &m.origin); err != nil {
		return m, fmt.Errorf("read what %s says of itself: %w", path, err)
	}
	for _, suffix := range []string{dataSuffix, indexSuffix} {
		if st, err := os.Stat(path + suffix); err == nil {
			m.Bytes += st.Size()
		}
	}
	m.sum()
	return m, nil
}

// files keeps some segments open, the most recently used.
type files struct {
	mu     sync.Mutex
	open   map[*segment]*openSegment
	order  *list.List // of *segment, most recent first
	most   int
	broken map[*segment]*failure
	log    *slog.Logger
}

// failure is why a segment can't be read. It is tried again after a while:
// it may be the process that had too many files open, not the segment.
type failure struct {
	err     error
	at      time.Time
	opening bool // not what was in it
}

const tryAgain = time.Minute

func (f *failure) fresh() bool { return f != nil && time.Since(f.at) < tryAgain }

func newFiles(most int, log *slog.Logger) *files {
	return &files{open: map[*segment]*openSegment{}, order: list.New(), most: most, broken: map[*segment]*failure{}, log: log}
}

// get opens a segment.
func (c *files) get(s *segment) (*openSegment, error) {
	c.mu.Lock()
	if o := c.open[s]; o != nil {
		o.users++
		c.order.MoveToFront(o.entry)
		c.mu.Unlock()
		return o, nil
	}
	if f := c.broken[s]; f.fresh() {
		c.mu.Unlock()
		return nil, f.err
	}
	c.mu.Unlock()
	made, err := openPath(s.path, &s.segmentMeta)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fail(s, err, true)
		return nil, err
	}
	if f := c.broken[s]; f != nil && f.opening {
		delete(c.broken, s)
	}
	if o := c.open[s]; o != nil { // somebody was faster
		made.close()
		o.users++
		return o, nil
	}
	made.users = 1
	made.entry = c.order.PushFront(s)
	c.open[s] = made
	c.trim()
	return made, nil
}

// put gives a segment back.
func (c *files) put(o *openSegment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.users--; o.users == 0 && o.entry == nil {
		o.close()
	}
}

// trim closes the least recently used beyond the most that are kept.
func (c *files) trim() {
	for e := c.order.Back(); e != nil && len(c.open) > c.most; {
		s := e.Value.(*segment)
		e = e.Prev()
		c.letGo(s)
	}
}

func (c *files) letGo(s *segment) {
	o := c.open[s]
	c.order.Remove(o.entry)
	o.entry = nil
	delete(c.open, s)
	if o.users == 0 {
		o.close()
	}
}

// drop forgets a segment.
func (c *files) drop(s *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.broken, s)
	if c.open[s] != nil {
		c.letGo(s)
	}
}

// damaged remembers that a segment can't be read, and says so once.
func (c *files) damaged(s *segment, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.broken[s].fresh() { // else that is why
		c.fail(s, err, false)
	}
}

func (c *files) fail(s *segment, err error, opening bool) {
	first := c.broken[s] == nil
	c.broken[s] = &failure{err, time.Now(), opening}
	if first {
		c.log.Error("a segment of the call log can't be read; its calls are missing in answers", "segment", s.path, "calls", s.Rows, "err", err)
	}
}

func (c *files) isBroken(s *segment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken[s].fresh()
}

// unreadable counts the segments that can't be read.
func (c *files) unreadable() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.broken)
}

func (c *files) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.open {
		c.letGo(s)
	}
}
