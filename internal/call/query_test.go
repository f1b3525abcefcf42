package call

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

func TestQueriesAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	l, _ := testLog(t, Config{})
	defer func() { must(t, l.Close()) }()
	for name, q := range map[string]Query{
		"range":    {From: start, To: start},
		"limit":    {Limit: 5000},
		"words":    {Text: "--- ..."},
		"no value": {Where: []Filter{{Field: Status}}},
		"number":   {Where: []Filter{{Field: Status, Values: []string{"ok"}}}},
		"two":      {Where: []Filter{{Field: Status, Op: Above, Values: []string{"1", "2"}}}},
		"op":       {Where: []Filter{{Field: Route, Op: Above, Values: []string{"1"}}}},
		"id":       {Where: []Filter{{Field: CallID, Values: []string{"12"}}}},
		"network":  {Where: []Filter{{Field: Client, Values: []string{"10.0.0.0/99"}}}},
		"tenant":   {Where: []Filter{{Field: Workspace, Values: []string{"ws_b"}}}},
		"any":      {Any: []Filter{{Field: 200, Values: []string{"x"}}}},
	} {
		_, err := l.Find(t.Context(), "ws_a", q)
		if !errs.Is(err, errs.Invalid) || !strings.HasSuffix(errs.Message(err), ".") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.Find(t.Context(), "", Query{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a workspace: %v", err)
	}
	if _, err := FieldOf("workspace"); err == nil {
		t.Error("the workspace can be filtered by")
	}
	if f, err := FieldOf("bytes_out"); err != nil || f != BytesOut {
		t.Errorf("bytes_out is %v: %v", f, err)
	}
	if _, err := l.Facets(t.Context(), "ws_a", Query{}, []Field{RequestBody}, 5); !errs.Is(err, errs.Invalid) {
		t.Errorf("facet of bodies: %v", err)
	}
	if _, err := l.Histogram(t.Context(), "ws_a", Query{}, 10); !errs.Is(err, errs.Invalid) {
		t.Errorf("chart without an end: %v", err)
	}
	if _, err := ParseCursor("x.y"); !errs.Is(err, errs.Invalid) {
		t.Errorf("cursor: %v", err)
	}
}

func TestValuesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	r := testRecord(9) // status 500, client 10.1.0.9
	r.Latency = 250_000
	for _, c := range []struct {
		f    Filter
		want bool
	}{
		{Filter{Field: Status, Values: []string{"5xx"}}, true},
		{Filter{Field: Status, Values: []string{"4XX", "404"}}, false},
		{Filter{Field: Status, Op: Above, Values: []string{"4xx"}}, true},
		{Filter{Field: Status, Op: Below, Values: []string{"5xx"}}, false},
		{Filter{Field: Latency, Op: AtLeast, Values: []string{"250ms"}}, true},
		{Filter{Field: Latency, Op: Above, Values: []string{"0.25 s"}}, false},
		{Filter{Field: Client, Values: []string{"10.1.0.0/16"}}, true},
		{Filter{Field: Client, Values: []string{"10.2.0.0/16", "10.1.0.9"}}, true},
		{Filter{Field: Client, Values: []string{"10.2.0.0/16"}, Not: true}, true},
		{Filter{Field: Time, Op: Below, Values: []string{"2026-11-26T13:00:03Z"}}, true},
		{Filter{Field: Trace, Op: Prefix, Values: []string{"070"}}, true},
		{Filter{Field: Parent, Values: []string{""}}, true},
		{Filter{Field: User, Values: []string{""}}, false},
	} {
		m, err := c.f.matcher()
		must(t, err)
		if got := m.record(&r); got != c.want {
			t.Errorf("%s: %v", c.f, got)
		}
	}
}

func TestCallsOfSomebodyAroundAMoment(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }})
	defer func() { must(t, l.Close()) }()
	for n := range 200 {
		put(t, l, testRecord(n))
		if n == 120 {
			sealNow(t, l)
			k.must(t)
		}
	}
	at := start.Add(30 * time.Second) // of call 120
	list, err := l.UserCalls(t.Context(), "ws_a", Who{User: "u_1", Session: "s_2"}, at, 10*time.Second, 10*time.Second, 5)
	must(t, err)
	var got []int64
	for _, r := range list {
		if r.User != "u_1" && r.Session != "s_2" {
			t.Errorf("somebody else's call %+v", r)
		}
		got = append(got, r.BytesIn)
	}
	// u_1: 103 120 137; s_2: 95 126 157. Within 40 calls, the nearest five.
	if want := []int64{95, 103, 120, 126, 137}; !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	if _, err := l.UserCalls(t.Context(), "ws_a", Who{}, at, time.Second, time.Second, 5); !errs.Is(err, errs.Invalid) {
		t.Errorf("of nobody: %v", err)
	}
	if list, err := l.UserCalls(t.Context(), "ws_b", Who{User: "u_1"}, at, time.Hour, time.Hour, 5); err != nil || len(list) > 0 {
		t.Errorf("another workspace's: %v %v", list, err)
	}
}

func TestSegmentsThatOverlapAreReadFarEnough(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }, Workers: 1})
	defer func() { must(t, l.Close()) }()
	for part := range 3 {
		for n := range 20 {
			put(t, l, testRecord(3*n+part))
		}
		sealNow(t, l)
		k.must(t)
	}
	for _, oldest := range []bool{false, true} {
		page, err := l.Find(t.Context(), "ws_a", Query{Limit: 7, Oldest: oldest})
		must(t, err)
		for i, r := range page.Calls {
			want := int64(59 - i)
			if oldest {
				want = int64(i)
			}
			if r.BytesIn != want {
				t.Errorf("oldest %v: call %d is %d, want %d", oldest, i, r.BytesIn, want)
			}
		}
		if page.Info.Scanned != 60 {
			t.Errorf("%d calls scanned", page.Info.Scanned)
		}
	}
	// And no further than that.
	far := testRecord(0)
	far.Time += 3 * hourMicros
	put(t, l, far)
	sealNow(t, l)
	k.must(t)
	page, err := l.Find(t.Context(), "ws_a", Query{Limit: 1})
	if err != nil || page.Info.Scanned > 21 {
		t.Errorf("%d calls scanned for the newest: %v", page.Info.Scanned, err)
	}
}

func TestASearchThatRunsOutOfTimeGoesOn(t *testing.T) {
	t.Parallel()
	l, k := testLog(t, Config{Now: func() time.Time { return start }, Workers: 1})
	defer func() { must(t, l.Close()) }()
	for n := range 60 {
		put(t, l, testRecord(n))
		if n%10 == 9 {
			sealNow(t, l)
			k.must(t)
		}
	}
	for _, oldest := range []bool{false, true} {
		var got []Record
		pages := 0
		for q := (Query{Limit: 1000, Oldest: oldest}); ; pages++ {
			p, err := q.plan("ws_a")
			must(t, err)
			snap := l.look(p)
			list := &top{limit: p.limit + 1, oldest: oldest}
			r := &run{p: p, snap: snap}
			ctx, cancel := context.WithCancel(t.Context())
			r.visit = func(_, at int, b batch, rows bitset) error {
				keys, err := p.keys(b, rows, at, list.limit)
				list.add(keys)
				if at == 1 {
					cancel() // time runs out while the second unit is read
				}
				return err
			}
			err = r.do(ctx)
			cancel()
			if err != nil {
				q.After = r.cut(list)
			}
			calls, ferr := l.fetch(t.Context(), p, snap, list.keys, listFields)
			must(t, ferr)
			snap.release()
			got = append(got, calls...)
			if err == nil {
				break
			}
		}
		if len(got) != 60 || pages < 2 {
			t.Errorf("%d calls on %d pages", len(got), pages)
		}
		for i, r := range got {
			want := int64(i)
			if !oldest {
				want = int64(59 - i)
			}
			if r.BytesIn != want {
				t.Fatalf("call %d is %d, want %d", i, r.BytesIn, want)
			}
		}
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	page, err := l.Find(ctx, "ws_a", Query{})
	if err != nil || page.Complete || len(page.Calls) > 0 || page.Next.IsZero() {
		t.Errorf("without any time: %+v %v", page, err)
	}
	if _, err := l.Count(ctx, "ws_a", Query{}); !errs.Is(err, errs.Busy) {
		t.Errorf("count without any time: %v", err)
	}
}
