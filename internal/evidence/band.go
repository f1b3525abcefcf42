package evidence

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/workspace"
)

// band is what is usual for the calls of a route.
type band struct {
	count    int64
	failed   int64 // 5xx
	refused  int64 // 4xx
	p50, p95 int64 // microseconds
}

func (b band) rate() float64 { return (float64(b.failed) + .2) / (float64(b.count) + 2) }

// bands are those of all routes in a time.
type bands struct {
	all    band
	routes map[string]band
	words  map[string]float64 // how telling a word of the operations is
}

const (
	baseAgo    = 6 * time.Hour // what is usual is looked up in so long a time before
	fewCalls   = 200           // fewer say nothing of what is usual
	maxBands   = 64            // answers that are kept
	bandsFor   = 5 * time.Minute
	mostRoutes = 1000
)

// usual keeps what was looked up, by the minute.
type usual struct {
	calls Calls
	now   func() time.Time

	mu   sync.Mutex
	kept map[usualKey]*usualEntry
}

type usualKey struct {
	ws       workspace.ID
	from, to int64
}

type usualEntry struct {
	once  sync.Once
	bands *bands
	err   error
	at    time.Time
}

func newUsual(c Calls, now func() time.Time) *usual {
	return &usual{calls: c, now: now, kept: map[usualKey]*usualEntry{}}
}

// of returns the bands of a time, to the minute, from memory where it was
// asked for lately. A failure is not kept.
func (u *usual) of(ctx context.Context, ws workspace.ID, from, to time.Time) (*bands, error) {
	from, to = from.Truncate(time.Minute), to.Add(time.Minute-1).Truncate(time.Minute)
	key := usualKey{ws, from.Unix(), to.Unix()}
	now := u.now()
	u.mu.Lock()
	e := u.kept[key]
	// What is not over yet changes.
	if e == nil || now.Sub(e.at) > bandsFor || to.After(e.at) && now.Sub(e.at) > 10*time.Second {
		e = &usualEntry{at: now}
		if len(u.kept) >= maxBands {
			u.forget(now)
		}
		u.kept[key] = e
	}
	u.mu.Unlock()
	e.once.Do(func() { e.bands, e.err = u.look(ctx, ws, from, to) })
	if e.err != nil {
		u.mu.Lock()
		if u.kept[key] == e {
			delete(u.kept, key)
		}
		u.mu.Unlock()
	}
	return e.bands, e.err
}

// forget drops the older half.
func (u *usual) forget(time.Time) {
	var times []time.Time
	for _, e := range u.kept {
		times = append(times, e.at)
	}
	slices.SortFunc(times, time.Time.Compare)
	middle := times[len(times)/2]
	for k, e := range u.kept {
		if !e.at.After(middle) {
			delete(u.kept, k)
		}
	}
}

func (u *usual) look(ctx context.Context, ws workspace.ID, from, to time.Time) (*bands, error) {
	q := call.Query{From: from, To: to}
	all, err := u.calls.Facets(ctx, ws, q, []call.Field{call.Route, call.Operation}, mostRoutes)
	if err != nil {
		return nil, err
	}
	q.Where = []call.Filter{{Field: call.Status, Values: []string{"4xx"}}}
	refused, err := u.calls.Facets(ctx, ws, q, []call.Field{call.Route}, mostRoutes)
	if err != nil {
		return nil, err
	}
	b := &bands{routes: map[string]band{}, words: map[string]float64{}}
	b.all = band{count: all.All.Count, failed: all.All.Errors, refused: refused.All.Count, p50: all.All.P50, p95: all.All.P95}
	var names []string
	for _, s := range all.Facets[0].Shares {
		b.routes[s.Value] = band{count: s.Count, failed: s.Errors, p50: s.P50, p95: s.P95}
		names = append(names, s.Value)
	}
	for _, s := range refused.Facets[0].Shares {
		r := b.routes[s.Value]
		r.refused = s.Count
		b.routes[s.Value] = r
	}
	for _, s := range all.Facets[1].Shares {
		names = append(names, s.Value)
	}
	b.weigh(names)
	return b, nil
}

// weigh says of each word of the operations how telling it is: one that they
// all have tells nothing.
func (b *bands) weigh(names []string) {
	n := 0
	count := map[string]int{}
	for _, name := range names {
		words := segments(name)
		if len(words) == 0 {
			continue
		}
		n++
		for _, w := range words {
			count[w]++
		}
		for c := range conceptsOf(words) {
			if !slices.Contains(words, c) {
				count[c]++
			}
		}
	}
	for w, k := range count {
		b.words[w] = 1
		if n >= 4 {
			share := float64(k) / float64(n)
			b.words[w] = math.Max(.15, 1-math.Max(0, share-.25)/.75)
		}
	}
}

// rare is how telling a word is.
func (b *bands) rare(w string) float64 {
	if b == nil {
		return 1
	}
	if v, ok := b.words[w]; ok {
		return v
	}
	return 1
}

func (b *bands) route(name string) band {
	if b == nil {
		return band{}
	}
	if r, ok := b.routes[name]; ok && r.count >= 8 {
		return r
	}
	return b.all
}

// sizes are how large the good answers of some routes usually are.
type sizes map[string][]int64

// sizes looks at good answers of some routes, the newest before to.
func (u *usual) sizes(ctx context.Context, ws workspace.ID, routes []string, from, to time.Time) (sizes, error) {
	if len(routes) == 0 {
		return nil, nil
	}
	page, err := u.calls.Find(ctx, ws, call.Query{From: from, To: to, Limit: call.MaxLimit, Fields: []call.Field{call.Route, call.Status, call.BytesOut},
		Where: []call.Filter{{Field: call.Route, Values: routes}, {Field: call.Status, Values: []string{"2xx"}}}})
	if err != nil {
		return nil, err
	}
	out := sizes{}
	for i := range page.Calls {
		out[page.Calls[i].Route] = append(out[page.Calls[i].Route], page.Calls[i].BytesOut)
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out, nil
}

// odd is how unusual a size is for a route, 0 to 1: far from the middle, and
// such as few are.
func (s sizes) odd(route string, size int64) (float64, string) {
	list := s[route]
	if len(list) < 20 {
		return 0, ""
	}
	middle := list[len(list)/2]
	ratio := float64(size+1) / float64(middle+1)
	at, _ := slices.BinarySearch(list, size+size/10+1)
	share, say := float64(at)/float64(len(list)), "a much shorter "+oddSize
	if ratio > 1 {
		at, _ = slices.BinarySearch(list, size-size/10)
		share, say = 1-float64(at)/float64(len(list)), "a much longer "+oddSize
	}
	far := clamp((math.Abs(math.Log2(ratio)) - .7) / 1.5)
	few := clamp((.45 - share) / .35)
	return far * few, say
}

// oddSize is how an unusual size is said, and known again.
const oddSize = "answer than usual"

func clamp(v float64) float64 { return math.Max(0, math.Min(1, v)) }

// badness is how abnormal a call is for its route, and by what.
func badness(r *call.Record, base band, s sizes) (v float64, say string) {
	v, say = badStatus(r, base)
	if l, by := badLatency(r.Latency, base); l > v {
		v, say = l, by
	} else if l > .5 {
		v = math.Min(1, v+.05)
	}
	if r.Status >= 200 && r.Status < 300 {
		if o, by := s.odd(r.Route, r.BytesOut); .75*o > v {
			v, say = .75*o, by
		}
	}
	return v, say
}

func badStatus(r *call.Record, base band) (float64, string) {
	n := float64(base.count) + 4
	failing := clamp(float64(base.failed) / n * 3)
	refusing := clamp(float64(base.refused) / n * 3)
	say := "answered " + statusText(r)
	switch st := r.Status; {
	case st >= 500:
		return 1 - .35*failing, say
	case st == 429:
		return .95 - .3*refusing, say
	case st == 499:
		return .6, "the client did not wait for the answer"
	case st == 401 || st == 403:
		return .8 - .35*refusing, say
	case st == 408:
		return .8, say
	case st == 404 || st == 410:
		return .65 - .4*refusing, say
	case st >= 400:
		return .8 - .35*refusing, say
	case r.Error != "" && st == 0:
		return .9, "broke off: " + strings.ReplaceAll(r.Error, "_", " ")
	}
	return 0, ""
}

func statusText(r *call.Record) string {
	t := itoa(r.Status)
	if r.Error != "" {
		t += " (" + strings.ReplaceAll(r.Error, "_", " ") + ")"
	}
	return t
}

// badLatency compares with the route's usual: how many times as long, and
// whether a person notices.
func badLatency(us int64, base band) (float64, string) {
	if base.count == 0 {
		base.p50 = 100_000
	}
	times := float64(us) / math.Max(float64(base.p50), 15_000)
	v := math.Sqrt(clamp((math.Log2(math.Max(times, 1))-1)/2.2) * clamp((float64(us)-250_000)/900_000))
	if base.p95 > 0 && us <= base.p95 {
		v *= .75 // as one in twenty is
	}
	return .9 * v, "took " + milliseconds(us) + ", usual are " + milliseconds(cmp.Or(base.p50, 1000))
}
