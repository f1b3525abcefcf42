package call

import (
	"context"
	"slices"
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
	if err := l.enter(ctx); err != nil {
		return Info{}, tooLong(err)
	}
	defer l.leave()
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
	h := newHistogram(from, step, buckets, info)
	for i := range h.Buckets {
		for _, s := range sums {
			for c, n := range s[i] {
				h.Buckets[i].Classes[c] += n
			}
		}
	}
	return h, nil
}

func newHistogram(from, step int64, buckets int, info Info) *Histogram {
	h := &Histogram{Step: time.Duration(step) * time.Microsecond, Buckets: make([]Bucket, buckets), Info: info}
	for i := range h.Buckets {
		h.Buckets[i].From = time.UnixMicro(from + int64(i)*step).UTC()
	}
	return h
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
	m := newHeatmap(from, step, info)
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

func newHeatmap(from, step int64, info Info) *Heatmap {
	return &Heatmap{From: time.UnixMicro(from).UTC(), Step: time.Duration(step) * time.Microsecond, Bounds: latencyBounds, Cells: []Cell{}, Info: info}
}
