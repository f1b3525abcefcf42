package call

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Page is a part of a list of calls.
type Page struct {
	Calls []Record
	Next  Cursor // zero: that was all
	// Complete is false when time ran out: Calls are then those up to where
	// the search came, Next is where it can go on.
	Complete bool
	Info     Info
}

// key is where a call is and what lists are sorted by.
type key struct {
	time int64
	id   ID
	unit int
	row  int32
}

func (a key) compare(b key) int {
	if c := cmp.Compare(a.time, b.time); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// top keeps the first keys of a list that many workers add to.
type top struct {
	mu     sync.Mutex
	keys   []key
	limit  int
	oldest bool
}

func (t *top) order(a, b key) int {
	if t.oldest {
		return a.compare(b)
	}
	return b.compare(a)
}

func (t *top) add(keys []key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys = append(t.keys, keys...)
	slices.SortFunc(t.keys, t.order)
	t.keys = t.keys[:min(len(t.keys), t.limit)]
}

// beyond reports whether nothing of a unit can get onto the list any more.
func (t *top) beyond(u unit) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.keys) < t.limit {
		return false
	}
	last := t.keys[t.limit-1].time
	if t.oldest {
		return u.from > last
	}
	return u.to < last
}

// Find returns calls, newest first or oldest first. It reads no further than
// it must; when the context's time runs out it returns what it has.
func (l *Log) Find(ctx context.Context, ws workspace.ID, q Query) (*Page, error) {
	began := time.Now()
	p, err := q.plan(ws)
	if err != nil {
		return nil, err
	}
	if err := l.enter(ctx); err != nil {
		return nil, tooLong(err)
	}
	defer l.leave()
	snap := l.look(p)
	defer snap.release()
	list := &top{limit: p.limit + 1, oldest: p.oldest} // one more tells whether there is a next page
	r := &run{p: p, snap: snap, stop: list.beyond}
	r.visit = func(_, at int, b batch, rows bitset) error {
		keys, err := p.keys(b, rows, at, list.limit)
		if err == nil {
			list.add(keys)
		}
		return err
	}
	err = r.do(ctx)
	page := &Page{Complete: err == nil}
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded):
		page.Next = r.cut(list)
		ctx = context.WithoutCancel(ctx) // the rows that were found are few
	default:
		return nil, err
	}
	if len(list.keys) > p.limit {
		list.keys = list.keys[:p.limit]
		last := list.keys[p.limit-1]
		page.Next = Cursor{last.time, last.id}
	}
	page.Calls, err = l.fetch(ctx, p, snap, list.keys, q.brings())
	page.Info = r.info(began)
	return page, err
}

// keys returns the first rows of a batch, in the order of the list.
func (p *plan) keys(b batch, rows bitset, unit, limit int) ([]key, error) {
	times, err := b.ints(Time)
	if err != nil {
		return nil, err
	}
	ids, err := b.ids(CallID)
	if err != nil {
		return nil, err
	}
	var list []key
	take := func(i int) bool {
		k := key{times[i], ID(ids[16*i : 16*i+16]), unit, int32(i)}
		if !p.after.IsZero() {
			c := k.compare(key{time: p.after.Time, id: p.after.ID})
			if c == 0 || p.oldest != (c > 0) {
				return true
			}
		}
		list = append(list, k)
		return !b.sorted() || len(list) < limit
	}
	if p.oldest || !b.sorted() {
		for i := range b.rows() {
			if rows.has(i) && !take(i) {
				break
			}
		}
	} else {
		for i := b.rows() - 1; i >= 0; i-- {
			if rows.has(i) && !take(i) {
				break
			}
		}
	}
	return list, nil
}

// cut leaves on the list what is surely right although not all units were
// read: what lies before the first that was not. It returns the cursor to go
// on from.
func (r *run) cut(list *top) Cursor {
	for i := range r.end.Load() {
		if r.done[i].Load() {
			continue
		}
		u := r.snap.units[i]
		if list.oldest {
			list.keys = slices.DeleteFunc(list.keys, func(k key) bool { return k.time >= u.from })
			return Cursor{Time: u.from - 1, ID: lastID}
		}
		list.keys = slices.DeleteFunc(list.keys, func(k key) bool { return k.time <= u.to })
		return Cursor{Time: u.to + 1}
	}
	return Cursor{}
}

var lastID = ID(bytes.Repeat([]byte{0xff}, 16))

var listFields = slices.DeleteFunc(slices.Clone(allFields), Field.payload)

// brings are the fields that a list has.
func (q Query) brings() []Field {
	fields := listFields
	if q.Payload {
		fields = allFields
	}
	if len(q.Fields) == 0 {
		return fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return f != Time && f != CallID && !slices.Contains(q.Fields, f) })
}

// fetch reads the calls of some keys, in their order.
func (l *Log) fetch(ctx context.Context, p *plan, snap *snapshot, keys []key, fields []Field) ([]Record, error) {
	calls := make([]Record, len(keys))
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(keys[a].unit, keys[b].unit), cmp.Compare(keys[a].row, keys[b].row))
	})
	s, err := l.borrow(ctx)
	if err != nil {
		return nil, err
	}
	defer l.giveBack(s)
	for len(order) > 0 {
		unit := keys[order[0]].unit
		n := 0
		var rows []int32
		for n < len(order) && keys[order[n]].unit == unit {
			rows = append(rows, keys[order[n]].row)
			n++
		}
		part := make([]Record, n)
		err := l.with(s, p, snap.units[unit], func(b batch) error { return b.records(ctx, rows, fields, part) })
		if err != nil {
			return nil, err
		}
		for i, at := range order[:n] {
			calls[at] = part[i]
		}
		order = order[n:]
	}
	return calls, nil
}

// Get returns one call, payload and all.
func (l *Log) Get(ctx context.Context, ws workspace.ID, id ID) (*Record, error) {
	return get(ctx, l, ws, id)
}

// finder is what can find calls: a Log or a Cluster.
type finder interface {
	Find(ctx context.Context, ws workspace.ID, q Query) (*Page, error)
}

func get(ctx context.Context, l finder, ws workspace.ID, id ID) (*Record, error) {
	q := Query{Where: []Filter{{Field: CallID, Values: []string{id.String()}}}, Limit: 1, Payload: true}
	// Our own ids begin with their time.
	near := q
	near.From, near.To = time.UnixMicro(id.started()), time.UnixMicro(id.started()+1000)
	for _, q := range []Query{near, q} {
		page, err := l.Find(ctx, ws, q)
		if err != nil {
			return nil, err
		}
		if len(page.Calls) > 0 {
			return &page.Calls[0], nil
		}
		if !page.Complete {
			return nil, tooLong(context.DeadlineExceeded)
		}
	}
	return nil, errs.New(errs.NotFound, "No call has the id %s; it may be older than what is kept.", id)
}

// ByTrace returns the calls of a trace, oldest first. A time range makes it
// faster; without one all that is kept is looked through.
func (l *Log) ByTrace(ctx context.Context, ws workspace.ID, trace ID, from, to time.Time) ([]Record, error) {
	return byTrace(ctx, l, ws, trace, from, to)
}

func byTrace(ctx context.Context, l finder, ws workspace.ID, trace ID, from, to time.Time) ([]Record, error) {
	page, err := l.Find(ctx, ws, Query{From: from, To: to, Oldest: true, Limit: MaxLimit, Where: []Filter{{Field: Trace, Values: []string{trace.String()}}}})
	if err != nil {
		return nil, err
	}
	if !page.Complete {
		return page.Calls, tooLong(context.DeadlineExceeded)
	}
	return page.Calls, nil
}

// Who is somebody who called, by what is known of them. What is empty is
// unknown; a call by any of the rest is theirs.
type Who struct {
	User, Session, Key, Client string
}

// UserCalls returns the calls of somebody around a moment, oldest first: of
// those between so long before and so long after it the limit that are nearest
// to it.
func (l *Log) UserCalls(ctx context.Context, ws workspace.ID, who Who, at time.Time, ago, later time.Duration, limit int) ([]Record, error) {
	return userCalls(ctx, l, ws, who, at, ago, later, limit)
}

func userCalls(ctx context.Context, l finder, ws workspace.ID, who Who, at time.Time, ago, later time.Duration, limit int) ([]Record, error) {
	var theirs []Filter
	for _, f := range []struct {
		field Field
		value string
	}{{User, who.User}, {Session, who.Session}, {Key, who.Key}, {Client, who.Client}} {
		if f.value != "" {
			theirs = append(theirs, Filter{Field: f.field, Values: []string{f.value}})
		}
	}
	if len(theirs) == 0 {
		return nil, errs.New(errs.Invalid, "Say whose calls: a user, a session, a key or an address.")
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	moment := at.UnixMicro()
	before, err := l.Find(ctx, ws, Query{From: at.Add(-max(ago, time.Microsecond)), To: at, Any: theirs, Limit: limit})
	if err != nil {
		return nil, err
	}
	after, err := l.Find(ctx, ws, Query{From: at, To: at.Add(later + time.Microsecond), Any: theirs, Limit: limit, Oldest: true})
	if err != nil {
		return nil, err
	}
	calls := append(before.Calls, after.Calls...)
	far := func(r Record) int64 { return int64(math.Abs(float64(r.Time - moment))) }
	slices.SortStableFunc(calls, func(a, b Record) int { return cmp.Compare(far(a), far(b)) })
	calls = calls[:min(len(calls), limit)]
	slices.SortFunc(calls, func(a, b Record) int {
		return key{time: a.Time, id: a.ID}.compare(key{time: b.Time, id: b.ID})
	})
	if !before.Complete || !after.Complete {
		return calls, tooLong(context.DeadlineExceeded)
	}
	return calls, nil
}
