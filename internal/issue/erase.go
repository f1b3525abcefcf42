package issue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// EraseStore is the words of persons in titles and descriptions of issues,
// for person.Service.Keep; it stands before that of feedback, whose words it
// compares. An issue stays: it is the team's, and other people's.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "issues", Erase: s.erasePerson}
}

func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	ids, err := s.feedback.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return 0, err
	}
	list, err := s.feedback.GetMany(ctx, s.db, ws, ids)
	if err != nil {
		return 0, err
	}
	byLaunch := map[string][]*feedback.Feedback{}
	for _, f := range list {
		byLaunch[f.LaunchID] = append(byLaunch[f.LaunchID], f)
	}
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	var n int64
	for launchID, theirs := range byLaunch {
		changed, err := s.eraseWords(ctx, ws, launchID, theirs, gone)
		if err != nil {
			return n, err
		}
		n += int64(len(changed))
		if len(changed) > 0 {
			s.Recounted(ctx, ws, launchID, changed...)
		}
	}
	return n, nil
}

// eraseWords takes the words of reports out of the issues of a launch that
// were made of them.
func (s *Service) eraseWords(ctx context.Context, ws workspace.ID, launchID string, theirs []*feedback.Feedback, gone map[string]bool) (changed []string, err error) {
	// The issue a report made may not be the one that it is in now.
	titles := map[string]bool{}
	for _, f := range theirs {
		titles[titleFrom(f)] = true
	}
	type row struct{ id, title, description string }
	all, err := db.All(ctx, s.db, func(r db.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.title, &x.description) },
		`SELECT id, title, description FROM issue WHERE workspace_id = $1 AND launch_id = $2 ORDER BY num`, ws, launchID)
	if err != nil {
		return nil, fmt.Errorf("list issues of launch %s: %w", launchID, err)
	}
	repeats := func(description string) bool {
		return slices.ContainsFunc(theirs, func(f *feedback.Feedback) bool { return holds(description, f) })
	}
	for _, x := range all {
		if !titles[x.title] && !repeats(x.description) {
			continue
		}
		if err := s.db.Tx(ctx, func(tx *db.Tx) error {
			if err := launch.Hold(ctx, tx, ws, launchID); err != nil {
				return err
			}
			i, err := get(ctx, tx, ws, x.id)
			if err != nil {
				return err
			}
			if titles[i.Title] {
				if i.Title, err = s.otherTitle(ctx, tx, ws, i, gone); err != nil {
					return err
				}
			}
			if repeats(i.Description) {
				i.Description = ""
			}
			i.UpdatedAt = s.now()
			if err := save(ctx, tx, ws, i); err != nil {
				return err
			}
			return eraseHistory(ctx, tx, ws, launchID, x.title, x.description)
		}); err != nil {
			return changed, err
		}
		changed = append(changed, x.id)
	}
	return changed, nil
}

// holds reports whether a text repeats what a report says.
func holds(text string, f *feedback.Feedback) bool {
	for _, s := range []string{f.Text, f.Title} {
		if s = strings.TrimSpace(s); len(s) >= 12 && strings.Contains(text, s[:min(len(s), 200)]) {
			return true
		}
	}
	return false
}

// otherTitle is what another report of an issue would call it.
func (s *Service) otherTitle(ctx context.Context, q db.Queryer, ws workspace.ID, i *Issue, gone map[string]bool) (string, error) {
	ids, err := s.feedback.IDsOfIssue(ctx, q, ws, i.ID)
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		if gone[id] {
			continue
		}
		list, err := s.feedback.GetMany(ctx, q, ws, []string{id})
		if err != nil || len(list) == 0 {
			return "", err
		}
		return titleFrom(list[0]), nil
	}
	return cmp.Or(strings.TrimSpace(i.Category+" "+i.Key), "Issue") + " (the report was erased)", nil
}

// eraseHistory takes old words out of the lines that tell of them: of the
// issue itself, and of those that were linked to it or merged.
func eraseHistory(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, words ...string) error {
	for _, w := range words {
		if w == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE issue_history SET was = CASE WHEN was = $1 THEN '' ELSE was END, becomes = CASE WHEN becomes = $1 THEN '' ELSE becomes END,
			reason = CASE WHEN reason = $1 THEN '' ELSE reason END
			WHERE workspace_id = $2 AND (was = $1 OR becomes = $1 OR reason = $1) AND issue_id IN (SELECT id FROM issue WHERE workspace_id = $2 AND launch_id = $3)`, w, ws, launchID); err != nil {
			return fmt.Errorf("erase history of launch %s: %w", launchID, err)
		}
	}
	return nil
}

// OfFeedback returns the issues that feedback is part of, or made.
func (s *Service) OfFeedback(ctx context.Context, ws workspace.ID, ids []string) ([]string, error) {
	var out []string
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT DISTINCT issue_id FROM feedback WHERE workspace_id = $1 AND issue_id <> '' AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find issues of feedback: %w", err)
		}
		out = append(out, list...)
	}
	return out, nil
}
