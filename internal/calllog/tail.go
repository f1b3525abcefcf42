package calllog

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of the live tail: who follows busy traffic sees a part of it, and is
// told how large the rest is.
const (
	maxTails   = 64
	tailEvery  = 100 * time.Millisecond // between two batches
	tailBatch  = 200                    // calls in one
	tailLimit  = 500                    // of what came before
	tailWithin = 100                    // of what came before, when nothing is said
)

// Tailed is one batch of the live tail.
type Tailed struct {
	Items   []Call `json:"items" nullable:"false" doc:"Oldest first."`
	Skipped int64  `json:"skipped" doc:"Calls that were meant too and are not shown: there were more than one can follow. They are in the list."`
}

// Follow tells send of the calls of a search as they come, until ctx or the
// service ends, or send fails. The newest of those before come first.
func (s *Service) Follow(ctx context.Context, in Search, before int, send func(Tailed) error) error {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return err
	}
	q, err := in.query(a, time.Now())
	if err != nil {
		return err
	}
	q.Limit = min(max(before, 0), tailLimit)
	if s.tails.Add(1) > maxTails {
		s.tails.Add(-1)
		return errs.TooBusy(10*time.Second, "%d people follow calls already; try again in a moment.", maxTails)
	}
	defer s.tails.Add(-1)
	t, err := s.store.Tail(a.Workspace, q)
	if err != nil {
		return err
	}
	defer t.Close()
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	defer ended.Wait()
	defer cancel()
	ended.Go(func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	})
	if err := send(Tailed{Items: []Call{}}); err != nil { // the stream has begun
		return err
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		<-pause.C
		batch, err := next(ctx, t)
		if err != nil {
			return err
		}
		if err := send(batch); err != nil {
			return err
		}
		pause.Reset(tailEvery)
	}
}

// next waits for calls; after a while without any it returns none, a sign of
// life.
func next(ctx context.Context, t *call.Tail) (Tailed, error) {
	wait, cancel := context.WithTimeout(ctx, web.BeatEvery)
	defer cancel()
	list, lost, err := t.Next(wait)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return Tailed{Items: []Call{}}, nil
	case err != nil:
		return Tailed{}, errEnded
	}
	if over := len(list) - tailBatch; over > 0 {
		list, lost = list[over:], lost+int64(over)
	}
	return Tailed{Items: shapeAll(list), Skipped: lost}, nil
}

// errEnded is how a tail ends that nobody wants any more.
var errEnded = errors.New("the live tail has ended")

// tail serves Follow as Server-Sent Events: "calls" with a batch, "beat" when
// there is nothing.
func (s *Service) tail(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	in := Search{Q: v.Get("q")}
	before, err := number(v.Get("backlog"), tailWithin, tailLimit)
	if err != nil {
		return err
	}
	var stream *web.EventStream
	err = s.Follow(r.Context(), in, before, func(b Tailed) error {
		switch {
		case stream == nil:
			stream = web.NewEventStream(w)
			return stream.Send("hello", struct{}{})
		case len(b.Items) == 0 && b.Skipped == 0:
			return stream.Beat()
		}
		return stream.Send("calls", b)
	})
	if stream != nil { // what was begun can only end
		return nil
	}
	return err
}
