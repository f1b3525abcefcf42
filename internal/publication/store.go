package publication

import (
	"context"
	"fmt"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

func current(ctx context.Context, q db.Queryer, ws workspace.ID) (*Publication, error) {
	p, err := scan(q.QueryRowContext(ctx, `SELECT num, document, note, from_num, by_name, at FROM publication WHERE workspace_id = $1 ORDER BY num DESC LIMIT 1`, ws))
	switch {
	case db.IsNoRows(err):
		return &Publication{}, nil
	case err != nil:
		return nil, fmt.Errorf("get what is published: %w", err)
	}
	p.Live = true
	return &p, nil
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, num int64) (*Publication, error) {
	p, err := scan(q.QueryRowContext(ctx, `SELECT num, document, note, from_num, by_name, at FROM publication WHERE workspace_id = $1 AND num = $2`, ws, num))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no publication %d in this workspace.", num)
	case err != nil:
		return nil, fmt.Errorf("get publication %d: %w", num, err)
	}
	return &p, nil
}

func scan(s db.Scanner) (p Publication, err error) {
	var at int64
	err = s.Scan(&p.Number, &p.Document, &p.Note, &p.FromNum, &p.By, &at)
	p.At = db.Time(at)
	return p, err
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID, before int64, limit int) ([]Publication, error) {
	if before == 0 {
		before = 1 << 62
	}
	out, err := db.All(ctx, q, scan, `SELECT num, '', note, from_num, by_name, at FROM publication WHERE workspace_id = $1 AND num < $2 ORDER BY num DESC LIMIT $3`, ws, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	if before == 1<<62 && len(out) > 0 {
		out[0].Live = true
	}
	return out, nil
}

func insert(ctx context.Context, tx *db.Tx, ws workspace.ID, p *Publication, by string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO publication (workspace_id, num, document, note, from_num, by_id, by_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		ws, p.Number, p.Document, p.Note, p.FromNum, by, p.By, db.Micros(p.At))
	if err != nil {
		return fmt.Errorf("write publication %d: %w", p.Number, err)
	}
	return nil
}

// all returns what each workspace publishes, the oldest workspace first.
func all(ctx context.Context, q db.Queryer) (docs []gateway.Document, err error) {
	type row struct{ ws, text string }
	// All workspaces: the node serves them all.
	rows, err := db.All(ctx, q, func(s db.Scanner) (r row, err error) { return r, s.Scan(&r.ws, &r.text) },
		`SELECT p.workspace_id, p.document FROM publication p JOIN workspace w ON w.id = p.workspace_id
			WHERE p.num = (SELECT MAX(x.num) FROM publication x WHERE x.workspace_id = p.workspace_id) ORDER BY w.created_at, w.id`)
	if err != nil {
		return nil, fmt.Errorf("read what is published: %w", err)
	}
	for _, r := range rows {
		docs = append(docs, gateway.Document{Workspace: r.ws, Text: []byte(r.text)})
	}
	return docs, nil
}
