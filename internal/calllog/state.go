package calllog

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// drops counts what was not recorded.
type drops struct {
	nobodys atomic.Int64 // calls that belong to no workspace
	since   atomic.Int64 // of the present spell, unix nanoseconds
	last    atomic.Int64
	count   atomic.Int64 // in the present spell
}

// spell is how long after a drop the log still counts as full.
const spell = time.Minute

func (d *drops) add(now time.Time) {
	t := now.UnixNano()
	if last := d.last.Swap(t); t-last > int64(spell) {
		d.since.Store(t)
		d.count.Store(0)
	}
	d.count.Add(1)
}

// State is how the call log of this node stands.
type State struct {
	On       bool      `json:"on" doc:"This node keeps a call log."`
	Trouble  string    `json:"trouble,omitempty" doc:"What is wrong, and what to do, in a sentence; absent when all is well."`
	Appended int64     `json:"appended" doc:"Calls taken since the start."`
	Dropped  int64     `json:"dropped" doc:"Calls that were not logged since the start: there was no room, or the disk is full."`
	Payloads int64     `json:"payloads_dropped" doc:"Payloads that were to be kept and were not since the start: too many at once. Their calls are logged."`
	Unowned  int64     `json:"unowned" doc:"Calls that were not logged because they belong to no workspace: nothing is published at their address, and there are several workspaces."`
	Calls    int64     `json:"calls" doc:"That are kept."`
	Bytes    int64     `json:"bytes" doc:"On disk."`
	Oldest   time.Time `json:"oldest_at,omitzero"`
	Newest   time.Time `json:"newest_at,omitzero"`
}

// State returns how the log of this node stands.
func (s *Service) State() State {
	if s.store == nil {
		return State{}
	}
	st := s.store.Stats()
	return State{On: true, Trouble: s.trouble(st.State, time.Now()), Appended: st.Appended, Dropped: st.Dropped, Payloads: s.captures.lost.Load(), Unowned: s.drops.nobodys.Load(), Calls: st.Calls, Bytes: st.Bytes,
		Oldest: st.Oldest, Newest: st.Newest}
}

// trouble says what is wrong, and how many calls it has cost.
func (s *Service) trouble(why string, now time.Time) string {
	if now.UnixNano()-s.drops.last.Load() > int64(spell) {
		return why
	}
	lost := fmt.Sprintf("%d calls not logged since %s.", s.drops.count.Load(), time.Unix(0, s.drops.since.Load()).UTC().Format(time.RFC3339))
	if why == "" {
		return "The call log is full, more calls came than could be written: " + lost
	}
	return why + " " + lost
}

var (
	metricAppended = prometheus.NewDesc("hypercare_call_log_calls_total", "Calls by what became of them in the log: written, dropped (no room, or no disk), unowned (of no workspace); of the written ones, without_payload (it was to be kept and there was no room).", []string{"outcome"}, nil)
	metricBytes    = prometheus.NewDesc("hypercare_call_log_bytes", "Size of the call log on disk.", nil, nil)
	metricKept     = prometheus.NewDesc("hypercare_call_log_calls", "Calls that are kept.", nil, nil)
	metricWaiting  = prometheus.NewDesc("hypercare_call_log_waiting_bytes", "Calls that are not on disk yet.", nil, nil)
	metricTrouble  = prometheus.NewDesc("hypercare_call_log_stopped", "1 while calls can't be recorded.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *Service) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{metricAppended, metricBytes, metricKept, metricWaiting, metricTrouble} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Service) Collect(ch chan<- prometheus.Metric) {
	if s.store == nil {
		return
	}
	st := s.store.Stats()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	send(metricAppended, prometheus.CounterValue, float64(st.Appended), "written")
	send(metricAppended, prometheus.CounterValue, float64(st.Dropped), "dropped")
	send(metricAppended, prometheus.CounterValue, float64(s.drops.nobodys.Load()), "unowned")
	send(metricAppended, prometheus.CounterValue, float64(s.captures.lost.Load()), "without_payload")
	send(metricBytes, prometheus.GaugeValue, float64(st.Bytes))
	send(metricKept, prometheus.GaugeValue, float64(st.Calls))
	send(metricWaiting, prometheus.GaugeValue, float64(st.Waiting))
	stopped := 0.0
	if st.State != "" {
		stopped = 1
	}
	send(metricTrouble, prometheus.GaugeValue, stopped)
}
