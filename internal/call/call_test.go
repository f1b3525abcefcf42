package call

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

var start = time.Date(2026, 11, 26, 13, 0, 0, 0, time.UTC)

// clock is a time that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// testLog opens a log without a keeper; round makes it do its work.
func testLog(t testing.TB, cfg Config) (*Log, *keeper) {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.manual = true
	cfg.MinFree = 1
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l, &keeper{l: l}
}

func (k *keeper) must(t testing.TB) {
	t.Helper()
	k.planned = time.Time{}
	k.round()
	if s := k.l.Stats(); s.State != "" {
		t.Fatal(s.State)
	}
}

// sealNow ends the head, as its size or age would.
func sealNow(t testing.TB, l *Log) {
	t.Helper()
	must(t, l.Sync(t.Context()))
	l.seals <- struct{}{}
	must(t, l.Sync(t.Context()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, l *Log, list ...Record) {
	t.Helper()
	for i := range list {
		if !l.Append(&list[i]) {
			t.Fatal("a record was dropped")
		}
	}
	must(t, l.Sync(t.Context()))
}

// testRecord is the n-th of a series with a bit of everything.
func testRecord(n int) Record {
	r := Record{
		Time: start.UnixMicro() + int64(n)*250_000, Workspace: "ws_a", API: "orders", Version: "v2", Route: fmt.Sprintf("route-%d", n%5), Operation: "op",
		Method: []string{"GET", "POST"}[n%2], Host: "api.example.com", Path: fmt.Sprintf("/v2/orders/%d", n), Query: "expand&page", Protocol: "HTTP/1.1",
		Status: []int64{200, 200, 201, 404, 500}[n%5], Upstream: "10.0.0.3:8080", Attempts: 1, Application: "shop", Key: "hk_a81b",
		User: fmt.Sprintf("u_%d", n%17), Session: fmt.Sprintf("s_%d", n%31), Client: fmt.Sprintf("10.1.%d.%d", n%3, n%200), Agent: "okhttp/4.12",
		BytesIn: int64(n), BytesOut: int64(1000 + n), Latency: int64(1000 + n*37%90_000), UpstreamLatency: 900, FirstByte: 800,
		Cache: "miss", Limit: "ok", Policy: "key", Node: "n1", Release: "2026.11.3",
	}
	r.ID = idAt(r.Time, n)
	r.Trace = ID{15: byte(n), 14: byte(n >> 8), 0: 7}
	r.Span = SpanID{7: byte(n)}
	return r
}

func idAt(micros int64, n int) (id ID) {
	ms := micros / 1000
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[12], id[13], id[14], id[15] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return id
}

func TestACallIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	clk := &clock{start.Add(time.Minute)}
	l, k := testLog(t, Config{Now: clk.now})
	defer func() { must(t, l.Close()) }()
	r := testRecord(7)
	r.Request = Payload{Capture: Whole, Type: "application/json", Head: "Accept: */*\r\n", Body: `{"note":"Grüße aus Köln"}`}
	r.Response = Payload{Capture: Cut, Type: "text/plain", Body: "\x00\xff raw"}
	r.Tries = "10.0.0.2:8080 connect_failed 1200"
	put(t, l, r)
	check := func(where string) {
		t.Helper()
		got, err := l.Get(t.Context(), "ws_a", r.ID)
		must(t, err)
		if *got != r {
			t.Errorf("%s:\n got %+v\nwant %+v", where, *got, r)
		}
		if _, err := l.Get(t.Context(), "ws_b", r.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: another workspace got %v", where, err)
		}
		list, err := l.ByTrace(t.Context(), "ws_a", r.Trace, time.Time{}, time.Time{})
		must(t, err)
		if len(list) != 1 || list[0].ID != r.ID || list[0].Request.Body != "" {
			t.Errorf("%s: by trace %+v", where, list)
		}
	}
	check("in memory")
	sealNow(t, l)
	check("sealed")
	k.must(t)
	check("in a segment")
	put(t, l, testRecord(8))
	sealNow(t, l)
	k.must(t)
	clk.t = start.Add(2 * time.Hour)
	k.must(t)
	if s := l.Stats(); s.Segments != 1 || s.Calls != 2 {
		t.Errorf("after merging: %+v", s)
	}
	check("merged")
}

// naive is what a query means, said in the plainest way.
func naive(all []Record, ws workspace.ID, q Query) []Record {
	var list []Record
	for _, r := range all {
		if r.Workspace != ws || !q.From.IsZero() && r.At().Before(q.From) || !q.To.IsZero() && !r.At().Before(q.To) {
			continue
		}
		ok := true
		for _, f := range q.Where {
			ok = ok && naiveFilter(r, f)
		}
		if len(q.Any) > 0 {
			ok = ok && slices.ContainsFunc(q.Any, func(f Filter) bool { return naiveFilter(r, f) })
		}
		for _, w := range strings.Fields(q.Text) {
			ok = ok && slices.ContainsFunc([]string{r.Path, r.Query, r.Request.Head, r.Request.Body, r.Response.Head, r.Response.Body}, func(s string) bool {
				return slices.Contains(strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", c) }), w)
			})
		}
		if ok {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Record) int {
		c := key{time: a.Time, id: a.ID}.compare(key{time: b.Time, id: b.ID})
		if !q.Oldest {
			c = -c
		}
		return c
	})
	return list
}

func naiveText(r Record, f Field) string {
	switch f {
	case CallID:
		return r.ID.String()
	case Trace:
		return r.Trace.String()
	case Route:
		return r.Route
	case User:
		return r.User
	case Session:
		return r.Session
	case Path:
		return r.Path
	case Client:
		return r.Client
	case Method:
		return r.Method
	case RequestBody:
		return r.Request.Body
	case Status:
		return strconv.FormatInt(r.Status, 10)
	case Latency:
		return strconv.FormatInt(r.Latency, 10)
	case Time:
		return strconv.FormatInt(r.Time, 10)
	}
	panic(f)
}

func naiveFilter(r Record, f Filter) bool {
	text := naiveText(r, f.Field)
	ok := false
	for _, v := range f.Values {
		n, _ := strconv.ParseInt(text, 10, 64)
		m, _ := strconv.ParseInt(v, 10, 64)
		switch f.Op {
		case Is:
			switch {
			case strings.HasSuffix(v, "xx") && f.Field == Status:
				ok = ok || text[:1] == v[:1] && len(text) == 3
			default:
				ok = ok || text == v
			}
		case Prefix:
			ok = ok || strings.HasPrefix(text, v)
		case Contains:
			ok = ok || strings.Contains(text, v)
		case Above:
			ok = ok || n > m
		case AtLeast:
			ok = ok || n >= m
		case Below:
			ok = ok || n < m
		case AtMost:
			ok = ok || n <= m
		}
	}
	return ok != f.Not
}

func ids(list []Record) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = fmt.Sprintf("%d/%s", r.Time, r.ID)
	}
	return out
}
