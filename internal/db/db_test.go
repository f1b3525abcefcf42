package db_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	ctx := t.Context()
	docs := []db.SearchDoc{
		{Num: 1, Title: "Login fails", Text: "I cannot log in since the update; error 500"},
		{Num: 2, Title: "", Text: "登录失败，请修复"},
		{Num: 3, Title: "Zahlung", Text: "Die Zahlung schlägt fehl & <b>nothing</b> 'works' OR DROP TABLE"},
	}
	put := func(ws string) {
		t.Helper()
		if err := d.Tx(ctx, func(tx *db.Tx) error { return db.PutSearch(ctx, tx, ws, "feedback", docs) }); err != nil {
			t.Fatal(err)
		}
	}
	put("w1")
	put("w1") // again: no second hit
	put("w2")
	for _, tc := range []struct {
		query string
		want  []int64
	}{
		{"login", []int64{1}},
		{"upd", []int64{1}}, // prefix of the last word
		{"upd error", nil},  // not of the first
		{`"the update"`, []int64{1}},
		{`"update the"`, nil},
		{"登录", []int64{2}},
		{"zahlung fehl", []int64{3}},
		{"SCHLAGT", []int64{3}},
		{"zahlung' <b>nothing", []int64{3}},
		{`" * ( ) : & | ! <-> ^ ~`, nil},
		{"", nil},
		{"nothing' or 'x", nil},
	} {
		got, err := db.Search(ctx, d, "w1", "feedback", tc.query, 10)
		if err != nil {
			t.Errorf("Search(%q): %v", tc.query, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("Search(%q) -want +got:\n%s", tc.query, diff)
		}
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return db.DropSearch(ctx, tx, "w1", "feedback", []int64{1}) }); err != nil {
		t.Fatal(err)
	}
	if got, _ := db.Search(ctx, d, "w1", "feedback", "login", 10); len(got) != 0 {
		t.Errorf("after DropSearch found %v", got)
	}
	if got, _ := db.Search(ctx, d, "w2", "feedback", "login", 10); len(got) != 1 {
		t.Errorf("the other workspace lost its doc: %v", got)
	}
}

func TestTxRollsBack(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	ctx := t.Context()
	boom := errors.New("boom")
	insert := func(n int, fail error) error {
		return d.Tx(ctx, func(tx *db.Tx) error {
			var rows [][]any
			for i := range n {
				rows = append(rows, []any{"w", fmt.Sprint(n, "-", i), int64(i)})
			}
			if err := db.Insert(ctx, tx, `INSERT INTO counter (workspace_id, name, value)`, "", rows); err != nil {
				return err
			}
			return fail
		})
	}
	if err := insert(300, boom); !errors.Is(err, boom) {
		t.Fatalf("Tx = %v, want boom", err)
	}
	if err := insert(301, nil); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM counter`).Scan(&n); err != nil || n != 301 {
		t.Errorf("rows = %d, %v; want 301", n, err)
	}
	if err := insert(301, nil); !db.IsUnique(err) {
		t.Errorf("second insert = %v, want a unique violation", err)
	}
}

func TestIDsGrow(t *testing.T) {
	t.Parallel()
	seen, last := map[string]bool{}, ""
	for range 20_000 {
		id := db.NewID()
		if id <= last || seen[id] || len(id) != 26 {
			t.Fatalf("id %q after %q", id, last)
		}
		seen[id], last = true, id
	}
}
