package call

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/workspace"
)

// small makes everything happen with few calls.
var small = tuning{flush: time.Millisecond, cutRows: 1 << 20, cutBytes: 1 << 30, cutAge: time.Hour, heads: 1000,
	mergeAt: 3, grace: time.Minute, late: time.Hour, fileRows: 60, groupRows: 16}

var words = []string{"apple", "Banana", "cherry-7", "dog_house", "ÄRGER", "x1y2", "注文", "the", "end"}

func drawRecord(t *rapid.T, n int) Record {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	r := Record{
		Time:      start.UnixMicro() + rapid.Int64Range(0, 4*3600).Draw(t, "second")*1_000_000/rapid.Int64Range(1, 3).Draw(t, "part"),
		Workspace: workspace.ID(pick("workspace", "ws_a", "ws_a", "ws_b")),
		Route:     pick("route", "list", "get", "put", ""), Method: pick("method", "GET", "POST"),
		Path: "/" + pick("path", words...) + "/" + strconv.Itoa(n%7), Query: pick("query", "", "a&b", "apple"),
		User: pick("user", "", "u1", "u2", "u3"), Session: pick("session", "", "s1", "s2"), Client: pick("client", "10.0.0.1", "10.0.1.2", "2001:db8::1"),
		Status: rapid.SampledFrom([]int64{0, 200, 204, 404, 500, 503}).Draw(t, "status"), Latency: rapid.Int64Range(0, 1<<rapid.IntRange(1, 30).Draw(t, "octave")).Draw(t, "latency"),
	}
	r.ID = idAt(r.Time, n)
	r.Trace = ID{15: byte(rapid.IntRange(0, 5).Draw(t, "trace"))}
	if rapid.IntRange(0, 2).Draw(t, "captured") == 0 {
		r.Request = Payload{Capture: Whole, Head: "X: " + pick("head", words...), Body: pick("body", words...) + " " + pick("body", words...)}
		r.Response = Payload{Capture: Cut, Body: `{"k":"` + pick("answer", words...) + `"}`}
	}
	return r
}

func drawFilter(t *rapid.T, all []Record) Filter {
	some := Record{Status: 200, User: "u1"}
	if len(all) > 0 {
		some = rapid.SampledFrom(all).Draw(t, "like")
	}
	f := Filter{Field: rapid.SampledFrom([]Field{CallID, Trace, Route, User, Session, Path, Client, Method, RequestBody, Status, Latency, Time}).Draw(t, "field"),
		Not: rapid.Bool().Draw(t, "not"), Op: Is}
	value := naiveText(some, f.Field)
	switch f.Field.kind() {
	case kindInt:
		f.Op = rapid.SampledFrom([]Op{Is, Above, AtLeast, Below, AtMost}).Draw(t, "op")
		if f.Field == Status && f.Op == Is && rapid.Bool().Draw(t, "class") {
			value = "5xx"
		}
	case kindFixed:
		if f.Op = rapid.SampledFrom([]Op{Is, Prefix}).Draw(t, "op"); f.Op == Prefix {
			value = value[:rapid.IntRange(0, len(value)).Draw(t, "digits")]
		}
	default:
		if f.Op = rapid.SampledFrom([]Op{Is, Is, Prefix, Contains}).Draw(t, "op"); f.Op != Is && len(value) > 2 {
			value = value[:2]
		}
	}
	f.Values = []string{value}
	if f.Op == Is && rapid.Bool().Draw(t, "two") {
		f.Values = append(f.Values, map[kind]string{kindInt: "404", kindFixed: ID{9}.String(), kindText: "s2", kindWide: "the end"}[f.Field.kind()])
	}
	return f
}

func drawQuery(t *rapid.T, all []Record) Query {
	q := Query{Oldest: rapid.Bool().Draw(t, "oldest"), Limit: rapid.IntRange(1, 40).Draw(t, "limit")}
	if rapid.Bool().Draw(t, "range") {
		from := start.Add(time.Duration(rapid.Int64Range(0, 4*3600).Draw(t, "from")) * time.Second)
		q.From, q.To = from, from.Add(time.Duration(rapid.Int64Range(1, 4*3600).Draw(t, "width"))*time.Second)
	}
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		q.Where = append(q.Where, drawFilter(t, all))
	}
	if rapid.IntRange(0, 3).Draw(t, "either") == 0 {
		for range rapid.IntRange(1, 3).Draw(t, "alternatives") {
			q.Any = append(q.Any, drawFilter(t, all))
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "searched") == 0 {
		q.Text = rapid.SampledFrom([]string{"apple", "banana", "the", "end", "house", "7", "the end"}).Draw(t, "text")
	}
	return q
}

// TestQueriesMeanWhatTheySay holds every kind of query against the plainest
// model of it, with calls in memory, in small and in merged segments.
func TestQueriesMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		clk := &clock{start.Add(30 * time.Minute)}
		cfg := Config{Dir: fmt.Sprintf("%s/%d", dir, runs), Now: clk.now, manual: true, MinFree: 1, tune: small, Workers: rapid.IntRange(1, 2).Draw(t, "workers")}
		l, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if l != nil {
				_ = l.Close()
			}
		}()
		k := &keeper{l: l}
		var all []Record
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				l.seals <- struct{}{}
				_ = l.Sync(t.Context())
				k.round()
			case 1:
				clk.t = clk.t.Add(2 * time.Hour)
				k.planned = time.Time{}
				k.round()
			case 2:
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if l, err = Open(cfg); err != nil {
					t.Fatal(err)
				}
				k = &keeper{l: l}
			default:
				for range rapid.IntRange(1, 30).Draw(t, "calls") {
					r := drawRecord(t, len(all))
					l.Append(&r)
					all = append(all, r)
				}
				if err := l.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if s := l.Stats(); s.State != "" || s.Calls != int64(len(all)) || s.Unreadable > 0 {
			t.Fatalf("%d calls were put in: %+v", len(all), s)
		}
		for range 6 {
			ws := rapid.SampledFrom([]workspace.ID{"ws_a", "ws_b", "ws_c"}).Draw(t, "asker")
			checkQuery(t, l, all, ws, drawQuery(t, all))
		}
	})
}

// asked is what a Log and a Cluster answer alike.
type asked interface {
	finder
	Count(ctx context.Context, ws workspace.ID, q Query) (int64, error)
	Histogram(ctx context.Context, ws workspace.ID, q Query, buckets int) (*Histogram, error)
	Heatmap(ctx context.Context, ws workspace.ID, q Query, columns int) (*Heatmap, error)
	Facets(ctx context.Context, ws workspace.ID, q Query, fields []Field, top int) (*Facets, error)
}

func checkQuery(t *rapid.T, l asked, all []Record, ws workspace.ID, q Query) {
	want := naive(all, ws, q)
	fail := func(what, diff string) {
		if diff != "" {
			t.Fatalf("%s of %+v:\n%s", what, q, diff)
		}
	}
	q.Payload = true
	var got []Record
	for next := q; ; {
		page, err := l.Find(t.Context(), ws, next)
		if err != nil || !page.Complete || page.Info.Unreadable > 0 {
			t.Fatalf("find: %v %+v", err, page)
		}
		if len(page.Calls) > q.Limit {
			t.Fatalf("%d calls on a page of %d", len(page.Calls), q.Limit)
		}
		got = append(got, page.Calls...)
		if page.Next.IsZero() {
			break
		}
		c, err := ParseCursor(page.Next.String())
		if err != nil {
			t.Fatal(err)
		}
		next.After = c
	}
	fail("the list", cmp.Diff(ids(want), ids(got)))
	fail("the calls", cmp.Diff(want, got))
	n, err := l.Count(t.Context(), ws, q)
	if err != nil || n != int64(len(want)) {
		t.Fatalf("count of %+v: %d %v, want %d", q, n, err, len(want))
	}
	checkFacets(t, l, want, ws, q, fail)
	if q.From.IsZero() {
		q.From, q.To = start, start.Add(5*time.Hour)
	}
	checkCharts(t, l, naive(all, ws, q), ws, q)
}

func checkFacets(t *rapid.T, l asked, want []Record, ws workspace.ID, q Query, fail func(what, diff string)) {
	f, err := l.Facets(t.Context(), ws, q, []Field{Route, Status, User}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range []Field{Route, Status, User} {
		counts := map[string]int64{}
		for _, r := range want {
			counts[naiveText(r, field)]++
		}
		got, sum := map[string]int64{}, f.Facets[i].Other
		for _, s := range f.Facets[i].Shares {
			got[s.Value] = s.Count
			sum += s.Count
			if s.Count != counts[s.Value] {
				t.Fatalf("%s %q of %+v: %d, want %d", field, s.Value, q, s.Count, counts[s.Value])
			}
			checkQuantiles(t, s, want, field)
		}
		if sum != int64(len(want)) || f.Facets[i].Values != len(counts) || len(got) != min(2, len(counts)) {
			t.Fatalf("%s of %+v: %+v, want %v", field, q, f.Facets[i], counts)
		}
	}
	if f.All.Count != int64(len(want)) {
		t.Fatalf("all of %+v: %+v, want %d", q, f.All, len(want))
	}
}

// checkQuantiles allows what a bucket is wide.
func checkQuantiles(t *rapid.T, s Share, want []Record, field Field) {
	var latencies []int64
	for _, r := range want {
		if naiveText(r, field) == s.Value {
			latencies = append(latencies, r.Latency)
		}
	}
	slices.Sort(latencies)
	for q, got := range map[float64]int64{0.5: s.P50, 0.95: s.P95, 0.99: s.P99} {
		at := max(int(math.Ceil(q*float64(len(latencies))))-1, 0)
		if exact := float64(latencies[at]); math.Abs(float64(got)-exact) > 1+exact*0.02 {
			t.Fatalf("p%v of %v is %d, want %v", q*100, latencies, got, exact)
		}
	}
}

func checkCharts(t *rapid.T, l asked, want []Record, ws workspace.ID, q Query) {
	const buckets = 7
	h, err := l.Histogram(t.Context(), ws, q, buckets)
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.Heatmap(t.Context(), ws, q, buckets)
	if err != nil {
		t.Fatal(err)
	}
	var bars [buckets][6]int64
	cells := map[[2]int][2]int64{}
	for _, r := range want {
		x := int(r.At().Sub(q.From) / h.Step)
		bars[x][min(r.Status/100, 5)]++
		y := 0
		for y+1 < len(m.Bounds) && m.Bounds[y+1] <= r.Latency {
			y++
		}
		c := cells[[2]int{x, y}]
		c[0]++
		if r.Status >= 500 {
			c[1]++
		}
		cells[[2]int{x, y}] = c
	}
	for i, b := range h.Buckets {
		if b.Classes != bars[i] {
			t.Fatalf("histogram of %+v, bucket %d: %v, want %v", q, i, b.Classes, bars[i])
		}
	}
	got := map[[2]int][2]int64{}
	for _, c := range m.Cells {
		got[[2]int{c.X, c.Y}] = [2]int64{c.Count, c.Errors}
	}
	if diff := cmp.Diff(cells, got); diff != "" {
		t.Fatalf("heatmap of %+v:\n%s", q, diff)
	}
}
