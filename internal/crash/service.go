package crash

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Issues   *issue.Service
	Undo     *undo.Service
	Files    *feedback.Files // where the files of bundles are
	// CheckLaunch returns an error unless the launch is there and active.
	CheckLaunch func(context.Context, workspace.ID, string) error
	// Mask is how a launch covers what must not be kept; what always is
	// covered when nil.
	Mask func(ctx context.Context, ws workspace.ID, launchID string) (*mask.Masker, error)
	// Dir is where bundles are put together.
	Dir string
	// Keep is how long events are kept; 90 days when 0.
	Keep time.Duration
}

// Service is what the rest of the product may do with errors.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	issues   *issue.Service
	undo     *undo.Service
	check    func(context.Context, workspace.ID, string) error
	mask     func(ctx context.Context, ws workspace.ID, launchID string) (*mask.Masker, error)
	sources  *sources
	keep     time.Duration
	now      func() time.Time

	mu   sync.Mutex
	told map[string]time.Time // when watchers were told of a group
}

// NewService returns the service.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, issues: d.Issues, undo: d.Undo, check: d.CheckLaunch, mask: d.Mask, keep: d.Keep,
		now: time.Now, told: map[string]time.Time{}}
	s.sources = newSources(d.DB, d.Files, d.Dir)
	if s.mask == nil {
		plain, err := mask.Compile(mask.Spec{})
		if err != nil {
			panic(err) // the empty specification is one
		}
		s.mask = func(context.Context, workspace.ID, string) (*mask.Masker, error) { return plain, nil }
	}
	if s.keep == 0 {
		s.keep = 90 * 24 * time.Hour
	}
	if s.undo != nil {
		s.undo.Handle(actState, s.undoState)
		s.undo.Handle(actIssue, s.undoIssue)
	}
	return s
}

// maxTold bounds how many groups are remembered as told of.
const maxTold = 10_000

// Tell tells watchers that groups changed, each at most once a second.
func (s *Service) Tell(ws workspace.ID, launchID string, ids ...string) {
	now := s.now()
	for _, id := range ids {
		s.mu.Lock()
		quiet := now.Sub(s.told[id]) < time.Second
		if !quiet {
			if len(s.told) >= maxTold {
				clear(s.told)
			}
			s.told[id] = now
		}
		s.mu.Unlock()
		if !quiet {
			s.bus.Publish(event.Event{Workspace: string(ws), Type: "error.updated", LaunchID: launchID, ID: id})
		}
	}
}
