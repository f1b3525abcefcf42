package evidence

import (
	"context"
	"errors"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of one round.
const (
	reachFor  = 48 * time.Hour // issues without a report for so long are left as they are
	mostReach = 60
	reachTime = 5 * time.Minute
)

// MeasureReach tells the issues that are reported now how many people met the
// same failure without saying so.
func (s *Service) MeasureReach(ctx context.Context) error {
	if s.calls == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	list, err := s.issues.Burning(ctx, s.now().Add(-reachFor), mostReach)
	if err != nil {
		return err
	}
	var wrong []error
	for _, p := range list {
		if err := s.measureReach(ctx, p); err != nil && !errs.Is(err, errs.NotFound) {
			wrong = append(wrong, err)
		}
		if ctx.Err() != nil {
			break // the rest comes in the next round
		}
	}
	return errors.Join(wrong...)
}

func (s *Service) measureReach(ctx context.Context, p issue.Owned) error {
	c, err := s.CauseOf(workspace.System(ctx, p.Workspace), p.ID)
	if err != nil {
		return err
	}
	return s.issues.SetMet(ctx, p, max(0, int(c.Reach.People)-c.Reach.Reported))
}
