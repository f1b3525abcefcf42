package span_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	ws    = workspace.ID("w1")
	trace = "7f3c91ae04d27f3c91ae04d27f3c91ae"
)

// rig is a service that writes.
type rig struct {
	*span.Service
	ctx context.Context
	now time.Time
	t   *testing.T
}

func newRig(t *testing.T, d span.Deps) *rig {
	t.Helper()
	if d.DB == nil {
		d.DB = dbtest.Open(t)
	}
	d.Log = slog.New(slog.DiscardHandler)
	r := &rig{Service: span.NewService(d), now: time.Now().UTC().Truncate(time.Second), t: t}
	r.ctx = as(t.Context(), ws)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); r.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func as(ctx context.Context, id workspace.ID) context.Context {
	return workspace.As(ctx, workspace.Actor{Workspace: id, Kind: "member", ID: "m", Role: workspace.Owner})
}

// at makes a span of the trace from so many milliseconds on.
func (r *rig) at(id int, parent int, service, name, kind string, from, took int) *span.Span {
	s := &span.Span{TraceID: trace, SpanID: spanID(id), ParentID: spanID(parent), Service: service, Name: name, Kind: kind,
		Start: r.now.Add(time.Duration(from) * time.Millisecond), Duration: time.Duration(took) * time.Millisecond}
	if parent == 0 {
		s.ParentID = ""
	}
	return s
}

func spanID(n int) string { return fmt.Sprintf("%016x", n) }

func (r *rig) write(spans []*span.Span, logs []*span.Log) *span.Batch {
	r.t.Helper()
	for _, s := range spans {
		if err := s.Check(r.now); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, l := range logs {
		if err := l.Check(r.now); err != nil {
			r.t.Fatal(err)
		}
	}
	b := &span.Batch{Workspace: ws, Spans: spans, Logs: logs}
	if err := r.Write(r.ctx, b); err != nil {
		r.t.Fatal(err)
	}
	return b
}

func TestSpansAreFoundByTraceByWhoAndByFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, span.Deps{})
	root := r.at(1, 0, "checkout", "POST /pay", "server", 0, 100)
	root.User, root.Session, root.Route, root.HTTPStatus, root.Attrs = "u1", "s1", "/pay", 504, json.RawMessage(`{"a":1}`)
	inner := r.at(2, 1, "checkout", "charge", "client", 10, 80)
	inner.Status, inner.Error, inner.Message = span.Error, "TimeoutError", "too slow\x00"
	inner.Events = []span.Event{{At: inner.Start, Name: "exception", Attrs: json.RawMessage(`{"exception.type":"TimeoutError"}`)}}
	other := r.at(3, 0, "stock", "GET /stock", "server", 0, 5)
	other.TraceID, other.User = strings.Repeat("ab", 16), "u2"
	b := r.write([]*span.Span{root, inner, other}, []*span.Log{
		{At: r.now, TraceID: trace, Service: "checkout", Severity: 17, Body: "payment failed for 50%", User: "u1"},
		{At: r.now.Add(time.Millisecond), Service: "checkout", Severity: 9, Body: "started"},
	})
	if failed, logs := b.Failures(); len(failed) != 1 || len(logs) != 1 {
		t.Errorf("failures: %d spans, %d logs", len(failed), len(logs))
	}
	// The same again, as an exporter that got no answer sends it.
	again := r.write([]*span.Span{root, inner, other}, nil)
	if failed, _ := again.Failures(); len(failed) != 0 {
		t.Errorf("a repeat failed anew: %d", len(failed))
	}
	list, err := r.ByTrace(r.ctx, ws, trace)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d spans, %v", len(list), err)
	}
	if got := list[0]; got.User != "u1" || got.Route != "/pay" || got.HTTPStatus != 504 || !got.Start.Equal(root.Start) || got.DurationMS != 100 || string(got.Attrs) != `{"a":1}` {
		t.Errorf("root = %+v", got)
	}
	if got := list[1]; got.Status != span.Error || got.Message != "too slow\uFFFD" || len(got.Events) != 1 || got.ParentID != spanID(1) {
		t.Errorf("inner = %+v", got)
	}
	from, to := r.now.Add(-time.Minute), r.now.Add(time.Minute)
	for name, tc := range map[string]struct {
		who         span.Who
		spans, logs int
	}{
		"user":               {span.Who{User: "u1"}, 1, 1},
		"session":            {span.Who{Session: "s1"}, 1, 0},
		"user and trace":     {span.Who{User: "u1", Traces: []string{trace}}, 2, 1},
		"nobody":             {span.Who{}, 0, 0},
		"somebody else":      {span.Who{User: "u3"}, 0, 0},
		"a trace that's not": {span.Who{Traces: []string{"xyz"}}, 0, 0},
	} {
		if got, err := r.Around(r.ctx, ws, tc.who, from, to, 10); err != nil || len(got) != tc.spans {
			t.Errorf("%s: %d spans, want %d; %v", name, len(got), tc.spans, err)
		}
		if got, err := r.LogsAround(r.ctx, ws, tc.who, from, to, 10); err != nil || len(got) != tc.logs {
			t.Errorf("%s: %d logs, want %d; %v", name, len(got), tc.logs, err)
		}
	}
	if got, err := r.Around(r.ctx, ws, span.Who{User: "u1"}, to, to.Add(time.Hour), 10); err != nil || len(got) != 0 {
		t.Errorf("later: %d, %v", len(got), err)
	}
	if got, err := r.Errors(r.ctx, ws, "l1", from, to, 10); err != nil || len(got) != 1 || got[0].Error != "TimeoutError" {
		t.Errorf("errors: %v %v", got, err)
	}
	if got, err := r.ErrorLogs(r.ctx, ws, "", from, to, 10); err != nil || len(got) != 1 || got[0].Level != "error" {
		t.Errorf("error logs: %v %v", got, err)
	}
	if got, err := r.Logs(r.ctx, span.Filter{Text: "50%"}); err != nil || len(got) != 1 {
		t.Errorf("by text: %v %v", got, err)
	} else if one, err := r.OneLog(r.ctx, ws, got[0].ID); err != nil || one.Body != "payment failed for 50%" {
		t.Errorf("one log: %+v %v", one, err)
	}
	if got, err := r.Logs(r.ctx, span.Filter{Text: "5_%"}); err != nil || len(got) != 0 {
		t.Errorf("wildcards are none of theirs: %v %v", got, err)
	}
	if got, err := r.Spans(as(t.Context(), "w2"), span.Filter{}); err != nil || len(got) != 0 {
		t.Errorf("another workspace sees %d spans, %v", len(got), err)
	}
	var out bytes.Buffer
	if err := r.ExportPerson(r.ctx, ws, []string{"u1", "u9"}, []string{"s1"}, &out); err != nil || strings.Count(out.String(), "\n") != 3 || !strings.Contains(out.String(), "charge") {
		t.Errorf("exported %s, %v", out.String(), err)
	}
	// Theirs is all of their traces, the spans in it that do not say so too.
	if n, err := r.ErasePerson(r.ctx, ws, []string{"u1"}, nil); err != nil || n != 3 {
		t.Errorf("erased %d, %v", n, err)
	}
	if got, err := r.Spans(r.ctx, span.Filter{}); err != nil || len(got) != 1 || got[0].User != "u2" {
		t.Errorf("%v stay, %v", got, err)
	}
}

func TestListsGoOnWhereTheyEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, span.Deps{})
	var list []*span.Span
	for i := range 25 {
		list = append(list, r.at(i+1, 0, "a", "b", "", i/5, 1)) // five at a time
	}
	r.write(list, nil)
	for _, oldest := range []bool{false, true} {
		seen, before := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			page, err := r.Spans(r.ctx, span.Filter{Before: before, Oldest: oldest, Limit: 7})
			if err != nil || pages > 4 {
				t.Fatal(pages, err)
			}
			for _, s := range page {
				seen[s.SpanID] = true
			}
			if len(page) < 7 {
				break
			}
			last := page[len(page)-1]
			before = fmt.Sprintf("%016x%s", last.Start.UnixMicro(), last.SpanID)
		}
		if len(seen) != 25 {
			t.Errorf("oldest %v: %d of 25", oldest, len(seen))
		}
	}
}

func TestWhatIsOldOrTooMuchGoes(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	r := newRig(t, span.Deps{DB: d, Retention: span.Retention{Days: 2, Rows: 5}})
	var spans []*span.Span
	var logs []*span.Log
	for i := range 12 {
		s := r.at(i+1, 0, "a", "b", "", -i*6*3_600_000, 1)
		spans = append(spans, s)
		logs = append(logs, &span.Log{At: s.Start, Service: "a", Body: "x"})
	}
	b := r.write(spans, logs)
	if _, err := r.Note(r.ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Spans(r.ctx, span.Filter{}); err != nil || len(got) != 5 || got[4].SpanID != spanID(5) {
		t.Errorf("%d spans stay, %v", len(got), err)
	}
	roomy := newRig(t, span.Deps{DB: d, Retention: span.Retention{Days: 1}})
	if err := roomy.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Logs(r.ctx, span.Filter{}); err != nil || len(got) != 4 && len(got) != 5 { // one is a day old to the second
		t.Errorf("%d logs stay, %v", len(got), err)
	}
}

func TestANewVersionBesideAnOlderIsARelease(t *testing.T) {
	t.Parallel()
	r := newRig(t, span.Deps{})
	note := func(service, release string) int {
		t.Helper()
		s := r.at(1, 0, service, "x", "", 0, 1)
		s.Release, s.LaunchID = release, "l1"
		list, err := r.Note(r.ctx, &span.Batch{Workspace: ws, Spans: []*span.Span{s}})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for _, tc := range []struct {
		service, release string
		want             int
	}{{"a", "", 0}, {"a", "1.0", 0}, {"a", "1.1", 1}, {"a", "1.1", 0}, {"a", "1.0", 0}, {"b", "1.1", 0}, {"a", "1.2", 1}} {
		if got := note(tc.service, tc.release); got != tc.want {
			t.Errorf("%s %s: %d deployed, want %d", tc.service, tc.release, got, tc.want)
		}
	}
	if list, err := r.Services(r.ctx); err != nil || len(list) != 5 {
		t.Errorf("%v %v", list, err)
	}
}

func TestATraceSaysWhereTheTimeWent(t *testing.T) {
	t.Parallel()
	asked := 0
	r := newRig(t, span.Deps{Calls: func(_ context.Context, id string, from, _ time.Time) ([]calllog.Call, error) {
		asked++
		if id != trace {
			return nil, errs.New(errs.Unavailable, "no log")
		}
		return []calllog.Call{{ID: "c1", At: from.Add(2 * time.Minute), Trace: id, Span: spanID(1), Method: "POST", Path: "/checkout/pay", Status: 504, Latency: 8_004_000}}, nil
	}})
	pay := r.at(2, 1, "checkout", "authorise order 88-20431", "server", 0, 7981)
	pool := r.at(3, 2, "checkout", "pool.acquire card-processor", "internal", 10, 7402)
	tls := r.at(4, 2, "checkout", "tls handshake", "internal", 7412, 318)
	charge := r.at(5, 2, "processor", "POST /v2/charges", "client", 7735, 214)
	charge.Status, charge.Error, charge.Message = span.Error, "DeadlineExceeded", "8 s are over"
	r.write([]*span.Span{charge, tls, pool, pay}, nil)
	got, err := r.Trace(r.ctx, strings.ToUpper(trace))
	if err != nil {
		t.Fatal(err)
	}
	if got.Sentence != "92 % of the time was spent waiting for a connection." {
		t.Errorf("sentence = %q", got.Sentence)
	}
	if want := "processor failed first, in POST /v2/charges: DeadlineExceeded: 8 s are over."; got.Failure != want {
		t.Errorf("failure = %q", got.Failure)
	}
	var lines []string
	for _, n := range got.Spans {
		lines = append(lines, fmt.Sprintf("%d %s %s %v %v", n.Depth, n.Service, n.Name, n.OffsetMS, n.Slowest))
	}
	want := `0 gateway POST /checkout/pay 0 false
1 checkout authorise order 88-20431 0 false
2 checkout pool.acquire card-processor 10 true
2 checkout tls handshake 7412 false
2 processor POST /v2/charges 7735 false`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("waterfall:\n%s\nwant:\n%s", text, want)
	}
	if self := got.Spans[1].SelfMS; self != 7981-7402-318-214 {
		t.Errorf("self = %v", self)
	}
	if len(got.Calls) != 1 || got.DurationMS != 8004 || asked != 1 {
		t.Errorf("%d calls, %v ms, asked %d times", len(got.Calls), got.DurationMS, asked)
	}
	if _, err := r.Trace(r.ctx, strings.Repeat("1", 32)); errs.KindOf(err) != errs.NotFound {
		t.Errorf("unknown trace: %v", err)
	}
	if _, err := r.Trace(r.ctx, "7f3c"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("half a trace: %v", err)
	}
}

func TestSentencesOfOtherTraces(t *testing.T) {
	t.Parallel()
	at := time.Now()
	mk := func(id, parent int, service, name, kind, attrs string, from, took int) *span.Span {
		s := &span.Span{TraceID: trace, SpanID: spanID(id), Service: service, Name: name, Kind: kind, Start: at.Add(time.Duration(from) * time.Millisecond), Duration: time.Duration(took) * time.Millisecond, Attrs: json.RawMessage(attrs)}
		if parent > 0 {
			s.ParentID = spanID(parent)
		}
		return s
	}
	many := []*span.Span{mk(1, 0, "shop", "GET /cart", "server", "", 0, 100)}
	for i := range 40 {
		many = append(many, mk(i+2, 1, "shop", "SELECT items", "client", `{"db.system.name":"postgresql"}`, i*2, 2))
	}
	for name, tc := range map[string]struct {
		spans []*span.Span
		want  string
	}{
		"one query many times": {many, "80 % of the time was spent in the database: 40 times SELECT items."},
		"alone":                {[]*span.Span{mk(1, 0, "shop", "GET /", "server", "", 0, 10)}, "All of the time was spent in shop: GET /."},
		"no time at all":       {[]*span.Span{mk(1, 0, "shop", "GET /", "server", "", 0, 0)}, "All of the time was spent in shop: GET /."},
		"a peer": {[]*span.Span{mk(1, 0, "shop", "GET /", "server", "", 0, 10), mk(2, 1, "shop", "GET", "client", `{"server.address":"tax.example"}`, 1, 8)},
			"80 % of the time was spent waiting for tax.example: GET."},
		"its own ancestor": {[]*span.Span{mk(1, 2, "a", "x", "", "", 0, 10), mk(2, 1, "a", "y", "", "", 0, 10)}, "All of the time was spent in a: x."},
	} {
		got := span.Waterfall(trace, tc.spans, nil)
		if len(got.Spans) != len(tc.spans) {
			t.Errorf("%s: %d of %d spans", name, len(got.Spans), len(tc.spans))
		}
		if name != "its own ancestor" && got.Sentence != tc.want {
			t.Errorf("%s: %q, want %q", name, got.Sentence, tc.want)
		}
	}
	if got := span.Waterfall(trace, nil, []calllog.Call{{ID: "c", At: at, Method: "GET", Path: "/x", Status: 200, Latency: 5000}}); got.Sentence != "All of the time was spent behind the gateway, where no service told what it did." {
		t.Errorf("call alone: %q", got.Sentence)
	}
}

func TestWhatIsNoSpanIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, s := range map[string]span.Span{
		"no trace":   {SpanID: spanID(1), Start: now},
		"zero trace": {TraceID: strings.Repeat("0", 32), SpanID: spanID(1), Start: now},
		"upper case": {TraceID: strings.Repeat("AB", 16), SpanID: spanID(1), Start: now},
		"no time":    {TraceID: trace, SpanID: spanID(1)},
		"tomorrow":   {TraceID: trace, SpanID: spanID(1), Start: now.Add(24 * time.Hour)},
	} {
		if err := s.Check(now); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := span.Span{TraceID: trace, SpanID: spanID(1), Start: now, Duration: -time.Second, Name: strings.Repeat("ä", 300)}
	if err := s.Check(now); err != nil || s.Duration != 0 || len(s.Name) != 200 {
		t.Errorf("%+v %v", s, err)
	}
}
