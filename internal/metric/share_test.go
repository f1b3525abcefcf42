package metric

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestNodesExchangeSamples writes on one node and asks another; what comes late
// with an early time is not missed, and nothing goes round in a circle.
func TestNodesExchangeSamples(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	if !d.Shared() {
		s := open(t, Options{})
		s.Share(d)
		if s.share != nil {
			t.Error("alone on its records, a node gathers for others")
		}
		t.Skip("more than one node needs PostgreSQL (make test-pg)")
	}
	a, b := open(t, Options{}), open(t, Options{})
	a.Share(d)
	b.Share(d)
	now := time.Now().Truncate(time.Millisecond)
	put(t, a, "w1", now, 5, `up{job="x"}`, `other`)
	put(t, a, "w2", now, 6, `up{job="x"}`)
	h := &histogram.Histogram{Schema: 3, Count: 4, Sum: 2, PositiveSpans: []histogram.Span{{Offset: -9, Length: 2}}, PositiveBuckets: []int64{1, 2}}
	if _, err := a.In("w1").Write(t.Context(), func(w *Writer) error {
		_, err := w.Append(0, labels.FromStrings("__name__", "took"), 0, now.UnixMilli(), 0, h, nil, storage.AppendV2Options{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	pass := func(at time.Time) {
		t.Helper()
		for _, s := range []*Store{a, b} {
			if err := s.share.send(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range []*Store{a, b} {
			if err := s.fetch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	pass(now)
	for ws, want := range map[workspace.ID]string{"w1": `{__name__="up", job="x"} 5`, "w2": `{__name__="up", job="x"} 6`} {
		if got := ask(t, b, ws, `up`, now); got != want {
			t.Errorf("%s on the other node: %q, want %q", ws, got, want)
		}
	}
	if got := ask(t, b, "w1", `histogram_count(took) + histogram_sum(took)`, now); got != `{} 6` {
		t.Errorf("histogram: %q", got)
	}
	put(t, a, "w1", now.Add(2*time.Second), 7, `late`)
	pass(now.Add(-10 * time.Second)) // its clock is behind
	if got := ask(t, b, "w1", `late`, now.Add(3*time.Second)); got != `{__name__="late"} 7` {
		t.Errorf("a row with an early time: %q", got)
	}
	var rows int
	if err := d.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM metric_batch`).Scan(&rows); err != nil || rows != 4 {
		t.Errorf("%d rows %v, want the four writes of the first node", rows, err)
	}
	if err := d.Tx(t.Context(), func(tx *db.Tx) error { return dropBatches(t.Context(), tx, now.Add(time.Second)) }); err != nil {
		t.Fatal(err)
	}
	if err := d.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM metric_batch`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows are left %v", rows, err)
	}
}
