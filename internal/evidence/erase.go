package evidence

import (
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// EraseStore is what evidence keeps of persons, for person.Service.Keep: copies
// of their calls beside anybody's report, and all that was found beside
// reports that are gone. It stands behind that of feedback.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "evidence", Export: s.exportPerson, Erase: s.erasePerson}
}

// orphans are the rows whose report is gone.
var orphans = []string{
	`DELETE FROM evidence_found WHERE workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.workspace_id = $1 AND f.id = evidence_found.feedback_id)`,
	`DELETE FROM evidence_item WHERE workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.workspace_id = $1 AND f.id = evidence_item.feedback_id)`,
	`DELETE FROM evidence_pin WHERE workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.workspace_id = $1 AND f.id = evidence_pin.feedback_id)`,
	`DELETE FROM evidence_vote WHERE workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.workspace_id = $1 AND f.id = evidence_vote.feedback_id)`,
}

// ofCallers are those by whose call a copy is of.
var ofCallers = []string{
	`DELETE FROM evidence_item WHERE workspace_id = $1 AND item -> 'call' ->> 'user' IN (`,
	`DELETE FROM evidence_item WHERE workspace_id = $1 AND item -> 'call' ->> 'session' IN (`,
	`DELETE FROM evidence_pin WHERE workspace_id = $1 AND item -> 'call' ->> 'user' IN (`,
	`DELETE FROM evidence_pin WHERE workspace_id = $1 AND item -> 'call' ->> 'session' IN (`,
}

func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (n int64, err error) {
	// Where an address is a user's id, copies have it masked already.
	callers := who.Values(person.UserID, person.Email, person.ExternalID, person.SessionID)
	run := func(text string, args ...any) error {
		return s.db.Tx(ctx, func(tx *db.Tx) error {
			gone, err := db.Affected(tx.ExecContext(ctx, text, args...))
			if err != nil {
				return fmt.Errorf("erase evidence: %w", err)
			}
			n += gone
			return nil
		})
	}
	for part := range slices.Chunk(callers, 200) {
		for _, text := range ofCallers {
			if err := run(text+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
				return n, err
			}
		}
	}
	for _, text := range orphans {
		if err := run(text, ws); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *Service) exportPerson(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
	reports, err := s.feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return err
	}
	pins, err := pinsOf(ctx, s.db, ws, reports...)
	if err != nil {
		return err
	}
	list := make([]Item, len(pins))
	for i, p := range pins {
		list[i] = p.item
		list[i].FeedbackID = p.feedbackID
	}
	return to.JSON("evidence.json", list)
}
