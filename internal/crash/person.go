package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Person is how errors know somebody.
type Person struct{ IDs, Emails, Sessions []string }

// columnsOf are the columns of events that name somebody, with the values
// that do.
func (p Person) columnsOf() map[string][]string {
	return map[string][]string{"user_id": p.IDs, "user_email": p.Emails, "session_id": p.Sessions}
}

// personPage is how many events are looked at in one question.
const personPage = 500

// ErasePerson removes the events that somebody met, and that they met their
// groups, in all launches. The groups and their figures stay: they tell of
// nobody. It returns how much it was.
func (s *Service) ErasePerson(ctx context.Context, ws workspace.ID, p Person) (n int64, err error) {
	del := func(text string, args ...any) error {
		return s.db.Tx(ctx, func(tx *db.Tx) error {
			gone, err := db.Affected(tx.ExecContext(ctx, text, args...))
			n += gone
			if err != nil {
				return fmt.Errorf("erase errors of a person: %w", err)
			}
			return nil
		})
	}
	for column, values := range p.columnsOf() {
		for part := range slices.Chunk(values, personPage) {
			if err := del(`DELETE FROM error_event WHERE workspace_id = $1 AND `+column+` <> '' AND `+column+` IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
				return n, err
			}
		}
	}
	var who []string
	for _, v := range p.IDs {
		who = append(who, "id:"+v)
	}
	for _, v := range p.Emails {
		who = append(who, "email:"+v)
	}
	for part := range slices.Chunk(who, personPage) {
		if err := del(`DELETE FROM error_user WHERE workspace_id = $1 AND who IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
			return n, err
		}
	}
	for part := range slices.Chunk(p.Emails, personPage) { // who is known by an id and shown by an address
		if err := del(`DELETE FROM error_user WHERE workspace_id = $1 AND label IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
			return n, err
		}
	}
	return n, nil
}

// ExportPerson writes the events that somebody met, one JSON a line.
func (s *Service) ExportPerson(ctx context.Context, ws workspace.ID, p Person, w io.Writer) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	seen := map[string]bool{}
	for column, values := range p.columnsOf() {
		for part := range slices.Chunk(values, personPage) {
			after := ""
			for {
				args := append([]any{ws, after, personPage}, db.Args(part)...)
				list, err := db.All(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND id > $2 AND `+column+` <> '' AND `+column+` IN (`+db.In(4, len(part))+`) ORDER BY id LIMIT $3`, args...)
				if err != nil {
					return fmt.Errorf("export errors of a person: %w", err)
				}
				for _, e := range list {
					after = e.ID
					if seen[e.ID] {
						continue
					}
					seen[e.ID] = true
					if err := s.fill(ctx, ws, e); err != nil {
						return err
					}
					if err := enc.Encode(e); err != nil {
						return err
					}
				}
				if len(list) < personPage {
					break
				}
			}
		}
	}
	return out.Flush()
}
