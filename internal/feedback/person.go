package feedback

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// cameBy writes the identities that a report came by.
func cameBy(list []person.Identity) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// readCameBy reads them; of reports from before they were kept, the address
// alone is known.
func readCameBy(text, email string) (list []person.Identity, err error) {
	if text == "" {
		if email != "" {
			return []person.Identity{{Kind: person.Email, Value: email}}, nil
		}
		return nil, nil
	}
	return list, json.Unmarshal([]byte(text), &list)
}

// strong leaves the identities that say who somebody is.
func strong(list []person.Identity) []person.Identity {
	var out []person.Identity
	for _, k := range list {
		if slices.Contains(person.Strength, k.Kind) {
			out = append(out, k)
		}
	}
	return out
}

// CameBy returns by which identities and weak signs a report came: what joins
// it to calls of that very session.
func CameBy(ctx context.Context, q db.Queryer, ws workspace.ID, id string) ([]person.Identity, error) {
	var text, email string
	err := q.QueryRowContext(ctx, `SELECT came_by, author_email FROM feedback WHERE workspace_id = $1 AND id = $2`, ws, id).Scan(&text, &email)
	if err != nil {
		return nil, fmt.Errorf("read by what %s came: %w", id, err)
	}
	return readCameBy(text, email)
}

// MovePerson gives reports of one person to another, in tx, when persons are
// merged or split; it is a person.Follow.
func (s *Service) MovePerson(ctx context.Context, tx *db.Tx, ws workspace.ID, m person.Move) ([]string, func(), error) {
	list, err := s.placesOf(ctx, tx, ws, m)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(list))
	var issues []string
	for i, p := range list {
		ids[i] = p.ID
		if p.IssueID != "" {
			issues = append(issues, p.IssueID)
		}
	}
	for part := range slices.Chunk(ids, 500) {
		if _, err := tx.ExecContext(ctx, `UPDATE feedback SET person_id = $1, changed_at = $2 WHERE workspace_id = $3 AND id IN (`+db.In(4, len(part))+`)`,
			append([]any{m.To, db.Micros(s.now()), ws}, db.Args(part)...)...); err != nil {
			return nil, nil, fmt.Errorf("move feedback to person %s: %w", m.To, err)
		}
	}
	if len(issues) > 0 && s.recount != nil {
		slices.Sort(issues)
		issues = slices.Compact(issues)
		if err := s.recount(ctx, tx, ws, issues...); err != nil {
			return nil, nil, err
		}
	}
	after := func() {
		ctx := context.WithoutCancel(ctx)
		if err := s.Moved(ctx, ws, list); err != nil {
			s.log.ErrorContext(ctx, "list feedback of a moved person", "workspace", ws, "err", err)
		}
		s.tellIssues(ctx, ws, list)
	}
	return ids, after, nil
}

// tellIssues tells watchers of the issues of feedback, by launch.
func (s *Service) tellIssues(ctx context.Context, ws workspace.ID, list []Place) {
	if s.recounted == nil {
		return
	}
	byLaunch := map[string][]string{}
	for _, p := range list {
		if p.IssueID != "" && !slices.Contains(byLaunch[p.LaunchID], p.IssueID) {
			byLaunch[p.LaunchID] = append(byLaunch[p.LaunchID], p.IssueID)
		}
	}
	for launchID, issues := range byLaunch {
		s.recounted(ctx, ws, launchID, issues...)
	}
}

// placesOf finds what a move concerns.
func (s *Service) placesOf(ctx context.Context, tx *db.Tx, ws workspace.ID, m person.Move) ([]Place, error) {
	type row struct {
		Place
		came []person.Identity
	}
	rows, err := db.All(ctx, tx, func(r db.Scanner) (x row, err error) {
		var came, email string
		var snoozed int64
		if err := r.Scan(&x.ID, &x.Num, &x.LaunchID, &x.State, &x.IssueID, &snoozed, &came, &email); err != nil {
			return x, err
		}
		x.SnoozedUntil = db.Time(snoozed)
		x.came, err = readCameBy(came, email)
		return x, err
	}, `SELECT `+placeColumns+`, came_by, author_email FROM feedback WHERE workspace_id = $1 AND person_id = $2 AND person_id <> '' ORDER BY num`, ws, m.From)
	if err != nil {
		return nil, fmt.Errorf("find feedback of person %s: %w", m.From, err)
	}
	only := map[string]bool{}
	for _, id := range m.IDs {
		only[id] = true
	}
	var list []Place
	for _, x := range rows {
		if m.IDs != nil && !only[x.ID] || m.Came != nil && !m.Came(strong(x.came)) {
			continue
		}
		list = append(list, x.Place)
	}
	return list, nil
}

// PeopleChanged counts the issues anew that people reported whose attributes
// changed.
func (s *Service) PeopleChanged(ctx context.Context, ws workspace.ID, people []string) error {
	if s.recount == nil {
		return nil
	}
	for part := range slices.Chunk(people, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (p Place, err error) { return p, r.Scan(&p.IssueID, &p.LaunchID) },
			`SELECT DISTINCT issue_id, launch_id FROM feedback WHERE workspace_id = $1 AND issue_id <> '' AND person_id <> '' AND person_id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("find issues of people: %w", err)
		}
		for few := range slices.Chunk(list, 100) {
			ids := make([]string, len(few))
			for i, p := range few {
				ids[i] = p.IssueID
			}
			if err := s.db.Tx(ctx, func(tx *db.Tx) error { return s.recount(ctx, tx, ws, ids...) }); err != nil {
				return err
			}
			s.tellIssues(ctx, ws, few)
		}
	}
	return nil
}

// OfPerson returns a page of a person's feedback in all launches, newest
// number first, behind number before (0 for the first page).
func (s *Service) OfPerson(ctx context.Context, personID string, before int64, limit int) ([]*Feedback, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = 1 << 62
	}
	list, err := db.All(ctx, s.db, scanListed, `SELECT `+listColumns+` FROM feedback WHERE workspace_id = $1 AND person_id = $2 AND person_id <> '' AND num < $3
		ORDER BY num DESC LIMIT $4`, a.Workspace, personID, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list feedback of person %s: %w", personID, err)
	}
	return list, s.Name(ctx, a.Workspace, list...)
}
