package span

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of what waits to be written. Beyond them a sender is told to come back.
const (
	maxQueued = 50_000 // spans and log records
	maxGroup  = 4_000  // of one commit
)

// Batch is what one sender brought. All of it was checked (Span.Check, Log.Check).
type Batch struct {
	Workspace workspace.ID
	Spans     []*Span
	Logs      []*Log

	fresh map[string]bool // failed ones that were not there yet
	err   error
	done  chan struct{}
}

func (b *Batch) size() int { return len(b.Spans) + len(b.Logs) }

// Failures are the spans and log records of a batch that tell of an error and
// had not come before.
func (b *Batch) Failures() (spans []*Span, logs []*Log) {
	for _, s := range b.Spans {
		if s.Failed() && b.fresh[s.id()] {
			spans = append(spans, s)
		}
	}
	for _, l := range b.Logs {
		if l.Failed() && b.fresh[l.ID] {
			logs = append(logs, l)
		}
	}
	return spans, logs
}

// queue is what waits for the next commit: whoever comes while one is being
// written to disk shares the next.
type queue struct {
	c       chan *Batch
	waiting atomic.Int64
	stopped atomic.Bool
	written atomic.Int64 // since start
}

// Write keeps a batch, and returns when it is on disk.
func (s *Service) Write(ctx context.Context, b *Batch) error {
	n := int64(b.size())
	if n == 0 {
		return nil
	}
	if s.queue.stopped.Load() {
		return errs.New(errs.Unavailable, "This node is shutting down; send the same again.")
	}
	if s.queue.waiting.Add(n) > maxQueued && n <= maxQueued {
		s.queue.waiting.Add(-n)
		return errs.TooBusy(2*time.Second, "More telemetry arrives than can be written; send this again in two seconds.")
	}
	b.done = make(chan struct{})
	select {
	case s.queue.c <- b:
	case <-ctx.Done():
		s.queue.waiting.Add(-n)
		return ctx.Err()
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		// It may still be written; a repeat has the same ids.
		return ctx.Err()
	}
}

// Commit writes what is sent until ctx ends and nothing waits any more.
func (s *Service) Commit(ctx context.Context) {
	for {
		var first *Batch
		select {
		case first = <-s.queue.c:
		case <-ctx.Done():
			s.queue.stopped.Store(true)
			select {
			case first = <-s.queue.c: // drain
			default:
				return
			}
		}
		batches, n := []*Batch{first}, first.size()
	more:
		for n < maxGroup {
			select {
			case b := <-s.queue.c:
				batches = append(batches, b)
				n += b.size()
			default:
				break more
			}
		}
		s.commit(context.WithoutCancel(ctx), batches)
		s.queue.waiting.Add(-int64(n))
	}
}

// commit writes batches in one transaction; if that fails each is tried
// alone, so that one sender's bad luck is not another's.
func (s *Service) commit(ctx context.Context, batches []*Batch) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := s.write(ctx, batches)
	for _, b := range batches {
		b.err = err
		if err != nil && len(batches) > 1 {
			b.err = s.write(ctx, []*Batch{b})
		}
		if b.err == nil {
			s.queue.written.Add(int64(b.size()))
		}
		close(b.done)
	}
}

func (s *Service) write(ctx context.Context, batches []*Batch) error {
	var spans, failedSpans, logs, failedLogs [][]any
	for _, b := range batches {
		for _, x := range b.Spans {
			row, err := spanRow(b.Workspace, x)
			switch {
			case err != nil:
				return err
			case x.Failed():
				failedSpans = append(failedSpans, row)
			default:
				spans = append(spans, row)
			}
		}
		for _, x := range b.Logs {
			if x.Failed() {
				failedLogs = append(failedLogs, logRow(b.Workspace, x))
			} else {
				logs = append(logs, logRow(b.Workspace, x))
			}
		}
	}
	var freshSpans, freshLogs map[string]bool
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if freshSpans, err = put(ctx, tx, insertSpan, spans, failedSpans); err != nil {
			return fmt.Errorf("write spans: %w", err)
		}
		if freshLogs, err = put(ctx, tx, insertLog, logs, failedLogs); err != nil {
			return fmt.Errorf("write log records: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range freshLogs {
		freshSpans[id] = true
	}
	for _, b := range batches {
		b.fresh = freshSpans
	}
	return nil
}

// Waiting is how much is to be written yet, and Written how much was since start.
func (s *Service) Waiting() int64 { return s.queue.waiting.Load() }

// Written is how many spans and log records came since start.
func (s *Service) Written() int64 { return s.queue.written.Load() }
