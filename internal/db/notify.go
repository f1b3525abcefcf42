package db

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
)

// MaxNote is the longest text, in bytes, that Notify takes.
const MaxNote = 7900

// Notify tells every process on the same records a text, this one too, in the
// order of the calls. Where no other process can be at work it does nothing.
func (db *DB) Notify(ctx context.Context, channel, text string) error {
	if !db.Shared() {
		return nil
	}
	if _, err := db.write.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, text); err != nil {
		return fmt.Errorf("notify %s: %w", channel, err)
	}
	return nil
}

// Listen calls heard with every text that Notify is given, from when it calls
// joined until ctx ends or the line to the database is lost; what is said
// while nobody listens is not repeated. Where no other process can be at work
// it only waits for ctx.
func (db *DB) Listen(ctx context.Context, channel string, joined func(), heard func(text string)) error {
	if !db.Shared() {
		<-ctx.Done()
		return nil
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("listen to %s: %w", channel, err)
	}
	defer func() { _ = conn.Close() }()
	// A connection that listens goes back to no pool: ErrBadConn has it closed.
	err = conn.Raw(func(c any) error {
		pg := c.(*stdlib.Conn).Conn()
		if _, err = pg.Exec(ctx, `LISTEN `+channel); err != nil {
			return driver.ErrBadConn
		}
		joined()
		for {
			n, werr := pg.WaitForNotification(ctx)
			if werr != nil {
				err = werr
				return driver.ErrBadConn
			}
			heard(n.Payload)
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("listen to %s: %w", channel, err)
}
