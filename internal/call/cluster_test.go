package call

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

var databases atomic.Int64

// clusterURL is a database of its own on the server that TEST_CLICKHOUSE names.
func clusterURL(t *testing.T) secret.Text {
	t.Helper()
	server := os.Getenv("TEST_CLICKHOUSE")
	if server == "" {
		t.Skip("TEST_CLICKHOUSE is not set; run this under scripts/with-clickhouse.sh")
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), databases.Add(1))
	ch, err := dialClickHouse(secret.Text(server))
	must(t, err)
	_, err = ch.do(t.Context(), "CREATE DATABASE "+name, nil)
	must(t, err)
	t.Cleanup(func() { _, _ = ch.do(context.Background(), "DROP DATABASE "+name, nil) })
	return secret.Text(server + "/" + name)
}

func openCluster(t *testing.T, dir string, address secret.Text, keep Retention) *Cluster {
	t.Helper()
	c, err := OpenCluster(Config{Dir: dir, MinFree: 1, Retention: keep}, address)
	must(t, err)
	return c
}

// arrived waits until the table has so many calls of all.
func (c *Cluster) arrived(t testing.TB, ws workspace.ID, n int64) {
	t.Helper()
	must(t, c.Sync(t.Context()))
	for until := time.Now().Add(30 * time.Second); ; {
		got, err := c.Count(t.Context(), ws, Query{})
		if err == nil && got == n {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d of %d calls are there (%v): %+v", got, n, err, c.Stats())
		}
		<-time.After(50 * time.Millisecond)
	}
}

// TestClusterMeansTheSame holds the questions of a cluster against the same
// model as those of a single node.
func TestClusterMeansTheSame(t *testing.T) {
	c := openCluster(t, t.TempDir(), clusterURL(t), Retention{})
	defer func() { must(t, c.Close()) }()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		// Each run has workspaces of its own in one table: their neighbours
		// are what must not be seen.
		own := func(ws workspace.ID) workspace.ID { return workspace.ID(fmt.Sprintf("%s_%d", ws, runs)) }
		var all []Record
		for range rapid.IntRange(0, 60).Draw(rt, "calls") {
			r := drawRecord(rt, len(all))
			r.Workspace = own(r.Workspace)
			all = append(all, r)
			c.Append(&r)
		}
		counts := map[workspace.ID]int64{own("ws_a"): 0, own("ws_b"): 0}
		for _, r := range all {
			counts[r.Workspace]++
		}
		must(t, c.Sync(t.Context()))
		c.l.seals <- struct{}{}
		for ws, n := range counts {
			c.arrived(t, ws, n)
		}
		for range 8 {
			ws := own(rapid.SampledFrom([]workspace.ID{"ws_a", "ws_b", "ws_c"}).Draw(rt, "asker"))
			checkQuery(rt, c, all, ws, drawQuery(rt, all))
		}
	})
}

func TestClusterFindsWholeCalls(t *testing.T) {
	t.Parallel()
	c := openCluster(t, t.TempDir(), clusterURL(t), Retention{})
	defer func() { must(t, c.Close()) }()
	r := testRecord(7)
	r.Path = `/it's a "path"\` + "\n"
	r.Request = Payload{Capture: Whole, Type: "application/json", Head: "Accept: */*\r\n", Body: `{"note":"Grüße aus Köln"}`}
	r.Response = Payload{Capture: Cut, Type: "text/plain", Body: "\x00\xff raw"}
	if !c.Append(&r) {
		t.Fatal("the call was not taken")
	}
	c.arrived(t, "ws_a", 1)
	got, err := c.Get(t.Context(), "ws_a", r.ID)
	must(t, err)
	if diff := cmp.Diff(r, *got); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Get(t.Context(), "ws_b", r.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace got %v", err)
	}
	page, err := c.Find(t.Context(), "ws_a", Query{Where: []Filter{{Field: Path, Values: []string{r.Path}}}, Text: "köln"})
	if err != nil || len(page.Calls) != 1 || page.Calls[0].Request.Body != "" {
		t.Errorf("by path and word: %+v %v", page, err)
	}
	list, err := c.ByTrace(t.Context(), "ws_a", r.Trace, time.Time{}, time.Time{})
	if err != nil || len(list) != 1 {
		t.Errorf("by trace: %v %v", list, err)
	}
	near, err := c.UserCalls(t.Context(), "ws_a", Who{User: r.User}, r.At(), time.Minute, time.Minute, 10)
	if err != nil || len(near) != 1 {
		t.Errorf("around: %v %v", near, err)
	}
	if _, err := c.Count(t.Context(), "", Query{}); err == nil {
		t.Error("a question without a workspace was answered")
	}
}

func TestClusterErases(t *testing.T) {
	t.Parallel()
	c := openCluster(t, t.TempDir(), clusterURL(t), Retention{})
	defer func() { must(t, c.Close()) }()
	for n := range 34 { // u_0 to u_16, twice each
		r := testRecord(n)
		if n%17 == 5 {
			r.Workspace = "ws_b"
		}
		c.Append(&r)
	}
	q := Query{Where: []Filter{{Field: User, Values: []string{"u_3", "u_5"}}}}
	if n, err := c.Erase(t.Context(), "ws_a", q); n != 2 || err != nil {
		t.Errorf("erased %d, %v; want 2", n, err)
	}
	c.arrived(t, "ws_a", 30)
	c.arrived(t, "ws_b", 2)
	if n, err := c.Erase(t.Context(), "ws_a", Query{}); err == nil {
		t.Errorf("all %d calls of a workspace were erased by mistake", n)
	}
}

// TestClusterShipsOnce brings the same spool twice, as after a crash between
// the insert and its note.
func TestClusterShipsOnce(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), clusterURL(t)
	c := openCluster(t, dir, address, Retention{})
	for n := range 50 {
		r := testRecord(n)
		c.Append(&r)
	}
	must(t, c.Sync(t.Context()))
	spool, err := os.ReadFile(spoolPath(dir, c.l.head.n))
	must(t, err)
	n := c.l.head.n
	c.arrived(t, "ws_a", 50)
	must(t, c.Close())
	// As if it had been killed before it noted what was shipped.
	m, _, err := loadManifest(dir)
	must(t, err)
	m.Spools = n - 1
	must(t, realDisk.saveManifest(dir, m))
	must(t, os.WriteFile(spoolPath(dir, n), spool, 0o600))
	c = openCluster(t, dir, address, Retention{})
	r := testRecord(50)
	c.Append(&r)
	c.arrived(t, "ws_a", 51)
	must(t, c.Close())
}

// TestClusterTailHasOtherNodes follows on one node what another records.
func TestClusterTailHasOtherNodes(t *testing.T) {
	t.Parallel()
	address := clusterURL(t)
	a, b := openCluster(t, t.TempDir(), address, Retention{}), openCluster(t, t.TempDir(), address, Retention{})
	defer func() { must(t, a.Close()); must(t, b.Close()) }()
	w, err := a.Tail("ws_a", Query{})
	must(t, err)
	defer w.Close()
	seen := map[string]int{}
	until := time.Now().Add(20 * time.Second)
	for n := 0; len(seen) < 2 && time.Now().Before(until); n++ {
		r := testRecord(n)
		r.Time, r.Node = time.Now().UnixMicro(), "a"
		a.Append(&r)
		r.ID[0], r.Node = 0xbb, "b"
		b.Append(&r)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		calls, _, _ := w.Next(ctx)
		<-ctx.Done() // others' calls come within two seconds
		cancel()
		for _, c := range calls {
			seen[c.Node]++
		}
	}
	if seen["a"] == 0 || seen["b"] == 0 {
		t.Errorf("the tail had %v", seen)
	}
}

// TestClusterGoesOnWithoutServer records while no ClickHouse is there.
func TestClusterGoesOnWithoutServer(t *testing.T) {
	t.Parallel()
	c := openCluster(t, t.TempDir(), "http://127.0.0.1:1/calls", Retention{})
	r := testRecord(1)
	if !c.Append(&r) {
		t.Error("the call was not taken")
	}
	must(t, c.Sync(t.Context()))
	for until := time.Now().Add(10 * time.Second); c.Stats().State == ""; {
		if time.Now().After(until) {
			t.Fatal("nothing says that ClickHouse is away")
		}
		<-time.After(20 * time.Millisecond)
	}
	if _, err := c.Find(t.Context(), "ws_a", Query{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("find: %v", err)
	}
	if s := c.Stats(); s.Calls != 1 || !strings.Contains(s.State, "ClickHouse") {
		t.Errorf("stats: %+v", s)
	}
	must(t, c.Close())
	if _, err := OpenCluster(Config{Dir: t.TempDir()}, "clickhouse"); err == nil {
		t.Error("an address that is none was taken")
	}
}

func TestOverdueDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	list := []partition{{day: "20261127", bytes: 50}, {day: "20261126", bytes: 60}, {day: "20261120", bytes: 10}}
	for _, tc := range []struct {
		keep Retention
		want []string
	}{
		{Retention{}, nil},
		{Retention{Age: 48 * time.Hour}, []string{"20261120"}},
		{Retention{Age: 12 * time.Hour}, []string{"20261120"}}, // yesterday ended twelve hours ago, not more
		{Retention{Bytes: 40}, []string{"20261126", "20261120"}},
		{Retention{Bytes: 115}, []string{"20261120"}},
	} {
		if diff := cmp.Diff(tc.want, overdue(list, tc.keep, now)); diff != "" {
			t.Errorf("%+v: %s", tc.keep, diff)
		}
	}
}

// TestSpellingIsTheWords holds a search in what spell writes against one by
// the words' hashes.
func TestSpellingIsTheWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "B", "ab", "7", " ", "-", "Ä", "注", "文", "é", "\xff", "_", "ก"})
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "text"), "")
		want := strings.Join(rapid.SliceOfN(piece, 1, 4).Draw(t, "want"), "")
		terms, err := termsOf(`"` + want + `"`)
		if err != nil || len(terms) != 1 {
			return
		}
		byHash := newSearcher(terms).in(text) == 1
		if bySpelling := strings.Contains(string(spell(nil, text)), terms[0].spelt); bySpelling != byHash {
			t.Fatalf("%q in %q: by words %v, spelt %q in %q", want, text, byHash, terms[0].spelt, spell(nil, text))
		}
	})
}
