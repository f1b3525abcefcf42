package note

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `id, launch_id, feedback_id, issue_id, text, mentions, author_kind, author_id, author_name, created_at, edited_at, deleted_at`

// called is how mentions are kept.
type called struct {
	Items []Mentioned `json:"items"`
}

func scan(s db.Scanner) (*Note, error) {
	n := &Note{}
	var created, edited, deleted int64
	var mentions string
	err := s.Scan(&n.ID, &n.LaunchID, &n.feedbackID, &n.issueID, &n.Text, &mentions, &n.Author.Kind, &n.Author.ID, &n.Author.Name, &created, &edited, &deleted)
	if err != nil {
		return nil, err
	}
	var c called
	if err := json.Unmarshal([]byte(mentions), &c); err != nil {
		return nil, fmt.Errorf("read mentions of note %s: %w", n.ID, err)
	}
	n.Mentions = append([]Mentioned{}, c.Items...)
	n.CreatedAt, n.EditedAt, n.DeletedAt = db.Time(created), timePtr(edited), timePtr(deleted)
	return n, nil
}

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

func encode(list []Mentioned) (string, error) {
	b, err := json.Marshal(called{list})
	return string(b), err
}

// held returns a note that nobody else changes until the transaction ends.
func held(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) (*Note, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE note SET edited_at = edited_at WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return nil, fmt.Errorf("hold note %s: %w", id, err)
	}
	return get(ctx, tx, ws, id)
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Note, error) {
	n, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM note WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no note %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get note %s: %w", id, err)
	}
	return n, nil
}

func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, n *Note) error {
	mentions, err := encode(n.Mentions)
	if err != nil {
		return fmt.Errorf("insert note %s: %w", n.ID, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO note (workspace_id, id, launch_id, feedback_id, issue_id, text, mentions, author_kind, author_id, author_name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		ws, n.ID, n.LaunchID, n.feedbackID, n.issueID, n.Text, mentions, n.Author.Kind, n.Author.ID, n.Author.Name, db.Micros(n.CreatedAt))
	if err != nil {
		return fmt.Errorf("insert note %s: %w", n.ID, err)
	}
	return nil
}

// save writes what can change of a note.
func save(ctx context.Context, tx *db.Tx, ws workspace.ID, n *Note) error {
	mentions, err := encode(n.Mentions)
	if err != nil {
		return fmt.Errorf("save note %s: %w", n.ID, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE note SET text = $3, mentions = $4, edited_at = $5, deleted_at = $6 WHERE workspace_id = $1 AND id = $2`,
		ws, n.ID, n.Text, mentions, micros(n.EditedAt), micros(n.DeletedAt))
	if err != nil {
		return fmt.Errorf("save note %s: %w", n.ID, err)
	}
	return nil
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return db.Micros(*t)
}

// remove takes a note away as if it had never been written.
func remove(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	for _, text := range []string{
		`DELETE FROM mention WHERE workspace_id = $1 AND note_id = $2`,
		`DELETE FROM note WHERE workspace_id = $1 AND id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, text, ws, id); err != nil {
			return fmt.Errorf("remove note %s: %w", id, err)
		}
	}
	return nil
}

// call tells members that a note calls on them; who is called on already
// keeps having read it.
func call(ctx context.Context, tx *db.Tx, ws workspace.ID, noteID string, members []string, at time.Time) error {
	rows := make([][]any, len(members))
	for i, id := range members {
		rows[i] = []any{ws, id, noteID, db.Micros(at)}
	}
	return db.Insert(ctx, tx, `INSERT INTO mention (workspace_id, member_id, note_id, at)`, "ON CONFLICT DO NOTHING", rows)
}

// uncall takes back that a note calls on members.
func uncall(ctx context.Context, tx *db.Tx, ws workspace.ID, noteID string, members []string) error {
	if len(members) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM mention WHERE workspace_id = $1 AND note_id = $2 AND member_id IN (`+db.In(3, len(members))+`)`,
		append([]any{ws, noteID}, db.Args(members)...)...)
	if err != nil {
		return fmt.Errorf("take back mentions of note %s: %w", noteID, err)
	}
	return nil
}

func (p Place) bound() Place {
	if p.At == 0 {
		p.At = 1 << 62
	}
	return p
}

// ofFeedback returns a page of the notes written on one feedback, newest
// first.
func ofFeedback(ctx context.Context, q db.Queryer, ws workspace.ID, id string, after Place, limit int) ([]*Note, error) {
	after = after.bound()
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM note WHERE workspace_id = $1 AND feedback_id = $2 AND feedback_id <> '' AND (created_at, id) < ($3, $4)
		ORDER BY created_at DESC, id DESC LIMIT $5`, ws, id, after.At, after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list notes of feedback %s: %w", id, err)
	}
	return list, nil
}

// ofIssue returns a page of the notes on an issue, on what was merged into it
// (family has the ids of both), and on its feedback, newest first.
func ofIssue(ctx context.Context, q db.Queryer, ws workspace.ID, id string, family []string, after Place, limit int) ([]*Note, error) {
	after = after.bound()
	var list []*Note
	for part := range slices.Chunk(family, 500) {
		own, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM note WHERE workspace_id = $1 AND (created_at, id) < ($2, $3) AND issue_id <> '' AND issue_id IN (`+db.In(5, len(part))+`)
			ORDER BY created_at DESC, id DESC LIMIT $4`, append([]any{ws, after.At, after.ID, limit}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("list notes of issue %s: %w", id, err)
		}
		list = append(list, own...)
	}
	below, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM note WHERE workspace_id = $1 AND (created_at, id) < ($2, $3) AND feedback_id <> ''
			AND feedback_id IN (SELECT f.id FROM feedback f WHERE f.workspace_id = $1 AND f.issue_id = $5 AND f.issue_id <> '')
		ORDER BY created_at DESC, id DESC LIMIT $4`, ws, after.At, after.ID, limit, id)
	if err != nil {
		return nil, fmt.Errorf("list notes of the feedback of issue %s: %w", id, err)
	}
	list = append(list, below...)
	slices.SortFunc(list, func(a, b *Note) int { return newestFirst(a.CreatedAt, a.ID, b.CreatedAt, b.ID) })
	return list[:min(len(list), limit)], nil
}

func newestFirst(a time.Time, aID string, b time.Time, bID string) int {
	if c := b.Compare(a); c != 0 {
		return c
	}
	switch {
	case aID > bID:
		return -1
	case aID < bID:
		return 1
	}
	return 0
}

// mentionsOf returns a page of what calls on a member, newest first.
func mentionsOf(ctx context.Context, q db.Queryer, ws workspace.ID, memberID string, after Place, limit int) ([]*Mention, []*Note, error) {
	after = after.bound()
	type row struct {
		m *Mention
		n *Note
	}
	list, err := db.All(ctx, q, func(s db.Scanner) (r row, err error) {
		var at, read int64
		r.m, r.n = &Mention{}, &Note{}
		err = s.Scan(&r.m.ID, &at, &read, &r.n.Text, &r.m.LaunchID, &r.n.feedbackID, &r.n.issueID, &r.m.By.Kind, &r.m.By.ID, &r.m.By.Name)
		r.m.At, r.m.ReadAt, r.m.Snippet = db.Time(at), timePtr(read), snippet(r.n.Text)
		return r, err
	}, `SELECT n.id, m.at, m.read_at, n.text, n.launch_id, n.feedback_id, n.issue_id, n.author_kind, n.author_id, n.author_name
		FROM mention m JOIN note n ON n.workspace_id = m.workspace_id AND n.id = m.note_id
		WHERE m.workspace_id = $1 AND m.member_id = $2 AND (m.at, m.note_id) < ($3, $4) AND n.deleted_at = 0
		ORDER BY m.at DESC, m.note_id DESC LIMIT $5`, ws, memberID, after.At, after.ID, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("list mentions of %s: %w", memberID, err)
	}
	mentions, notes := make([]*Mention, len(list)), make([]*Note, len(list))
	for i, r := range list {
		mentions[i], notes[i] = r.m, r.n
	}
	return mentions, notes, nil
}

func countUnread(ctx context.Context, q db.Queryer, ws workspace.ID, memberID string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM mention m JOIN note n ON n.workspace_id = m.workspace_id AND n.id = m.note_id
		WHERE m.workspace_id = $1 AND m.member_id = $2 AND m.read_at = 0 AND n.deleted_at = 0`, ws, memberID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count mentions of %s: %w", memberID, err)
	}
	return n, nil
}

// markRead marks some mentions of a member as read, all of them when ids is
// nil.
func markRead(ctx context.Context, tx *db.Tx, ws workspace.ID, memberID string, ids []string, now time.Time) error {
	args := []any{db.Micros(now), ws, memberID}
	only := ""
	if ids != nil {
		only = ` AND note_id IN (` + db.In(4, len(ids)) + `)`
		args = append(args, db.Args(ids)...)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE mention SET read_at = $1 WHERE workspace_id = $2 AND member_id = $3 AND read_at = 0`+only, args...); err != nil {
		return fmt.Errorf("mark mentions of %s read: %w", memberID, err)
	}
	return nil
}

// onIssue reports whether somebody wrote on an issue.
func onIssue(ctx context.Context, q db.Queryer, ws workspace.ID, issueID string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM note WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' AND deleted_at = 0`, ws, issueID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("count notes of issue %s: %w", issueID, err)
	}
	return n > 0, nil
}
