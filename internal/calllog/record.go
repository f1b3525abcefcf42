package calllog

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/workspace"
)

// scratch is what one exchange needs while it becomes a record: nothing is
// allocated for it.
type scratch struct {
	record call.Record
	text   []byte
}

// Record takes an exchange that has ended into the log. It is called on the
// exchange's goroutine, so it must not wait: where there is no room the call
// is counted as dropped.
func (s *Service) Record(x *gateway.Exchange) {
	var rules *gateway.Logging
	if x.Route != nil {
		rules = x.Route.Logging()
	}
	if rules != nil && rules.Off {
		return
	}
	c, _ := x.Captured.(*capture)
	ws := s.owner(x)
	if ws == "" {
		if c != nil {
			s.captures.release(c)
		}
		s.drops.nobodys.Add(1)
		return
	}
	b := s.buffer.Get().(*scratch)
	b.fill(x, ws, s.node, rules)
	if c != nil && (!c.wanted(x) || !s.captures.hand(c, &b.record)) {
		s.captures.release(c)
		c = nil
	}
	if c == nil {
		s.append(&b.record)
	}
	b.record = call.Record{} // it points into the lane's buffers
	s.buffer.Put(b)
}

func (s *Service) append(r *call.Record) {
	if !s.store.Append(r) {
		s.drops.add(time.Now())
	}
}

// owner is the workspace that a call belongs to: the route's, the host's, or
// the only one there is.
func (s *Service) owner(x *gateway.Exchange) workspace.ID {
	if x.Workspace != "" {
		return workspace.ID(x.Workspace)
	}
	if x.Route != nil && x.Route.Workspace != "" {
		return workspace.ID(x.Route.Workspace)
	}
	if id := s.home.Load(); id != nil {
		return *id
	}
	return ""
}

// fill translates an exchange. Texts point into the lane's buffers and into
// b.text; the log copies them.
func (b *scratch) fill(x *gateway.Exchange, ws workspace.ID, node string, rules *gateway.Logging) {
	r := &b.record
	*r = call.Record{
		Time: x.Start.UnixMicro(), ID: call.ID(x.ID), Trace: x.Trace(), Span: x.Span(), Parent: x.Parent(),
		Workspace: ws,
		Method:    view(x.Method), Host: view(x.Host), Path: view(x.Path), Protocol: x.Proto.String(), Status: int64(x.Status),
		Upstream: x.UpstreamLabel(), Attempts: int64(x.Attempts),
		User: x.User, Session: x.Session,
		BytesIn: x.BytesIn, BytesOut: x.BytesOut, Latency: micros(x.Start, x.End),
		Cache: x.Cache, Policy: policyOf(x), Error: x.Err.String(), Node: node, Release: x.Release,
	}
	if r.Trace == (call.ID{}) { // what came was no request
		r.Trace = r.ID
	}
	if rt := x.Route; rt != nil {
		r.API, r.Version, r.Route, r.Operation = rt.API, rt.Version, rt.Name, rt.Operation
	}
	if c := x.Consumer; c != nil {
		r.Application, r.Key = c.Name, c.Key
	}
	if x.TLS {
		r.TLS = "yes"
	}
	if x.Err == gateway.Limited {
		r.Limit = x.Policy
	}
	if !x.FirstByte.IsZero() {
		r.FirstByte, r.UpstreamLatency = micros(x.Start, x.FirstByte), micros(x.Sent, x.FirstByte)
	}
	// The buffer is sized first: what was handed out must not move.
	if n := len(x.Query) + 64 + 64*len(x.Failed()); cap(b.text) < n {
		b.text = make([]byte, 0, max(n, 512))
	}
	b.text = b.text[:0]
	switch {
	case rules == nil || rules.Query == gateway.QueryKeys:
		r.Query = b.take(func(t []byte) []byte { return appendKeys(t, x.Query) })
	case rules.Query == gateway.QueryFull:
		r.Query = rules.Mask.Query(string(x.Query))
	}
	if x.Client.IsValid() {
		r.Client = b.take(x.Client.AppendTo)
	}
	if v, ok := header(x, "user-agent"); ok {
		r.Agent = view(v)
	}
	if tries := x.Failed(); len(tries) > 0 {
		r.Tries = b.take(func(t []byte) []byte { return appendTries(t, tries) })
	}
}

// take hands out what fn appends.
func (b *scratch) take(fn func([]byte) []byte) string {
	at := len(b.text)
	b.text = fn(b.text)
	return view(b.text[at:])
}

// view sees bytes as a text for as long as they stay as they are.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func micros(from, to time.Time) int64 { return max(to.Sub(from).Microseconds(), 0) }

func header(x *gateway.Exchange, lower string) ([]byte, bool) {
	for i := range x.Fields {
		if f := &x.Fields[i]; len(f.Name) == len(lower) && bytes.EqualFold(f.Name, []byte(lower)) {
			return f.Value, true
		}
	}
	return nil, false
}

// longestKey is how long a part of a query may be that has no value, to be
// taken for a name: "?" and a token alone is a usual way to sign an address.
const longestKey = 30

// appendKeys adds the names of a query's parameters: "a=1&b=2" as "a&b".
func appendKeys(t, query []byte) []byte {
	start := len(t)
	for len(query) > 0 {
		part, rest, _ := bytes.Cut(query, []byte("&"))
		key, _, named := bytes.Cut(part, []byte("="))
		if !named && len(key) > longestKey {
			key = []byte("[masked]")
		}
		if len(key) > 0 {
			if len(t) > start {
				t = append(t, '&')
			}
			t = append(t, key...)
		}
		query = rest
	}
	return t
}

// appendTries adds the tries before the last: "orders/10.0.0.5:80
// connect_failed 2.1ms; ...".
func appendTries(t []byte, tries []gateway.Try) []byte {
	for i, y := range tries {
		if i > 0 {
			t = append(t, "; "...)
		}
		t = append(t, y.Upstream...)
		t = append(t, ' ')
		if class := y.Class.String(); class != "" {
			t = append(t, class...)
		} else {
			t = append(t, "status"...)
		}
		t = append(t, ' ')
		t = strconv.AppendFloat(t, float64(y.Took.Microseconds())/1000, 'f', -1, 64)
		t = append(t, "ms"...)
	}
	return t
}

// policyOf is the kind of policy that answered, and what policies found: ids of
// rules, or what is wrong with the request.
func policyOf(x *gateway.Exchange) string {
	switch {
	case x.Found == "":
		return x.Policy
	case x.Policy == "", strings.HasPrefix(x.Found, x.Policy+": "):
		return x.Found
	}
	return x.Policy + "; " + x.Found
}
