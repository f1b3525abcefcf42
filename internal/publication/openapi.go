package publication

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/openapi"
	"github.com/hypercare/hypercare/internal/workspace"
)

// OpenAPI is an OpenAPI document that was imported: kept by its content, never
// changed.
type OpenAPI struct {
	ID         string    `json:"id" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" doc:"As an API of the gateway's document names it."`
	Title      string    `json:"title"`
	Version    string    `json:"version" doc:"As its author counts."`
	Format     string    `json:"format" example:"3.1.0"`
	Operations int       `json:"operations"`
	Size       int       `json:"size" doc:"Bytes."`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
}

// KeepOpenAPI checks an OpenAPI document and keeps it; one that is kept
// already stays as it is.
func (s *Service) KeepOpenAPI(ctx context.Context, text []byte) (*OpenAPI, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	d, err := readOpenAPI(text)
	if err != nil {
		return nil, err
	}
	return s.keep(ctx, a, d, text)
}

func readOpenAPI(text []byte) (*openapi.Document, error) {
	if !utf8.Valid(text) {
		return nil, errs.New(errs.Invalid, "The OpenAPI document is not UTF-8; save it as UTF-8 and try again.")
	}
	d, err := openapi.Read(text)
	if err != nil {
		return nil, errs.New(errs.Invalid, "%s", sentence(err))
	}
	return d, nil
}

func (s *Service) keep(ctx context.Context, a workspace.Actor, d *openapi.Document, text []byte) (*OpenAPI, error) {
	out := &OpenAPI{ID: d.ID, Title: cut(d.Title), Version: cut(d.Version), Format: d.OpenAPI, Operations: len(d.Operations), Size: len(text), By: a.Name,
		At: s.now().UTC().Truncate(time.Microsecond)}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO openapi_document (workspace_id, id, document, title, version, format, operations, size, by_id, by_name, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (workspace_id, id) DO NOTHING`,
			a.Workspace, out.ID, string(text), out.Title, out.Version, out.Format, out.Operations, out.Size, a.ID, out.By, db.Micros(out.At))
		if err != nil {
			return fmt.Errorf("keep OpenAPI document: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return a.Audit(ctx, tx, "gateway.openapi", "openapi_document", out.ID, map[string]any{"title": out.Title, "version": out.Version})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// cut bounds what an author wrote to what a list shows.
func cut(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// OpenAPIText returns an OpenAPI document as it came.
func (s *Service) OpenAPIText(ctx context.Context, id string) ([]byte, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return openAPIText(ctx, s.db, a.Workspace, id)
}

// ListOpenAPI returns a page of OpenAPI documents, newest first, before one.
func (s *Service) ListOpenAPI(ctx context.Context, before OpenAPICursor, limit int) ([]OpenAPI, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if before.At == 0 {
		before.At = 1 << 62
	}
	out, err := db.All(ctx, s.db, func(r db.Scanner) (o OpenAPI, err error) {
		var at int64
		err = r.Scan(&o.ID, &o.Title, &o.Version, &o.Format, &o.Operations, &o.Size, &o.By, &at)
		o.At = db.Time(at)
		return o, err
	}, `SELECT id, title, version, format, operations, size, by_name, at FROM openapi_document
		WHERE workspace_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, a.Workspace, before.At, before.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list OpenAPI documents: %w", err)
	}
	return out, nil
}

// OpenAPICursor is a place in the list of OpenAPI documents.
type OpenAPICursor struct {
	At int64  `json:"a"`
	ID string `json:"i"`
}

func openAPIText(ctx context.Context, q db.Queryer, ws workspace.ID, id string) ([]byte, error) {
	var text string
	err := q.QueryRowContext(ctx, `SELECT document FROM openapi_document WHERE workspace_id = $1 AND id = $2`, ws, id).Scan(&text)
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no OpenAPI document %s in this workspace; import it.", id)
	case err != nil:
		return nil, fmt.Errorf("get OpenAPI document: %w", err)
	}
	return []byte(text), nil
}

func hasOpenAPI(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM openapi_document WHERE workspace_id = $1 AND id = $2`, ws, id).Scan(&n); err != nil {
		return false, fmt.Errorf("look for OpenAPI document: %w", err)
	}
	return n > 0, nil
}

// resolver gives the gateway the OpenAPI documents of a workspace.
func (s *Service) resolver(ws workspace.ID) func(string) ([]byte, error) {
	return func(id string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return openAPIText(ctx, s.db, ws, id)
	}
}
