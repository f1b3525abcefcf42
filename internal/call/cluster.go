package call

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Cluster is a call log that many nodes share, kept in ClickHouse. What a node
// records goes first into its own spool, exactly as with Log, and every second
// from there into the table: a node that is killed, or a ClickHouse that is
// away for a while, loses nothing that was in the spool. Questions are
// answered by ClickHouse alone, for all nodes; the live tail brings what this
// node records at once and what others do within two seconds.
type Cluster struct {
	l  *Log
	ch *clickhouse
	id string // of the folder: names what was shipped from it

	mu   sync.Mutex
	kept Stats // what the table holds, as it was last looked at
}

// shipTune: a head is shipped a second after its first call, and a minute of
// them may wait in memory.
var shipTune = tuning{flush: defaults.flush, cutRows: 100_000, cutBytes: 4 << 20, cutAge: 500 * time.Millisecond, heads: 60}

// OpenCluster opens the spool in cfg.Dir, which one process holds at a time,
// and ships to the ClickHouse at an address such as
// http://user:password@host:8123/database, whose table it makes when it is
// not there. The server need not be there yet.
func OpenCluster(cfg Config, address secret.Text) (*Cluster, error) {
	ch, err := dialClickHouse(address)
	if err != nil {
		return nil, err
	}
	c := &Cluster{ch: ch}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the call log: %w", err)
	}
	if c.id, err = folderID(cfg.Dir); err != nil {
		return nil, err
	}
	if cfg.tune == (tuning{}) {
		cfg.tune = shipTune
	}
	cfg.keeper = c.ship
	c.l, err = Open(cfg)
	return c, err
}

// folderID is a random name that a folder keeps.
func folderID(dir string) (string, error) {
	path := filepath.Join(dir, "cluster-id")
	b, err := os.ReadFile(path)
	if err == nil && len(b) == 16 {
		return string(b), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the name of the call log's folder: %w", err)
	}
	var raw [8]byte
	_, _ = rand.Read(raw[:])
	id := hex.EncodeToString(raw[:])
	if err := os.WriteFile(path, []byte(id), 0o600); err != nil {
		return "", fmt.Errorf("name the call log's folder: %w", err)
	}
	return id, nil
}

// Append records a call; see Log.
func (c *Cluster) Append(r *Record) bool { return c.l.Append(r) }

// Sync brings what was appended before onto this node's disk; see Log.
func (c *Cluster) Sync(ctx context.Context) error { return c.l.Sync(ctx) }

// Close ends recording. What is not shipped yet stays in the spool for the
// next start.
func (c *Cluster) Close() error {
	defer c.ch.client.CloseIdleConnections()
	return c.l.Close()
}

// SetRetention says how long calls are kept; the nodes of a cluster should say
// the same.
func (c *Cluster) SetRetention(r Retention) { c.l.SetRetention(r) }

// Tail follows calls; see Log.
func (c *Cluster) Tail(ws workspace.ID, q Query) (*Tail, error) { return c.l.Tail(ws, q) }

// Stats says how the log stands: recording on this node, what is kept in the
// cluster.
func (c *Cluster) Stats() Stats {
	s := c.l.Stats() // calls and bytes are what is not shipped yet
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Calls += c.kept.Calls
	s.Bytes += c.kept.Bytes
	s.Segments = c.kept.Segments
	if !c.kept.Oldest.IsZero() && (s.Oldest.IsZero() || c.kept.Oldest.Before(s.Oldest)) {
		s.Oldest = c.kept.Oldest
	}
	if c.kept.Newest.After(s.Newest) {
		s.Newest = c.kept.Newest
	}
	return s
}

// shipper is the one goroutine that moves a node's spool into the table.
type shipper struct {
	c      *Cluster
	k      *keeper
	table  bool // it is surely there
	tried  *head
	own    uint64 // heads up to here were found in the folder: they may be shipped already
	others seen
	looked time.Time
	tended time.Time
}

func (c *Cluster) ship(l *Log) {
	s := &shipper{c: c, k: &keeper{l: l}, others: seen{}}
	l.mu.Lock() // the writer seals already
	for _, h := range l.sealed {
		s.own = max(s.own, h.n)
	}
	l.mu.Unlock()
	open, shut := context.WithCancel(context.Background())
	l.bg.Go(func() { // a node that closes waits for no server
		<-l.quit
		shut()
	})
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-l.quit:
			return
		case <-l.work:
		case <-tick.C:
		}
		if err := s.round(open); open.Err() == nil {
			l.setTrouble(partCluster, err)
		}
	}
}

func (s *shipper) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shipTimeout)
	defer cancel()
	if !s.table {
		if _, err := s.c.ch.do(ctx, tableSQL(), nil); err != nil {
			return err
		}
		s.table = true
	}
	for !s.k.stopped() {
		s.k.l.mu.Lock()
		var h *head
		if len(s.k.l.sealed) > 0 {
			h = s.k.l.sealed[0]
		}
		s.k.l.mu.Unlock()
		if h == nil {
			break
		}
		if err := s.one(ctx, h); err != nil {
			return err
		}
	}
	if err := s.follow(ctx); err != nil {
		return err
	}
	return s.tend(ctx)
}

// one ships a head. An insert whose answer did not come may have happened: so
// what is there of a head that was tried before is left out.
func (s *shipper) one(ctx context.Context, h *head) error {
	batch := s.c.id + "/" + strconv.FormatUint(h.n, 10)
	var there map[ID]bool
	if h == s.tried || h.n <= s.own {
		var err error
		if there, err = s.shipped(ctx, batch, h); err != nil {
			return err
		}
	}
	s.tried = h
	var data []byte
	var r Record
	err := eachFrame(h.units, func(body []byte) error {
		if err := decode(body, &r); err != nil {
			return err
		}
		if !there[r.ID] {
			data = appendRow(data, &r, batch)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(data) > 0 {
		if _, err := s.c.ch.do(ctx, insertSQL, data); err != nil {
			return err
		}
	}
	if err := s.k.commit(nil, nil, h); err != nil {
		return err
	}
	s.tried = nil
	if err := os.Remove(spoolPath(s.k.l.cfg.Dir, h.n)); err != nil { // the next start will
		s.k.l.log.Warn("remove a spool file that was shipped", "err", err)
	}
	return nil
}

// shipped are the calls of a batch that are in the table.
func (s *shipper) shipped(ctx context.Context, batch string, h *head) (map[ID]bool, error) {
	from, to := h.span()
	answer, err := s.c.ch.do(ctx, fmt.Sprintf("SELECT id FROM calls WHERE time BETWEEN %d AND %d AND batch = %s FORMAT RowBinary", from, to, literal(batch)), nil)
	if err != nil {
		return nil, err
	}
	there := map[ID]bool{}
	for r := (&rows{b: answer}); r.next(); {
		there[ID(r.take(16))] = true
	}
	return there, nil
}

// span is the time of the first and the last call.
func (h *head) span() (from, to int64) {
	for i, u := range h.units {
		if i == 0 {
			from, to = u.from, u.to
		}
		from, to = min(from, u.from), max(to, u.to)
	}
	return from, to
}

// -- the table

// wordsColumn holds the words that can be searched, each between two spaces,
// every text on a line of its own: a search for words in a row is then a
// search for a piece of text.
const (
	wordsColumn = "words"
	batchColumn = "batch"
)

func tableSQL() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE IF NOT EXISTS calls (")
	for f := range fieldCount {
		kind := "String"
		switch columns[f].kind {
		case kindInt:
			kind = "Int64"
		case kindFixed:
			kind = fmt.Sprintf("FixedString(%d)", columns[f].size)
		}
		fmt.Fprintf(&b, "`%s` %s, ", columns[f].name, kind)
	}
	b.WriteString(wordsColumn + " String, " + batchColumn + " String, inserted DateTime DEFAULT now()) ENGINE = MergeTree PARTITION BY toYYYYMMDD(toDateTime(intDiv(time, 1000000), 'UTC')) ORDER BY (workspace, time, id)")
	return b.String()
}

var insertSQL = func() string {
	var names []string
	for f := range fieldCount {
		names = append(names, "`"+columns[f].name+"`")
	}
	return "INSERT INTO calls (" + strings.Join(append(names, wordsColumn, batchColumn), ", ") + ") FORMAT RowBinary"
}()

func appendRow(b []byte, r *Record, batch string) []byte {
	for f := range fieldCount {
		switch columns[f].kind {
		case kindInt:
			b = binary.LittleEndian.AppendUint64(b, uint64(*r.int(f)))
		case kindFixed:
			b = append(b, r.fixed(f)...)
		default:
			b = appendString(b, *r.text(f))
		}
	}
	var words []byte
	for _, f := range searched {
		if s := *r.text(f); s != "" {
			words = append(spell(words, s), '\n')
		}
	}
	b = appendString(b, textOf(words))
	return appendString(b, batch)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// -- what others record

// seen are batches that were followed, by when.
type seen map[string]time.Time

const followFor = time.Minute

// follow brings what other nodes shipped to those who watch the tail here.
func (s *shipper) follow(ctx context.Context) error {
	watched := s.k.l.tail.workspaces()
	if len(watched) == 0 {
		clear(s.others)
		return nil
	}
	in := make([]string, len(watched))
	for i, ws := range watched {
		in[i] = literal(string(ws))
	}
	since := time.Now().Add(-followFor)
	first := len(s.others) == 0
	where := fmt.Sprintf("workspace IN (%s) AND time >= %d AND inserted >= toDateTime(%d) AND NOT startsWith(batch, %s)",
		strings.Join(in, ", "), since.Add(-10*time.Minute).UnixMicro(), since.Unix(), literal(s.c.id+"/"))
	answer, err := s.c.ch.do(ctx, "SELECT DISTINCT batch FROM calls WHERE "+where+" FORMAT RowBinary", nil)
	if err != nil {
		return err
	}
	var fresh []string
	for r := (&rows{b: answer}); r.next(); {
		if batch := r.text(); r.err == nil {
			if s.others[batch].IsZero() && !first {
				fresh = append(fresh, literal(batch))
			}
			s.others[batch] = time.Now()
		}
	}
	for batch, at := range s.others {
		if time.Since(at) > 2*followFor {
			delete(s.others, batch)
		}
	}
	if first {
		s.others[""] = time.Now().Add(time.Hour) // what was there before is no news
		return nil
	}
	if len(fresh) == 0 {
		return nil
	}
	answer, err = s.c.ch.do(ctx, "SELECT "+selected(listFields)+" FROM calls WHERE "+where+" AND batch IN ("+strings.Join(fresh, ", ")+") ORDER BY time LIMIT 5000 FORMAT RowBinary", nil)
	if err != nil {
		return err
	}
	list, err := readRecords(answer, listFields)
	if err != nil {
		return err
	}
	var frames []byte
	for i := range list {
		frames = appendFrame(frames, &list[i])
	}
	if len(frames) > 0 {
		s.k.l.tail.publish(frames)
	}
	return nil
}

// workspaces are those that somebody watches.
func (t *tail) workspaces() []workspace.ID {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []workspace.ID
	for w := range t.list {
		if !slices.Contains(list, w.p.ws) {
			list = append(list, w.p.ws)
		}
	}
	return list
}

// -- what is kept

const (
	lookEvery   = 10 * time.Second
	retainEvery = 10 * time.Minute
)

// partition is a day of calls.
type partition struct {
	day         string // 20261127
	rows, bytes int64
	parts       int64
}

// tend looks at what is kept, and drops days that are too old or too many.
func (s *shipper) tend(ctx context.Context) error {
	now := time.Now()
	if now.Sub(s.looked) < lookEvery {
		return nil
	}
	s.looked = now
	answer, err := s.c.ch.do(ctx, "SELECT partition, toInt64(sum(rows)), toInt64(sum(bytes_on_disk)), toInt64(count()) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'calls' GROUP BY partition ORDER BY partition DESC FORMAT RowBinary", nil)
	if err != nil {
		return err
	}
	var list []partition
	r := &rows{b: answer}
	for r.next() {
		list = append(list, partition{r.text(), r.int(), r.int(), r.int()})
	}
	if r.err != nil {
		return r.err
	}
	var kept Stats
	for _, p := range list {
		kept.Calls += p.rows
		kept.Bytes += p.bytes
		kept.Segments += int(p.parts)
	}
	if len(list) > 0 {
		answer, err := s.c.ch.do(ctx, "SELECT min(time), max(time) FROM calls FORMAT RowBinary", nil)
		if err != nil {
			return err
		}
		r := &rows{b: answer}
		kept.Oldest, kept.Newest = time.UnixMicro(r.int()).UTC(), time.UnixMicro(r.int()).UTC()
		if r.err != nil {
			return r.err
		}
	}
	s.c.mu.Lock()
	s.c.kept = kept
	s.c.mu.Unlock()
	if now.Sub(s.tended) < retainEvery {
		return nil
	}
	s.tended = now
	l := s.k.l
	l.mu.Lock()
	keep := l.keep
	l.mu.Unlock()
	for _, day := range overdue(list, keep, l.cfg.Now()) {
		if _, err := s.c.ch.do(ctx, "ALTER TABLE calls DROP PARTITION "+day, nil); err != nil {
			return err
		}
	}
	return nil
}

// overdue are the days that are not to be kept, out of a list that begins
// with the newest. The newest stays, whatever its size.
func overdue(list []partition, keep Retention, now time.Time) []string {
	var drop []string
	var sum int64
	for i, p := range list {
		day, err := time.Parse("20060102", p.day)
		if err != nil {
			continue
		}
		sum += p.bytes
		if keep.Age > 0 && day.Add(24*time.Hour).Before(now.Add(-keep.Age)) || keep.Bytes > 0 && sum > keep.Bytes && i > 0 {
			drop = append(drop, p.day)
		}
	}
	return drop
}
