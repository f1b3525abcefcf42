package dup

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
)

// FileOptions say how RankFile works.
type FileOptions struct {
	Top     int      // candidates of each row; 20 when 0
	Encoder *Encoder // nil: words only
	Workers int      // goroutines; the number of processors when 0
}

type fileCandidate struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

type fileAnswer struct {
	ID         string          `json:"id"`
	Candidates []fileCandidate `json:"candidates"`
}

// RankFile reads rows {id, title, text, created} as JSON lines, a JSON array
// or CSV with a header, and writes for each row, in the order of the file,
// one line {"id","candidates":[{"id","score"}]}: the older rows that it most
// likely duplicates, best first. Older is an earlier created; rows of equal
// time, and files without times, go by their order in the file. A row that
// cannot be read is left out and told in the error returned at the end, after
// everything else was written.
func RankFile(ctx context.Context, in io.Reader, out io.Writer, opt FileOptions) error {
	if opt.Top <= 0 {
		opt.Top = 20
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	rows, bad, err := readRows(in)
	if err != nil {
		return err
	}
	setTimes(rows)
	if opt.Encoder != nil {
		if err := each(ctx, len(rows), opt.Workers, func(i int) {
			d := &rows[i].doc
			d.Static, d.Sentence = opt.Encoder.Encode(*d)
		}); err != nil {
			return err
		}
	}
	order := make([]int, len(rows)) // oldest first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rows[a].doc.At.Compare(rows[b].doc.At) })
	x := New()
	for n, i := range order {
		rows[i].rank = n
		rows[i].doc.ID = strconv.Itoa(i) // the file's own ids may repeat
		x.Add(rows[i].doc)
	}
	answers := make([][]Candidate, len(rows))
	if err := each(ctx, len(rows), opt.Workers, func(i int) {
		answers[i] = x.Search(rows[i].doc, Options{K: opt.Top, older: uint32(rows[i].rank) + 1})
	}); err != nil {
		return err
	}
	if err := writeAnswers(out, rows, answers); err != nil {
		return err
	}
	return skipped(bad)
}

// each calls f for 0 to n-1 from several goroutines.
func each(ctx context.Context, n, workers int, f func(int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

func writeAnswers(out io.Writer, rows []fileRow, answers [][]Candidate) error {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i, r := range rows {
		a := fileAnswer{ID: r.id, Candidates: make([]fileCandidate, len(answers[i]))}
		for k, c := range answers[i] {
			j, err := strconv.Atoi(c.ID)
			if err != nil {
				return fmt.Errorf("write answer of row %s: %w", r.id, err)
			}
			a.Candidates[k] = fileCandidate{rows[j].id, math.Round(c.Score*1e4) / 1e4}
		}
		if err := enc.Encode(a); err != nil {
			return fmt.Errorf("write answer of row %s: %w", r.id, err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	return nil
}

// setTimes gives rows without a time that of the row before them, and a file
// without any a second a row.
func setTimes(rows []fileRow) {
	first := slices.IndexFunc(rows, func(r fileRow) bool { return !r.doc.At.IsZero() })
	for i := range rows {
		at := &rows[i].doc.At
		switch {
		case first < 0:
			*at = time.Unix(int64(i), 0)
		case !at.IsZero():
		case i < first:
			*at = rows[first].doc.At
		default:
			*at = rows[i-1].doc.At
		}
	}
}

const maxTold = 5 // unreadable rows that are told one by one

// skipped is the error that tells the rows left out; nil when there are none.
func skipped(bad []string) error {
	if len(bad) == 0 {
		return nil
	}
	msg := "1 row was left out"
	if len(bad) > 1 {
		msg = fmt.Sprintf("%d rows were left out", len(bad))
	}
	for i, b := range bad {
		if i == maxTold {
			msg += fmt.Sprintf("; and %d more", len(bad)-maxTold)
			break
		}
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		msg += sep + b
	}
	return errs.New(errs.Invalid, "%s. Correct them and run again; all others were answered.", msg)
}
