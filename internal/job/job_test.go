package job_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/job"
)

type countArgs struct {
	To int `json:"to"`
}

func (countArgs) Kind() string { return "test.count" }

func TestJobsRunInSlicesOnceAndOnlyAfterCommit(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	r, err := job.New(t.Context(), d, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	runs := make(chan int, 100)
	n := 0
	job.Handle(r, func(_ context.Context, a countArgs) error {
		n++
		runs <- n
		if n < a.To {
			return job.ErrAgain
		}
		return nil
	})
	ctx := t.Context()
	boom := errors.New("boom")
	err = d.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(r.Insert(ctx, tx, "rolled-back", countArgs{99}, time.Time{}), boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(r.Insert(ctx, tx, "k", countArgs{3}, time.Time{}), r.Insert(ctx, tx, "k", countArgs{3}, time.Time{}))
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for want := 1; want <= 3; want++ {
		select {
		case got := <-runs:
			if got != want {
				t.Errorf("run %d, want %d", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("slice %d never ran", want)
		}
	}
	if err := r.Stop(ctx); err != nil {
		t.Error(err)
	}
	if len(runs) != 0 {
		t.Errorf("%d runs too many", len(runs))
	}
}
