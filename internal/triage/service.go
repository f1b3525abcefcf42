package triage

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Service reads feedback and knows what is alike.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	engine   *nlp.Engine
	ledger   *Ledger
	rules    *Rules
	now      func() time.Time
	first    []Stage // what new feedback goes through
	second   []Stage // what the background reading goes through
	loads    sync.WaitGroup

	mu       sync.Mutex
	indexes  map[indexKey]*launchIndex
	lessons  map[workspace.ID]*workspaceLessons
	clusters map[indexKey]*clusterSet
}

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Engine   *nlp.Engine
	Ledger   *Ledger
	Rules    *Rules
}

// NewService returns the service.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, engine: d.Engine, ledger: d.Ledger, rules: d.Rules, now: time.Now,
		indexes: map[indexKey]*launchIndex{}, lessons: map[workspace.ID]*workspaceLessons{}, clusters: map[indexKey]*clusterSet{}}
	// The whole of triage, in order. First reading: words only, a thousand
	// items a second. Second, in the background: with sentence vectors.
	s.first = []Stage{
		{"read", s.read},             // language, sentiment, categories, severity, area, personal data, summary
		{"lessons", s.applyLessons},  // what people corrected on this installation
		{"duplicates", s.duplicates}, // what is alike, by words, error and meaning
		{"rules", s.applyRules},      // what people told us to do about it
	}
	s.second = []Stage{
		{"read", s.read},
		{"lessons", s.applyLessons},
		{"duplicates", s.duplicates},
	}
	d.Ledger.OnCorrection(s.learn)
	d.Ledger.OnTakenBack(s.forgetLessons)
	return s
}

func (s *Service) read(ctx context.Context, b *Batch) error {
	return each(ctx, b.Items, func(f *feedback.Feedback) {
		r := s.engine.Read(item(f), b.Pass)
		f.ApplyReading(&r)
		if r.Spam.Yes && r.Spam.Confidence >= spamConfidence && f.State == feedback.New && b.Pass == nlp.First {
			f.State = feedback.Spam
		}
	})
}

// spamConfidence is from when on a new feedback goes to the spam list, where
// people still see and can restore it.
const spamConfidence = 0.9

func (s *Service) applyRules(ctx context.Context, b *Batch) error {
	applied, err := s.rules.Apply(ctx, b.Workspace, b.LaunchID, b.Items)
	b.Applied = applied
	return err
}

// Read implements feedback.Reader.
func (s *Service) Read(ctx context.Context, ws workspace.ID, launchID string, list []*feedback.Feedback) (feedback.Record, error) {
	b := &Batch{Workspace: ws, LaunchID: launchID, Pass: nlp.First, Items: list}
	if err := run(ctx, s.first, b); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *db.Tx, added []*feedback.Feedback) error {
		if err := s.ledger.Record(ctx, tx, ws, launchID, added, b.Applied); err != nil {
			return err
		}
		return s.rules.Record(ctx, tx, ws, b.Applied)
	}, nil
}

// Close waits for what runs in the background.
func (s *Service) Close() { s.loads.Wait() }
