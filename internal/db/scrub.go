package db

import (
	"context"
	"fmt"
	"time"
)

// scrubBytes is how large a database file is rewritten whole: a rewrite takes
// about a second for each 100 MB, and whoever writes waits that long.
const scrubBytes = 1 << 30

// Scrub has what was deleted leave the files of the database: a named hole.
// SQLite keeps the bytes of deleted rows in free pages, and words of deleted
// documents in its search index; both are written anew. A file of more than
// 1 GB is left to be overwritten by and by. PostgreSQL does this by itself
// (autovacuum). It works for about as long as asked for, and reports whether
// all is done.
func (db *DB) Scrub(ctx context.Context, budget time.Duration) (bool, error) {
	if db.postgres {
		return true, nil
	}
	begun := time.Now()
	// Contentless tables note what was deleted and drop its words when their
	// segments are merged. The first call puts all segments on one level, the
	// next ones merge some pages each, until nothing changes.
	for pages := -500; ; pages = 500 {
		var before, after int64
		if err := db.write.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&before); err != nil {
			return false, fmt.Errorf("scrub: %w", err)
		}
		if _, err := db.write.ExecContext(ctx, `INSERT INTO search_doc(search_doc, rank) VALUES('merge', $1)`, pages); err != nil {
			return false, fmt.Errorf("merge the search index: %w", err)
		}
		if err := db.write.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&after); err != nil {
			return false, fmt.Errorf("scrub: %w", err)
		}
		if after-before < 2 {
			break
		}
		if time.Since(begun) > budget {
			return false, nil
		}
	}
	var size int64
	if err := db.write.QueryRowContext(ctx, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`).Scan(&size); err != nil {
		return false, fmt.Errorf("measure the database: %w", err)
	}
	if size <= scrubBytes {
		if _, err := db.write.ExecContext(ctx, `VACUUM`); err != nil {
			return false, fmt.Errorf("rewrite the database: %w", err)
		}
	}
	// Readers may hold the log for a moment; what is left goes with the next one.
	if _, err := db.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		return false, fmt.Errorf("empty the log: %w", err)
	}
	return true, nil
}
