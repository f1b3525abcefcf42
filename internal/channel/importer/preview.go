package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	shownRows   = 20
	shownValue  = 500 // bytes of a value in a sample
	shownErrors = 20
)

// SampleRow is one of the first rows, as it stands in the file and as it
// would be kept.
type SampleRow struct {
	Row      int64             `json:"row"`
	Raw      map[string]string `json:"raw,omitempty"`
	Feedback *feedback.Input   `json:"feedback,omitempty"`
	Error    string            `json:"error,omitempty"`
}

// DryRun is what an import would do.
type DryRun struct {
	Rows       int64      `json:"rows"`
	Good       int64      `json:"good" doc:"Would become new feedback."`
	Duplicates int64      `json:"duplicates" doc:"Are here already, or stand twice in the file."`
	Bad        int64      `json:"bad"`
	Errors     []RowIssue `json:"errors" nullable:"false" doc:"First rows that could not be kept."`
}

// RowIssue is a row that could not be kept.
type RowIssue struct {
	Row    int64  `json:"row"`
	Reason string `json:"reason"`
	Raw    string `json:"raw" doc:"At most 2 kB of the row as it stands in the file."`
}

// readRow reads the next row as feedback. bad is set for a row that can't be
// kept; err ends the reading, io.EOF at the end of the file.
func readRow(r Reader, m *Mapping, o Options, s *Service) (row Row, in feedback.Input, bad *RowIssue, err error) {
	row, err = r.Next()
	if e, ok := errors.AsType[*RowError](err); ok {
		return row, in, &RowIssue{e.Row, e.Reason, e.Raw}, nil
	}
	if err != nil {
		return row, in, nil, err
	}
	in, err = m.Apply(row, o)
	if err == nil {
		err = in.Validate(s.now())
	}
	if err != nil {
		return row, in, &RowIssue{row.Number, reason(err), cut(row.Raw(), rawLimit)}, nil
	}
	return row, in, nil, nil
}

// reason says why a row can't be kept, to stand behind "Row 5".
func reason(err error) string {
	if f := errs.Fields(err); len(f) > 0 {
		return f[0].Location + " " + f[0].Message
	}
	return errs.Message(err)
}

// naturalKey identifies a row that has no id of its own: the same row of the
// same file is the same report.
func naturalKey(i *Import, in *feedback.Input, number int64) string {
	if in.ExternalID != "" {
		return "" // feedback makes it of that
	}
	sum := sha256.Sum256([]byte(i.sha256 + ":" + strconv.FormatInt(number, 10)))
	return "f:" + hex.EncodeToString(sum[:16])
}

// addSample fills in the first rows.
func (s *Service) addSample(ctx context.Context, ws workspace.ID, i *Import) error {
	f, r, o, err := s.open(ctx, ws, i, "")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(r.Close(), f.Close()) }() // only read
	i.Sample = make([]SampleRow, 0, shownRows)
	for len(i.Sample) < shownRows {
		row, in, bad, err := readRow(r, &i.Mapping, o, s)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		shown := SampleRow{Row: row.Number, Raw: map[string]string{}}
		for k, v := range row.Values {
			shown.Raw[k] = cut(v, shownValue)
		}
		if bad != nil {
			shown.Row, shown.Error = bad.Row, bad.Reason
			if row.Values == nil {
				shown.Raw = map[string]string{"": cut(bad.Raw, shownValue)}
			}
		} else {
			in.Text = cut(in.Text, 4*shownValue)
			shown.Feedback = &in
		}
		i.Sample = append(i.Sample, shown)
	}
	return nil
}

// open begins to read the file of an import at a position.
func (s *Service) open(ctx context.Context, ws workspace.ID, i *Import, position string) (*os.File, Reader, Options, error) {
	o, err := s.options(ctx, ws, i)
	if err != nil {
		return nil, nil, o, err
	}
	f, err := os.Open(s.path(i.ID))
	if err != nil {
		return nil, nil, o, fmt.Errorf("open upload: %w", err)
	}
	r, err := Open(f, i.Size, i.plan, position)
	if err != nil {
		return nil, nil, o, errors.Join(err, f.Close())
	}
	return f, r, o, nil
}

// Preview maps the sample anew and keeps the mapping for Start. With dryRun
// it also reads the whole file and counts what would be kept.
func (s *Service) Preview(ctx context.Context, id string, m *Mapping, dryRun bool) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	i, err := get(ctx, s.deps.DB, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if i.State != Uploaded {
		return nil, errs.New(errs.Conflict, "The import of %.80s is %s; only one that has not been started can be previewed.", i.FileName, i.State)
	}
	if m != nil {
		if err := m.Validate(i.Columns); err != nil {
			return nil, err
		}
		i.Mapping = *m
		err := s.deps.DB.Tx(ctx, func(tx *db.Tx) error { return setMapping(ctx, tx, a.Workspace, id, *m) })
		if err != nil {
			return nil, err
		}
	}
	if dryRun {
		if i.DryRun, err = s.dryRun(ctx, a.Workspace, i); err != nil {
			return nil, err
		}
	}
	return i, s.complete(ctx, a.Workspace, i)
}

// dryRun reads a file to its end and keeps nothing.
func (s *Service) dryRun(ctx context.Context, ws workspace.ID, i *Import) (*DryRun, error) {
	f, r, o, err := s.open(ctx, ws, i, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = errors.Join(r.Close(), f.Close()) }() // only read
	d := &DryRun{Errors: []RowIssue{}}
	seen := map[[16]byte]struct{}{}
	batch := map[string][]string{} // channel -> natural keys
	n := 0
	flush := func() error {
		known, err := knownKeys(ctx, s.deps.DB, ws, i.LaunchID, batch)
		d.Duplicates += known
		d.Good -= known
		clear(batch)
		n = 0
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, in, bad, err := readRow(r, &i.Mapping, o, s)
		if errors.Is(err, io.EOF) {
			return d, flush()
		}
		if err != nil {
			return nil, err
		}
		d.Rows++
		if bad != nil {
			if d.Bad++; len(d.Errors) < shownErrors {
				d.Errors = append(d.Errors, *bad)
			}
			continue
		}
		key := naturalKey(i, &in, row.Number)
		if key == "" {
			key = "x:" + in.ExternalID
		}
		sum := sha256.Sum256([]byte(in.Channel + "\x00" + key))
		short := [16]byte(sum[:16])
		if _, twice := seen[short]; twice {
			d.Duplicates++
			continue
		}
		seen[short] = struct{}{}
		d.Good++
		batch[in.Channel] = append(batch[in.Channel], key)
		if n++; n >= chunkRows {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
}
