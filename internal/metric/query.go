package metric

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hypercare/hypercare/internal/errs"
)

// maxPoints bounds the steps of a range query, as Prometheus does.
const maxPoints = 11_000

// gate bounds how many queries run at once: of all workspaces, and of one, so
// that one can't keep the others waiting.
type gate struct {
	all chan struct{}
	mu  sync.Mutex
	own map[string]int
}

const (
	queriesAtOnce = 8
	queriesOfOne  = 4
	queryPatience = 10 * time.Second
)

func newGate() gate { return gate{all: make(chan struct{}, queriesAtOnce), own: map[string]int{}} }

// maxWaiting bounds those of one workspace that wait or run.
const maxWaiting = 64

func (g *gate) enter(ctx context.Context, ws string) (leave func(), err error) {
	busy := func(why string) error {
		return errs.TooBusy(time.Second, "%s; ask again in a moment, for a shorter range or a longer step.", why)
	}
	if !g.add(ws, maxWaiting) {
		return nil, busy(fmt.Sprintf("%d queries of this workspace are under way already", maxWaiting))
	}
	patience := time.NewTimer(queryPatience)
	defer patience.Stop()
	// One workspace takes half of the places at most.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if g.run(ws) {
			return func() { g.done(ws) }, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			g.add(ws, -1)
			return nil, ctx.Err()
		case <-patience.C:
			g.add(ws, -1)
			return nil, busy("Too many queries are under way")
		}
	}
}

// add counts one that waits, up to most; -1 takes it away.
func (g *gate) add(ws string, most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := "wait " + ws
	if most < 0 {
		if g.own[key]--; g.own[key] == 0 {
			delete(g.own, key)
		}
		return true
	}
	if g.own[key] >= most {
		return false
	}
	g.own[key]++
	return true
}

// run takes a place if there is one.
func (g *gate) run(ws string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.own["run "+ws] >= queriesOfOne {
		return false
	}
	select {
	case g.all <- struct{}{}:
		g.own["run "+ws]++
		return true
	default:
		return false
	}
}

func (g *gate) done(ws string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	<-g.all
	for _, key := range []string{"run " + ws, "wait " + ws} {
		if g.own[key]--; g.own[key] == 0 {
			delete(g.own, key)
		}
	}
}

// Answer is what a query found. Close it when it has been read: it lends its
// memory.
type Answer struct {
	Value parser.Value
	Notes annotations.Annotations
	query promql.Query
	leave func()
}

// Close gives back what the answer lent.
func (a *Answer) Close() {
	a.query.Close()
	a.leave()
}

// Query evaluates an expression at one time.
func (p Space) Query(ctx context.Context, expr string, at time.Time) (*Answer, error) {
	return p.ask(ctx, expr, func(ctx context.Context, q storage.Queryable) (promql.Query, error) {
		return p.store.engine.NewInstantQuery(ctx, q, nil, expr, at)
	})
}

// QueryRange evaluates an expression at each step of a range.
func (p Space) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) (*Answer, error) {
	switch {
	case end.Before(start):
		return nil, errs.New(errs.Invalid, "The end of the range is before its start; swap them.")
	case step <= 0:
		return nil, errs.New(errs.Invalid, "The step must be longer than nothing; send seconds or a duration such as 15s.")
	case end.Sub(start)/step > maxPoints:
		return nil, errs.New(errs.Invalid, "This range has more than %d steps (11,000 is what Prometheus allows); ask for a longer step or a shorter range.", maxPoints)
	}
	return p.ask(ctx, expr, func(ctx context.Context, q storage.Queryable) (promql.Query, error) {
		return p.store.engine.NewRangeQuery(ctx, q, nil, expr, start, end, step)
	})
}

func (p Space) ask(ctx context.Context, expr string, make func(context.Context, storage.Queryable) (promql.Query, error)) (*Answer, error) {
	if p.ws == "" {
		return nil, errNobody
	}
	if len(expr) > 64<<10 {
		return nil, errs.New(errs.TooLarge, "The expression is longer than 64 kB; make it shorter.")
	}
	if _, err := p.store.opened(); err != nil {
		return nil, err
	}
	leave, err := p.store.gate.enter(ctx, p.ws)
	if err != nil {
		return nil, err
	}
	q, err := make(ctx, p)
	if err != nil {
		leave()
		return nil, errs.Wrap(errs.Invalid, err, "%s", err.Error())
	}
	res := q.Exec(ctx)
	if res.Err != nil {
		q.Close()
		leave()
		return nil, queryError(res.Err)
	}
	return &Answer{Value: res.Value, Notes: res.Warnings, query: q, leave: leave}, nil
}

// queryError says what can be done about a query that failed.
func queryError(err error) error {
	var (
		slow promql.ErrQueryTimeout
		left promql.ErrQueryCanceled
		big  promql.ErrTooManySamples
		disk promql.ErrStorage
	)
	switch {
	case errors.As(err, &slow):
		return errs.Wrap(errs.Unavailable, err, "The query took longer than %s; ask for a shorter range or fewer series.", queryTimeout)
	case errors.As(err, &left):
		return errs.Wrap(errs.Unavailable, context.Canceled, "The query was stopped before it was answered.")
	case errors.As(err, &big):
		return errs.Wrap(errs.Unprocessable, err, "The query would load more than %d samples at once; ask for a shorter range or fewer series.", querySamples)
	case errors.As(err, &disk):
		return fmt.Errorf("read the metrics: %w", err)
	}
	return errs.Wrap(errs.Unprocessable, err, "%s", err.Error())
}

// Vector evaluates an expression for rules: they have their own bound of how
// many run at once, so that dashboards can't keep alerts waiting. The result
// is the caller's.
func (p Space) Vector(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	if p.ws == "" {
		return nil, errNobody
	}
	q, err := p.store.engine.NewInstantQuery(ctx, p, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, queryError(res.Err)
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		return slices.Clone(v), nil
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, nil
	}
	return nil, errs.New(errs.Unprocessable, "The expression of a rule must be a vector or a scalar.")
}
