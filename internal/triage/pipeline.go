package triage

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Batch is new feedback of one launch on its way through the stages.
type Batch struct {
	Workspace workspace.ID
	LaunchID  string
	Pass      nlp.Pass
	Items     []*feedback.Feedback
	Applied   []Applied // what rules decided
}

// Stage is one step of triage. It fills in what it knows and returns an error
// only when the whole batch must be tried again.
type Stage struct {
	Name string
	Run  func(context.Context, *Batch) error
}

// run takes a batch through stages in order.
func run(ctx context.Context, stages []Stage, b *Batch) error {
	for _, st := range stages {
		if err := st.Run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", st.Name, err)
		}
	}
	return nil
}

// each calls fn for every item, on all processors: reading is pure.
func each(ctx context.Context, items []*feedback.Feedback, fn func(*feedback.Feedback)) error {
	workers := min(runtime.GOMAXPROCS(0), len(items))
	var next atomic.Int64
	var wg sync.WaitGroup
	var failure atomic.Pointer[error]
	for range workers {
		wg.Go(func() {
			defer func() {
				// One text that trips the engine must not end the program.
				if v := recover(); v != nil {
					err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
					failure.Store(&err)
				}
			}()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				fn(items[i])
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	return ctx.Err()
}

// item is what the engine is given of a feedback.
func item(f *feedback.Feedback) nlp.Item {
	it := nlp.Item{ID: f.ID, Title: f.Title, Text: f.Text, Language: f.Language}
	if f.Rating != nil {
		it.Rating = *f.Rating
	}
	return it
}
