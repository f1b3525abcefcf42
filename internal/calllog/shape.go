package calllog

import (
	"time"

	"github.com/hypercare/hypercare/internal/call"
)

// Call is a call as the API has it. What is not known is absent.
type Call struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at" doc:"When its first byte had come."`
	Trace  string    `json:"trace,omitempty" doc:"Of the caller, or begun here (W3C Trace Context)."`
	Span   string    `json:"span,omitempty" doc:"The gateway's own span."`
	Parent string    `json:"parent_span,omitempty" doc:"The caller's span; absent where the trace begins here."`

	API       string `json:"api,omitempty"`
	Version   string `json:"version,omitempty"`
	Route     string `json:"route,omitempty"`
	Operation string `json:"operation,omitempty"`

	Method   string `json:"method,omitempty" doc:"Absent where what came was no request."`
	Host     string `json:"host,omitempty"`
	Path     string `json:"path,omitempty"`
	Query    string `json:"query,omitempty" doc:"Names of the parameters, or all of it where the route says so."`
	Protocol string `json:"protocol,omitempty" example:"HTTP/1.1"`
	TLS      string `json:"tls,omitempty"`
	Status   int64  `json:"status,omitempty" doc:"499: the client did not wait."`

	Upstream string `json:"upstream,omitempty" example:"orders/10.0.0.5:8080"`
	Attempts int64  `json:"attempts,omitempty"`
	Tries    string `json:"tries,omitempty" doc:"Those before the last: what was asked, why it was not enough, how long it took." example:"orders/10.0.0.4:8080 connect_failed 2.1ms"`

	Application string `json:"application,omitempty"`
	Key         string `json:"key,omitempty" doc:"First characters of the key."`
	User        string `json:"user,omitempty"`
	Session     string `json:"session,omitempty"`
	Client      string `json:"client,omitempty" doc:"Address."`
	Agent       string `json:"agent,omitempty"`

	BytesIn   int64 `json:"bytes_in,omitempty"`
	BytesOut  int64 `json:"bytes_out,omitempty"`
	Latency   int64 `json:"latency_us,omitempty" doc:"Until the end of the answer."`
	Upstreams int64 `json:"upstream_us,omitempty" doc:"From sending the request to the upstream until its answer began."`
	FirstByte int64 `json:"first_byte_us,omitempty" doc:"Until the answer began."`

	Cache   string `json:"cache,omitempty"`
	Limit   string `json:"limit,omitempty" doc:"That was exceeded."`
	Policy  string `json:"policy,omitempty" doc:"That answered in the upstream's place."`
	Error   string `json:"error,omitempty" doc:"Why the gateway answered itself."`
	Node    string `json:"node,omitempty"`
	Release string `json:"release,omitempty"`

	RequestCapture  string `json:"request_capture,omitempty" enum:"whole,cut" doc:"What is kept of the request; absent for nothing."`
	ResponseCapture string `json:"response_capture,omitempty" enum:"whole,cut"`
}

// shape is a record as the API has it.
func shape(r *call.Record) Call {
	return Call{ID: r.ID.String(), At: r.At(), Trace: r.Text(call.Trace), Span: r.Text(call.Span), Parent: r.Text(call.Parent),
		API: r.API, Version: r.Version, Route: r.Route, Operation: r.Operation,
		Method: r.Method, Host: r.Host, Path: r.Path, Query: r.Query, Protocol: r.Protocol, TLS: r.TLS, Status: r.Status,
		Upstream: r.Upstream, Attempts: r.Attempts, Tries: r.Tries,
		Application: r.Application, Key: r.Key, User: r.User, Session: r.Session, Client: r.Client, Agent: r.Agent,
		BytesIn: r.BytesIn, BytesOut: r.BytesOut, Latency: r.Latency, Upstreams: r.UpstreamLatency, FirstByte: r.FirstByte,
		Cache: r.Cache, Limit: r.Limit, Policy: r.Policy, Error: r.Error, Node: r.Node, Release: r.Release,
		RequestCapture: r.Request.Capture, ResponseCapture: r.Response.Capture}
}

func shapeAll(list []call.Record) []Call {
	out := make([]Call, len(list))
	for i := range list {
		out[i] = shape(&list[i])
	}
	return out
}

// Page is a part of a list of calls.
type Page struct {
	Items      []Call `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Pass it as cursor to read on; absent on the last page."`
	Complete   bool   `json:"complete" doc:"False: time ran out; items are those up to where the search came, and the cursor goes on from there."`
	Looked
}

// Looked says what an answer cost.
type Looked struct {
	TookMS     float64 `json:"took_ms"`
	Scanned    int64   `json:"scanned" doc:"Calls in the parts that were read."`
	Unreadable int64   `json:"unreadable,omitempty" doc:"Calls in parts that are damaged: they are missing."`
}

func looked(i call.Info) Looked {
	return Looked{TookMS: float64(i.Took.Microseconds()) / 1000, Scanned: i.Scanned, Unreadable: i.Unreadable}
}

// Bar is a span of time in a histogram, its calls by class of status.
type Bar struct {
	At    time.Time `json:"at"`
	Other int64     `json:"other" doc:"Without a usual status."`
	One   int64     `json:"1xx"`
	Two   int64     `json:"2xx"`
	Three int64     `json:"3xx"`
	Four  int64     `json:"4xx"`
	Five  int64     `json:"5xx"`
}

// Histogram is calls over time.
type Histogram struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Step  int64     `json:"step_us" doc:"Width of a bar."`
	Total int64     `json:"total"`
	Bars  []Bar     `json:"bars" nullable:"false"`
	Looked
}

func histogram(h *call.Histogram, from, to time.Time) *Histogram {
	out := &Histogram{From: from, To: to, Step: h.Step.Microseconds(), Bars: make([]Bar, len(h.Buckets)), Looked: looked(h.Info)}
	for i, b := range h.Buckets {
		c := b.Classes
		out.Bars[i] = Bar{At: b.From, Other: c[0], One: c[1], Two: c[2], Three: c[3], Four: c[4], Five: c[5]}
		for _, n := range c {
			out.Total += n
		}
	}
	return out
}

// Heatmap is calls by time and latency.
type Heatmap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Step    int64     `json:"step_us" doc:"Width of a column."`
	Columns int       `json:"columns"`
	Bounds  []int64   `json:"bounds_us" nullable:"false" doc:"Lower ends of the rows: two for every doubling. Row y holds latencies from bounds_us[y] to less than bounds_us[y+1]; ms>=LOW ms<HIGH finds them."`
	Cells   []Cell    `json:"cells" nullable:"false" doc:"Those that are not empty."`
	Looked
}

// Cell is a part of a heatmap in which there are calls.
type Cell struct {
	X      int   `json:"x" doc:"Column of time."`
	Y      int   `json:"y" doc:"Row of latency."`
	Count  int64 `json:"count"`
	Errors int64 `json:"errors" doc:"Of them, with a status of 500 or more."`
}

func heatmap(h *call.Heatmap, from, to time.Time, columns int) *Heatmap {
	out := &Heatmap{From: from, To: to, Step: h.Step.Microseconds(), Columns: columns, Bounds: h.Bounds, Cells: make([]Cell, len(h.Cells)), Looked: looked(h.Info)}
	for i, c := range h.Cells {
		out.Cells[i] = Cell(c)
	}
	return out
}

// Share is what is known of the calls that have one value.
type Share struct {
	Value  string `json:"value" doc:"Empty: none."`
	Count  int64  `json:"count"`
	Errors int64  `json:"errors" doc:"With a status of 500 or more."`
	P50    int64  `json:"p50_us"`
	P95    int64  `json:"p95_us"`
	P99    int64  `json:"p99_us"`
}

// Facet is how calls divide over the values of one field.
type Facet struct {
	Field  string  `json:"field" doc:"As tokens name it."`
	Values []Share `json:"values" nullable:"false" doc:"The most frequent first."`
	Other  int64   `json:"other" doc:"Calls with another value."`
	Count  int     `json:"different" doc:"How many different values there are."`
	More   bool    `json:"more" doc:"There are more values than were counted apart."`
}

// Facets is what the calls of a search have in common.
type Facets struct {
	All    Share   `json:"all"`
	Facets []Facet `json:"facets" nullable:"false"`
	Looked
}

func facets(f *call.Facets, fields []name) *Facets {
	out := &Facets{All: Share(f.All), Facets: make([]Facet, len(f.Facets)), Looked: looked(f.Info)}
	for i, x := range f.Facets {
		out.Facets[i] = Facet{Field: fields[i].word, Values: make([]Share, len(x.Shares)), Other: x.Other, Count: x.Values, More: x.More}
		for k, s := range x.Shares {
			out.Facets[i].Values[k] = Share(s)
		}
	}
	return out
}

// FieldName is a name that tokens may begin with.
type FieldName struct {
	Name    string `json:"name"`
	Number  bool   `json:"number" doc:"May be compared by >, >=, < and <=."`
	Facet   bool   `json:"facet" doc:"Calls may be counted by it."`
	Example string `json:"doc" doc:"What values look like."`
}

// Shape is a record as the API has it, for who shows calls beside other things.
func Shape(r *call.Record) Call { return shape(r) }
