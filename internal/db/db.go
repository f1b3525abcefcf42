// Package db opens the product's database, SQLite or PostgreSQL, and hides
// the few differences between them. All SQL in the product is written once,
// in the subset both understand, with $1-style parameters; what differs is a
// named hole here (SkipLocked, full-text search, snapshots).
//
// Reading and writing are different types: a *DB only reads, a *Tx writes.
// SQLite has one writer, so a transaction must be short and must not wait for
// anything but the database.
package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// Queryer is what a store's reading functions need: a *DB or a *Tx.
type Queryer interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
	dialectOf() dialect
}

type dialect struct{ postgres bool }

func (d dialect) dialectOf() dialect { return d }

// SkipLocked is the clause that lets several workers claim rows side by side.
// SQLite needs none: it has a single writer.
func (d dialect) SkipLocked() string {
	if d.postgres {
		return "FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Shared reports whether other processes may change the same records, so that
// what is held in memory must be followed and work must be claimed.
func (d dialect) Shared() bool { return d.postgres }

// DB is a database of either kind, for reading. Writing needs Tx.
type DB struct {
	write *sql.DB // one connection on SQLite
	read  *sql.DB // the same pool as write on PostgreSQL
	dialect
}

// Tx is a write transaction.
type Tx struct {
	*sql.Tx
	dialect
}

// Config says where the records are.
type Config struct {
	Dir  string // data folder; records are in File there
	File string // "hypercare.db" when empty; another one has a writer of its own
	URL  string // postgres:// URL; when set, Dir holds no records
}

// Open connects and applies pending migrations.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	d := &DB{dialect: dialect{postgres: cfg.URL != ""}}
	var err error
	if d.postgres {
		if !strings.HasPrefix(cfg.URL, "postgres://") && !strings.HasPrefix(cfg.URL, "postgresql://") && !strings.Contains(cfg.URL, "=") {
			return nil, fmt.Errorf("the database URL must start with postgres://")
		}
		if d.write, err = sql.Open("pgx", cfg.URL); err != nil {
			return nil, fmt.Errorf("open PostgreSQL: %w", err)
		}
		d.write.SetMaxOpenConns(24)
		d.write.SetMaxIdleConns(12)
		d.write.SetConnMaxIdleTime(5 * time.Minute)
		d.read = d.write
		ping, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := d.write.PingContext(ping); err != nil {
			return nil, errors.Join(fmt.Errorf("reach PostgreSQL: %w", err), d.Close())
		}
	} else {
		file := filepath.Join(cfg.Dir, cmp.Or(cfg.File, "hypercare.db"))
		// synchronous=FULL: what was acknowledged is on disk. One writer
		// connection: SQLite would answer a second one with SQLITE_BUSY.
		if d.write, err = sql.Open("sqlite", sqliteDSN(file, "_txlock=immediate", "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(1)", "cache_size(-32000)", "temp_store(2)")); err != nil {
			return nil, fmt.Errorf("open %s: %w", file, err)
		}
		d.write.SetMaxOpenConns(1)
		if d.read, err = sql.Open("sqlite", sqliteDSN(file, "", "busy_timeout(10000)", "query_only(1)", "cache_size(-8000)", "mmap_size(268435456)", "temp_store(2)")); err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", file, err), d.write.Close())
		}
		d.read.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
		d.read.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the database to this version: %w", err), d.Close())
	}
	return d, nil
}

func sqliteDSN(file, extra string, pragmas ...string) string {
	var b strings.Builder
	b.WriteString("file:" + (&url.URL{Path: file}).EscapedPath() + "?" + extra)
	for _, p := range pragmas {
		b.WriteString("&_pragma=" + p)
	}
	return b.String()
}

// Close closes every connection.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != nil && db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// Writer is the pool that libraries which bring their own SQL (River) use.
func (db *DB) Writer() *sql.DB { return db.write }

// Postgres reports which kind of database this is, for those libraries.
func (db *DB) Postgres() bool { return db.postgres }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// QueryContext reads.
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// QueryRowContext reads one row.
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, query, args...)
}

// Tx runs fn in a write transaction and commits if it returns nil. When Tx
// returns nil the change is on disk. fn may run again (PostgreSQL asks for it, or
// fn itself by ErrRetry), so it must have no effects outside the transaction.
func (db *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := db.tx(ctx, fn)
		if err == nil || try == 3 || !retryable(err) {
			return err
		}
	}
}

func (db *DB) tx(ctx context.Context, fn func(*Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no-op after Commit
	if err := fn(&Tx{tx, db.dialect}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// A Scanner is a *sql.Row or *sql.Rows.
type Scanner interface{ Scan(...any) error }

// All runs a query and scans every row.
func All[T any](ctx context.Context, q Queryer, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// IsNoRows reports whether a single-row query found nothing.
func IsNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// In returns "$n, $n+1, ..." for count parameters starting at first, for
// lists in IN (...).
func In(first, count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// Args turns a typed list into query arguments.
func Args[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Micros is how times are stored: microseconds since 1970, UTC. The zero time
// is stored as 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
