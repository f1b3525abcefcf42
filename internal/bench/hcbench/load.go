package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/bench/corpus"
	"github.com/hypercare/hypercare/internal/db"
)

// seedRows go through the real intake and triage; the rest of a large set are
// copies of them, made in the database, because reading a million texts would
// take the better part of an hour and change nothing for a list.
const seedRows = 20_000

// grow makes the launch hold n feedback.
func (b *listBench) grow(ctx context.Context, n int) error {
	if b.rows == 0 {
		if err := b.seed(ctx); err != nil {
			return err
		}
		b.rows = seedRows
	}
	d, err := db.Open(ctx, db.Config{Dir: b.cfg.Data, URL: b.cfg.DatabaseURL})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	var ws string
	if err := d.QueryRowContext(ctx, `SELECT workspace_id FROM launch WHERE id = $1`, b.launch).Scan(&ws); err != nil {
		return fmt.Errorf("find the workspace: %w", err)
	}
	for b.rows < n {
		count := min(seedRows, n-b.rows)
		if err := copyRows(ctx, d, ws, b.rows, count); err != nil {
			return err
		}
		b.rows += count
	}
	return nil
}

// seed sends the first rows through the API and waits until they are read.
func (b *listBench) seed(ctx context.Context) error {
	s, token, launch, err := setUp(ctx, b.cfg)
	if err != nil {
		return err
	}
	b.token, b.launch = token, launch
	g := corpus.New(7, time.Now().Add(-time.Hour))
	for range seedRows / 1000 {
		items := make([]corpus.Item, 1000)
		for i := range items {
			items[i] = g.Next()
		}
		if err := s.Call(ctx, token, "POST", "/api/v1/launches/"+launch+"/feedback", map[string]any{"items": items}, nil); err != nil {
			return errors.Join(err, s.Stop())
		}
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := counts(ctx, s, token, launch)
		if err != nil {
			return errors.Join(err, s.Stop())
		}
		if c.Counts.Waiting == 0 && c.Counts.Feedback == seedRows {
			return s.Stop()
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.Stop())
		case <-tick.C:
		}
	}
}

// copyRows adds count copies of the first rows behind the offset rows there
// are, with the words of each in the search index.
func copyRows(ctx context.Context, d *db.DB, ws string, offset, count int) error {
	columns, err := columnsOf(ctx, d, "feedback")
	if err != nil {
		return err
	}
	var firstNum int64
	if err := d.QueryRowContext(ctx, `SELECT MIN(num) FROM feedback WHERE workspace_id = $1`, ws).Scan(&firstNum); err != nil {
		return fmt.Errorf("find the first number: %w", err)
	}
	values := make([]string, len(columns))
	for i, name := range columns {
		switch name {
		case "id": // 26 characters; the last six become the copy's own
			values[i] = "substr(id, 1, 20) || $2"
		case "num":
			values[i] = "num + $3"
		case "external_id":
			values[i] = "external_id || $2"
		case "occurred_at", "received_at", "changed_at":
			values[i] = name + " + $4"
		case "pass": // nothing is left for the background to read
			values[i] = "1"
		default:
			values[i] = name
		}
	}
	suffix := fmt.Sprintf("%06d", offset/seedRows)
	text := `INSERT INTO feedback (` + strings.Join(columns, ", ") + `) SELECT ` + strings.Join(values, ", ") + `
		FROM feedback WHERE workspace_id = $1 AND num >= $5 AND num < $6 ORDER BY num`
	last := firstNum + int64(count)
	return d.Tx(ctx, func(tx *db.Tx) error {
		if offset == seedRows {
			if _, err := tx.ExecContext(ctx, `UPDATE feedback SET pass = 1 WHERE workspace_id = $1`, ws); err != nil {
				return fmt.Errorf("mark as read: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, text, ws, suffix, int64(offset), int64(offset/seedRows)*1_000_000, firstNum, last); err != nil {
			return fmt.Errorf("copy feedback: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE counter SET value = value + $1 WHERE workspace_id = $2 AND name = 'feedback'`, int64(count), ws); err != nil {
			return fmt.Errorf("count feedback: %w", err)
		}
		if d.Postgres() {
			_, err := tx.ExecContext(ctx, `INSERT INTO search_doc (workspace_id, kind, num, words)
				SELECT workspace_id, kind, num + $2, words FROM search_doc WHERE workspace_id = $1 AND kind = 'feedback' AND num >= $3 AND num < $4`,
				ws, int64(offset), firstNum, last)
			return err
		}
		docs, err := db.All(ctx, tx, func(s db.Scanner) (x db.SearchDoc, err error) { return x, s.Scan(&x.Num, &x.Title, &x.Text) },
			`SELECT num + $2, title, text FROM feedback WHERE workspace_id = $1 AND num >= $3 AND num < $4`, ws, int64(offset), firstNum, last)
		if err != nil {
			return fmt.Errorf("read texts: %w", err)
		}
		return db.PutSearch(ctx, tx, ws, "feedback", docs)
	})
}

func columnsOf(ctx context.Context, d *db.DB, table string) ([]string, error) {
	rows, err := d.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return names, rows.Err()
}

// gen writes generated feedback to standard output.
func gen(_ context.Context, fs *flag.FlagSet, _ *common, args []string) error {
	rows := fs.Int("rows", 1000, "how many")
	format := fs.String("format", "jsonl", "jsonl or csv")
	seed := fs.Uint64("seed", 1, "another seed gives other rows")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return writeRows(os.Stdout, *rows, *seed, *format)
}

// generatedAt is when generated histories end, so that files are the same
// whenever they are made.
var generatedAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func writeRows(w io.Writer, rows int, seed uint64, format string) error {
	g := corpus.New(seed, generatedAt)
	out := bufio.NewWriterSize(w, 1<<20)
	switch format {
	case "jsonl":
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for range rows {
			it := g.Next()
			if err := enc.Encode(struct {
				ID string `json:"id"`
				corpus.Item
			}{it.ExternalID, it}); err != nil {
				return err
			}
		}
	case "csv":
		cw := csv.NewWriter(out)
		if err := cw.Write([]string{"id", "title", "text", "channel", "created_at", "author", "email", "rating", "app_version", "plan", "region"}); err != nil {
			return err
		}
		for range rows {
			it := g.Next()
			rating := ""
			if it.Rating > 0 {
				rating = strconv.Itoa(it.Rating)
			}
			if err := cw.Write([]string{it.ExternalID, it.Title, it.Text, it.Channel, it.OccurredAt.Format(time.RFC3339), it.Author.Name, it.Author.Email, rating, it.AppVersion, it.Attrs["plan"], it.Attrs["region"]}); err != nil {
				return err
			}
		}
		cw.Flush()
		if err := cw.Error(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("format %q is not known; use jsonl or csv", format)
	}
	return out.Flush()
}

// writeFile makes a file of generated feedback.
func writeFile(name string, rows int, seed uint64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	format := "jsonl"
	if strings.HasSuffix(name, ".csv") {
		format = "csv"
	}
	return errors.Join(writeRows(f, rows, seed, format), f.Close())
}
