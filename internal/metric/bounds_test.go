package metric

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestNamesAreBounded: the number of series and of metrics is bounded, so what
// each may weigh has to be, too.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	long := strings.Repeat("x", 1<<20)
	write := func(l labels.Labels) Tally {
		t.Helper()
		tally, err := s.In("w1").Write(t.Context(), func(w *Writer) error {
			_, err := w.Append(0, l, 0, time.Now().UnixMilli(), 1, nil, nil, storage.AppendV2Options{Metadata: metadata.Metadata{Type: "gauge", Unit: long, Help: long}, MetricFamilyName: long})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return tally
	}
	if got := write(labels.FromStrings("__name__", "up", long, "1")); got.Refused != 1 {
		t.Errorf("a long name of a label: %+v", got)
	}
	many := []string{"__name__", "up"}
	for i := range 30 {
		many = append(many, fmt.Sprint("label", i), strings.Repeat("x", 4000))
	}
	if got := write(labels.FromStrings(many...)); got.Refused != 1 {
		t.Errorf("many long values: %+v", got)
	}
	if got := write(labels.FromStrings("__name__", "up", "job", strings.Repeat("x", 4000))); got.Stored != 1 {
		t.Errorf("one long value: %+v", got)
	}
	if _, err := s.In("w1").Write(t.Context(), func(w *Writer) error {
		return w.first(&prompb.WriteRequest{Metadata: []prompb.MetricMetadata{{MetricFamilyName: long, Help: "h"}, {MetricFamilyName: "down", Help: long, Unit: long}}})
	}); err != nil {
		t.Fatal(err)
	}
	total := 0
	for name, m := range s.words.of("w1", "") {
		total += len(name) + len(m.Help) + len(m.Unit)
	}
	if total == 0 || total > 4000 {
		t.Errorf("%d bytes are kept of what senders said of metrics", total)
	}
}

// TestTheIndexIsReadInTurn: lists of labels and series cost like queries, and
// wait like them.
func TestTheIndexIsReadInTurn(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	read := s.bounded(s.labelNames)
	ask := func(ws workspace.ID) error {
		r := httptest.NewRequest(http.MethodGet, "/labels", http.NoBody)
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		_, err := read(r, s.In(ws))
		return err
	}
	for range maxWaiting {
		s.gate.add("w1", maxWaiting)
	}
	if err := ask("w1"); errs.KindOf(err) != errs.Busy {
		t.Errorf("with %d under way: %v", maxWaiting, err)
	}
	if err := ask("w2"); err != nil {
		t.Errorf("another workspace: %v", err)
	}
}
