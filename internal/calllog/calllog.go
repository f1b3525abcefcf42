// Package calllog is the call log as people and the gateway meet it: what
// becomes a record, who may ask for what, the tokens that a search is written
// in, export, the live tail, and what is captured of payloads. How records
// are kept and found is package call's business.
package calllog

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Log keeps calls: package call's own over files, or one that many nodes
// share. Append must not wait.
type Log interface {
	Append(r *call.Record) bool
	Sync(ctx context.Context) error
	Find(ctx context.Context, ws workspace.ID, q call.Query) (*call.Page, error)
	Get(ctx context.Context, ws workspace.ID, id call.ID) (*call.Record, error)
	Count(ctx context.Context, ws workspace.ID, q call.Query) (int64, error)
	Histogram(ctx context.Context, ws workspace.ID, q call.Query, buckets int) (*call.Histogram, error)
	Heatmap(ctx context.Context, ws workspace.ID, q call.Query, columns int) (*call.Heatmap, error)
	Facets(ctx context.Context, ws workspace.ID, q call.Query, fields []call.Field, top int) (*call.Facets, error)
	UserCalls(ctx context.Context, ws workspace.ID, who call.Who, at time.Time, ago, later time.Duration, limit int) ([]call.Record, error)
	Erase(ctx context.Context, ws workspace.ID, q call.Query) (int64, error)
	Tail(ws workspace.ID, q call.Query) (*call.Tail, error)
	Stats() call.Stats
}

// Deps are what a Service is made of.
type Deps struct {
	DB   *db.DB
	Log  *slog.Logger
	Node string          // name of this process among others, in every record
	Done <-chan struct{} // closed when streams must end
	// Each calls fn for every workspace.
	Each func(ctx context.Context, fn func(context.Context, workspace.ID) error) error
	// Cover returns what covers exports of a workspace; nil: nothing does.
	Cover func(context.Context, workspace.ID) (*mask.Masker, error)
}

// Service is what the rest of the product may do with the call log.
type Service struct {
	db     *db.DB
	log    *slog.Logger
	node   string
	done   <-chan struct{}
	each   func(context.Context, func(context.Context, workspace.ID) error) error
	cover  func(context.Context, workspace.ID) (*mask.Masker, error)
	store  Log // nil: this node keeps none
	home   atomic.Pointer[workspace.ID]
	drops  drops
	buffer sync.Pool // of *scratch

	captures *captures

	tails   atomic.Int64
	exports chan struct{}
}

// NewService returns the service. Without a store nothing is recorded and
// every question is answered by saying so.
func NewService(d Deps, store Log) *Service {
	return &Service{db: d.DB, log: d.Log, node: d.Node, done: d.Done, each: d.Each, cover: d.Cover, exports: make(chan struct{}, maxExports), captures: newCaptures(), store: store, buffer: sync.Pool{New: func() any { return &scratch{} }}}
}

// need is the first line of every question: who asks, and whether there is a
// log to ask.
func (s *Service) need(ctx context.Context, p workspace.Permission) (workspace.Actor, error) {
	a, err := workspace.Need(ctx, p)
	if err != nil {
		return a, err
	}
	if s.store == nil {
		return a, errs.New(errs.Unavailable, "This node keeps no call log: it has no gateway, or runs with --call-log=false.")
	}
	return a, nil
}

// On reports whether calls are recorded here.
func (s *Service) On() bool { return s.store != nil }

// Run does what is not done on the way of a call, until ctx ends: what was
// captured is masked, and whose the calls are that no route took is found out.
func (s *Service) Run(ctx context.Context) {
	if s.store == nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.maskAll(ctx) })
	s.findHome(ctx)
	wg.Wait()
}

// findHome keeps in mind which workspace is the only one.
func (s *Service) findHome(ctx context.Context) {
	const every = 5 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var ids []workspace.ID
		err := s.each(ctx, func(_ context.Context, id workspace.ID) error { ids = append(ids, id); return nil })
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "look for the only workspace", "err", err)
		case len(ids) == 1:
			s.home.Store(&ids[0])
		case len(ids) > 1:
			s.home.Store(nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
