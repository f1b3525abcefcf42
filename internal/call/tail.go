package call

import (
	"context"
	"sync"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The live tail: the newest calls in memory, and who follows them. Calls are
// there as soon as the writer has taken them, before they are on disk.

// Bounds of the tail.
const (
	ringRows    = 5000
	ringBytes   = 16 << 20
	watcherRows = 1000 // that may wait for one who follows
)

type tail struct {
	mu    sync.Mutex
	runs  [][]byte // frames, oldest first
	rows  []int    // of each run
	sum   int
	bytes int
	list  map[*Tail]struct{}
	shut  bool
}

func newTail() *tail { return &tail{list: map[*Tail]struct{}{}} }

// Tail is somebody who follows. Calls come without their bodies.
type Tail struct {
	t      *tail
	p      *plan
	words  *searcher
	mu     sync.Mutex
	calls  []Record
	lost   int64
	ready  chan struct{}
	closed bool
}

// Tail follows the calls that a query means, whenever they came. The newest
// of the last 5,000 of all come first, up to the query's limit. End it with
// Close.
func (l *Log) Tail(ws workspace.ID, q Query) (*Tail, error) {
	backlog := q.Limit
	q = Query{Where: q.Where, Any: q.Any, Text: q.Text, Bare: q.Bare}
	p, err := q.plan(ws)
	if err != nil {
		return nil, err
	}
	w := &Tail{t: l.tail, p: p, words: newSearcher(p.terms), ready: make(chan struct{}, 1)}
	t := l.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		return nil, errs.New(errs.Unavailable, "The call log is closed.")
	}
	if backlog > 0 {
		w.backlog(t.runs, min(backlog, watcherRows))
	}
	t.list[w] = struct{}{}
	return w, nil
}

// backlog takes the newest calls out of the ring.
func (w *Tail) backlog(runs [][]byte, most int) {
	var list []Record
	for i := len(runs) - 1; i >= 0 && len(list) < most; i-- {
		list = append(w.match(runs[i]), list...)
	}
	w.offer(list[max(0, len(list)-most):])
}

// match returns the calls of some frames that are meant.
func (w *Tail) match(frames []byte) []Record {
	var list []Record
	var r Record
	_ = eachFrame([]memUnit{{data: frames}}, func(body []byte) error {
		if of, err := frameWorkspace(body); err != nil || of != w.p.ws {
			return err
		}
		if err := decode(body, &r); err != nil {
			return err
		}
		if w.p.record(&r, w.words) {
			r.Request.Body, r.Response.Body = "", ""
			list = append(list, r.clone())
		}
		return nil
	})
	return list
}

// offer gives calls to who follows; who is slow loses the oldest.
func (w *Tail) offer(list []Record) {
	if len(list) == 0 {
		return
	}
	w.mu.Lock()
	w.calls = append(w.calls, list...)
	if over := len(w.calls) - watcherRows; over > 0 {
		w.lost += int64(over)
		w.calls = append([]Record(nil), w.calls[over:]...)
	}
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// Next returns the calls that came since, as soon as there are some, and how
// many were lost because they were not fetched in time.
func (w *Tail) Next(ctx context.Context) (calls []Record, lost int64, err error) {
	for {
		w.mu.Lock()
		calls, lost = w.calls, w.lost
		w.calls, w.lost = nil, 0
		closed := w.closed
		w.mu.Unlock()
		if len(calls) > 0 || lost > 0 {
			return calls, lost, nil
		}
		if closed {
			return nil, 0, errs.New(errs.Unavailable, "The live tail has ended; start it again.")
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// Close ends following.
func (w *Tail) Close() {
	w.t.mu.Lock()
	delete(w.t.list, w)
	w.t.mu.Unlock()
	w.end()
}

func (w *Tail) end() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// publish takes frames that nobody changes any more.
func (t *tail) publish(frames []byte) {
	rows := 0
	for rest := frames; len(rest) > 0; rows++ {
		_, rest = splitFrame(rest)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for w := range t.list {
		w.offer(w.match(frames))
	}
	t.runs, t.rows = append(t.runs, frames), append(t.rows, rows)
	t.sum += rows
	t.bytes += len(frames)
	drop := 0
	for drop < len(t.runs)-1 && (t.sum-t.rows[drop] >= ringRows || t.bytes > ringBytes) {
		t.sum -= t.rows[drop]
		t.bytes -= len(t.runs[drop])
		drop++
	}
	if drop > 0 {
		t.runs = append([][]byte(nil), t.runs[drop:]...)
		t.rows = append([]int(nil), t.rows[drop:]...)
	}
}

func (t *tail) watchers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.list)
}

func (t *tail) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut = true
	for w := range t.list {
		w.end()
	}
	clear(t.list)
}
