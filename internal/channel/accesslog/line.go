package accesslog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/errs"
)

// line is one object of a log, as it came.
type line map[string]any

func parseLine(raw []byte) (line, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var l line
	if err := d.Decode(&l); err != nil || l == nil {
		return nil, errs.New(errs.Invalid, "It is no JSON object; have the log written as JSON, one object a line.")
	}
	return l, nil
}

// text returns the first field that says something. "-" is how logs write
// that there is nothing.
func (l line) text(list []string) string {
	for _, name := range list {
		if s := textOf(l.find(name)); s != "" && s != "-" {
			return s
		}
	}
	return ""
}

func (l line) find(name string) any {
	if v, ok := l[name]; ok {
		return v
	}
	var at any = map[string]any(l)
	for part := range strings.SplitSeq(name, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[part]
	}
	return at
}

func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x)
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case []any: // Kong has lists of headers
		if len(x) > 0 {
			return textOf(x[0])
		}
	}
	return ""
}

// sum adds what a field lists: nginx writes "0.001, 0.210 : 0.003" when it
// asked several upstreams.
func sum(text string) (float64, bool) {
	total, any := 0.0, false
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ':' || r == ' ' }) {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
			continue
		}
		total, any = total+v, true
	}
	return total, any
}

// micros reads a duration: a number in the format's unit, or with one of its own.
func (s *settings) micros(text string) int64 {
	if v, ok := sum(text); ok {
		return int64(min(v*units[s.unit], 1e15))
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d.Microseconds()
	}
	return 0
}

// timeLayouts are forms of times, beside RFC 3339 and seconds since 1970.
var timeLayouts = []string{"02/Jan/2006:15:04:05 -0700", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999", time.RFC1123Z}

func readTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case v <= 0 || math.IsInf(v, 0) || math.IsNaN(v):
			return time.Time{}, false
		case v < 1e11: // seconds
			return time.UnixMicro(int64(math.Round(v * 1e6))).UTC(), true
		case v < 1e14: // milliseconds
			return time.UnixMicro(int64(math.Round(v * 1e3))).UTC(), true
		case v < 1e17:
			return time.UnixMicro(int64(v)).UTC(), true
		}
		return time.Unix(0, int64(min(v, 9e18))).UTC(), true
	}
	for _, layout := range append([]string{time.RFC3339Nano}, timeLayouts...) {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// record makes a call of a line. source and offset say which line it was, and
// make its id: a line that comes again is the same call.
func (s *settings) record(raw []byte, api, source string, offset int64, now time.Time) (*call.Record, error) {
	l, err := parseLine(raw)
	if err != nil {
		return nil, err
	}
	get := func(name string) string { return l.text(s.fields[name]) }
	at, ok := readTime(get("time"))
	switch {
	case !ok:
		return nil, errs.New(errs.Invalid, "It has no time that can be read in %s.", strings.Join(s.fields["time"], ", "))
	case at.After(now.Add(time.Hour)):
		return nil, errs.New(errs.Invalid, "Its time %s lies in the future; set the clock of the machine.", at.Format(time.RFC3339))
	}
	r := &call.Record{API: api, Route: get("route"), Operation: get("operation"), Method: get("method"), Host: get("host"), Protocol: get("protocol"), TLS: get("tls"),
		Upstream: get("upstream"), Application: get("application"), User: get("user"), Session: get("session"), Client: addressOf(get("client")), Agent: get("agent"),
		Latency: s.micros(get("latency")), UpstreamLatency: s.micros(get("upstream_latency")), BytesIn: whole(get("bytes_in")), BytesOut: whole(get("bytes_out")),
		Attempts: whole(get("attempts")) + 1, Error: get("error"), Release: get("release"), Node: source}
	r.Status = whole(get("status"))
	target := get("path")
	if request := strings.Fields(get("request")); len(request) >= 2 { // "GET /a HTTP/1.1"
		if r.Method == "" {
			r.Method = request[0]
		}
		if target == "" {
			target = request[1]
		}
		if r.Protocol == "" && len(request) > 2 {
			r.Protocol = request[2]
		}
	}
	query := get("query")
	if u, err := url.Parse(target); err == nil && target != "" {
		if r.Path = u.EscapedPath(); query == "" {
			query = u.RawQuery
		}
		if r.Host == "" {
			r.Host = u.Host
		}
	} else {
		r.Path, _, _ = strings.Cut(target, "?")
	}
	r.Query = calllog.QueryKeys(query)
	if r.Status == 0 && r.Path == "" && r.Method == "" {
		return nil, errs.New(errs.Invalid, "It has neither status nor path; choose the format that your log has, or map its fields.")
	}
	if s.ended {
		at = at.Add(-time.Duration(r.Latency) * time.Microsecond)
	}
	r.Time = at.UnixMicro()
	r.ID = idOf(at, source, offset, raw)
	traced(r, get("trace"), get("span"), get("traceparent"))
	if r.Trace == (call.ID{}) {
		if id, err := call.ParseID(get("request_id")); err == nil {
			r.Trace = id
		} else {
			r.Trace = r.ID
		}
	}
	r.Method = strings.ToUpper(r.Method)
	return r, nil
}

// idOf names a line: its time, as ids of calls begin, and which line it was.
func idOf(at time.Time, source string, offset int64, raw []byte) (id call.ID) {
	h := sha256.New()
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte(source+"\x00"), uint64(offset))) // a hash takes all
	_, _ = h.Write(raw)
	copy(id[:], h.Sum(nil))
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// traced fills in the trace: by ids, or by a header of W3C Trace Context,
// whose span is the caller's.
func traced(r *call.Record, trace, span, parent string) {
	if id, err := call.ParseID(trace); err == nil {
		r.Trace = id
		if b, err := hex.DecodeString(span); err == nil && len(b) == len(r.Span) {
			copy(r.Span[:], b)
		}
		return
	}
	part := strings.Split(parent, "-")
	if len(part) < 4 || len(part[0]) != 2 {
		return
	}
	if id, err := call.ParseID(part[1]); err == nil {
		r.Trace = id
		if b, err := hex.DecodeString(part[2]); err == nil && len(b) == len(r.Parent) {
			copy(r.Parent[:], b)
		}
	}
}

// addressOf is the first address of a list, without its port.
func addressOf(text string) string {
	text, _, _ = strings.Cut(text, ",")
	text = strings.TrimSpace(text)
	if host, _, err := net.SplitHostPort(text); err == nil {
		return host
	}
	return strings.Trim(text, "[]")
}

func whole(text string) int64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || v > 1e15 || math.IsNaN(v) {
		return 0
	}
	return int64(v)
}
