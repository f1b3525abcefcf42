package span

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Gateway is the service that the gateway's own calls stand under.
const Gateway = "gateway"

// Trace is all that is known of one trace, in the order of a waterfall: each
// span behind the one that it was part of.
type Trace struct {
	TraceID    string         `json:"trace_id"`
	Start      time.Time      `json:"start"`
	DurationMS float64        `json:"duration_ms" doc:"From its first span to the end of its last."`
	Sentence   string         `json:"sentence" doc:"Where the time went." example:"93 % of the time was spent waiting for a connection."`
	Failure    string         `json:"failure,omitempty" doc:"What failed first, in one sentence."`
	Spans      []Node         `json:"spans" nullable:"false"`
	Calls      []calllog.Call `json:"calls" nullable:"false" doc:"Those of the gateway; they stand among the spans too."`
	Cut        bool           `json:"cut,omitempty" doc:"There are more spans than are shown."`
}

// Node is a span in its place.
type Node struct {
	Span
	CallID   string  `json:"call_id,omitempty" doc:"It is a call of the gateway."`
	Depth    int     `json:"depth"`
	OffsetMS float64 `json:"offset_ms" doc:"From the start of the trace."`
	SelfMS   float64 `json:"self_ms" doc:"Without what is in the spans within it."`
	Slowest  bool    `json:"slowest,omitempty" doc:"Most of the time went here."`
}

// Trace returns a trace with the gateway's calls, for who may read.
func (s *Service) Trace(ctx context.Context, id string) (*Trace, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	id = strings.ToLower(strings.ReplaceAll(id, "-", ""))
	if !isID(id, 32) {
		return nil, errs.New(errs.Invalid, "%.60q is no id of a trace; give its 32 hexadecimal digits.", id)
	}
	spans, err := s.ByTrace(ctx, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	calls, err := s.callsOf(ctx, id, spans)
	if err != nil {
		return nil, err
	}
	if len(spans)+len(calls) == 0 {
		return nil, errs.New(errs.NotFound, "Nothing is known of the trace %s; its spans may have been kept for less long, or are still on their way.", id)
	}
	t := Waterfall(id, spans, calls)
	t.Cut = len(spans) == MaxTrace
	return t, nil
}

// callsOf are the gateway's calls of a trace. The spans say when to look;
// without a call log there are none.
func (s *Service) callsOf(ctx context.Context, id string, spans []*Span) ([]calllog.Call, error) {
	if s.calls == nil {
		return nil, nil
	}
	var from, to time.Time
	for i, x := range spans {
		if i == 0 || x.Start.Before(from) {
			from = x.Start
		}
		if x.End().After(to) {
			to = x.End()
		}
	}
	if len(spans) > 0 { // clocks differ
		from, to = from.Add(-2*time.Minute), to.Add(2*time.Minute)
	}
	calls, err := s.calls(ctx, id, from, to)
	if errs.KindOf(err) == errs.Unavailable {
		return nil, nil
	}
	return calls, err
}

// Waterfall puts the spans and calls of a trace in order, and says where the
// time went.
func Waterfall(id string, spans []*Span, calls []calllog.Call) *Trace {
	w := &waterfall{children: map[string][]*Node{}, byID: map[string]*Node{}}
	for i := range calls {
		w.add(nodeOf(id, &calls[i]))
	}
	for _, x := range spans {
		w.add(&Node{Span: *x})
	}
	w.order()
	t := &Trace{TraceID: id, Start: w.start, DurationMS: millis(w.end.Sub(w.start)), Spans: make([]Node, 0, len(w.list)), Calls: calls}
	if t.Calls == nil {
		t.Calls = []calllog.Call{}
	}
	w.blame(t)
	for _, n := range w.list {
		t.Spans = append(t.Spans, *n)
	}
	return t
}

// nodeOf is a call of the gateway as a span: it has ids of its own.
func nodeOf(trace string, c *calllog.Call) *Node {
	name := strings.TrimSpace(c.Method + " " + cmp.Or(c.Path, c.Route))
	n := &Node{CallID: c.ID, Span: Span{TraceID: trace, SpanID: c.Span, ParentID: c.Parent, Service: Gateway, Name: name, Kind: "server",
		Start: c.At, Duration: time.Duration(c.Latency) * time.Microsecond, DurationMS: float64(c.Latency) / 1000,
		Method: c.Method, Route: c.Route, HTTPStatus: int(c.Status), User: c.User, Session: c.Session, Release: c.Release, Error: c.Error}}
	if c.Status >= 500 || c.Error != "" {
		n.Status, n.Message = Error, fmt.Sprintf("answered %d", c.Status)
	}
	return n
}

type waterfall struct {
	nodes      []*Node
	list       []*Node // in order
	children   map[string][]*Node
	byID       map[string]*Node
	start, end time.Time
}

func (w *waterfall) add(n *Node) {
	if n.SpanID != "" {
		if _, ok := w.byID[n.SpanID]; ok {
			return
		}
		w.byID[n.SpanID] = n
	}
	w.nodes = append(w.nodes, n)
	if w.start.IsZero() || n.Start.Before(w.start) {
		w.start = n.Start
	}
	if n.End().After(w.end) {
		w.end = n.End()
	}
}

// order puts each node behind its parent. One whose parent is not there, or
// that is its own ancestor, begins anew.
func (w *waterfall) order() {
	slices.SortStableFunc(w.nodes, func(a, b *Node) int { return a.Start.Compare(b.Start) })
	var roots []*Node
	for _, n := range w.nodes {
		if p := w.byID[n.ParentID]; n.ParentID != "" && p != nil && p != n {
			w.children[n.ParentID] = append(w.children[n.ParentID], n)
		} else {
			roots = append(roots, n)
		}
	}
	done := map[*Node]bool{}
	var walk func(*Node, int)
	walk = func(n *Node, depth int) {
		if done[n] {
			return
		}
		done[n] = true
		n.Depth, n.OffsetMS = depth, millis(n.Start.Sub(w.start))
		w.list = append(w.list, n)
		if n.SpanID != "" {
			for _, c := range w.children[n.SpanID] {
				walk(c, depth+1)
			}
		}
	}
	for _, n := range append(roots, w.nodes...) {
		walk(n, 0)
	}
}

// interval is a time from a to b, in microseconds of the trace.
type interval struct{ a, b int64 }

// union puts intervals together that meet; it returns them in order.
func union(list []interval) []interval {
	slices.SortFunc(list, func(x, y interval) int { return cmp.Compare(x.a, y.a) })
	var out []interval
	for _, v := range list {
		if n := len(out); n > 0 && v.a <= out[n-1].b {
			out[n-1].b = max(out[n-1].b, v.b)
		} else if v.b > v.a {
			out = append(out, v)
		}
	}
	return out
}

func length(list []interval) (sum int64) {
	for _, v := range list {
		sum += v.b - v.a
	}
	return sum
}

// self are the times in which a node did not wait for a span within it.
func (w *waterfall) self(n *Node) []interval {
	own := interval{n.Start.Sub(w.start).Microseconds(), n.End().Sub(w.start).Microseconds()}
	var inner []interval
	if n.SpanID != "" {
		for _, c := range w.children[n.SpanID] {
			inner = append(inner, interval{max(c.Start.Sub(w.start).Microseconds(), own.a), min(c.End().Sub(w.start).Microseconds(), own.b)})
		}
	}
	var out []interval
	at := own.a
	for _, v := range union(inner) {
		if v.a > at {
			out = append(out, interval{at, v.a})
		}
		at = max(at, v.b)
	}
	if own.b > at {
		out = append(out, interval{at, own.b})
	}
	return out
}

// blame finds what most of the time was spent in, and what failed first.
func (w *waterfall) blame(t *Trace) {
	type group struct {
		nodes []*Node
		own   []interval
	}
	groups := map[string]*group{}
	var order []*group
	services := false
	for _, n := range w.list {
		own := w.self(n)
		n.SelfMS = float64(length(own)) / 1000
		services = services || n.CallID == ""
		key := n.Service + "\x00" + n.Name
		g := groups[key]
		if g == nil {
			g = &group{}
			groups[key] = g
			order = append(order, g)
		}
		g.nodes, g.own = append(g.nodes, n), append(g.own, own...)
	}
	var worst *group
	most := int64(-1)
	for _, g := range order {
		if l := length(union(g.own)); l > most {
			most, worst = l, g
		}
	}
	total := w.end.Sub(w.start).Microseconds()
	for _, n := range worst.nodes {
		n.Slowest = true
	}
	t.Sentence = sentence(worst.nodes, most, total, services)
	t.Failure = w.failure()
}

func sentence(nodes []*Node, took, total int64, services bool) string {
	share := 100.0
	if total > 0 {
		share = min(100, float64(took)*100/float64(total))
	}
	how := "All"
	if share < 99.5 {
		how = fmt.Sprintf("%.0f %%", math.Max(share, 1))
	}
	n := nodes[0]
	where := doing(n, len(nodes))
	if !services && n.CallID != "" {
		where = "behind the gateway, where no service told what it did"
	}
	return how + " of the time was spent " + where + "."
}

// words tell by its name what a span waits for.
var words = []struct{ part, doing string }{
	{"pool", "waiting for a connection"}, {"acquire", "waiting for a connection"}, {"getconnection", "waiting for a connection"}, {"checkout connection", "waiting for a connection"},
	{"dns", "looking up an address"}, {"tls", "on a TLS handshake"}, {"handshake", "on a TLS handshake"}, {"connect", "opening a connection"},
	{"lock", "waiting for a lock"}, {"mutex", "waiting for a lock"}, {"semaphore", "waiting for its turn"},
	{"backoff", "waiting to try again"}, {"sleep", "waiting"},
}

// doing says in words what a span was about.
func doing(n *Node, times int) string {
	name := n.Name
	if times > 1 {
		name = fmt.Sprintf("%d times %s", times, n.Name)
	}
	attrs := n.attrs()
	db := cmp.Or(attrs["db.system.name"], attrs["db.system"])
	if n.Kind != "server" && n.Kind != "consumer" {
		low := strings.ToLower(n.Name)
		for _, w := range words {
			if strings.Contains(low, w.part) && (db == "" || w.doing == "waiting for a connection" || w.doing == "opening a connection") {
				return w.doing
			}
		}
	}
	switch {
	case db != "":
		return "in the database: " + name
	case n.Kind == "client" || n.Kind == "producer":
		peer := cmp.Or(attrs["peer.service"], attrs["server.address"], attrs["net.peer.name"], attrs["messaging.destination.name"])
		if peer != "" {
			return "waiting for " + peer + ": " + name
		}
		return "waiting for what " + n.Service + " called: " + name
	case n.CallID != "":
		return "in the gateway: " + name
	}
	return "in " + cmp.Or(n.Service, "a service without a name") + ": " + name
}

// attrs are the attributes of a span that are texts.
func (s *Span) attrs() map[string]string {
	var all map[string]any
	if len(s.Attrs) == 0 || json.Unmarshal(s.Attrs, &all) != nil {
		return nil
	}
	out := map[string]string{}
	for k, v := range all {
		if text, ok := v.(string); ok {
			out[k] = text
		}
	}
	return out
}

// failure says which of the spans failed first: of those that failed because
// one within them did, the innermost.
func (w *waterfall) failure() string {
	var first *Node
	for _, n := range w.list {
		if !n.Failed() {
			continue
		}
		if n.SpanID != "" && slices.ContainsFunc(w.children[n.SpanID], func(c *Node) bool { return c.Failed() }) {
			continue
		}
		if first == nil || n.End().Before(first.End()) {
			first = n
		}
	}
	if first == nil {
		return ""
	}
	why := strings.TrimSpace(strings.Trim(first.Error+": "+first.Message, ": "))
	text := first.Service + " failed first, in " + first.Name
	if why != "" {
		text += ": " + strings.TrimSuffix(Clip(why, 300), ".")
	}
	return text + "."
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
