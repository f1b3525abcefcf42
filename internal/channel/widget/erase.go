package widget

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// EraseStore is the links of persons to their reports and what they added
// there, raw, for person.Service.Keep; it stands before messages and reports,
// by which it is found.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "follow-up", Erase: s.erasePerson}
}

func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	ids, err := s.Feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return 0, err
	}
	var n int64
	for part := range slices.Chunk(ids, 200) {
		since := time.Now()
		var files []string
		err := s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			files, err = erase(ctx, tx, ws, part, &n)
			return err
		})
		if err != nil {
			return n, err
		}
		if err := s.Feedback.DropFiles(ctx, files, since); err != nil {
			return n, err
		}
	}
	return n, nil
}

// erase removes the links of reports and empties what came by them; it
// returns the files in which that lay.
func erase(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string, n *int64) ([]string, error) {
	args := append([]any{ws}, db.Args(ids)...)
	in := db.In(2, len(ids))
	gone, err := db.Affected(tx.ExecContext(ctx, `DELETE FROM follow_link WHERE workspace_id = $1 AND delivery_id IN
		(SELECT parent_id FROM delivery WHERE workspace_id = $1 AND parent_id <> '' AND id IN (`+in+`))`, args...))
	if err != nil {
		return nil, fmt.Errorf("erase links: %w", err)
	}
	*n += gone
	// A message is known by the delivery that brought it (readFollow).
	notes, err := db.All(ctx, tx, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT substr(external_id, 8) FROM message WHERE workspace_id = $1 AND external_id LIKE 'follow:%' AND feedback_id IN (`+in+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("find messages to erase: %w", err)
	}
	var files []string
	for part := range slices.Chunk(notes, 200) {
		args, in := append([]any{ws}, db.Args(part)...), db.In(2, len(part))
		more, err := db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
			`SELECT DISTINCT file FROM delivery WHERE workspace_id = $1 AND file <> '' AND id IN (`+in+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("find files of messages: %w", err)
		}
		files = append(files, more...)
		_, err = tx.ExecContext(ctx, `UPDATE delivery SET state = 'undone', natural_key = NULL, file = '', payload = $2, reason = 'Erased with the person who sent it.' WHERE workspace_id = $1 AND id IN (`+db.In(3, len(part))+`)`,
			append([]any{ws, []byte{}}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("empty messages: %w", err)
		}
	}
	*n += int64(len(notes))
	return files, nil
}
