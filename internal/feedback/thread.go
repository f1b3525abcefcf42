package feedback

import (
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Attach gives stored files to a message of a report's thread, in tx; owner is
// the message's id.
func (s *Service) Attach(ctx context.Context, tx *db.Tx, ws workspace.ID, owner string, files []StoredFile) error {
	rows := make([][]any, len(files))
	for i, f := range files {
		rows[i] = []any{ws, db.NewID(), owner, f.Name, f.ContentType, f.Size, f.SHA256}
	}
	return db.Insert(ctx, tx, `INSERT INTO attachment (workspace_id, id, delivery_id, name, content_type, size, sha256)`, "", rows)
}

// AttachmentsOf returns the files of many reports or messages by whose they
// are.
func (s *Service) AttachmentsOf(ctx context.Context, ws workspace.ID, owners []string) (map[string][]Attachment, error) {
	type row struct {
		owner string
		a     Attachment
	}
	out := map[string][]Attachment{}
	for part := range slices.Chunk(owners, 500) {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (x row, err error) {
			err = r.Scan(&x.owner, &x.a.ID, &x.a.Name, &x.a.ContentType, &x.a.Size, &x.a.SHA256)
			x.a.URL = "/api/v1/attachments/" + x.a.ID
			return x, err
		}, `SELECT delivery_id, id, name, content_type, size, sha256 FROM attachment WHERE workspace_id = $1 AND delivery_id IN (`+db.In(2, len(part))+`) ORDER BY id`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("list attachments: %w", err)
		}
		for _, x := range list {
			out[x.owner] = append(out[x.owner], x.a)
		}
	}
	return out, nil
}

// ReadFile returns the bytes of an attachment by its SHA256, for who sends them
// on.
func (s *Service) ReadFile(sha256 string) ([]byte, error) { return s.readFile(sha256) }

// ByNaturalKey returns the id of the report of a launch that came by a
// channel with a natural key, "" when there is none.
func (s *Service) ByNaturalKey(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, channel, key string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT id FROM delivery WHERE workspace_id = $1 AND launch_id = $2 AND channel = $3 AND natural_key = $4`, ws, launchID, channel, key).Scan(&id)
	if err != nil && !db.IsNoRows(err) {
		return "", fmt.Errorf("find report by its natural key: %w", err)
	}
	return id, nil
}
