package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/bench/corpus"
	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/bench/wire"
)

// intake measures durable intake: every client sends one item a request and
// waits for the answer, which comes after the commit.
func intake(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	clients := fs.Int("clients", 64, "concurrent keep-alive connections")
	warm := fs.Duration("warm", 2*time.Second, "warm-up before measuring")
	length := fs.Duration("time", 10*time.Second, "how long to measure")
	drain := fs.Duration("drain", 3*time.Minute, "how long to watch the backlog being processed")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Printf("intake, %s on %s, %d clients, one item a request, %s after %s warm-up (load average %s)\n",
		c.database(), fileSystem(ctx, cfg.Data), *clients, *length, *warm, loadAverage())
	s, token, launch, err := setUp(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()

	before, err := counts(ctx, s, token, launch)
	if err != nil {
		return err
	}
	cpu := s.CPU()
	res, err := flood(ctx, s, token, launch, *clients, *warm, *length)
	if err != nil {
		return err
	}
	cpu = s.CPU() - cpu
	after, err := counts(ctx, s, token, launch)
	if err != nil {
		return err
	}

	var r report
	rate := float64(len(res.latency)) / length.Seconds()
	target := 5000.0
	if c.postgres {
		target = 2500
	}
	r.line("durable items/s", thousands(rate), ">= "+thousands(target), rate >= target)
	text := res.latency.String() // sorts
	p99 := res.latency.at(99)
	r.line("latency p50 p95 p99 max", text, "p99 <= 100 ms", p99 <= 100*time.Millisecond)
	r.line("errors", fmt.Sprint(res.errors, res.firstError), "0", res.errors == 0)
	r.line("answers 429", fmt.Sprint(res.refused), "", true)
	_, peak := s.RSS()
	r.line("peak memory while loading", fmt.Sprintf("%d MB", peak>>20), "", true)
	r.line("processor time of the server", fmt.Sprintf("%.1f cores, %.0f us an item", cpu.Seconds()/(*warm+*length).Seconds(), float64(cpu.Microseconds())/float64(max(1, res.accepted))), "", true)
	done := after.Counts.Feedback - before.Counts.Feedback
	whole := (*warm + *length).Seconds()
	r.line("first pass while loading", thousands(float64(done)/whole)+"/s", "", true)
	if err := watchBacklog(ctx, &r, s, token, launch, res.accepted, *drain); err != nil {
		return err
	}
	fmt.Printf("  load average after: %s\n", loadAverage())
	return r.err(c.strict)
}

// watchBacklog measures how fast what was accepted is processed.
func watchBacklog(ctx context.Context, r *report, s *proc.Server, token, launch string, accepted int, limit time.Duration) error {
	start, err := counts(ctx, s, token, launch)
	if err != nil {
		return err
	}
	began := time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for last := start; ; {
		took := time.Since(began)
		n := last.Counts.Feedback - start.Counts.Feedback
		switch {
		case last.Counts.Waiting == 0 && start.Counts.Waiting == 0:
			r.line("first pass after loading", "nothing was left to do", "", true)
		case last.Counts.Waiting == 0:
			r.line("first pass after loading", fmt.Sprintf("%s/s, %s left, done in %.1f s", thousands(float64(n)/took.Seconds()), thousands(float64(start.Counts.Waiting)), took.Seconds()), "", true)
		case took > limit:
			r.line("first pass after loading", fmt.Sprintf("%s/s; %s of %s still left after %s", thousands(float64(n)/took.Seconds()), thousands(float64(last.Counts.Waiting)), thousands(float64(start.Counts.Waiting)), limit), "", true)
			return nil
		default:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.Done():
				return fmt.Errorf("the server ended: %w\n%s", s.Err(), s.Log())
			case <-tick.C:
			}
			if last, err = counts(ctx, s, token, launch); err != nil {
				return err
			}
			continue
		}
		r.line("acknowledged and now there", fmt.Sprintf("%s of %s", thousands(float64(last.Counts.Feedback)), thousands(float64(accepted))), "all", last.Counts.Feedback == accepted)
		return nil
	}
}

type floodResult struct {
	latency    spread // of answers 202 within the measured time
	accepted   int    // answers 202 at any time
	refused    int    // answers 429
	errors     int
	firstError string
}

// flood sends items from many connections for warm+length.
func flood(ctx context.Context, s *proc.Server, token, launch string, clients int, warm, length time.Duration) (floodResult, error) {
	// The texts are made before the clock starts; each client has its own, and
	// only the external id, of fixed width, changes from request to request.
	const texts = 200
	const idForm = "bench-%03d-%010d"
	path := "/api/v1/launches/" + launch + "/feedback"
	end := time.Now().Add(-time.Hour)
	prepared := make([][][]byte, clients)
	offset := make([][]int, clients)
	for i := range clients {
		g := corpus.New(uint64(i)+1, end)
		for range texts {
			it := g.Next()
			it.ExternalID = fmt.Sprintf(idForm, i, 0)
			body, err := json.Marshal(it)
			if err != nil {
				return floodResult{}, err
			}
			req := wire.Request("POST", path, s.Addr, token, body)
			at := indexAfter(req, fmt.Sprintf("bench-%03d-", i))
			if at < 0 {
				return floodResult{}, errors.New("the external id is not in the request")
			}
			prepared[i], offset[i] = append(prepared[i], req), append(offset[i], at)
		}
	}

	ctx, cancel := context.WithTimeout(ctx, warm+length)
	defer cancel()
	measureFrom := time.Now().Add(warm)
	measureTo := measureFrom.Add(length)
	results := make([]floodResult, clients)
	var stop atomic.Bool
	context.AfterFunc(ctx, func() { stop.Store(true) })
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := wire.New(s.Addr, 10*time.Second)
			defer c.Close()
			r := &results[i]
			r.latency = make(spread, 0, 1<<16)
			for n := 0; !stop.Load(); n++ {
				req := prepared[i][n%texts]
				putDigits(req[offset[i][n%texts]:], n)
				sent := time.Now()
				res, err := c.Do(req)
				now := time.Now()
				switch {
				case err != nil:
					r.fail(err.Error())
				case res.Status == 202:
					r.accepted++
					if sent.After(measureFrom) && now.Before(measureTo) {
						r.latency = append(r.latency, now.Sub(sent))
					}
				case res.Status == 429:
					r.refused++
					select { // what a decent client does
					case <-ctx.Done():
					case <-time.After(time.Duration(max(1, res.RetryAfter)) * time.Second):
					}
				default:
					r.fail(fmt.Sprintf("%d %s", res.Status, res.Body))
				}
			}
		})
	}
	wg.Wait()
	var sum floodResult
	for i := range results {
		r := &results[i]
		sum.latency = append(sum.latency, r.latency...)
		sum.accepted += r.accepted
		sum.refused += r.refused
		sum.errors += r.errors
		if sum.firstError == "" {
			sum.firstError = r.firstError
		}
	}
	return sum, nil
}

func (r *floodResult) fail(what string) {
	r.errors++
	if r.firstError == "" {
		r.firstError = " first: " + what
	}
}

// putDigits writes n with ten digits.
func putDigits(b []byte, n int) {
	for i := 9; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

func indexAfter(b []byte, what string) int {
	for i := 0; i+len(what) <= len(b); i++ {
		if string(b[i:i+len(what)]) == what {
			return i + len(what)
		}
	}
	return -1
}
