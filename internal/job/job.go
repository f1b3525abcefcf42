// Package job runs work in the background, at least once, from rows that the
// writer's own transaction inserted. It wraps River so that no other package
// knows River's types. Work on single reports is not here: the ledger of
// deliveries is its own queue (see feedback).
package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/hypercare/hypercare/internal/db"
)

// Args describes one unit of work; it is stored as JSON. Kind is noun.verb.
// Ids, not objects: the work reads what is true when it runs.
type Args interface{ Kind() string }

// Runner inserts, claims and runs jobs.
type Runner struct {
	client *river.Client[*sql.Tx]
	run    map[string]func(context.Context, json.RawMessage) error
	every  []*river.PeriodicJob
	log    *slog.Logger
	driver riverdriver.Driver[*sql.Tx]
}

// envelope is the only job type that River sees: our kinds are dispatched
// here, so that a handler may be registered without River's generics.
type envelope struct {
	Name string          `json:"name" river:"unique"`
	Key  string          `json:"key" river:"unique"`
	Args json.RawMessage `json:"args"`
}

// Kind implements river.JobArgs.
func (envelope) Kind() string { return "hypercare" }

// New returns a runner on d and makes its tables. Register handlers, then
// Start.
func New(ctx context.Context, d *db.DB, log *slog.Logger) (*Runner, error) {
	r := &Runner{run: map[string]func(context.Context, json.RawMessage) error{}, log: log}
	if d.Postgres() {
		r.driver = riverdatabasesql.New(d.Writer())
	} else {
		r.driver = riversqlite.New(d.Writer())
	}
	m, err := rivermigrate.New(r.driver, &rivermigrate.Config{Logger: quiet(log)})
	if err != nil {
		return nil, fmt.Errorf("read job migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("make the job tables: %w", err)
	}
	if !d.Shared() {
		// This process holds the data folder, so whatever ran is dead.
		if err := d.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
			return err
		}); err != nil {
			return nil, fmt.Errorf("wake interrupted jobs: %w", err)
		}
	}
	return r, nil
}

// quiet passes only River's warnings on: it logs its own comings and goings.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(levelHandler{log.Handler()}) }

type levelHandler struct{ slog.Handler }

func (levelHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle registers the function that works off jobs of type A. fn must be
// safe to run again: a crash in the middle means it is.
func Handle[A Args](r *Runner, fn func(context.Context, A) error) {
	var zero A
	r.run[zero.Kind()] = func(ctx context.Context, b json.RawMessage) error {
		var a A
		if err := json.Unmarshal(b, &a); err != nil {
			return Cancel(fmt.Errorf("unmarshal %s: %w", zero.Kind(), err))
		}
		return fn(ctx, a)
	}
}

// Every inserts args each period, on one node of a cluster.
func (r *Runner) Every(period time.Duration, args Args) {
	r.every = append(r.every, river.NewPeriodicJob(river.PeriodicInterval(period), func() (river.JobArgs, *river.InsertOpts) {
		e, opts, err := wrap(args, "periodic", time.Time{})
		if err != nil {
			return nil, nil
		}
		return e, opts
	}, &river.PeriodicJobOpts{RunOnStart: true}))
}

type worker struct {
	river.WorkerDefaults[envelope]
	r *Runner
}

// Slice is how long one run of a job may take. Longer work saves where it is
// and returns ErrAgain: so a job whose process died is known by its age, and
// runs elsewhere soon.
const Slice = 10 * time.Second

// Timeout gives a slice time to end by itself.
func (worker) Timeout(*river.Job[envelope]) time.Duration { return timeout }

const timeout = Slice + 20*time.Second

func (w worker) Work(ctx context.Context, j *river.Job[envelope]) error {
	fn, ok := w.r.run[j.Args.Name]
	if !ok {
		return river.JobCancel(fmt.Errorf("no handler for %q", j.Args.Name))
	}
	start := time.Now()
	err := fn(ctx, j.Args.Args)
	var stop cancelError
	switch {
	case errors.Is(err, ErrAgain):
		return river.JobSnooze(0)
	case errors.As(err, &stop):
		w.r.log.ErrorContext(ctx, "job given up", "job", j.Args.Name, "key", j.Args.Key, "err", err)
		return river.JobCancel(err)
	case err != nil && ctx.Err() == nil:
		w.r.log.WarnContext(ctx, "job failed, will run again", "job", j.Args.Name, "key", j.Args.Key, "attempt", j.Attempt, "err", err)
	case err == nil:
		w.r.log.DebugContext(ctx, "job done", "job", j.Args.Name, "key", j.Args.Key, "took_ms", time.Since(start).Milliseconds())
	}
	return err
}

// ErrAgain is what a job returns that has saved its progress and has more to do.
var ErrAgain = errors.New("more to do")

type cancelError struct{ err error }

func (e cancelError) Error() string { return e.err.Error() }
func (e cancelError) Unwrap() error { return e.err }

// Cancel marks an error after which running again is pointless.
func Cancel(err error) error { return cancelError{err} }

// Start begins to work; jobs inserted before run now. Stop with Stop.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.build(); err != nil {
		return err
	}
	if err := r.client.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	return nil
}

func (r *Runner) build() error {
	if r.client != nil {
		return nil
	}
	ws := river.NewWorkers()
	river.AddWorker(ws, worker{r: r})
	client, err := river.NewClient(r.driver, &river.Config{
		Logger:               quiet(r.log),
		Workers:              ws,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		FetchPollInterval:    500 * time.Millisecond,
		FetchCooldown:        100 * time.Millisecond,
		PeriodicJobs:         r.every,
		JobTimeout:           timeout,
		RescueStuckJobsAfter: timeout + 5*time.Second, // its process died
		MaxAttempts:          20,
	})
	if err != nil {
		return fmt.Errorf("set jobs up: %w", err)
	}
	r.client = client
	return nil
}

// Stop interrupts running jobs and waits for them; they run again, from where
// they saved, at the next start.
func (r *Runner) Stop(ctx context.Context) error {
	if r.client == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.client.StopAndCancel(hard); err != nil {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}

// Insert schedules args as part of tx. A job of the same kind and key that
// waits or runs already is not inserted again.
func (r *Runner) Insert(ctx context.Context, tx *db.Tx, key string, args Args, at time.Time) error {
	if err := r.build(); err != nil {
		return err
	}
	e, opts, err := wrap(args, key, at)
	if err != nil {
		return err
	}
	if _, err := r.client.InsertTx(ctx, tx.Tx, e, opts); err != nil {
		return fmt.Errorf("schedule %s %s: %w", args.Kind(), key, err)
	}
	return nil
}

func wrap(args Args, key string, at time.Time) (envelope, *river.InsertOpts, error) {
	b, err := json.Marshal(args)
	if err != nil {
		return envelope{}, nil, fmt.Errorf("marshal %s: %w", args.Kind(), err)
	}
	return envelope{Name: args.Kind(), Key: key, Args: b}, &river.InsertOpts{
		ScheduledAt: at,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}, nil
}
