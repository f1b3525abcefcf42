package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the files of migrations/ that this database lacks. A file
// named NNNN_x.sqlite.sql or NNNN_x.postgres.sql is for that database only.
func (db *DB) migrate(ctx context.Context) error {
	files, kind := fstest.MapFS{}, ".sqlite"
	if db.postgres {
		kind = ".postgres"
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		if only, ok := strings.CutSuffix(base, kind); ok {
			base = only
		} else if strings.Contains(base, ".") {
			continue // for the other database
		}
		files[base+".sql"] = &fstest.MapFile{Data: text}
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if db.postgres {
		dialect = goose.DialectPostgres
		// Replicas that start together must not race.
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db.write, files, opts...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	_, err = p.Up(ctx)
	return err
}

// ErrRetry is what a transaction returns that met another one on the same
// rows and will see its outcome when it runs again; see DB.Tx.
var ErrRetry = errors.New("another transaction was first")

// retryable reports whether the transaction or PostgreSQL asks to run again.
func retryable(err error) bool {
	if errors.Is(err, ErrRetry) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsUnique reports whether err is a violated unique index.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	return err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// IsBadText reports whether PostgreSQL refused a text that it can't hold: a
// NUL character or invalid UTF-8.
func IsBadText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05")
}
