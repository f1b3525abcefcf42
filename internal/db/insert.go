package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
)

// maxRows bounds the rows of one INSERT: 128 rows of 40 columns stay well
// under SQLite's 32,766 parameters, and a text of constant shape is prepared
// once by pgx.
const maxRows = 128

var insertTexts sync.Map // insertKey -> string

type insertKey struct {
	head, tail string
	columns, n int
}

// insertText builds "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) tail".
func insertText(head, tail string, columns, n int) string {
	key := insertKey{head, tail, columns, n}
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
		b.WriteString("(" + In(i*columns+1, columns) + ")")
	}
	b.WriteString(" " + tail)
	insertTexts.Store(key, b.String())
	return b.String()
}

// chunks yields sizes whose sum is n: powers of two up to maxRows, so that
// only eight texts exist per statement.
func chunks(n int, fn func(from, to int) error) error {
	for from := 0; from < n; {
		size := maxRows
		for size > n-from {
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
	return chunks(len(rows), func(from, to int) error {
		text, args := prepareRows(head, tail, rows[from:to])
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
	err := chunks(len(rows), func(from, to int) error {
		text, args := prepareRows(head, tail, rows[from:to])
		part, err := All(ctx, tx, scan, text, args...)
		if err != nil {
			return fmt.Errorf("%s: %w", head, err)
		}
		out = append(out, part...)
		return nil
	})
	return out, err
}

func prepareRows(head, tail string, rows [][]any) (string, []any) {
	args := make([]any, 0, len(rows)*len(rows[0]))
	for _, r := range rows {
		args = append(args, r...)
	}
	return insertText(head, tail, len(rows[0]), len(rows)), args
}

// Affected returns how many rows a statement changed.
func Affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
