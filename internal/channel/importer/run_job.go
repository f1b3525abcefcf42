package importer

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/workspace"
)

// runArgs asks to read an import's file into the ledger.
type runArgs struct {
	Workspace workspace.ID `json:"workspace"`
	ImportID  string       `json:"import_id"`
}

// Kind implements job.Args.
func (runArgs) Kind() string { return "import.run" }

// slice is how long one run works before it gives its worker free.
const slice = job.Slice

// run reads the file chunk by chunk. Each chunk's deliveries, the counts and
// the place where the next begins are committed together, so that whatever
// ends the process, no row is lost and none comes twice.
func (s *Service) run(ctx context.Context, args runArgs) error {
	ws := args.Workspace
	ctx = workspace.System(ctx, ws)
	i, err := get(ctx, s.deps.DB, ws, args.ImportID)
	if err != nil {
		return job.Cancel(err)
	}
	until := s.now().Add(slice)
	if i.State == Queued {
		err := s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
			_, err := setState(ctx, tx, ws, i.ID, Running, []State{Queued}, s.now())
			return err
		})
		if err != nil {
			return err
		}
		if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil {
			return err
		}
		s.tell(ctx, ws, i, true)
	}
	if i.State == Running {
		if err := s.read(ctx, ws, i, until); err != nil {
			return s.failed(ctx, ws, i, err)
		}
		if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil {
			return err
		}
	}
	if i.State == Triaging {
		return s.await(ctx, ws, i, until)
	}
	return nil
}

// failed gives an import up when its file can't be read, and returns other
// errors for another try.
func (s *Service) failed(ctx context.Context, ws workspace.ID, i *Import, err error) error {
	message := ""
	switch {
	case errors.Is(err, os.ErrNotExist):
		message = "The uploaded file is gone from the data folder; upload it again. Nodes of a cluster must share that folder."
	case errs.KindOf(err) != errs.Internal:
		message = errs.Message(err)
	default:
		return err
	}
	e := s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := setError(ctx, tx, ws, i.ID, message); err != nil {
			return err
		}
		_, err := setState(ctx, tx, ws, i.ID, Failed, []State{Running}, s.now())
		return err
	})
	if e != nil {
		return e
	}
	if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil {
		return err
	}
	s.tell(ctx, ws, i, true)
	return nil
}

// read brings the rest of the file into the ledger; job.ErrAgain when the time
// is up before.
func (s *Service) read(ctx context.Context, ws workspace.ID, i *Import, until time.Time) error {
	f, r, o, err := s.open(ctx, ws, i, i.position)
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(r.Close(), f.Close()) }() // only read
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.nextChunk(r, i, o)
		if err != nil {
			return err
		}
		ours, err := s.commit(ctx, ws, i, c)
		if err != nil || !ours {
			return err // nil: cancelled, undone, or another worker is ahead
		}
		s.tell(ctx, ws, i, c.end)
		if c.end {
			return s.discard(i.ID)
		}
		if s.now().After(until) {
			return job.ErrAgain
		}
	}
}

// chunk is a part of a file between two commits.
type chunk struct {
	items    []feedback.Incoming
	bad      []RowIssue
	rows     int64
	position string
	share    float64
	end      bool
}

func (s *Service) nextChunk(r Reader, i *Import, o Options) (*chunk, error) {
	c := &chunk{}
	size := 0
	for c.rows < int64(s.chunk) && size < chunkBytes {
		row, in, bad, err := readRow(r, &i.Mapping, o, s)
		if errors.Is(err, io.EOF) {
			c.end = true
			break
		}
		if err != nil {
			return nil, err
		}
		c.rows++
		if bad != nil {
			c.bad = append(c.bad, *bad)
			size += len(bad.Raw)
			continue
		}
		size += len(in.Text)
		c.items = append(c.items, feedback.Incoming{Input: in, NaturalKey: naturalKey(i, &in, row.Number), ImportID: i.ID})
	}
	c.position, c.share = r.Position(), r.Done()
	if c.end {
		c.share = 1
	}
	return c, nil
}

// commit writes a chunk and the progress that it makes; false when the import
// no longer stands where the chunk begins.
func (s *Service) commit(ctx context.Context, ws workspace.ID, i *Import, c *chunk) (ours bool, err error) {
	next := *i
	err = s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
		next = *i
		if ours, err = advance(ctx, tx, ws, i.ID, i.position, c.position); err != nil || !ours {
			return err
		}
		var receipts []feedback.Receipt
		if len(c.items) > 0 {
			if receipts, err = s.deps.Feedback.AcceptIn(ctx, tx, ws, i.LaunchID, c.items); err != nil {
				return err
			}
		}
		for _, r := range receipts {
			if r.Duplicate {
				next.Progress.Duplicates++
			} else {
				next.Progress.Accepted++
			}
		}
		if room := maxErrors - next.Progress.Bad; room > 0 {
			if err := insertErrors(ctx, tx, ws, i.ID, c.bad[:min(int64(len(c.bad)), room)]); err != nil {
				return err
			}
		}
		next.Progress.Bad += int64(len(c.bad))
		next.Progress.RowsRead += c.rows
		next.position, next.share = c.position, c.share
		if c.end {
			next.State = Triaging
			next.Progress.RowsTotal = next.Progress.RowsRead
		}
		return save(ctx, tx, ws, &next)
	})
	if err != nil || !ours {
		return false, err
	}
	s.deps.Feedback.Accepted(int(next.Progress.Accepted - i.Progress.Accepted))
	*i = next
	return true, nil
}

// await follows the first reading of an import's rows until all have had it.
func (s *Service) await(ctx context.Context, ws workspace.ID, i *Import, until time.Time) error {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		n, err := waiting(ctx, s.deps.DB, ws, i.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.finish(ctx, ws, i)
		}
		if s.now().After(until) {
			return job.ErrAgain
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		s.tell(ctx, ws, i, false)
		if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil || i.State != Triaging {
			return err
		}
	}
}

func (s *Service) finish(ctx context.Context, ws workspace.ID, i *Import) error {
	err := s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := setState(ctx, tx, ws, i.ID, Finished, []State{Triaging}, s.now())
		return err
	})
	if err != nil {
		return err
	}
	if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil {
		return err
	}
	s.tell(ctx, ws, i, true)
	return nil
}
