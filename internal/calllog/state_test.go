package calllog

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hypercare/hypercare/internal/call"
)

// TestAFullDiskStopsTheLogNotTheTraffic leaves no room for the log: every
// request is served, and what is lost is counted and said.
func TestAFullDiskStopsTheLogNotTheTraffic(t *testing.T) {
	t.Parallel()
	up := upstream(t, func(http.ResponseWriter, *http.Request) {})
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: a, upstream: up, routes: [{name: all, prefix: /}]}\n", up),
		func(c *call.Config) { c.MinFree, c.Buffer = 1<<60, 32<<10 })
	if st := r.State(); !st.On || st.Trouble != "" || st.Dropped != 0 {
		t.Errorf("at first %+v", st)
	}
	sent := 0
	for r.State().Dropped < 3 {
		if got := r.raw(t, "GET /"+strings.Repeat("x", 3000)+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Fatalf("call %d: %s", sent, got)
		}
		if sent++; sent > 1000 {
			t.Fatalf("nothing is dropped: %+v", r.State())
		}
	}
	r.wait(t, "the log to say that the disk is full", func() bool { return strings.Contains(r.State().Trouble, "is full; make room") })
	// A call is counted after it is answered.
	r.wait(t, "all calls to be counted", func() bool { st := r.State(); return st.Appended+st.Dropped >= int64(sent) })
	st := r.State()
	if !strings.Contains(st.Trouble, "calls not logged since 20") || st.Appended+st.Dropped != int64(sent) {
		t.Errorf("after %d calls %+v", sent, st)
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(r.Service)
	list, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]float64{}
	for _, f := range list {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			seen[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	if seen["hypercare_call_log_calls_total dropped"] != float64(st.Dropped) || seen["hypercare_call_log_stopped"] != 1 {
		t.Errorf("metrics %v", seen)
	}
}
