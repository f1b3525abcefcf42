package shadow_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/rollout/shadow"
	"github.com/hypercare/hypercare/internal/workspace"
)

func as(t *testing.T, ws workspace.ID, r workspace.Role) context.Context {
	return workspace.As(t.Context(), workspace.Actor{Workspace: ws, Kind: "member", ID: "m", Name: "Ada", Role: r})
}

func pair(i int, primary, other shadow.Answer) shadow.Pair {
	other.Upstream = "next"
	return shadow.Pair{Workspace: "w1", API: "shop", Route: "list", ID: fmt.Sprint(i), Method: "GET", Path: "/list", At: time.UnixMilli(int64(i)).UTC(), Primary: primary, Shadow: other}
}

func TestPairsAreInTheFirstDifferenceThatHolds(t *testing.T) {
	t.Parallel()
	ok := shadow.Answer{Status: 200, Size: 5, Sum: 1}
	for _, tc := range []struct {
		primary, other shadow.Answer
		want           shadow.Difference
	}{
		{ok, ok, shadow.None},
		{ok, shadow.Answer{Status: 200, Size: 5, Sum: 2}, shadow.Body},
		{ok, shadow.Answer{Status: 200, Size: 6, Sum: 1}, shadow.Body},
		{ok, shadow.Answer{Status: 404, Size: 5, Sum: 1}, shadow.Status},
		{ok, shadow.Answer{Status: 500}, shadow.ShadowFails},
		{ok, shadow.Answer{Status: 504, Failed: "timed_out"}, shadow.ShadowFails},
		{shadow.Answer{Status: 200, Failed: "upstream_reset"}, ok, shadow.CallerFails},
		{shadow.Answer{Status: 503}, ok, shadow.CallerFails},
		{shadow.Answer{Status: 500}, shadow.Answer{Status: 502}, shadow.BothFail},
		{shadow.Answer{Status: 404, Size: 1}, shadow.Answer{Status: 404, Size: 1}, shadow.None},
	} {
		if got := pair(1, tc.primary, tc.other).Compare(); got != tc.want {
			t.Errorf("%+v beside %+v: %s, want %s", tc.primary, tc.other, got, tc.want)
		}
	}
}

func TestNodesAreSummedAndExamplesBounded(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	a, b := shadow.NewService(d, slog.New(slog.DiscardHandler)), shadow.NewService(d, slog.New(slog.DiscardHandler))
	same := shadow.Answer{Status: 200, Latency: 10 * time.Millisecond, Size: 5, Sum: 1}
	slow := same
	slow.Latency = 80 * time.Millisecond
	gone := shadow.Answer{Status: 404, Latency: 80 * time.Millisecond}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 250 {
				s := a
				if i%2 == 0 {
					s = b
				}
				s.Record(pair(w*250+i, same, slow))
			}
		})
	}
	wg.Wait()
	a.Record(pair(1, same, shadow.Answer{Status: 200, Latency: time.Millisecond, Size: 9, Sum: 3}))
	for i := range 100 {
		b.Record(pair(1000+i, same, gone))
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	view := as(t, "w1", workspace.Viewer)
	list, err := a.List(view)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	c := list[0]
	if c.Pairs != 1101 || c.Same != 1000 || c.Body != 1 || c.Status != 100 || c.Failed != 0 || c.Upstream != "next" {
		t.Errorf("counted %+v", c)
	}
	if c.P50 < 9 || c.P50 > 12 || c.ShadowP50 < 70 || c.ShadowP50 > 90 || c.Slower > 1e-6 {
		t.Errorf("latencies %+v", c)
	}
	if len(c.Examples) != 20 || c.Examples[0].ID != "1099" {
		t.Errorf("%d examples, the first %+v", len(c.Examples), c.Examples[0])
	}
	if last := c.Examples[19]; last.Difference != shadow.Body {
		t.Errorf("a hundred of one difference pushed out the only one of another: %+v", last)
	}
	// Begun anew, also on the node that had counted most.
	if err := a.Reset(view, "shop", "", "list"); !errs.Is(err, errs.Denied) {
		t.Errorf("a viewer resets: %v", err)
	}
	if err := a.Reset(as(t, "w2", workspace.Lead), "shop", "", "list"); err != nil {
		t.Fatal(err)
	}
	if list, err := a.List(view); err != nil || len(list) != 1 || list[0].Pairs != 1101 {
		t.Errorf("another workspace's reset: %v, %v", list, err)
	}
	if err := a.Reset(as(t, "w1", workspace.Lead), "shop", "", "list"); err != nil {
		t.Fatal(err)
	}
	b.Record(pair(3000, same, same))
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Record(pair(3001, same, same))
	if list, err := b.List(view); err != nil || len(list) != 1 || list[0].Pairs != 1 {
		t.Errorf("after the reset: %+v, %v", list, err)
	}
	if list, err := a.List(as(t, "w2", workspace.Owner)); err != nil || len(list) != 0 {
		t.Errorf("another workspace sees %v, %v", list, err)
	}
	if _, err := a.List(as(t, "w1", workspace.Intake)); !errs.Is(err, errs.Denied) {
		t.Errorf("an intake token sees: %v", err)
	}
}

func TestWhatIsLeftIsWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := shadow.NewService(d, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	s.Record(pair(1, shadow.Answer{Status: 200}, shadow.Answer{Status: 200}))
	stop()
	<-done
	next := shadow.NewService(d, slog.New(slog.DiscardHandler))
	if list, err := next.List(as(t, "w1", workspace.Viewer)); err != nil || len(list) != 1 || list[0].Same != 1 {
		t.Errorf("%v, %v", list, err)
	}
}
