package triage

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rereadBatch is how many feedback get their sentence vectors at once.
const rereadBatch = 64

// Reread gives feedback its second reading, with sentence vectors, until ctx
// ends. New deliveries come first: it works when none wait.
func (s *Service) Reread(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		n := 0
		if _, backlog, _ := s.feedback.Stats(); backlog == 0 {
			var err error
			if n, err = s.RereadOnce(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "second reading", "err", err)
				n = 0
			}
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// RereadOnce reads one batch again and reports how many it read.
func (s *Service) RereadOnce(ctx context.Context) (int, error) {
	work, err := s.feedback.Unread(ctx, rereadBatch)
	if err != nil {
		return 0, err
	}
	n := 0
	for ws, launches := range work {
		for launchID, ids := range launches {
			if err := s.reread(ctx, ws, launchID, ids); err != nil {
				return n, fmt.Errorf("launch %s: %w", launchID, err)
			}
			n += len(ids)
		}
	}
	return n, nil
}

func (s *Service) reread(ctx context.Context, ws workspace.ID, launchID string, ids []string) error {
	list, err := s.feedback.GetMany(ctx, s.db, ws, ids)
	if err != nil {
		return err
	}
	b := &Batch{Workspace: ws, LaunchID: launchID, Pass: nlp.Full, Items: list}
	if err := run(ctx, s.second, b); err != nil {
		return err
	}
	read := make(map[string]*feedback.Feedback, len(list))
	for _, f := range list {
		read[f.ID] = f
	}
	var changed []*feedback.Feedback
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		changed, err = s.feedback.ChangeAll(ctx, tx, ws, ids, func(now []*feedback.Feedback) error {
			for _, f := range now {
				// The reading is new, what people did meanwhile stays.
				if r := read[f.ID]; r != nil {
					r.Reading.Static, r.Reading.Sentence = r.StaticVector, r.SentenceVector
					f.ApplyReading(r.Reading)
					f.Alike, f.DuplicateOf, f.ReadFully = r.Alike, r.DuplicateOf, true
				}
			}
			return s.ledger.Keep(ctx, tx, ws, now)
		})
		if err != nil {
			return err
		}
		return s.ledger.Record(ctx, tx, ws, launchID, changed, nil)
	})
	if err != nil {
		return err
	}
	s.feedback.Changed(ctx, ws, changed)
	return nil
}
