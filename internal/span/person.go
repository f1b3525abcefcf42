package span

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// personPage is how many traces are looked at in one question.
const personPage = 500

// scrubTime bounds the cleaning of a file after an erasure.
const scrubTime = 20 * time.Second

// ErasePerson removes all that tells of some users and sessions, for good:
// every span and log record of their traces, and their log records without
// one. It returns how much it was.
func (s *Service) ErasePerson(ctx context.Context, ws workspace.ID, users, sessions []string) (int64, error) {
	traces, err := s.tracesOf(ctx, ws, users, sessions)
	if err != nil {
		return 0, err
	}
	var n int64
	del := func(text string, args ...any) error {
		return s.db.Tx(ctx, func(tx *db.Tx) error {
			gone, err := db.Affected(tx.ExecContext(ctx, text, args...))
			n += gone
			if err != nil {
				return fmt.Errorf("erase telemetry: %w", err)
			}
			return nil
		})
	}
	for part := range slices.Chunk(traces, personPage) {
		args := append([]any{ws}, db.Args(part)...)
		if err := del(`DELETE FROM span WHERE workspace_id = $1 AND trace_id IN (`+db.In(2, len(part))+`)`, args...); err != nil {
			return n, err
		}
		if err := del(`DELETE FROM log_record WHERE workspace_id = $1 AND trace_id <> '' AND trace_id IN (`+db.In(2, len(part))+`)`, args...); err != nil {
			return n, err
		}
	}
	for part := range slices.Chunk(users, personPage) {
		if err := del(`DELETE FROM log_record WHERE workspace_id = $1 AND user_id <> '' AND user_id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
			return n, err
		}
	}
	for part := range slices.Chunk(sessions, personPage) {
		if err := del(`DELETE FROM log_record WHERE workspace_id = $1 AND session_id <> '' AND session_id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...); err != nil {
			return n, err
		}
	}
	if n > 0 { // the bytes too
		if _, err := s.db.Scrub(ctx, scrubTime); err != nil {
			return n, err
		}
	}
	return n, nil
}

// tracesOf are the traces in which a span or log record names one of them.
func (s *Service) tracesOf(ctx context.Context, ws workspace.ID, users, sessions []string) ([]string, error) {
	var out []string
	ask := func(text string, part []string) error {
		list, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) }, text, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("find traces of a person: %w", err)
		}
		out = append(out, list...)
		return nil
	}
	for part := range slices.Chunk(users, personPage) {
		if err := ask(`SELECT DISTINCT trace_id FROM span WHERE workspace_id = $1 AND user_id <> '' AND user_id IN (`+db.In(2, len(part))+`)`, part); err != nil {
			return nil, err
		}
		if err := ask(`SELECT DISTINCT trace_id FROM log_record WHERE workspace_id = $1 AND trace_id <> '' AND user_id <> '' AND user_id IN (`+db.In(2, len(part))+`)`, part); err != nil {
			return nil, err
		}
	}
	for part := range slices.Chunk(sessions, personPage) {
		if err := ask(`SELECT DISTINCT trace_id FROM span WHERE workspace_id = $1 AND session_id <> '' AND session_id IN (`+db.In(2, len(part))+`)`, part); err != nil {
			return nil, err
		}
		if err := ask(`SELECT DISTINCT trace_id FROM log_record WHERE workspace_id = $1 AND trace_id <> '' AND session_id <> '' AND session_id IN (`+db.In(2, len(part))+`)`, part); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ExportPerson writes what ErasePerson would remove, as JSON lines.
func (s *Service) ExportPerson(ctx context.Context, ws workspace.ID, users, sessions []string, w io.Writer) error {
	traces, err := s.tracesOf(ctx, ws, users, sessions)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	seen := map[string]bool{}
	logs := func(f Filter) error {
		f.Oldest, f.Limit = true, MaxTrace
		list, err := findLogs(ctx, s.db, ws, f)
		for _, l := range list {
			if !seen[l.ID] {
				seen[l.ID] = true
				err = errors.Join(err, enc.Encode(map[string]any{"log": l}))
			}
		}
		return err
	}
	for _, id := range traces {
		spans, err := s.ByTrace(ctx, ws, id)
		if err != nil {
			return err
		}
		for _, x := range spans {
			if err := enc.Encode(map[string]any{"span": x}); err != nil {
				return fmt.Errorf("write span: %w", err)
			}
		}
		if err := logs(Filter{TraceID: id}); err != nil {
			return err
		}
	}
	for _, u := range users {
		if err := logs(Filter{User: u}); err != nil {
			return err
		}
	}
	for _, id := range sessions {
		if err := logs(Filter{Session: id}); err != nil {
			return err
		}
	}
	return out.Flush()
}
