package feedback

import (
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Ref names a feedback beside something else.
type Ref struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
	Title  string `json:"title" doc:"Its title, or how its text starts, with personal data covered."`
	Author string `json:"author,omitempty" doc:"Who reported it, as far as it is known."`
}

// Refs names feedback by id; what is gone is left out.
func Refs(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]Ref, error) {
	out := make(map[string]Ref, len(ids))
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, func(s db.Scanner) (r Ref, err error) {
			var text, name, email string
			err = s.Scan(&r.ID, &r.Number, &r.Title, &text, &name, &email)
			title, start := Cover(r.Title, text)
			if r.Title = title; title == "" {
				r.Title = start
			}
			if r.Author = name; name == "" {
				r.Author = email
			}
			return r, err
		}, `SELECT id, num, title, substr(text, 1, 400), author_name, author_email FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("name %d feedback: %w", len(ids), err)
		}
		for _, r := range list {
			out[r.ID] = r
		}
	}
	return out, nil
}
