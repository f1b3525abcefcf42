package feedback_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

// BenchmarkAccept is one durable item a call, 64 callers at a time.
func BenchmarkAccept(b *testing.B) {
	bench := feedbacktest.New(b)
	ctx, stop := context.WithCancel(bench.Ctx)
	var wg sync.WaitGroup
	wg.Go(func() { bench.Feedback.Commit(ctx) })
	raw := []byte(`{"text":"The payment page spins for ever after I confirm with my bank, and I do not know whether I was charged.","external_id":"x"}`)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			in := feedback.Input{Text: "x", Channel: "api", ExternalID: fmt.Sprintf("%p-%d", pb, i)}
			if _, err := bench.Feedback.Accept(bench.Ctx, bench.LaunchID, []feedback.Incoming{{Input: in, Raw: raw}}, "", ""); err != nil {
				b.Error(err)
			}
		}
	})
	stop()
	wg.Wait()
}
