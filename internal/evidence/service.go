package evidence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Deps are what a Service is made of.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Issues   *issue.Service
	Launches *launch.Service
	Calls    Calls // nil: this node keeps no calls
	// Sources bring what is no call.
	Sources []Source
}

// Service is what the rest of the product may do with evidence.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	issues   *issue.Service
	launches *launch.Service
	calls    Calls
	sources  []Source
	usual    *usual
	masker   *mask.Masker
	now      func() time.Time
}

// NewService returns the service.
func NewService(d Deps) (*Service, error) {
	m, err := mask.Compile(mask.Spec{})
	if err != nil {
		return nil, fmt.Errorf("what evidence is masked by: %w", err)
	}
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, issues: d.Issues, launches: d.Launches, calls: d.Calls, sources: d.Sources, masker: m, now: time.Now}
	s.usual = newUsual(d.Calls, func() time.Time { return s.now() })
	return s, nil
}

// zone is that of a launch; UTC when it is gone.
func (s *Service) zone(ctx context.Context, ws workspace.ID, launchID string) (*time.Location, error) {
	z, err := s.launches.TimeZone(ctx, ws, launchID)
	if errs.Is(err, errs.NotFound) {
		return time.UTC, nil
	}
	return z, err
}

// Of returns what stands behind a feedback: looked for now, with what people
// pinned.
func (s *Service) Of(ctx context.Context, feedbackID string) (*Evidence, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	began := s.now()
	l, err := s.of(ctx, a.Workspace, feedbackID)
	if err != nil {
		return nil, err
	}
	out := l.evidence()
	if err := s.withPins(ctx, a.Workspace, feedbackID, out); err != nil {
		return nil, err
	}
	if err := s.withVotes(ctx, a, feedbackID, out.Items); err != nil {
		return nil, err
	}
	out.TookMS = float64(s.now().Sub(began).Microseconds()) / 1000
	return out, nil
}

// of looks for the evidence of a feedback, and keeps the best of it.
func (s *Service) of(ctx context.Context, ws workspace.ID, feedbackID string) (*look, error) {
	list, err := s.feedback.GetMany(ctx, s.db, ws, []string{feedbackID})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.New(errs.NotFound, "There is no feedback %.60s in this workspace; it may still be on its way.", feedbackID)
	}
	w, err := s.weights(ctx, ws)
	if err != nil {
		return nil, err
	}
	return s.collect(ctx, ws, list[0], w)
}

// evidence is a look as the API has it.
func (l *look) evidence() *Evidence {
	e := &Evidence{Window: l.window, Items: []Item{}, Before: []Before{}, CallsTotal: l.total, TiedBy: l.tied, Truncated: l.cut}
	if l.f.Author.PersonID != "" {
		e.Person = &Person{ID: l.f.Author.PersonID, Name: l.f.Author.Name}
	}
	for _, c := range l.list {
		if len(e.Items) == maxItems {
			break
		}
		if c.score < leastScore && len(e.Items) >= fewItems {
			break
		}
		e.Items = append(e.Items, c.itemOf())
	}
	l.before(e)
	return e
}

// What is hardly likely is shown only while there is hardly anything.
const (
	leastScore = .03
	fewItems   = 5
)

// before are the calls of the two minutes before the report: those of the
// moment that its best evidence speaks for, where it names several.
func (l *look) before(e *Evidence) {
	at := l.f.ReceivedAt
	for _, a := range l.window.anchors {
		if a.at.Equal(at) {
			continue
		}
		if n, m := l.within(a.at), l.within(at); n > 0 && m == 0 {
			at = a.at
		}
	}
	for _, r := range l.own {
		t := r.At()
		if t.Before(at.Add(-before)) || t.After(at.Add(time.Second)) {
			continue
		}
		v, _ := badness(r, l.base.get().route(r.Route), l.size)
		e.Before = append(e.Before, Before{Call: shape(r), OffsetMS: t.Sub(at).Milliseconds(), Bad: v >= .45})
	}
	if n := len(e.Before); n > maxBefore {
		e.Before = e.Before[n-maxBefore:]
	}
}

func (l *look) within(at time.Time) (n int) {
	for _, r := range l.own {
		if t := r.At(); !t.Before(at.Add(-before)) && !t.After(at) {
			n++
		}
	}
	return n
}

func shape(r *call.Record) calllog.Call { return calllog.Shape(r) }

// one finds something by its id, for what people add by hand.
func (s *Service) one(ctx context.Context, ws workspace.ID, l *look, id string) (*candidate, error) {
	kind, rest, err := split(id)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(l.list, func(c *candidate) bool { return c.id == id }); at >= 0 {
		return l.list[at], nil
	}
	var c *candidate
	switch kind {
	case Call:
		cid, err := call.ParseID(rest)
		if err != nil {
			return nil, err
		}
		if s.calls == nil {
			return nil, missing(kind, rest)
		}
		r, err := s.calls.Get(ctx, ws, cid)
		if err != nil {
			return nil, err
		}
		c = l.candidate(r)
	case Release:
		f, err := s.release(ctx, ws, rest)
		if err != nil {
			return nil, err
		}
		c = l.other(Release, f)
	default:
		f, err := s.fromSource(ctx, ws, kind, rest)
		if err != nil {
			return nil, err
		}
		c = l.other(kind, f)
	}
	c.add(prior)
	c.strong = c.strength(nil, -1, l.text)
	c.reason = c.because()
	return c, nil
}

func missing(kind, id string) error {
	return errs.New(errs.NotFound, "There is no %s %.80s; it may be older than what is kept.", kind, id)
}

// fromSource gets something from whichever source of its kind has it.
func (s *Service) fromSource(ctx context.Context, ws workspace.ID, kind, id string) (*Found, error) {
	for _, src := range s.sources {
		if src.Kind() != kind {
			continue
		}
		f, err := src.Get(ctx, ws, id)
		if err == nil || !errs.Is(err, errs.NotFound) {
			return f, err
		}
	}
	return nil, missing(kind, id)
}

// gone reports whether an error says that something is not there any more.
func gone(err error) bool {
	return errs.Is(err, errs.NotFound) || errors.Is(err, context.DeadlineExceeded)
}
