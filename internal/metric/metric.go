// Package metric keeps time series and answers PromQL over them: an embedded
// Prometheus TSDB in the data folder, fed by the gateway's counters, by remote
// write and by OTLP, and asked by the API that Prometheus has. Rules over the
// series are in package watch.
//
// All workspaces share one head and one write-ahead log. Every series carries
// its workspace as a label that nobody outside this package sees: a Space is
// the only way to the series, it is of one workspace, it puts the label on
// what is written, asks for it in what is read, and takes it off what it
// answers.
package metric

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Options bound what the series may take. The zero value of each is good.
type Options struct {
	Retention  time.Duration // 15 days when 0
	MaxBytes   int64         // of blocks on disk, the oldest go first; 4 GB when 0
	MaxSeries  int           // active ones of a workspace; 50,000 when 0
	OutOfOrder time.Duration // how late a sample may be; 2 hours when 0
}

// Keep sets how long, as Prometheus writes durations, and how many MB are kept.
func (o *Options) Keep(retention string, mb int64) error {
	d, err := model.ParseDuration(retention)
	if err != nil || d < model.Duration(3*time.Hour) {
		return fmt.Errorf("--metrics-retention must be a duration of 3h or more, such as 15d, not %q", retention)
	}
	if mb < 64 {
		return fmt.Errorf("--metrics-size must be 64 MB or more, not %d", mb)
	}
	o.Retention, o.MaxBytes = time.Duration(d), mb<<20
	return nil
}

func (o *Options) fill() {
	if o.Retention == 0 {
		o.Retention = 15 * 24 * time.Hour
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 4 << 30
	}
	if o.MaxSeries == 0 {
		o.MaxSeries = 50_000
	}
	if o.OutOfOrder == 0 {
		o.OutOfOrder = 2 * time.Hour
	}
}

// The bounds of a query.
const (
	queryTimeout = 30 * time.Second
	querySamples = 10_000_000 // in memory at once, 16 bytes each
	lookback     = 5 * time.Minute
)

// Store is the series of all workspaces.
type Store struct {
	dir    string
	opts   Options
	log    *slog.Logger
	db     *tsdb.DB      // when ready is closed, and broken is nil
	ready  chan struct{} // closed when what was on disk has been read
	broken error
	engine *promql.Engine
	parser parser.Parser
	now    func() time.Time
	free   func(dir string) int64

	series *census
	gate   gate
	words  wordbook
	share  *share // nil: there is no other node

	failing atomic.Pointer[string] // why nothing can be stored; nil: it can
	stop    context.CancelFunc
	bg      sync.WaitGroup
}

// Open opens the series in a folder. What is on disk is read in the
// background, the log of a killed process too, since that may take seconds;
// until then there is nothing to ask. Wait waits for it.
func Open(dir string, o Options, log *slog.Logger) (*Store, error) {
	o.fill()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the metrics: %w", err)
	}
	s := &Store{dir: dir, opts: o, log: log, now: time.Now, free: freeBytes, series: newCensus(o.MaxSeries), gate: newGate(), ready: make(chan struct{})}
	s.parser = parser.NewParser(parser.Options{})
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger: quiet(log), MaxSamples: querySamples, Timeout: queryTimeout, LookbackDelta: lookback,
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: s.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
	t := tsdb.DefaultOptions()
	t.RetentionDuration, t.MaxBytes = o.Retention.Milliseconds(), o.MaxBytes
	t.OutOfOrderTimeWindow = o.OutOfOrder.Milliseconds()
	t.MaxBlockDuration = max(t.MinBlockDuration, min(31*24*time.Hour, o.Retention/10).Milliseconds())
	t.NoLockfile = true // the data folder is held already
	t.WALCompression = compression.Snappy
	t.WALSegmentSize = 32 << 20
	t.StripeSize = 4096
	t.EnableSTAsZeroSample = true
	t.EnableMemorySnapshotOnShutdown = true
	t.SeriesLifecycleCallback = s.series
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.bg.Go(func() { s.watchDisk(ctx) })
	s.bg.Go(func() {
		defer close(s.ready)
		if s.db, s.broken = tsdb.Open(dir, quiet(log), prometheus.NewRegistry(), t, nil); s.broken != nil {
			log.ErrorContext(ctx, "the metrics can't be opened; to go on without their history, move the folder away", "folder", dir, "err", s.broken)
		}
		s.series.live.Store(true)
	})
	return s, nil
}

// Wait waits until the series can be asked.
func (s *Store) Wait(ctx context.Context) error {
	select {
	case <-s.ready:
		_, err := s.opened()
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// opened is the database, once it can be asked.
func (s *Store) opened() (*tsdb.DB, error) {
	select {
	case <-s.ready:
	default:
		return nil, errs.New(errs.Unavailable, "The metrics are still being read from disk; try again in a moment.")
	}
	if s.broken != nil {
		return nil, errs.Wrap(errs.Unavailable, s.broken, "The metrics on disk can't be opened; the log says why.")
	}
	return s.db, nil
}

// quiet passes only warnings on: the library tells each compaction.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return promslog.NewNopLogger()
	}
	return slog.New(levelHandler{log.Handler()})
}

type levelHandler struct{ slog.Handler }

func (h levelHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Close ends queries' access and flushes what is in memory to the log.
func (s *Store) Close() error {
	s.stop()
	s.bg.Wait()
	var err error
	if s.broken == nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.engine.Close())
}

// diskReserve is the room that metrics leave to the records.
const diskReserve = 128 << 20

// watchDisk looks at the room that is left, so that metrics stop before the
// records have none.
func (s *Store) watchDisk(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		s.checkDisk(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Store) checkDisk(ctx context.Context) {
	free := s.free(s.dir)
	if free >= 0 && free < diskReserve {
		s.fail(ctx, fmt.Sprintf("there are %d MB left on the disk of %s, and metrics need %d", free>>20, s.dir, diskReserve>>20))
		return
	}
	if old := s.failing.Swap(nil); old != nil {
		s.log.InfoContext(ctx, "metrics are stored again")
	}
}

// fail notes why nothing can be stored, and logs it once.
func (s *Store) fail(ctx context.Context, why string) {
	if old := s.failing.Swap(&why); old == nil {
		s.log.ErrorContext(ctx, "metrics are not stored", "reason", why)
	}
}

// storing refuses while nothing can be stored.
func (s *Store) storing() error {
	if why := s.failing.Load(); why != nil {
		return errs.New(errs.Unavailable, "Metrics are not stored at the moment: %s; make room, then send the same again.", *why)
	}
	return nil
}

// Failing says why nothing can be stored; "" when it can.
func (s *Store) Failing() string {
	select {
	case <-s.ready:
		if s.broken != nil {
			return "the metrics on disk can't be opened"
		}
	default:
	}
	if why := s.failing.Load(); why != nil {
		return *why
	}
	return ""
}

// Total is how many series of all workspaces are active, and how many samples
// were stored and refused since the start.
func (s *Store) Total() (series, stored, refused uint64) {
	if d, err := s.opened(); err == nil {
		series = d.Head().NumSeries()
	}
	return series, s.series.stored.Load(), s.series.refused.Load()
}

// State is how a workspace's series stand.
type State struct {
	Series    int64  `json:"series" doc:"Active: with a sample in the last hours."`
	MaxSeries int    `json:"max_series" doc:"A new series beyond this is not stored, and counted."`
	Limited   uint64 `json:"limited" doc:"Samples of series beyond the limit that were not stored since the process started."`
	Refused   uint64 `json:"refused" doc:"Samples that were not stored since then because they were too old, of the future, or not valid."`
	Stored    uint64 `json:"stored" doc:"Samples stored since then."`
	Retention string `json:"retention" example:"360h0m0s"`
	MaxBytes  int64  `json:"max_bytes" doc:"Of the blocks of all workspaces."`
	Bytes     int64  `json:"bytes" doc:"On disk, of all workspaces."`
	Failing   string `json:"failing,omitempty" doc:"Why nothing can be stored at the moment."`
}

// State of the actor's workspace.
func (s *Store) State(ctx context.Context) (*State, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	c := s.series.of(string(a.Workspace))
	out := &State{Series: c.active.Load(), MaxSeries: s.opts.MaxSeries, Limited: c.limited.Load(), Refused: c.refused.Load(), Stored: c.stored.Load(),
		Retention: s.opts.Retention.String(), MaxBytes: s.opts.MaxBytes, Failing: s.Failing()}
	out.Bytes = s.bytes()
	return out, nil
}

// bytes on disk: blocks, and what is in the log and mapped chunks.
func (s *Store) bytes() int64 {
	var n int64
	_ = filepath.WalkDir(s.dir, func(_ string, d os.DirEntry, err error) error { // a file that is gone meanwhile has no size
		if err == nil && d.Type().IsRegular() {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}
