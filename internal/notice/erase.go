package notice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// EraseStore is what persons and the team wrote to each other, for
// person.Service.Keep; it stands before that of feedback, whose threads these
// are.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "messages", Export: s.exportPerson, Erase: s.erasePerson}
}

func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	ids, err := s.feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return 0, err
	}
	var n int64
	for part := range slices.Chunk(ids, 200) {
		since := time.Now()
		var files []string
		err := s.db.Tx(ctx, func(tx *db.Tx) error {
			args := append([]any{ws}, db.Args(part)...)
			in := db.In(2, len(part))
			var err error
			files, err = db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
				`DELETE FROM attachment WHERE workspace_id = $1 AND delivery_id IN (SELECT id FROM message WHERE workspace_id = $1 AND feedback_id IN (`+in+`)) RETURNING sha256`, args...)
			if err != nil {
				return fmt.Errorf("erase files of messages: %w", err)
			}
			gone, err := db.Affected(tx.ExecContext(ctx, `DELETE FROM message WHERE workspace_id = $1 AND feedback_id IN (`+in+`)`, args...))
			if err != nil {
				return fmt.Errorf("erase messages: %w", err)
			}
			n += gone
			return nil
		})
		if err != nil {
			return n, err
		}
		if err := s.feedback.DropFiles(ctx, files, since); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *Service) exportPerson(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
	ids, err := s.feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return err
	}
	all := []*Message{}
	for _, id := range ids {
		list, err := ofFeedback(ctx, s.db, ws, id)
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	return to.JSON("messages.json", all)
}

// Owed says which of these reports wait for an answer: the reporter wrote
// last, or was never answered.
func (s *Service) Owed(ctx context.Context, ws workspace.ID, feedbackIDs []string) (map[string]bool, error) {
	owed := make(map[string]bool, len(feedbackIDs))
	for _, id := range feedbackIDs {
		owed[id] = true
	}
	type last struct{ id, direction string }
	for part := range slices.Chunk(feedbackIDs, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (x last, err error) { return x, r.Scan(&x.id, &x.direction) },
			`SELECT feedback_id, direction FROM message WHERE workspace_id = $1 AND state NOT IN ('cancelled', 'failed') AND feedback_id IN (`+db.In(2, len(part))+`) ORDER BY created_at, id`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find who waits for an answer: %w", err)
		}
		for _, x := range list {
			owed[x.id] = x.direction == In
		}
	}
	return owed, nil
}
