package calllog

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Calls of a person are those of any of their users or sessions. These two
// serve erasing and exporting people, whose service has checked that the
// asker may; they are no part of the API.

// maxPersonCalls bounds how many calls of one person an export brings, the
// newest.
const maxPersonCalls = 100_000

// ErasePerson removes all calls of users and sessions for good.
func (s *Service) ErasePerson(ctx context.Context, ws workspace.ID, users, sessions []string) (int64, error) {
	if s.store == nil || len(users)+len(sessions) == 0 {
		return 0, nil
	}
	var n int64
	for _, q := range personQueries(users, sessions) {
		gone, err := s.store.Erase(ctx, ws, q)
		n += gone
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// personQueries asks for the calls of many users and sessions, in as few
// queries as their limits allow.
func personQueries(users, sessions []string) []call.Query {
	const values, filters = 1000, 4
	var any []call.Filter
	for part := range slices.Chunk(users, values) {
		any = append(any, call.Filter{Field: call.User, Op: call.Is, Values: part})
	}
	for part := range slices.Chunk(sessions, values) {
		any = append(any, call.Filter{Field: call.Session, Op: call.Is, Values: part})
	}
	var out []call.Query
	for part := range slices.Chunk(any, filters) {
		out = append(out, call.Query{Any: part})
	}
	return out
}

// ExportPerson writes the calls of users and sessions, with what was captured
// of them, as JSON lines, newest first.
func (s *Service) ExportPerson(ctx context.Context, ws workspace.ID, users, sessions []string, w io.Writer) error {
	if s.store == nil || len(users)+len(sessions) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	n := 0
	for _, q := range personQueries(users, sessions) {
		q.Limit, q.Payload = payloadPage, true
		for n < maxPersonCalls {
			page, err := s.personPage(ctx, ws, q)
			if err != nil {
				return err
			}
			for i := range page.Calls {
				r := &page.Calls[i]
				if err := enc.Encode(struct {
					Call    Call    `json:"call"`
					Payload Payload `json:"payload"`
				}{shape(r), Payload{messageOf(&r.Request), messageOf(&r.Response)}}); err != nil {
					return err
				}
			}
			n += len(page.Calls)
			if page.Next.IsZero() || len(page.Calls) == 0 {
				break
			}
			q.After = page.Next
		}
	}
	return out.Flush()
}

// personPage reads a page, again where time ran out before it was full.
func (s *Service) personPage(ctx context.Context, ws workspace.ID, q call.Query) (*call.Page, error) {
	for try := 0; ; try++ {
		one, cancel := context.WithTimeout(ctx, countTime)
		page, err := s.store.Find(one, ws, q)
		cancel()
		if err != nil || page.Complete || len(page.Calls) > 0 {
			return page, err
		}
		if try == 2 || ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), errs.TooBusy(10*time.Second, "The call log is too busy to look through all of it; try again in a moment."))
		}
	}
}

// PersonCalls returns the newest calls of users and sessions, or of these
// the newest that failed.
func (s *Service) PersonCalls(ctx context.Context, users, sessions []string, failed bool, limit int) ([]Call, error) {
	a, err := s.need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	out := []call.Record{}
	for _, q := range personQueries(users, sessions) {
		q.Limit = limit
		if failed {
			q.Where = []call.Filter{{Field: call.Status, Op: call.AtLeast, Values: []string{"400"}}}
		}
		page, err := s.store.Find(ctx, a.Workspace, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Calls...)
	}
	slices.SortFunc(out, func(x, y call.Record) int { return cmp.Compare(y.Time, x.Time) })
	return shapeAll(out[:min(len(out), limit)]), nil
}
