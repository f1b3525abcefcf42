package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

const columns = `id, launch_id, file_name, size, sha256, state, plan, mapping, reasons, position, share, rows_read, accepted, duplicates, bad, removed, error, by_id, by_name, created_at, started_at, finished_at`

func scan(s db.Scanner) (*Import, error) {
	var i Import
	var plan, mapping, reasons string
	var created, started, finished int64
	p := &i.Progress
	err := s.Scan(&i.ID, &i.LaunchID, &i.FileName, &i.Size, &i.sha256, &i.State, &plan, &mapping, &reasons, &i.position, &i.share,
		&p.RowsRead, &p.Accepted, &p.Duplicates, &p.Bad, &p.Removed, &i.Error, &i.CreatedBy.ID, &i.CreatedBy.Name, &created, &started, &finished)
	if err != nil {
		return nil, err
	}
	for text, v := range map[string]any{plan: &i.plan, mapping: &i.Mapping, reasons: &i.GuessReason} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			return nil, fmt.Errorf("read import %s: %w", i.ID, err)
		}
	}
	i.Format, i.Columns, i.Notes = i.plan.Format, append([]string{}, i.plan.Columns...), i.plan.Notes
	i.CreatedAt = db.Time(created)
	if started != 0 {
		t := db.Time(started)
		i.StartedAt = &t
	}
	if finished != 0 {
		t := db.Time(finished)
		i.FinishedAt = &t
	}
	if i.share == 1 {
		p.RowsTotal = p.RowsRead
	}
	return &i, nil
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Import, error) {
	i, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM import WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no import %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get import %s: %w", id, err)
	}
	return i, nil
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, before string, limit int) ([]*Import, error) {
	if before == "" {
		before = "zz" // sorts behind every id
	}
	out, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM import WHERE workspace_id = $1 AND launch_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4`, ws, launchID, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list imports of launch %s: %w", launchID, err)
	}
	return out, nil
}

func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, i *Import) error {
	var texts []any
	for _, v := range []any{i.plan, i.Mapping, i.GuessReason} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("insert import %s: %w", i.ID, err)
		}
		texts = append(texts, string(b))
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO import (workspace_id, id, launch_id, file_name, size, sha256, state, plan, mapping, reasons, by_id, by_name, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		ws, i.ID, i.LaunchID, i.FileName, i.Size, i.sha256, i.State, texts[0], texts[1], texts[2], i.CreatedBy.ID, i.CreatedBy.Name, db.Micros(i.CreatedAt))
	if err != nil {
		return fmt.Errorf("insert import %s: %w", i.ID, err)
	}
	return nil
}

// setState moves an import on, if it is in one of the states from.
func setState(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, to State, from []State, now time.Time) (bool, error) {
	var started, finished int64
	switch to {
	case Queued:
		started = db.Micros(now)
	case Finished, Failed, Cancelled, Undone:
		finished = db.Micros(now)
	}
	args := append([]any{to, started, finished, ws, id}, db.Args(from)...)
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE import SET state = $1, started_at = started_at + $2, finished_at = $3
		WHERE workspace_id = $4 AND id = $5 AND state IN (`+db.In(6, len(from))+`)`, args...))
	if err != nil {
		return false, fmt.Errorf("set import %s to %s: %w", id, to, err)
	}
	return n == 1, nil
}

func setMapping(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, m Mapping) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("map import %s: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE import SET mapping = $1 WHERE workspace_id = $2 AND id = $3`, string(b), ws, id); err != nil {
		return fmt.Errorf("map import %s: %w", id, err)
	}
	return nil
}

func setError(ctx context.Context, tx *db.Tx, ws workspace.ID, id, message string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE import SET error = $1 WHERE workspace_id = $2 AND id = $3`, message, ws, id); err != nil {
		return fmt.Errorf("note error of import %s: %w", id, err)
	}
	return nil
}

// advance claims the rows between two positions; false when they are not the
// next ones of a running import. The row stays locked until the transaction
// ends, so two workers never take the same rows.
func advance(ctx context.Context, tx *db.Tx, ws workspace.ID, id, from, to string) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE import SET position = $1 WHERE workspace_id = $2 AND id = $3 AND position = $4 AND state = 'running'`, to, ws, id, from))
	if err != nil {
		return false, fmt.Errorf("advance import %s: %w", id, err)
	}
	return n == 1, nil
}

// save writes an import's state and counts.
func save(ctx context.Context, tx *db.Tx, ws workspace.ID, i *Import) error {
	p := i.Progress
	_, err := tx.ExecContext(ctx, `UPDATE import SET state = $1, share = $2, rows_read = $3, accepted = $4, duplicates = $5, bad = $6 WHERE workspace_id = $7 AND id = $8`,
		i.State, i.share, p.RowsRead, p.Accepted, p.Duplicates, p.Bad, ws, i.ID)
	if err != nil {
		return fmt.Errorf("save import %s: %w", i.ID, err)
	}
	return nil
}

func addRemoved(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, n int) error {
	if _, err := tx.ExecContext(ctx, `UPDATE import SET removed = removed + $1 WHERE workspace_id = $2 AND id = $3`, n, ws, id); err != nil {
		return fmt.Errorf("count what import %s lost: %w", id, err)
	}
	return nil
}

func insertErrors(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, bad []RowIssue) error {
	rows := make([][]any, len(bad))
	for k, b := range bad {
		rows[k] = []any{ws, id, b.Row, cut(b.Reason, 1000), b.Raw}
	}
	return db.Insert(ctx, tx, `INSERT INTO import_error (workspace_id, import_id, row_number, reason, raw)`, `ON CONFLICT DO NOTHING`, rows)
}

// errorsOf returns the kept bad rows of an import behind row after.
func errorsOf(ctx context.Context, q db.Queryer, ws workspace.ID, id string, after int64, limit int) ([]RowIssue, error) {
	out, err := db.All(ctx, q, func(r db.Scanner) (x RowIssue, err error) { return x, r.Scan(&x.Row, &x.Reason, &x.Raw) },
		`SELECT row_number, reason, raw FROM import_error WHERE workspace_id = $1 AND import_id = $2 AND row_number > $3 ORDER BY row_number LIMIT $4`, ws, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list errors of import %s: %w", id, err)
	}
	return out, nil
}

// waiting counts the deliveries of an import that have not been processed.
func waiting(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE workspace_id = $1 AND import_id = $2 AND import_id <> '' AND state = $3`, ws, id, feedback.DeliveryAccepted).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count waiting rows of import %s: %w", id, err)
	}
	return n, nil
}

// embedded counts the feedback of an import that has been read fully.
func embedded(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM feedback WHERE workspace_id = $1 AND import_id = $2 AND import_id <> '' AND pass > 0`, ws, id).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count read rows of import %s: %w", id, err)
	}
	return n, nil
}

// knownKeys counts how many natural keys, by channel, the ledger has.
func knownKeys(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, keys map[string][]string) (total int64, err error) {
	for channel, list := range keys {
		var n int64
		args := append([]any{ws, launchID, channel}, db.Args(list)...)
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE workspace_id = $1 AND launch_id = $2 AND channel = $3 AND natural_key IN (`+db.In(4, len(list))+`)`, args...).Scan(&n)
		if err != nil {
			return 0, fmt.Errorf("look for known rows: %w", err)
		}
		total += n
	}
	return total, nil
}
