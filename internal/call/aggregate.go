package call

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Count returns how many calls are meant.
func (l *Log) Count(ctx context.Context, ws workspace.ID, q Query) (int64, error) {
	var sums []int64
	_, err := l.sum(ctx, ws, q, func(workers int) { sums = make([]int64, workers) }, func(w int, _ batch, rows bitset) error {
		sums[w] += int64(rows.count())
		return nil
	})
	var n int64
	for _, s := range sums {
		n += s
	}
	return n, err
}

// sum visits all that a query means; start is told how many workers there
// will be. Limit and cursor of the query don't matter here.
func (l *Log) sum(ctx context.Context, ws workspace.ID, q Query, start func(workers int), visit func(worker int, b batch, rows bitset) error) (Info, error) {
	began := time.Now()
	q.After, q.Limit = Cursor{}, 0
	p, err := q.plan(ws)
	if err != nil {
		return Info{}, err
	}
	snap := l.look(p)
	defer snap.release()
	r := &run{p: p, snap: snap}
	r.visit = func(w, _ int, b batch, rows bitset) error { return visit(w, b, rows) }
	start(r.workers())
	err = r.do(ctx)
	return r.info(began), tooLong(err)
}

// maxBuckets bounds how finely time is parted.
const maxBuckets = 2000

// Bucket is a span of time in a histogram.
type Bucket struct {
	From    time.Time `json:"from"`
	Classes [6]int64  `json:"classes" doc:"Calls by the first digit of their status; 0: the rest."`
}

// Histogram is calls over time.
type Histogram struct {
	Step    time.Duration `json:"step"`
	Buckets []Bucket      `json:"buckets"`
	Info    Info          `json:"info"`
}

// steps returns the time range of a query parted into equal buckets.
func (q Query) steps(buckets int) (from, step int64, err error) {
	switch {
	case q.From.IsZero() || q.To.IsZero():
		return 0, 0, errs.New(errs.Invalid, "A chart over time needs a beginning and an end.")
	case buckets < 1 || buckets > maxBuckets:
		return 0, 0, errs.New(errs.Invalid, "A chart has between 1 and %d buckets, not %d.", maxBuckets, buckets)
	}
	from = q.From.UnixMicro()
	width := q.To.UnixMicro() - from
	return from, max(1, (width+int64(buckets)-1)/int64(buckets)), nil
}

func classOf(status int64) int {
	if status < 100 || status > 599 {
		return 0
	}
	return int(status / 100)
}

// Histogram counts the calls of a query over its time range, parted into so
// many buckets, by class of status.
func (l *Log) Histogram(ctx context.Context, ws workspace.ID, q Query, buckets int) (*Histogram, error) {
	from, step, err := q.steps(buckets)
	if err != nil {
		return nil, err
	}
	var sums [][][6]int64
	info, err := l.sum(ctx, ws, q, func(workers int) {
		sums = make([][][6]int64, workers)
		for w := range sums {
			sums[w] = make([][6]int64, buckets)
		}
	}, func(w int, b batch, rows bitset) error {
		times, err := b.ints(Time)
		if err != nil {
			return err
		}
		status, err := b.ints(Status)
		if err != nil {
			return err
		}
		mine := sums[w]
		rows.each(func(i int) { mine[(times[i]-from)/step][classOf(status[i])]++ })
		return nil
	})
	if err != nil {
		return nil, err
	}
	h := &Histogram{Step: time.Duration(step) * time.Microsecond, Buckets: make([]Bucket, buckets), Info: info}
	for i := range h.Buckets {
		h.Buckets[i].From = time.UnixMicro(from + int64(i)*step).UTC()
		for _, s := range sums {
			for c, n := range s[i] {
				h.Buckets[i].Classes[c] += n
			}
		}
	}
	return h, nil
}

// latencyBounds are the lower ends of a heatmap's rows, in microseconds: two
// for every doubling.
var latencyBounds = func() (list []int64) {
	list = append(list, 0)
	for k := range 37 { // up to 38 hours
		list = append(list, 1<<k)
		if half := int64(float64(int64(1)<<k)*1.4142135623730951 + 0.5); half > 1<<k && half < 1<<(k+1) {
			list = append(list, half)
		}
	}
	return list
}()

func latencyRow(us int64) int {
	i, found := slices.BinarySearch(latencyBounds, us)
	if !found {
		i--
	}
	return max(0, i)
}

// Cell is a part of a heatmap in which there are calls.
type Cell struct {
	X      int   `json:"x"` // which span of time
	Y      int   `json:"y"` // which latency: from Bounds[Y] to less than Bounds[Y+1]
	Count  int64 `json:"count"`
	Errors int64 `json:"errors"` // of them, with a status of 500 or more
}

// Heatmap is calls by time and latency.
type Heatmap struct {
	From   time.Time     `json:"from"`
	Step   time.Duration `json:"step"`
	Bounds []int64       `json:"bounds" doc:"Lower ends of the rows, microseconds."`
	Cells  []Cell        `json:"cells" doc:"Those that are not empty, by time and latency."`
	Info   Info          `json:"info"`
}

// Heatmap counts the calls of a query by time, parted into so many columns,
// and latency.
func (l *Log) Heatmap(ctx context.Context, ws workspace.ID, q Query, columns int) (*Heatmap, error) {
	from, step, err := q.steps(columns)
	if err != nil {
		return nil, err
	}
	height := len(latencyBounds)
	var sums [][][2]int64
	info, err := l.sum(ctx, ws, q, func(workers int) {
		sums = make([][][2]int64, workers)
		for w := range sums {
			sums[w] = make([][2]int64, columns*height)
		}
	}, func(w int, b batch, rows bitset) error {
		var err error
		get := func(f Field) (v []int64) {
			if err == nil {
				v, err = b.ints(f)
			}
			return v
		}
		times, status, latency := get(Time), get(Status), get(Latency)
		if err != nil {
			return err
		}
		mine := sums[w]
		rows.each(func(i int) {
			c := &mine[int((times[i]-from)/step)*height+latencyRow(latency[i])]
			c[0]++
			if status[i] >= 500 {
				c[1]++
			}
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	m := &Heatmap{From: time.UnixMicro(from).UTC(), Step: time.Duration(step) * time.Microsecond, Bounds: latencyBounds, Cells: []Cell{}, Info: info}
	for at := range columns * height {
		c := Cell{X: at / height, Y: at % height}
		for _, s := range sums {
			c.Count += s[at][0]
			c.Errors += s[at][1]
		}
		if c.Count > 0 {
			m.Cells = append(m.Cells, c)
		}
	}
	return m, nil
}

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
	mostValues    = 1 << 17
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
	if top < 1 || top > 1000 {
		return nil, errs.New(errs.Invalid, "Between 1 and 1,000 values of a field can be counted apart, not %d.", top)
	}
	for _, f := range fields {
		if k := f.kind(); f >= fieldCount || k == kindFixed || k == kindWide || k == kindInt && f != Status && f != Attempts {
			return nil, errs.New(errs.Invalid, "Calls can't be counted by %s; take a field with few values, as route, status or application.", f)
		}
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
