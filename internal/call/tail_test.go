package call

import (
	"context"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

func TestTheTailHasCallsAtOnce(t *testing.T) {
	t.Parallel()
	tune := defaults
	tune.flush = time.Millisecond
	l, _ := testLog(t, Config{tune: tune})
	for n := range 10 {
		put(t, l, testRecord(n))
	}
	watch, err := l.Tail("ws_a", Query{Limit: 3, Where: []Filter{{Field: Status, Values: []string{"5xx"}}}})
	must(t, err)
	other, err := l.Tail("ws_b", Query{Limit: 100})
	must(t, err)
	calls, lost, err := watch.Next(t.Context())
	if err != nil || lost > 0 || len(calls) != 2 || calls[0].BytesIn != 4 || calls[1].BytesIn != 9 {
		t.Errorf("what was there before: %v %d %v", ids(calls), lost, err)
	}
	r := testRecord(14)
	r.Request = Payload{Capture: Whole, Head: "X: y", Body: "secret"}
	quiet := testRecord(11)
	l.Append(&quiet)
	l.Append(&r)
	calls, _, err = watch.Next(t.Context()) // no Sync: it comes by itself
	if err != nil || len(calls) != 1 || calls[0].ID != r.ID || calls[0].Request.Body != "" || calls[0].Request.Head != "X: y" {
		t.Errorf("what came: %+v %v", calls, err)
	}
	r.Workspace = "ws_b"
	l.Append(&r)
	if calls, _, err := other.Next(t.Context()); err != nil || len(calls) != 1 || calls[0].Workspace != "ws_b" {
		t.Errorf("the other workspace sees %+v %v", calls, err)
	}
	if s := l.Stats(); s.Watchers != 2 {
		t.Errorf("%+v", s)
	}
	other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := watch.Next(ctx); err == nil {
		t.Error("waited although nobody does any more")
	}
	must(t, l.Close())
	if _, _, err := watch.Next(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("after closing: %v", err)
	}
	if _, err := l.Tail("ws_a", Query{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("following a closed log: %v", err)
	}
}

func TestWhoIsSlowIsToldWhatWasLost(t *testing.T) {
	t.Parallel()
	l, _ := testLog(t, Config{})
	watch, err := l.Tail("ws_a", Query{})
	must(t, err)
	const n = watcherRows + 234
	for i := range n {
		r := testRecord(i)
		l.Append(&r)
	}
	must(t, l.Sync(t.Context()))
	calls, lost, err := watch.Next(t.Context())
	must(t, err)
	if len(calls) != watcherRows || lost != 234 {
		t.Errorf("%d calls and %d lost, of %d", len(calls), lost, n)
	}
	newest := int64(0)
	for _, r := range calls {
		newest = max(newest, r.BytesIn)
	}
	if newest != n-1 {
		t.Errorf("the newest is %d: the oldest should be lost, not it", newest)
	}
	watch.Close()
	must(t, l.Close())
}

func TestTheRingHoldsTheNewest(t *testing.T) {
	t.Parallel()
	tl := newTail()
	var frames []byte
	for i := range 3 * ringRows / 2 {
		r := testRecord(i)
		frames = appendFrame(nil, &r)
		tl.publish(frames)
	}
	if tl.sum != ringRows || len(tl.runs) != ringRows {
		t.Errorf("%d calls in %d runs", tl.sum, len(tl.runs))
	}
	r := testRecord(0)
	r.Response.Body = string(make([]byte, MaxBody))
	for range 40 {
		tl.publish(appendFrame(nil, &r))
	}
	if tl.bytes > ringBytes {
		t.Errorf("%d bytes in the ring", tl.bytes)
	}
}
