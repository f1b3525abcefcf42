package call

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Query says which calls are meant. The workspace is not part of it: every
// function that takes a query takes the workspace before it, by its type.
type Query struct {
	From, To time.Time // To is not in it any more; zero: open
	Where    []Filter  // all of them must hold
	Any      []Filter  // at least one of them, when there are some
	Text     string    // words that the path or payload must contain, all of them
	Bare     bool      // look for them in path and query only: who asks may not see payloads

	Oldest  bool    // first; else the newest
	Limit   int     // 0: 100; at most 1,000
	After   Cursor  // go on behind it
	Payload bool    // bring the bodies too
	Fields  []Field // of a list: bring these only, with time and id; empty: all
}

// Limits of a list.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Cursor is a place in a list of calls.
type Cursor struct {
	Time int64
	ID   ID
}

// IsZero reports whether the cursor is the beginning.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is the cursor as the API has it; empty for the beginning.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return strconv.FormatInt(c.Time, 36) + "." + c.ID.String()
}

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	at, id, _ := strings.Cut(s, ".")
	t, err := strconv.ParseInt(at, 36, 64)
	if err == nil {
		var c Cursor
		if c.ID, err = ParseID(id); err == nil {
			c.Time = t
			return c, nil
		}
	}
	return Cursor{}, errs.New(errs.Invalid, "The cursor is not one of ours; start again without it.")
}

// plan is a query made ready for one workspace.
type plan struct {
	ws       workspace.ID
	from, to int64 // microseconds, both in it
	all, any []*matcher
	terms    []term
	searched []Field // that terms are looked for in
	oldest   bool
	limit    int
	after    Cursor
}

func (q Query) plan(ws workspace.ID) (*plan, error) {
	if ws == "" {
		return nil, errs.New(errs.Invalid, "Calls can only be asked for in a workspace.")
	}
	p := &plan{ws: ws, from: math.MinInt64, to: math.MaxInt64, oldest: q.Oldest, after: q.After}
	if !q.From.IsZero() {
		p.from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		p.to = q.To.UnixMicro() - 1
		if p.from > p.to {
			return nil, errs.New(errs.Invalid, "The time range is empty: it begins at %s and ends at %s.", q.From.UTC().Format(time.RFC3339Nano), q.To.UTC().Format(time.RFC3339Nano))
		}
	}
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return nil, errs.New(errs.Invalid, "A list has %d calls at most; ask for fewer and go on with the cursor.", MaxLimit)
	case q.Limit == 0:
		p.limit = DefaultLimit
	default:
		p.limit = q.Limit
	}
	for _, set := range []struct {
		filters []Filter
		to      *[]*matcher
	}{{q.Where, &p.all}, {q.Any, &p.any}} {
		for _, f := range set.filters {
			m, err := f.matcher()
			if err != nil {
				return nil, err
			}
			*set.to = append(*set.to, m)
		}
	}
	slices.SortStableFunc(p.all, func(a, b *matcher) int { return cmp.Compare(a.cost(), b.cost()) })
	p.narrow()
	var err error
	p.searched = searched
	if q.Bare {
		p.searched = bareFields
	}
	p.terms, err = termsOf(q.Text)
	return p, err
}

// narrow takes the time range of conditions on the time, and of the cursor.
func (p *plan) narrow() {
	for _, m := range p.all {
		if m.field == Time && !m.not && len(m.spans) == 1 {
			p.from, p.to = max(p.from, m.spans[0].lo), min(p.to, m.spans[0].hi)
		}
	}
	if p.after.IsZero() {
		return
	}
	if p.oldest {
		p.from = max(p.from, p.after.Time)
	} else {
		p.to = min(p.to, p.after.Time)
	}
}

// record reports whether a call is meant; for the tail.
func (p *plan) record(r *Record, x *searcher) bool {
	if r.Workspace != p.ws || r.Time < p.from || r.Time > p.to {
		return false
	}
	for _, m := range p.all {
		if !m.record(r) {
			return false
		}
	}
	if len(p.any) > 0 && !slices.ContainsFunc(p.any, func(m *matcher) bool { return m.record(r) }) {
		return false
	}
	return len(p.terms) == 0 || x.inRecord(r, p.searched)
}

// rows returns which rows of a batch are meant.
func (p *plan) rows(ctx context.Context, s *scratch, b batch, from, to int64) (bitset, error) {
	none := s.rowSet(0, b.rows(), false)
	for _, m := range p.all {
		if no, err := m.cannotBe(b); no || err != nil {
			return none, err
		}
	}
	if no, err := p.anyCannotBe(b); no || err != nil {
		return none, err
	}
	rows := s.rowSet(0, b.rows(), true)
	if from < p.from || to > p.to {
		if err := p.inTime(b, rows); err != nil {
			return none, err
		}
	}
	for _, m := range p.all {
		if rows.empty() || ctx.Err() != nil {
			return rows, ctx.Err()
		}
		if err := m.apply(b, rows); err != nil {
			return rows, err
		}
	}
	if err := p.applyAny(s, b, rows); err != nil {
		return rows, err
	}
	if len(p.terms) > 0 && !rows.empty() {
		return rows, p.applyWords(ctx, b, rows)
	}
	return rows, nil
}

func (p *plan) anyCannotBe(b batch) (bool, error) {
	for _, m := range p.any {
		if no, err := m.cannotBe(b); !no || err != nil {
			return false, err
		}
	}
	return len(p.any) > 0, nil
}

func (p *plan) inTime(b batch, rows bitset) error {
	times, err := b.ints(Time)
	if err != nil {
		return err
	}
	if b.sorted() {
		lo, _ := slices.BinarySearch(times, p.from)
		hi := len(times)
		if p.to < math.MaxInt64 {
			hi, _ = slices.BinarySearch(times, p.to+1)
		}
		rows.only(lo, hi)
		return nil
	}
	rows.each(func(i int) {
		if times[i] < p.from || times[i] > p.to {
			rows.drop(i)
		}
	})
	return nil
}

func (p *plan) applyAny(s *scratch, b batch, rows bitset) error {
	if len(p.any) == 0 || rows.empty() {
		return nil
	}
	sum := s.rowSet(1, b.rows(), false)
	for _, m := range p.any {
		if no, err := m.cannotBe(b); err != nil {
			return err
		} else if no {
			continue
		}
		one := s.rowSet(2, b.rows(), false)
		copy(one, rows)
		if err := m.apply(b, one); err != nil {
			return err
		}
		for i := range sum {
			sum[i] |= one[i]
		}
	}
	copy(rows, sum)
	return nil
}

// applyWords takes out rows that lack a word. The filters of words leave out
// most blocks; in the others the texts are read.
func (p *plan) applyWords(ctx context.Context, b batch, rows bitset) error {
	x := newSearcher(p.terms)
	var known [fieldCount][]uint32 // what values contain, with a bit for that it is known
	const looked = 1 << maxTerms
	for _, w := range b.blocks() {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := w.first + w.rows
		if !rows.any(w.first, end) {
			continue
		}
		if may, err := b.mayHaveWords(w, p.terms); err != nil {
			return err
		} else if !may {
			rows.dropRange(w.first, end)
			continue
		}
		found := make([]uint32, w.rows)
		for _, f := range p.searched {
			if f.payload() {
				if err := b.wide(f, w.first, end, func(i int, s string) {
					if rows.has(i) && found[i-w.first] != x.all {
						found[i-w.first] |= x.in(s)
					}
				}); err != nil {
					return err
				}
				continue
			}
			values, err := b.values(f)
			if err != nil {
				return err
			}
			codes, err := b.codes(f)
			if err != nil {
				return err
			}
			if known[f] == nil {
				known[f] = make([]uint32, len(values))
			}
			for i := w.first; i < end; i++ {
				if !rows.has(i) {
					continue
				}
				at := i
				if codes != nil {
					at = int(codes[i])
				}
				if known[f][at] == 0 {
					known[f][at] = looked | x.in(values[at])
				}
				found[i-w.first] |= known[f][at] &^ looked
			}
		}
		for i := range found {
			if found[i] != x.all {
				rows.drop(w.first + i) // those that were not in stay out
			}
		}
	}
	return nil
}
