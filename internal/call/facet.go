package call

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// spread is a histogram of latencies: 32 buckets for every doubling, so that
// a quantile is right to 2 %.
type spread [1 + 36*32]uint32

func spreadBucket(us int64) int {
	if us < 32 {
		return int(max(us, 0))
	}
	e := bits.Len64(uint64(us)) - 1
	return min((e-4)*32+int(us>>(e-5))&31, len(spread{})-1)
}

// middle is the middle of a bucket.
func spreadMiddle(i int) int64 {
	if i < 32 {
		return int64(i)
	}
	e := i/32 + 4
	low := int64(1)<<e + int64(i&31)<<(e-5)
	return low + int64(1)<<(e-5)/2
}

func (s *spread) add(o *spread) {
	for i, n := range o {
		s[i] += n
	}
}

// at returns a quantile of n values.
func (s *spread) at(q float64, n int64) int64 {
	want := max(int64(q*float64(n)+0.9999999), 1)
	for i, c := range s {
		if want -= int64(c); want <= 0 {
			return spreadMiddle(i)
		}
	}
	return 0
}

// Share is what is known of the calls that have one value of a field.
type Share struct {
	Value  string `json:"value"`
	Count  int64  `json:"count"`
	Errors int64  `json:"errors"` // with a status of 500 or more
	P50    int64  `json:"p50"`    // latencies, microseconds
	P95    int64  `json:"p95"`
	P99    int64  `json:"p99"`
}

// Facet is how calls divide over the values of a field, the most frequent
// first.
type Facet struct {
	Field  Field   `json:"field"`
	Shares []Share `json:"shares"`
	Other  int64   `json:"other"`  // calls with another value
	Values int     `json:"values"` // how many different there are
	More   bool    `json:"more"`   // there are more values than were counted apart
}

// Facets is what a query's calls have in common.
type Facets struct {
	All    Share   `json:"all"`
	Facets []Facet `json:"facets"`
	Info   Info    `json:"info"`
}

// Bounds of counting values apart: beyond the first no latencies are kept
// while counting, but read in a second pass for those that are asked for;
// beyond the second values are counted together.
const (
	spreadsAtOnce = 512
	mostValues    = 1 << 16
)

// tally counts the values of one field, in one worker.
type tally struct {
	values  map[string]*share
	only    map[string]bool // count these only; nil: all
	spreads bool
	other   int64
}

type share struct {
	count, errors int64
	spread        *spread
}

func (t *tally) of(value string) *share {
	if t.only != nil && !t.only[value] {
		return nil
	}
	if s := t.values[value]; s != nil {
		return s
	}
	if len(t.values) >= mostValues {
		return nil
	}
	s := &share{}
	t.values[strings.Clone(value)] = s
	if t.spreads && t.only == nil && len(t.values) > spreadsAtOnce {
		t.spreads = false
		for _, s := range t.values {
			s.spread = nil
		}
	}
	if t.spreads {
		s.spread = &spread{}
	}
	return s
}

func (s *share) take(status, latency int64) {
	s.count++
	if status >= 500 {
		s.errors++
	}
	if s.spread != nil {
		s.spread[spreadBucket(latency)]++
	}
}

func (s *share) add(o *share) {
	s.count += o.count
	s.errors += o.errors
	if s.spread != nil && o.spread != nil {
		s.spread.add(o.spread)
	} else {
		s.spread = nil
	}
}

func (s *share) share(value string) Share {
	out := Share{Value: value, Count: s.count, Errors: s.errors}
	if s.spread != nil && s.count > 0 {
		out.P50, out.P95, out.P99 = s.spread.at(0.5, s.count), s.spread.at(0.95, s.count), s.spread.at(0.99, s.count)
	}
	return out
}

// Facets counts the calls of a query by the values of fields, the top most
// frequent of each, with their latencies.
func (l *Log) Facets(ctx context.Context, ws workspace.ID, q Query, fields []Field, top int) (*Facets, error) {
	if err := facetable(fields, top); err != nil {
		return nil, err
	}
	all, tallies, info, err := l.tally(ctx, ws, q, fields, nil)
	if err != nil {
		return nil, err
	}
	out := &Facets{All: all.share(""), Info: info}
	again := map[Field]map[string]bool{}
	for i, f := range fields {
		facet := tallies[i].facet(f, top)
		out.Facets = append(out.Facets, facet)
		if !tallies[i].spreads {
			only := map[string]bool{}
			for _, s := range facet.Shares {
				only[s.Value] = true
			}
			again[f] = only
		}
	}
	if len(again) == 0 {
		return out, nil
	}
	// A second pass for the latencies of those that came out on top.
	var left []Field
	for _, f := range fields {
		if again[f] != nil {
			left = append(left, f)
		}
	}
	_, tallies, more, err := l.tally(ctx, ws, q, left, again)
	if err != nil {
		return nil, err
	}
	out.Info.Took += more.Took
	for i, f := range left {
		at := slices.Index(fields, f)
		facet := tallies[i].facet(f, top)
		out.Facets[at].Shares = facet.Shares
	}
	return out, nil
}

// facetable refuses what can't be counted apart.
func facetable(fields []Field, top int) error {
	if top < 1 || top > 1000 {
		return errs.New(errs.Invalid, "Between 1 and 1,000 values of a field can be counted apart, not %d.", top)
	}
	for _, f := range fields {
		if f >= fieldCount || f == Workspace || f.kind() == kindFixed || f.kind() == kindWide || f.kind() == kindInt && f != Status && f != Attempts {
			return errs.New(errs.Invalid, "Calls can't be counted by %s; take a field with few values, as route, status or application.", f)
		}
	}
	return nil
}

// facet is the top of a tally.
func (t *tally) facet(f Field, top int) Facet {
	out := Facet{Field: f, Values: len(t.values), Other: t.other, More: t.other > 0}
	for v, s := range t.values {
		out.Shares = append(out.Shares, Share{Value: v, Count: s.count})
	}
	slices.SortFunc(out.Shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	for i, s := range out.Shares {
		if i < top {
			out.Shares[i] = t.values[s.Value].share(s.Value)
		} else {
			out.Other += s.Count
		}
	}
	out.Shares = slices.Clip(out.Shares[:min(top, len(out.Shares))])
	return out
}

// tally counts over all that a query means.
func (l *Log) tally(ctx context.Context, ws workspace.ID, q Query, fields []Field, only map[Field]map[string]bool) (*share, []*tally, Info, error) {
	type worker struct {
		all  share
		list []*tally
	}
	fresh := func() worker {
		w := worker{all: share{spread: &spread{}}}
		for _, f := range fields {
			w.list = append(w.list, &tally{values: map[string]*share{}, only: only[f], spreads: true})
		}
		return w
	}
	var mine []worker
	info, err := l.sum(ctx, ws, q, func(workers int) {
		for range max(workers, 1) {
			mine = append(mine, fresh())
		}
	}, func(w int, b batch, rows bitset) error {
		status, err := b.ints(Status)
		if err != nil {
			return err
		}
		latency, err := b.ints(Latency)
		if err != nil {
			return err
		}
		rows.each(func(i int) { mine[w].all.take(status[i], latency[i]) })
		for i, f := range fields {
			if err := mine[w].list[i].batch(f, b, rows, status, latency); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, info, err
	}
	sum := mine[0]
	for _, w := range mine[1:] {
		sum.all.add(&w.all)
		for i, t := range w.list {
			sum.list[i].merge(t)
		}
	}
	return &sum.all, sum.list, info, nil
}

func (t *tally) merge(o *tally) {
	t.other += o.other
	t.spreads = t.spreads && o.spreads
	for v, s := range o.values {
		if mine := t.of(v); mine != nil {
			mine.add(s)
		} else {
			t.other += s.count
		}
	}
	if !t.spreads {
		for _, s := range t.values {
			s.spread = nil
		}
	}
}

// batch counts the rows of one batch.
func (t *tally) batch(f Field, b batch, rows bitset, status, latency []int64) error {
	if f.kind() == kindInt {
		numbers, err := b.ints(f)
		if err != nil {
			return err
		}
		known := map[int64]*share{}
		rows.each(func(i int) {
			s, ok := known[numbers[i]]
			if !ok {
				s = t.of(strconv.FormatInt(numbers[i], 10))
				known[numbers[i]] = s
			}
			t.take(s, status[i], latency[i])
		})
		return nil
	}
	values, err := b.values(f)
	if err != nil {
		return err
	}
	codes, err := b.codes(f)
	if err != nil {
		return err
	}
	if codes == nil {
		rows.each(func(i int) { t.take(t.of(values[i]), status[i], latency[i]) })
		return nil
	}
	known := make([]*share, len(values))
	seen := make([]bool, len(values))
	rows.each(func(i int) {
		c := codes[i]
		if !seen[c] {
			seen[c], known[c] = true, t.of(values[c])
		}
		t.take(known[c], status[i], latency[i])
	})
	return nil
}

func (t *tally) take(s *share, status, latency int64) {
	switch {
	case s != nil:
		s.take(status, latency)
	case t.only == nil:
		t.other++
	}
}
