package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `id, launch_id, feedback_id, direction, author_kind, author_id, author_name, text, quoted, via, recipient, channel_id, COALESCE(external_id, ''),
	state, reason, created_at, due_at, sent_at`

func scan(s db.Scanner) (*Message, error) {
	m := &Message{}
	var created, due, sent int64
	if err := s.Scan(&m.ID, &m.LaunchID, &m.FeedbackID, &m.Direction, &m.Author.Kind, &m.Author.ID, &m.Author.Name, &m.Text, &m.Quoted, &m.Via, &m.To, &m.ChannelID,
		&m.ExternalID, &m.State, &m.Reason, &created, &due, &sent); err != nil {
		return nil, err
	}
	m.CreatedAt = db.Time(created)
	if m.State == Queued {
		m.DueAt = timePtr(due)
	}
	m.SentAt = timePtr(sent)
	return m, nil
}

func timePtr(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := db.Time(us)
	return &t
}

// insert keeps a message, once for its external id, and reports whether it is
// new.
func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, m *Message) (bool, error) {
	var external any
	if m.ExternalID != "" {
		external = m.ExternalID
	}
	var due int64
	if m.DueAt != nil {
		due = db.Micros(*m.DueAt)
	}
	n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO message (workspace_id, id, launch_id, feedback_id, direction, author_kind, author_id, author_name, text, quoted,
			via, recipient, channel_id, external_id, state, created_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
		ws, m.ID, m.LaunchID, m.FeedbackID, m.Direction, m.Author.Kind, m.Author.ID, m.Author.Name, m.Text, m.Quoted, m.Via, m.To, m.ChannelID, external,
		m.State, db.Micros(m.CreatedAt), due))
	if err != nil {
		return false, fmt.Errorf("keep message %s: %w", m.ID, err)
	}
	return n == 1, nil
}

// maxThread bounds what is shown of one thread.
const maxThread = 500

func ofFeedback(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string) ([]*Message, error) {
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM message WHERE workspace_id = $1 AND feedback_id = $2 ORDER BY created_at, id LIMIT $3`, ws, feedbackID, maxThread)
	if err != nil {
		return nil, fmt.Errorf("list messages of %s: %w", feedbackID, err)
	}
	return list, nil
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Message, error) {
	m, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM message WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no message %.60s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get message %s: %w", id, err)
	}
	return m, nil
}

// cancel takes a message back that has not gone out, or puts it back.
func cancel(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE message SET state = 'cancelled' WHERE workspace_id = $1 AND id = $2 AND state = 'queued' AND attempts = 0`, ws, id))
	if err != nil {
		return false, fmt.Errorf("take message %s back: %w", id, err)
	}
	return n == 1, nil
}

// due is a message that a node has taken to send.
type due struct {
	ws       workspace.ID
	attempts int
	*Message
}

// sendLease is how long a node has to send what it took.
const sendLease = 2 * time.Minute

// claimDue takes messages of all workspaces that are to go out now.
func claimDue(ctx context.Context, tx *db.Tx, now time.Time, limit int) ([]due, error) {
	return db.All(ctx, tx, func(r db.Scanner) (d due, err error) {
		d.Message = &Message{}
		return d, r.Scan(&d.ws, &d.ID, &d.attempts)
	}, `UPDATE message SET due_at = $1, attempts = attempts + 1
		WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM message WHERE state = 'queued' AND due_at <= $2 ORDER BY due_at LIMIT $3 `+tx.SkipLocked()+`)
		RETURNING workspace_id, id, attempts`, db.Micros(now.Add(sendLease)), db.Micros(now), limit)
}

func noteSent(ctx context.Context, tx *db.Tx, ws workspace.ID, m *Message, now time.Time) error {
	var external any
	if m.ExternalID != "" {
		external = m.ExternalID
	}
	if _, err := tx.ExecContext(ctx, `UPDATE message SET state = 'sent', reason = '', external_id = $1, sent_at = $2 WHERE workspace_id = $3 AND id = $4 AND state = 'queued'`,
		external, db.Micros(now), ws, m.ID); err != nil {
		return fmt.Errorf("mark message %s as sent: %w", m.ID, err)
	}
	return nil
}

func noteFailed(ctx context.Context, tx *db.Tx, ws workspace.ID, id, state, reason string, due time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE message SET state = $1, reason = $2, due_at = $3 WHERE workspace_id = $4 AND id = $5 AND state IN ('queued', 'sent')`,
		state, reason, db.Micros(due), ws, id); err != nil {
		return fmt.Errorf("mark message %s as %s: %w", id, state, err)
	}
	return nil
}

// byExternal finds the reports whose threads hold messages with these ids,
// newest message first.
func byExternal(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, ids []string) ([]*Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM message WHERE workspace_id = $1 AND launch_id = $2 AND external_id IN (`+db.In(3, len(ids))+`) ORDER BY created_at DESC`,
		append([]any{ws, launchID}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("find messages by their ids: %w", err)
	}
	return list, nil
}
