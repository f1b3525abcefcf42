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
	job.Handle(a.jobs, a.sweep)
	a.jobs.Every(15*time.Minute, sweepArgs{})
}

// sweepArgs asks for housekeeping: what has served its time is forgotten,
// what depends on the time of day is counted again.
type sweepArgs struct{}

// Kind implements job.Args.
func (sweepArgs) Kind() string { return "records.sweep" }

func (a *App) sweep(ctx context.Context, _ sweepArgs) error {
	_, err := a.issues.Refresh(ctx)
	return errors.Join(a.feedback.Sweep(ctx), err)
}
