package app

import (
	"context"
	"errors"
	"time"

	"github.com/hypercare/hypercare/internal/job"
)

// registerJobs names every background job on one page.
func (a *App) registerJobs() {
	a.imports.Jobs(a.jobs)
	a.people.Jobs(a.jobs)
	job.Handle(a.jobs, a.sweep)
	a.jobs.Every(15*time.Minute, sweepArgs{})
	job.Handle(a.jobs, a.measureReach)
	a.jobs.Every(10*time.Minute, reachArgs{})
	job.Handle(a.jobs, a.wake)
	a.jobs.Every(time.Minute, wakeArgs{})
}

// wakeArgs asks for a look at what was put off: what is due again is told to
// those who watch.
type wakeArgs struct{}

// Kind implements job.Args.
func (wakeArgs) Kind() string { return "feedback.wake" }

func (a *App) wake(ctx context.Context, _ wakeArgs) error {
	_, err := a.feedback.Wake(ctx)
	return errors.Join(err, a.outside.Sweep(ctx))
}

// reachArgs asks how many people met what is reported now.
type reachArgs struct{}

// Kind implements job.Args.
func (reachArgs) Kind() string { return "issue.reach" }

func (a *App) measureReach(ctx context.Context, _ reachArgs) error {
	return a.evidence.MeasureReach(ctx)
}

// sweepArgs asks for housekeeping: what has served its time is forgotten,
// what depends on the time of day is counted again.
type sweepArgs struct{}

// Kind implements job.Args.
func (sweepArgs) Kind() string { return "records.sweep" }

func (a *App) sweep(ctx context.Context, _ sweepArgs) error {
	_, err := a.issues.Refresh(ctx)
	return errors.Join(a.feedback.Sweep(ctx), a.privacy.Sweep(ctx), a.watch.Sweep(ctx), a.people.Sweep(ctx), a.spans.Sweep(ctx), a.crashes.Sweep(ctx), err)
}
