package db

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// SearchDoc is one text to be found again. Num is unique within the
// workspace and the kind.
type SearchDoc struct {
	Num   int64
	Title string
	Text  string
}

// Full-text search is a named hole: SQLite has FTS5, PostgreSQL tsvector.
// Both index words as they are, without stemming (feedback comes in any
// language), folded to lower case and without accents where the database can.
// The table is search_doc on both.

// PutSearch indexes docs of a kind ("feedback", "issue").
func PutSearch(ctx context.Context, tx *Tx, workspaceID, kind string, docs []SearchDoc) error {
	for _, d := range docs {
		title, text := searchable(d.Title), searchable(d.Text)
		var err error
		if tx.postgres {
			_, err = tx.ExecContext(ctx, `INSERT INTO search_doc (workspace_id, kind, num, words)
				VALUES ($1, $2, $3, setweight(to_tsvector('simple', $4), 'A') || to_tsvector('simple', $5))
				ON CONFLICT (workspace_id, kind, num) DO UPDATE SET words = excluded.words`, workspaceID, kind, d.Num, title, text)
		} else {
			var row int64
			if err = tx.QueryRowContext(ctx, `INSERT INTO search_key (workspace_id, kind, num) VALUES ($1, $2, $3)
				ON CONFLICT (workspace_id, kind, num) DO UPDATE SET num = excluded.num RETURNING row`, workspaceID, kind, d.Num).Scan(&row); err == nil {
				_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO search_doc (rowid, title, body) VALUES ($1, $2, $3)`, row, title, text)
			}
		}
		if err != nil {
			return fmt.Errorf("index %s %d for search: %w", kind, d.Num, err)
		}
	}
	return nil
}

// DropSearch removes docs from the index.
func DropSearch(ctx context.Context, tx *Tx, workspaceID, kind string, nums []int64) error {
	for _, n := range nums {
		var err error
		if tx.postgres {
			_, err = tx.ExecContext(ctx, `DELETE FROM search_doc WHERE workspace_id = $1 AND kind = $2 AND num = $3`, workspaceID, kind, n)
		} else {
			if _, err = tx.ExecContext(ctx, `DELETE FROM search_doc WHERE rowid = (SELECT row FROM search_key WHERE workspace_id = $1 AND kind = $2 AND num = $3)`, workspaceID, kind, n); err == nil {
				_, err = tx.ExecContext(ctx, `DELETE FROM search_key WHERE workspace_id = $1 AND kind = $2 AND num = $3`, workspaceID, kind, n)
			}
		}
		if err != nil {
			return fmt.Errorf("drop %s %d from search: %w", kind, n, err)
		}
	}
	return nil
}

// Search returns the numbers of at most limit docs that hold every word of
// query (the last one as a prefix, "quoted words" as a phrase), newest first
// where the database can. A query without a word matches nothing.
func Search(ctx context.Context, q Queryer, workspaceID, kind, query string, limit int) ([]int64, error) {
	expr := searchExpr(query, q.dialectOf().postgres)
	if expr == "" {
		return nil, nil
	}
	text := `SELECT k.num FROM search_doc d JOIN search_key k ON k.row = d.rowid
		WHERE search_doc MATCH $1 AND k.workspace_id = $2 AND k.kind = $3 ORDER BY d.rowid DESC LIMIT $4`
	if q.dialectOf().postgres {
		text = `SELECT num FROM search_doc WHERE words @@ to_tsquery('simple', $1) AND workspace_id = $2 AND kind = $3 LIMIT $4`
	}
	nums, err := All(ctx, q, func(s Scanner) (n int64, err error) { return n, s.Scan(&n) }, text, expr, workspaceID, kind, limit)
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", query, err)
	}
	return nums, nil
}

// searchExpr turns what a person typed into the database's own language. Only
// letters and digits get through, so nothing typed can be an operator.
func searchExpr(query string, postgres bool) string {
	var terms []string
	phrase := false
	for part := range strings.SplitSeq(query, `"`) {
		words := strings.Fields(searchable(part))
		switch {
		case len(words) == 0:
		case phrase && postgres:
			terms = append(terms, "("+strings.Join(words, " <-> ")+")")
		case phrase:
			terms = append(terms, `"`+strings.Join(words, " ")+`"`)
		default:
			for _, w := range words {
				if postgres {
					terms = append(terms, w)
				} else {
					terms = append(terms, `"`+w+`"`)
				}
			}
		}
		phrase = !phrase
	}
	if len(terms) == 0 {
		return ""
	}
	if len(terms) > 16 {
		terms = terms[:16]
	}
	if last := len(terms) - 1; !strings.HasSuffix(query, `"`) && !strings.HasSuffix(query, " ") {
		if postgres {
			terms[last] += ":*"
		} else {
			terms[last] += "*"
		}
	}
	if postgres {
		return strings.Join(terms, " & ")
	}
	return strings.Join(terms, " AND ")
}

// searchable prepares text for both indexes, whose own parsers differ: words
// of letters and digits in lower case without accents, one space between.
// Chinese, Japanese and Thai write no spaces, so each of their characters
// becomes a word of its own (a typed word is then a sequence of them).
func searchable(s string) string {
	ascii := true
	for i := 0; i < len(s) && ascii; i++ {
		ascii = s[i] < utf8.RuneSelf
	}
	if !ascii {
		s = norm.NFKD.String(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	gap := false
	for _, r := range s {
		switch {
		case r >= 0x300 && r <= 0x36f: // an accent
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			gap = true
			continue
		}
		alone := r >= 0x0e00 && spaceless(r)
		if (gap || alone) && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		gap = alone
	}
	return b.String()
}

func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
