package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
)

// maxParams bounds the parameters of one INSERT, well under SQLite's 32,766 and
// PostgreSQL's 65,535. Rows go in powers of two,
// so that a statement has few texts and pgx prepares each once.
const maxParams = 4000

var insertTexts sync.Map // insertKey -> string

type insertKey struct {
	head, tail string
	columns, n int
	postgres   bool
}

// insertText builds "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) tail", for
// SQLite with "?": it looks every named parameter up among all the others.
func insertText(head, tail string, columns, n int, postgres bool) string {
	key := insertKey{head, tail, columns, n, postgres}
	if v, ok := insertTexts.Load(key); ok {
		return v.(string)
	}
	var b strings.Builder
	b.WriteString(head)
	b.WriteString(" VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		if postgres {
			b.WriteString("(" + In(i*columns+1, columns) + ")")
		} else {
			b.WriteString("(?" + strings.Repeat(", ?", columns-1) + ")")
		}
	}
	b.WriteString(" " + tail)
	insertTexts.Store(key, b.String())
	return b.String()
}

// chunks yields ranges that cover n rows of so many columns.
func chunks(n, columns int, fn func(from, to int) error) error {
	for from := 0; from < n; {
		size := 128
		for size > 1 && (size > n-from || size*columns > maxParams) {
			size /= 2
		}
		if err := fn(from, from+size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// Insert writes rows with as few statements as possible. head is "INSERT INTO
// table (columns)", tail what follows the values, usually "" or "ON CONFLICT
// ... DO NOTHING". Every row has the same number of values.
func Insert(ctx context.Context, tx *Tx, head, tail string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	return chunks(len(rows), len(rows[0]), func(from, to int) error {
		text, args := prepareRows(head, tail, rows[from:to], tx.postgres)
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("%s: %w", head, err)
		}
		return nil
	})
}

// InsertReturning is Insert for a tail that ends in RETURNING; it scans what
// comes back, in no particular order.
func InsertReturning[T any](ctx context.Context, tx *Tx, head, tail string, rows [][]any, scan func(Scanner) (T, error)) ([]T, error) {
	var out []T
	if len(rows) == 0 {
		return nil, nil
	}
	err := chunks(len(rows), len(rows[0]), func(from, to int) error {
		text, args := prepareRows(head, tail, rows[from:to], tx.postgres)
		part, err := All(ctx, tx, scan, text, args...)
		if err != nil {
			return fmt.Errorf("%s: %w", head, err)
		}
		out = append(out, part...)
		return nil
	})
	return out, err
}

func prepareRows(head, tail string, rows [][]any, postgres bool) (string, []any) {
	args := make([]any, 0, len(rows)*len(rows[0]))
	for _, r := range rows {
		args = append(args, r...)
	}
	return insertText(head, tail, len(rows[0]), len(rows), postgres), args
}

// Affected returns how many rows a statement changed.
func Affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
