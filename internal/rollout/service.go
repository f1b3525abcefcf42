package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/rollout/analysis"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Server is the gateway, as far as this package needs it.
type Server interface {
	SetRollouts([]gateway.Rollout) error
	Rollouts() []gateway.RolloutState
	ProbeUpstream(ctx context.Context, workspace, upstream, path string, timeout time.Duration) ([]gateway.Probe, error)
}

// Publisher keeps the document that says what is stable.
type Publisher interface {
	Current(context.Context) (*publication.Publication, error)
	Publish(context.Context, publication.Input) (*publication.Publication, error)
}

// Deps are what a Service is made of.
type Deps struct {
	DB        *db.DB
	Bus       *event.Bus
	Log       *slog.Logger
	Server    Server // nil: a node without a gateway
	Publisher Publisher
	// Users names the signed-in users of a segment; nil: segments name nobody.
	Users func(ctx context.Context, ws workspace.ID, attribute, value string) ([]string, error)
	Now   func() time.Time // nil: the clock
}

// Service keeps rollouts and steers them.
type Service struct {
	Deps
	node string

	mu      sync.Mutex
	applied string             // what the gateway was told last
	known   map[string]*record // what it was told, by id
	said    map[string]string  // what was reported last, by id and epoch
	watches map[string]*analysis.Watch
	before  map[string]*evidence // baselines, by id and step
	lone    map[string]time.Time // since when a rollout holds for no route
	leads   map[string]time.Time // until when this node leads
	done    map[string]bool      // promoted ones that this node's document has taken over from
}

// NewService returns the service; Run steers.
func NewService(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Service{Deps: d, node: db.NewID(), known: map[string]*record{}, said: map[string]string{}, watches: map[string]*analysis.Watch{},
		before: map[string]*evidence{}, lone: map[string]time.Time{}, leads: map[string]time.Time{}, done: map[string]bool{}}
}

func (s *Service) micro() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// List returns a page of rollouts, newest first, before an id ("" for the
// newest).
func (s *Service) List(ctx context.Context, before string, limit int) ([]*Rollout, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	records, err := list(ctx, s.DB, a.Workspace, before, limit)
	out := make([]*Rollout, len(records))
	for i, r := range records {
		out[i] = &r.Rollout
	}
	return out, err
}

// Detail is a rollout with what it is judged by and what happened to it.
type Detail struct {
	Rollout
	Figures Figures `json:"figures"`
	Events  []Event `json:"events" nullable:"false" doc:"Newest first."`
}

// Get returns one with its figures and history.
func (s *Service) Get(ctx context.Context, id string) (*Detail, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	r, err := get(ctx, s.DB, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	all, err := counts(ctx, s.DB, a.Workspace, id, 0)
	if err != nil {
		return nil, err
	}
	var now []count
	for _, c := range all {
		if c.epoch == r.epoch {
			now = append(now, c)
		}
	}
	var baseline *evidence
	if r.Weight == 100 {
		baseline = r.before(all, s.Now())
	}
	d := &Detail{Rollout: r.Rollout, Figures: r.figures(now, baseline, s.Now())}
	if d.Events, err = events(ctx, s.DB, a.Workspace, id); err != nil {
		return nil, err
	}
	if d.Events == nil {
		d.Events = []Event{}
	}
	return d, nil
}

// Start begins a rollout; its first step is live when Start returns.
func (s *Service) Start(ctx context.Context, in Input) (*Rollout, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	now, err := s.Publisher.Current(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.fit(now.Document); err != nil {
		return nil, err
	}
	if err := in.normalize(); err != nil {
		return nil, err
	}
	if err := s.healthy(ctx, string(a.Workspace), &in); err != nil {
		return nil, err
	}
	at := s.micro()
	r := &record{workspace: string(a.Workspace), epoch: 1, epochAt: at}
	r.Rollout = Rollout{ID: db.NewID(), Input: in, State: Running, StepAt: at, By: a.Name, CreatedAt: at,
		Finding: analysis.Finding{Verdict: analysis.NotEnough, Reason: "nothing has been called yet"}}
	if err := r.settle(); err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		// First, since it holds the counter: who starts beside this one waits and then sees it.
		if _, err := workspace.Next(ctx, tx, a.Workspace, "rollout", 1); err != nil {
			return err
		}
		n, err := underWay(ctx, tx, a.Workspace, in.API, in.Version)
		if err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Conflict, "A rollout of %s is under way already; promote or abort it first.", strings.TrimSpace(in.API+" "+in.Version))
		}
		if err := insert(ctx, tx, r, a.ID); err != nil {
			return err
		}
		if err := addEvent(ctx, tx, r, a, "started", r.describe(), at); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "rollout.start", "rollout", r.ID, map[string]any{"api": in.API, "version": in.Version, "stable": in.Stable, "canary": in.Canary})
	})
	if err != nil {
		return nil, err
	}
	s.moved(ctx, r, "started", r.describe(), "rollout.created")
	return &r.Rollout, nil
}

// describe says what the present step does.
func (r *record) describe() string {
	w := r.Steps[r.Step]
	who := ""
	if !r.Targeting.Empty() || len(r.Targeting.Segments) > 0 {
		who = " and who is named"
	}
	return fmt.Sprintf("step %d of %d: %g %% of the traffic%s to %s for at least %s", r.Step+1, len(r.Steps), w.Weight, who, r.Canary, w.Hold)
}

// healthy asks the targets of the canary whether they are well.
func (s *Service) healthy(ctx context.Context, ws string, in *Input) error {
	if in.Health.Skip || s.Server == nil {
		return nil
	}
	list, err := s.Server.ProbeUpstream(ctx, ws, in.Canary, in.Health.Path, in.Health.timeout)
	if err != nil {
		return errs.Wrap(errs.Unprocessable, err, "The canary can't be asked whether it is well: %v.", err)
	}
	for _, p := range list {
		switch {
		case p.OK():
		case p.Error != "":
			return errs.New(errs.Unprocessable, "Target %s of %s is not well: %s. Nothing was sent to it.", p.Target, in.Canary, p.Error)
		default:
			return errs.New(errs.Unprocessable, "Target %s of %s is not well: it answered %d to %s. Nothing was sent to it.", p.Target, in.Canary, p.Status, in.Health.Path)
		}
	}
	return nil
}

// Verbs that people have for a rollout that is under way.
const (
	Pause   = "pause"   // stay at this share
	Resume  = "resume"  // go on by itself
	Advance = "advance" // to the next step, now
	Promote = "promote" // the canary is the stable version from now on
	Abort   = "abort"   // back to the stable version
)

// Act does one of the verbs; reason may be empty.
func (s *Service) Act(ctx context.Context, id, verb, reason string) (*Rollout, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	kinds := map[string]string{Pause: "paused", Resume: "resumed", Advance: "advanced", Promote: "promoting", Abort: "aborted"}
	kind := kinds[verb]
	if kind == "" {
		return nil, errs.New(errs.Invalid, "There is no verb %q; use pause, resume, advance, promote or abort.", verb)
	}
	r, err := s.change(ctx, a, id, kind, func(r *record) (string, error) {
		if r.State.ended() {
			if r.State == Promoted && verb == Abort {
				return "", errs.New(errs.Unprocessable, "This rollout was promoted as publication %d; to go back, roll the publication back.", r.Publication)
			}
			return "", errs.New(errs.Unprocessable, "This rollout has ended (%s); start another one.", strings.ReplaceAll(string(r.State), "_", " "))
		}
		at := s.micro()
		switch verb {
		case Pause:
			if r.State != Running {
				return "", errs.New(errs.Unprocessable, "This rollout is %s; only one that runs can be paused.", r.State)
			}
			r.State = Paused
		case Resume:
			if r.State != Paused {
				return "", errs.New(errs.Unprocessable, "This rollout is %s; only one that is paused can go on.", r.State)
			}
			if r.NextAt == nil && r.Steps[r.Step].Pause && s.Now().After(r.StepAt.Add(r.Steps[r.Step].hold)) && r.Step < len(r.Steps)-1 {
				r.next(at)
			}
			r.State = Running
		case Advance:
			if r.State == Promoting {
				return "", errs.New(errs.Unprocessable, "This rollout is being promoted.")
			}
			if r.Step == len(r.Steps)-1 {
				return "", errs.New(errs.Unprocessable, "This is the last step; promote the rollout, or abort it.")
			}
			r.next(at)
			r.State = Running
		case Promote:
			r.promote(at)
		case Abort:
			r.end(Aborted, at)
		}
		if reason != "" {
			return reason, nil
		}
		if verb == Advance || verb == Resume {
			return r.describe(), nil
		}
		return a.Name + " said so", nil
	})
	if err != nil {
		return nil, err
	}
	if verb == Promote {
		if err := s.publish(ctx, r); err != nil {
			return nil, err
		}
		if r, err = get(ctx, s.DB, a.Workspace, id); err != nil {
			return nil, err
		}
	}
	return &r.Rollout, nil
}

// next goes to the next step.
func (r *record) next(at time.Time) {
	r.Step++
	r.StepAt = at
	r.renew(at)
}

// renew begins a new period of evidence.
func (r *record) renew(at time.Time) {
	r.epoch++
	r.epochAt = at
}

func (r *record) promote(at time.Time) {
	r.State = Promoting
	r.renew(at)
}

func (r *record) end(as State, at time.Time) {
	r.State, r.EndedAt = as, &at
}

// errMoved says that a rollout is not any more what a decision was made on.
var errMoved = errors.New("the rollout has moved on")

// change lets fn change a rollout and tells of it: history, audit, gateway,
// watchers. fn returns the reason.
func (s *Service) change(ctx context.Context, a workspace.Actor, id, kind string, fn func(*record) (string, error)) (*record, error) {
	var r *record
	var reason string
	err := s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		if r, err = held(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		if reason, err = fn(r); err != nil {
			return err
		}
		r.Reason = reason
		if err := r.settle(); err != nil {
			return err
		}
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := addEvent(ctx, tx, r, a, kind, reason, s.micro()); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "rollout."+kind, "rollout", id, map[string]any{"state": r.State, "step": r.Step, "weight": r.Weight, "reason": reason})
	})
	if err != nil {
		return nil, err
	}
	s.moved(ctx, r, kind, reason, "rollout.updated")
	return r, nil
}

// moved makes a change live here, and tells everyone.
func (s *Service) moved(ctx context.Context, r *record, kind, reason, typ string) {
	if err := s.Load(context.WithoutCancel(ctx)); err != nil {
		s.Log.ErrorContext(ctx, "load rollouts", "workspace", r.workspace, "rollout", r.ID, "err", err)
	}
	s.Log.InfoContext(ctx, "rollout", "workspace", r.workspace, "rollout", r.ID, "api", r.API, "kind", kind, "state", r.State, "step", r.Step, "reason", reason)
	s.Bus.Publish(event.Event{Workspace: r.workspace, Type: typ, ID: r.ID, By: workspace.By(ctx), Data: r.told(kind, reason)})
}
