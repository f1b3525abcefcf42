package measure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Service is what the rest of the product may ask.
type Service struct {
	feedback *feedback.Service
	issues   *issue.Service
	launches *launch.Service
	sources  []Source
	now      func() time.Time
}

// Deps are what a Service needs.
type Deps struct {
	Feedback *feedback.Service
	Issues   *issue.Service
	Launches *launch.Service
	// Sources tell of more than feedback and issues in the list of what
	// happened.
	Sources []Source
}

// NewService returns the service.
func NewService(d Deps) *Service {
	s := &Service{feedback: d.Feedback, issues: d.Issues, launches: d.Launches, now: time.Now}
	s.sources = append([]Source{{Name: "feedback", Before: s.arrivals}, {Name: "issue", Before: s.changes}}, d.Sources...)
	return s
}

// moment is the time that a caller asks about: the present for the zero time,
// a quarter of an hour of the past otherwise.
func (s *Service) moment(at time.Time) (_ time.Time, live bool, err error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	switch {
	case at.IsZero():
		return now, true, nil
	case at.After(now):
		return now, false, errs.New(errs.Invalid, "The time %s lies in the future; leave at out to see the present.", at.UTC().Format(time.RFC3339))
	case at.Year() < 1990:
		return now, false, errs.New(errs.Invalid, "The time %s is too long ago; choose one within the launch.", at.UTC().Format(time.RFC3339))
	}
	return at.UTC().Truncate(slot), false, nil
}

// Pulse measures a launch as of a time (the present when it is zero), with a
// chart over a range.
func (s *Service) Pulse(ctx context.Context, launchID string, at time.Time, span string) (*Pulse, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if span == "" {
		span = "7d"
	}
	if !slices.Contains(ranges, span) {
		return nil, errs.New(errs.Invalid, "There is no range %q; use %s.", span, strings.Join(ranges, ", "))
	}
	src := &sources{span: span}
	if src.launch, err = s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	if src.zone, err = time.LoadLocation(src.launch.TimeZone); err != nil {
		return nil, fmt.Errorf("time zone of launch %s: %w", launchID, err)
	}
	if src.at, src.live, err = s.moment(at); err != nil {
		return nil, err
	}
	if err := s.read(ctx, a.Workspace, src); err != nil {
		return nil, err
	}
	p := src.pulse()
	p.TookMS = float64(time.Since(start).Microseconds()) / 1000
	return p, nil
}

// read asks feedback and issues for what a pulse is made of.
func (s *Service) read(ctx context.Context, ws workspace.ID, src *sources) (err error) {
	id, at := src.launch.ID, src.at.UnixMicro()
	if src.flow, err = s.feedback.Flow(ctx, ws, id, src.query()); err != nil {
		return err
	}
	if src.turns, err = s.issues.Turns(ctx, ws, id, at); err != nil {
		return err
	}
	if src.critical, err = s.issues.CriticalAt(ctx, ws, id, at); err != nil {
		return err
	}
	if src.reopened, err = s.issues.ReopenedIn(ctx, ws, id, src.at.Add(-reopenedIn).UnixMicro(), at); err != nil {
		return err
	}
	if src.issues, err = s.issues.OpenAt(ctx, ws, id, at, topIssues); err != nil {
		return err
	}
	if src.flow.Oldest.Num != 0 {
		ids, err := s.feedback.IDsOf(ctx, ws, []int64{src.flow.Oldest.Num})
		if err != nil {
			return err
		}
		if len(ids) == 1 {
			src.oldestID = ids[0]
		}
	}
	return nil
}
