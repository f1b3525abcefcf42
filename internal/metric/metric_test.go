package metric

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	return openIn(t, filepath.Join(t.TempDir(), "metrics"), o)
}

func openIn(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o, slog.New(slog.DiscardHandler))
	if err == nil {
		err = s.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// put stores one sample of each series, given as PromQL writes them.
func put(t *testing.T, s *Store, ws workspace.ID, at time.Time, v float64, series ...string) Tally {
	t.Helper()
	tally, err := s.In(ws).Write(t.Context(), func(w *Writer) error {
		for _, text := range series {
			l, err := s.parser.ParseMetric(text)
			if err != nil {
				return err
			}
			if _, err := w.Append(0, l, 0, at.UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

// ask returns what an expression answers, as text.
func ask(t *testing.T, s *Store, ws workspace.ID, expr string, at time.Time) string {
	t.Helper()
	ans, err := s.In(ws).Query(t.Context(), expr, at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	defer ans.Close()
	vec, ok := ans.Value.(promql.Vector)
	if !ok {
		return ans.Value.String()
	}
	var out []string
	for _, one := range vec {
		out = append(out, fmt.Sprintf("%s %v", one.Metric, one.F))
	}
	return strings.Join(out, "\n")
}

// TestAWorkspaceSeesItsOwnSeriesOnly asks for another's in every way there is.
func TestAWorkspaceSeesItsOwnSeriesOnly(t *testing.T) {
	t.Parallel()
	s, now := open(t, Options{}), time.Now()
	put(t, s, "w1", now, 1, `up{job="a"}`, `mine{x="1"}`)
	put(t, s, "w2", now, 2, `up{job="b"}`, `theirs{secret="s3"}`, `forged{__workspace__="w1",workspace="w1"}`)
	for _, tc := range []struct{ ws, expr, want string }{
		{"w1", `up`, `{__name__="up", job="a"} 1`},
		{"w2", `up`, `{__name__="up", job="b"} 2`},
		{"w1", `theirs`, ``},
		{"w1", `{__workspace__="w2"}`, ``},
		{"w1", `{__workspace__=~".+"}`, ``},
		{"w1", `up{__workspace__!="w1"}`, `{__name__="up", job="a"} 1`}, // no series of its own has the label
		{"w1", `up{__workspace__=~"w2|"}`, `{__name__="up", job="a"} 1`},
		{"w1", `count({__name__=~".+"})`, `{} 2`},
		{"w1", `count by (__workspace__) ({__name__=~".+"})`, `{} 2`},
		{"w1", `forged`, ``},
		{"w2", `forged`, `{__name__="forged", workspace="w1"} 2`},
		{"w1", `label_replace(up, "y", "$1", "__workspace__", "(.+)")`, `{__name__="up", job="a"} 1`},
		{"w1", `absent(theirs)`, `{} 1`},
	} {
		if got := ask(t, s, workspace.ID(tc.ws), tc.expr, now); got != tc.want {
			t.Errorf("%s asks %s: %q, want %q", tc.ws, tc.expr, got, tc.want)
		}
	}
	q, err := s.In("w1").Querier(0, now.UnixMilli()+1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	names, _, err := q.LabelNames(t.Context(), nil)
	if got := strings.Join(names, " "); err != nil || got != "__name__ job x" {
		t.Errorf("label names %q %v", got, err)
	}
	for name, want := range map[string]string{"__name__": "mine up", "job": "a", "secret": "", tenant: ""} {
		list, _, err := q.LabelValues(t.Context(), name, nil)
		if got := strings.Join(list, " "); err != nil || got != want {
			t.Errorf("values of %s: %q %v, want %q", name, got, err, want)
		}
	}
	own := labels.MustNewMatcher(labels.MatchEqual, tenant, "w2")
	if list, _, err := q.LabelValues(t.Context(), "job", nil, own); err != nil || len(list) != 0 {
		t.Errorf("values with the other's label: %v %v", list, err)
	}
	if set := q.Select(t.Context(), true, nil, own); set.Next() {
		t.Errorf("selected %v", set.At().Labels())
	}
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+"))
	var got []string
	for set.Next() {
		got = append(got, set.At().Labels().String())
	}
	if want := `{__name__="mine", x="1"} {__name__="up", job="a"}`; strings.Join(got, " ") != want {
		t.Errorf("selected %v, want %s", got, want)
	}
}

func TestNobodyHasNoSeries(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	if _, err := s.In("").Write(t.Context(), func(*Writer) error { return nil }); err == nil {
		t.Error("wrote for nobody")
	}
	if _, err := s.In("").Query(t.Context(), "up", time.Now()); err == nil {
		t.Error("asked for nobody")
	}
	if _, err := s.In("").Querier(0, 1); err == nil {
		t.Error("read for nobody")
	}
}

// TestSeriesBeyondTheLimitAreCounted stores what is known still, refuses what
// is new, says so, and leaves the other workspace alone.
func TestSeriesBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	s, now := open(t, Options{MaxSeries: 3}), time.Now()
	if tally := put(t, s, "w1", now, 1, `a`, `b`, `c`, `d`, `e`); tally.Stored != 3 || tally.Limited != 2 || !strings.Contains(tally.Error(), "2 samples were not stored") {
		t.Errorf("first: %+v %s", tally, tally.Error())
	}
	if tally := put(t, s, "w1", now.Add(time.Second), 1, `a`, `e`, `c`); tally.Stored != 2 || tally.Limited != 1 {
		t.Errorf("again: %+v", tally)
	}
	if tally := put(t, s, "w2", now, 1, `a`, `b`, `c`); tally.Lost() != 0 {
		t.Errorf("the other: %+v", tally)
	}
	st, err := s.State(workspace.System(t.Context(), "w1"))
	if err != nil || st.Series != 3 || st.Limited != 3 || st.Stored != 5 || st.Bytes == 0 {
		t.Errorf("state %+v %v", st, err)
	}
}

func TestSamplesThatCannotBeKeptAreCounted(t *testing.T) {
	t.Parallel()
	s, now := open(t, Options{OutOfOrder: time.Hour}), time.Now()
	put(t, s, "w1", now, 1, `a`)
	for _, tc := range []struct {
		why    string
		at     time.Time
		series string
		stored int
	}{
		{"late, within the window", now.Add(-50 * time.Minute), `a`, 1},
		{"too late", now.Add(-3 * time.Hour), `a`, 0},
		{"of the future", now.Add(time.Hour), `a`, 0},
		{"a little ahead", now.Add(time.Minute), `a`, 1},
		{"long value", now, `a{x="` + strings.Repeat("y", maxValue+1) + `"}`, 0},
		{"no name", now, `{x="y"}`, 0},
	} {
		tally := put(t, s, "w1", tc.at, 2, tc.series)
		if tally.Stored != tc.stored || tally.Refused != 1-tc.stored {
			t.Errorf("%s: %+v", tc.why, tally)
		}
		if tc.stored == 0 && tally.First == "" {
			t.Errorf("%s: no reason", tc.why)
		}
	}
	if got := ask(t, s, "w1", `count_over_time(a[2h])`, now.Add(time.Minute)); got != `{} 3` {
		t.Errorf("stored %q", got)
	}
}

// TestAKilledProcessLosesNothing copies the folder as a killed process leaves
// it, and opens the copy.
func TestAKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "metrics")
	s, now := openIn(t, dir, Options{MaxSeries: 2}), time.Now()
	put(t, s, "w1", now, 7, `a`, `b`)
	put(t, s, "w2", now, 8, `a`)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again := openIn(t, copied, Options{MaxSeries: 2})
	for ws, want := range map[workspace.ID]string{"w1": `{__name__="a"} 7`, "w2": `{__name__="a"} 8`} {
		if got := ask(t, again, ws, `a`, now); got != want {
			t.Errorf("%s: %q, want %q", ws, got, want)
		}
	}
	// What was replayed counts.
	if tally := put(t, again, "w1", now.Add(time.Second), 1, `a`, `new`); tally.Stored != 1 || tally.Limited != 1 {
		t.Errorf("after the replay: %+v", tally)
	}
	// A log that ends within a record is taken up to there.
	torn := filepath.Join(t.TempDir(), "torn")
	if err := os.CopyFS(torn, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(torn, "wal", "0*"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments %v %v", segments, err)
	}
	f, err := os.OpenFile(segments[len(segments)-1], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("\x01\x00\x40half")
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, openIn(t, torn, Options{}), "w1", `a`, now); got != `{__name__="a"} 7` {
		t.Errorf("torn: %q", got)
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	s.stop() // the loop: this test looks at the disk itself
	s.bg.Wait()
	s.free = func(string) int64 { return 5 << 20 }
	s.checkDisk(t.Context())
	_, err := s.In("w1").Write(t.Context(), func(*Writer) error { t.Error("wrote"); return nil })
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(errs.Message(err), "5 MB left") {
		t.Errorf("full: %v", err)
	}
	if st, err := s.State(workspace.System(t.Context(), "w1")); err != nil || !strings.Contains(st.Failing, "5 MB left") {
		t.Errorf("state: %+v %v", st, err)
	}
	s.free = func(string) int64 { return 5 << 30 }
	s.checkDisk(t.Context())
	if tally := put(t, s, "w1", time.Now(), 1, `a`); tally.Stored != 1 {
		t.Errorf("room again: %+v", tally)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	t.Parallel()
	s, now := open(t, Options{}), time.Now()
	p := s.In("w1")
	for name, fn := range map[string]func() (*Answer, error){
		"steps": func() (*Answer, error) {
			return p.QueryRange(t.Context(), "1", now.Add(-time.Hour), now, time.Millisecond)
		},
		"backwards":  func() (*Answer, error) { return p.QueryRange(t.Context(), "1", now, now.Add(-time.Hour), time.Minute) },
		"no step":    func() (*Answer, error) { return p.QueryRange(t.Context(), "1", now, now, 0) },
		"not PromQL": func() (*Answer, error) { return p.Query(t.Context(), "sum(", now) },
	} {
		if ans, err := fn(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v %v", name, ans, err)
		}
	}
	// The places of a workspace are taken; another has places still.
	var leave []func()
	for range queriesOfOne {
		fn, err := s.gate.enter(t.Context(), "w1")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, fn)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.gate.enter(ctx, "w1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("fifth query: %v", err)
	}
	if got := ask(t, s, "w2", "vector(1)", now); got != "{} 1" {
		t.Errorf("the other workspace: %q", got)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := ask(t, s, "w1", "vector(2)", now); got != "{} 2" {
			t.Errorf("when there is a place again: %q", got)
		}
	})
	for _, fn := range leave {
		fn()
	}
	wg.Wait()
	if len(s.gate.own) != 0 || len(s.gate.all) != 0 {
		t.Errorf("places left over: %v", s.gate.own)
	}
}

// TestWhatCannotBeOpenedIsSaid has a folder that is none of ours in the way of
// the log: the rest of the product goes on.
func TestWhatCannotBeOpenedIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wal"), []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("wait: %v", err)
	}
	if _, err := s.In("w1").Query(t.Context(), "up", time.Now()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("query: %v", err)
	}
	if _, err := s.In("w1").Write(t.Context(), func(*Writer) error { return nil }); !errs.Is(err, errs.Unavailable) {
		t.Errorf("write: %v", err)
	}
	if st, err := s.State(workspace.System(t.Context(), "w1")); err != nil || st.Failing == "" {
		t.Errorf("state: %+v %v", st, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
