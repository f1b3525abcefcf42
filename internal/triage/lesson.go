package triage

import (
	"context"
	"sync"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// workspaceLessons are the corrections of one workspace as the engine learns
// from them, kept current without a restart.
type workspaceLessons struct {
	once    sync.Once
	err     error
	lessons *nlp.Lessons
}

// backgroundItems is how many recent reports lessons are held against.
const backgroundItems = 200

// lessonsOf returns a workspace's lessons, reading them at first use.
func (s *Service) lessonsOf(ctx context.Context, ws workspace.ID) (*nlp.Lessons, error) {
	s.mu.Lock()
	w := s.lessons[ws]
	if w == nil {
		w = &workspaceLessons{}
		s.lessons[ws] = w
	}
	s.mu.Unlock()
	w.once.Do(func() {
		list, err := s.ledger.Lessons(ctx, ws)
		if err != nil {
			w.err = err
			return
		}
		corrections := make([]nlp.Correction, len(list))
		for i, l := range list {
			corrections[i] = l.correction()
		}
		lessons := nlp.NewLessons(corrections)
		// What usual reports look like here, so that "alike" means more than
		// "feedback about the same product".
		static, sentence, err := s.feedback.RecentVectors(ctx, ws, backgroundItems)
		if err != nil {
			w.err = err
			return
		}
		lessons.Background(static, sentence)
		w.lessons = lessons
	})
	if w.err != nil {
		s.forgetLessons(ws) // the next one tries again
		return nil, w.err
	}
	return w.lessons, nil
}

func (s *Service) forgetLessons(ws workspace.ID) {
	s.mu.Lock()
	delete(s.lessons, ws)
	s.mu.Unlock()
}

func (l Lesson) correction() nlp.Correction {
	return nlp.Correction{Field: l.Field, Title: l.Title, Text: l.Text, Static: l.Static, Sentence: l.Sentence, From: l.From, To: l.To, At: l.At}
}

// learn is told of each correction after its commit.
func (s *Service) learn(ws workspace.ID, l Lesson) {
	s.mu.Lock()
	w := s.lessons[ws]
	s.mu.Unlock()
	if w != nil && w.lessons != nil {
		w.lessons.Add(l.correction())
	}
}

func (s *Service) applyLessons(ctx context.Context, b *Batch) error {
	lessons, err := s.lessonsOf(ctx, b.Workspace)
	if err != nil {
		return err
	}
	return each(ctx, b.Items, func(f *feedback.Feedback) {
		r := *f.Reading
		r.Static, r.Sentence = f.StaticVector, f.SentenceVector
		lessons.Apply(item(f), &r)
		f.ApplyReading(&r)
	})
}
