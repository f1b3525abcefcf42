// Package dbtest gives each test its own migrated database.
package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hypercare/hypercare/internal/db"
)

var (
	// Copying a migrated file takes 3 ms, migrating one 40.
	template = sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "dbtest")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		d, err := db.Open(context.Background(), db.Config{Dir: dir})
		if err != nil {
			return nil, err
		}
		if _, err := d.Writer().Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
			return nil, err
		}
		if err := d.Close(); err != nil {
			return nil, err
		}
		return os.ReadFile(filepath.Join(dir, "hypercare.db"))
	})
	seq   atomic.Int64
	ready atomic.Bool // the template of the PostgreSQL server is there
)

// Config returns the address of a fresh database: SQLite in a folder of the
// test's own, or a new database in the PostgreSQL that TEST_POSTGRES names
// (a postgres:// URL) when that is set.
func Config(tb testing.TB) db.Config {
	tb.Helper()
	dsn := os.Getenv("TEST_POSTGRES")
	if dsn == "" {
		b, err := template()
		if err != nil {
			tb.Fatal(err)
		}
		dir := tb.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "hypercare.db"), b, 0o600); err != nil {
			tb.Fatal(err)
		}
		return db.Config{Dir: dir}
	}
	return db.Config{Dir: tb.TempDir(), URL: copyOf(tb, dsn)}
}

// madeBy holds other processes off while one makes the template (an advisory
// lock of PostgreSQL).
const madeBy = 7_411_980

// copyOf makes a database as a copy of one that is migrated, and drops it
// when the test ends. Copying takes 50 ms, migrating and dropping 2 s.
func copyOf(tb testing.TB, dsn string) string {
	tb.Helper()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	admin.SetMaxOpenConns(1) // the lock belongs to a connection
	name := fmt.Sprintf("t%d_%d", os.Getpid(), seq.Add(1))
	if err := migrated(admin, dsn); err != nil {
		tb.Fatal(err)
	}
	if _, err := admin.Exec(`CREATE DATABASE ` + name + ` TEMPLATE ` + templateName + ` STRATEGY FILE_COPY`); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			tb.Errorf("drop database: %v", err)
		}
		_ = admin.Close()
	})
	return inDatabase(dsn, name)
}

const templateName = "hypercare_template"

// migrated makes the template of a server, once for all processes.
func migrated(admin *sql.DB, dsn string) (err error) {
	if ready.Load() {
		return nil
	}
	if _, err := admin.Exec(`SELECT pg_advisory_lock($1)`, madeBy); err != nil {
		return err
	}
	defer func() {
		_, end := admin.Exec(`SELECT pg_advisory_unlock($1)`, madeBy)
		err = errors.Join(err, end)
	}()
	var there bool
	if err := admin.QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)`, templateName).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := admin.Exec(`DROP DATABASE IF EXISTS ` + templateName + ` WITH (FORCE)`); err != nil { // a killed run left it half made
			return err
		}
		if _, err := admin.Exec(`CREATE DATABASE ` + templateName); err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "dbtest")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		d, err := db.Open(context.Background(), db.Config{Dir: dir, URL: inDatabase(dsn, templateName)})
		if err != nil {
			return err
		}
		if err := d.Close(); err != nil {
			return err
		}
		if _, err := admin.Exec(`ALTER DATABASE ` + templateName + ` IS_TEMPLATE true`); err != nil {
			return err
		}
	}
	ready.Store(true)
	return nil
}

func inDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Path = "/" + name
	return u.String()
}

// Open returns a fresh database.
func Open(tb testing.TB) *db.DB {
	tb.Helper()
	d, err := db.Open(context.Background(), Config(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = d.Close() })
	return d
}
