package calllog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
)

// A search is tokens with spaces between them; a call must meet all of them.
// docs/reference/calls.md is the grammar as people read it.
//
//	token = ["-"] name op value {"," value} | "has:" name | word | "\"words in a row\""
//	op    = ":" | ">" | ">=" | "<" | "<="
//	value = text | "\"text\"" | text"*" | "*"text"*"

// unit says how a name's values are written, where that is not how the log
// keeps them.
type unit uint8

const (
	plain  unit = iota
	millis      // numbers are milliseconds; 1.5s and 250us are taken too
	sizes       // 10kB, 5MB
	upper       // GET
	lower       // hosts
	route       // a name, or the beginning of a path
	target      // an upstream's name, or one of its targets
	ofKey       // an application's name, or the beginning of a key
	timeOf      // RFC 3339
)

// name is one that a token may begin with.
type name struct {
	word  string
	field call.Field
	unit  unit
	doc   string
}

// names are what tokens may begin with, in the order in which they are
// offered.
var names = []name{
	{"status", call.Status, plain, "404, 5xx, or several: 502,503"},
	{"route", call.Route, route, "name of a route, or the beginning of a path: /pay"},
	{"method", call.Method, upper, "GET"},
	{"path", call.Path, plain, "whole path; /orders* for its beginning"},
	{"host", call.Host, lower, "api.example.com"},
	{"api", call.API, plain, "name of an API"},
	{"version", call.Version, plain, "of the API"},
	{"operation", call.Operation, plain, "name in the OpenAPI document"},
	{"ms", call.Latency, millis, "time to the end of the answer: ms>1000"},
	{"upstream_ms", call.UpstreamLatency, millis, "time the upstream took until its answer began"},
	{"first_byte_ms", call.FirstByte, millis, "time until the answer began"},
	{"user", call.User, plain, "id of the user"},
	{"session", call.Session, plain, "id of the user's session"},
	{"app", call.Application, plain, "name of an application"},
	{"key", call.Key, ofKey, "an application's name, or the first characters of a key"},
	{"ip", call.Client, plain, "address of the client, or a network: 10.0.0.0/8"},
	{"agent", call.Agent, plain, "user agent; *Firefox* for a part of it"},
	{"error", call.Error, plain, "why the gateway answered itself: timed_out, refused, ..."},
	{"policy", call.Policy, plain, "kind of policy that answered, and what it found: waf* or *942100*"},
	{"limit", call.Limit, plain, "limit that was exceeded"},
	{"cache", call.Cache, plain, "hit, miss, ..."},
	{"upstream", call.Upstream, target, "name of an upstream, or name/host:port"},
	{"attempts", call.Attempts, plain, "attempts>1: tried again"},
	{"in", call.BytesIn, sizes, "bytes of the request's body: in>1MB"},
	{"out", call.BytesOut, sizes, "bytes of the answer's body"},
	{"trace", call.Trace, plain, "32 hexadecimal digits"},
	{"span", call.Span, plain, "16 hexadecimal digits"},
	{"parent", call.Parent, plain, "span of the caller"},
	{"id", call.CallID, plain, "of the call, as X-Request-Id"},
	{"query", call.QueryKeys, plain, "names of the query's parameters; *page* for one of them"},
	{"protocol", call.Protocol, upper, "HTTP/1.1, HTTP/2.0"},
	{"tls", call.TLS, plain, "version; empty on an open line"},
	{"node", call.Node, plain, "name of the machine"},
	{"release", call.Release, plain, "of the product that answered"},
	{"request_type", call.RequestType, plain, "content type of the captured request"},
	{"response_type", call.ResponseType, plain, "content type of the captured answer"},
	{"request_capture", call.RequestCapture, plain, "whole or cut"},
	{"response_capture", call.ResponseCapture, plain, "whole or cut"},
	{"time", call.Time, timeOf, "time>2026-11-27T10:00:00Z"},
}

// others are second names.
var others = map[string]string{"latency": "ms", "application": "app", "client": "ip", "sizesin": "in", "sizesout": "out", "upstream_latency": "upstream_ms", "first_byte": "first_byte_ms"}

func nameOf(word string) (name, bool) {
	word = strings.ToLower(word)
	if w, ok := others[word]; ok {
		word = w
	}
	i := slices.IndexFunc(names, func(n name) bool { return n.word == word })
	if i < 0 {
		return name{}, false
	}
	return names[i], true
}

// Bounds of a search.
const (
	maxSearch = 2000
	maxTokens = 40
)

// token is a piece of a search, with where it stands.
type token struct {
	text     string
	from, to int
}

// wrong is an error that says which token is.
func (t token) wrong(format string, args ...any) error {
	why := fmt.Sprintf(format, args...)
	return errs.WithFields(fmt.Sprintf("%s at character %d: %s", quoted(t.text), t.from+1, why),
		errs.Field{Location: fmt.Sprintf("query.q[%d:%d]", t.from, t.to), Message: why})
}

func quoted(s string) string {
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return "\u201c" + s + "\u201d"
}

// tokens parts a search at spaces outside double quotes.
func tokens(q string) ([]token, error) {
	var list []token
	for i := 0; i < len(q); {
		if isSpace(q[i]) {
			i++
			continue
		}
		start, in := i, false
		for i < len(q) && (in || !isSpace(q[i])) {
			if q[i] == '"' {
				in = !in
			}
			i++
		}
		t := token{q[start:i], start, i}
		if in {
			return nil, t.wrong("a quotation mark is missing its second; add it, or leave out the first.")
		}
		list = append(list, t)
	}
	return list, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// parse makes a query of a search.
func parse(q string) (call.Query, error) {
	var out call.Query
	if len(q) > maxSearch {
		return out, errs.New(errs.Invalid, "The search is longer than %d bytes; shorten it.", maxSearch)
	}
	list, err := tokens(q)
	if err != nil {
		return out, err
	}
	if len(list) > maxTokens {
		return out, errs.New(errs.Invalid, "The search has %d parts; %d are allowed.", len(list), maxTokens)
	}
	var words []string
	for _, t := range list {
		body, not := strings.CutPrefix(t.text, "-")
		at := strings.IndexAny(body, `:<>="`)
		if at < 0 || body[at] == '"' {
			if not {
				return out, t.wrong("words can only be searched for, not left out; leave out by a field, such as -path:*health*.")
			}
			if !strings.ContainsFunc(t.text, func(r rune) bool { return r != '"' }) {
				continue
			}
			words = append(words, t.text)
			continue
		}
		if err := t.filter(&out, body, at, not); err != nil {
			return out, err
		}
	}
	out.Text = strings.Join(words, " ")
	return out, nil
}

// filter adds the condition that a token is.
func (t token) filter(out *call.Query, body string, at int, not bool) error {
	word, rest := body[:at], body[at+1:]
	op := call.Op(body[at : at+1])
	if (op == ">" || op == "<") && strings.HasPrefix(rest, "=") {
		op, rest = op+"=", rest[1:]
	}
	if strings.EqualFold(word, "has") && op == ":" {
		n, ok := nameOf(rest)
		if strings.EqualFold(rest, "payload") {
			out.Where = append(out.Where, call.Filter{Field: call.RequestCapture, Op: call.Is, Values: []string{""}, Not: !not})
			return nil
		}
		if !ok || n.field.IsNumber() {
			return t.wrong("has: takes payload or the name of a field with texts, such as has:user.")
		}
		out.Where = append(out.Where, call.Filter{Field: n.field, Op: call.Is, Values: []string{""}, Not: !not})
		return nil
	}
	n, ok := nameOf(word)
	if !ok {
		return t.wrong("a call has no field %q; take one such as status, route, path, user or ms, or put the token between quotation marks to search for its words.", word)
	}
	ops := map[call.Op]call.Op{":": call.Is, "=": call.Is, ">": call.Above, ">=": call.AtLeast, "<": call.Below, "<=": call.AtMost}
	f := call.Filter{Field: n.field, Op: ops[op], Not: not}
	var literal bool
	var err error
	if f.Values, literal, err = t.values(rest); err != nil {
		return err
	}
	if f.Op != call.Is {
		if !n.field.IsNumber() {
			return t.wrong("%s is a text and can't be compared by %s; use %s:", n.word, op, n.word)
		}
		if len(f.Values) > 1 {
			return t.wrong("%s takes one value.", op)
		}
	}
	if n.unit == ofKey && !literal {
		return t.key(out, f)
	}
	if err := t.read(n, &f, literal); err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return t.wrong("%s", errs.Message(err))
	}
	out.Where = append(out.Where, f)
	return nil
}

// values parts what stands behind an operator at commas outside quotes.
func (t token) values(s string) (list []string, literal bool, err error) {
	var b strings.Builder
	in, had := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			in, had, literal = !in, true, true
		case c == ',' && !in:
			list = append(list, b.String())
			b.Reset()
			had = false
		default:
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 && !had {
		return nil, false, t.wrong("the value is missing; write \"\" for none.")
	}
	return append(list, b.String()), literal, nil
}

// read brings values into the form in which the log has them.
func (t token) read(n name, f *call.Filter, literal bool) error {
	for i, v := range f.Values {
		switch n.unit {
		case millis:
			us, err := readMillis(v)
			if err != nil {
				return t.wrong("%q is no time; write milliseconds, or 250us, 1.5s, 2m.", v)
			}
			f.Values[i] = us
		case sizes:
			size, err := readBytes(v)
			if err != nil {
				return t.wrong("%q is no size; write bytes, or 10kB, 5MB, 1GB.", v)
			}
			f.Values[i] = size
		case upper:
			f.Values[i] = strings.ToUpper(v)
		case lower:
			f.Values[i] = strings.ToLower(v)
		}
	}
	if n.field.IsNumber() || f.Op != call.Is {
		return nil
	}
	first := f.Values[0]
	switch {
	case n.unit == route && strings.HasPrefix(first, "/"):
		f.Field = call.Path
		if len(f.Values) > 1 {
			return t.wrong("a path takes one value; write it with path: to name several.")
		}
		f.Op, f.Values[0] = call.Prefix, strings.TrimSuffix(first, "*")
		return nil
	case n.unit == target && !strings.Contains(first, "/") && !strings.Contains(first, "*") && len(f.Values) == 1 && first != "":
		f.Op, f.Values[0] = call.Prefix, first+"/"
		return nil
	case literal || !slices.ContainsFunc(f.Values, func(v string) bool { return strings.Contains(v, "*") }):
		return nil
	case len(f.Values) > 1:
		return t.wrong("a value with * stands alone; write one token for each.")
	}
	switch body := strings.TrimSuffix(first, "*"); {
	case strings.HasPrefix(body, "*") && len(first) > 2 && strings.HasSuffix(first, "*") && !strings.Contains(body[1:], "*"):
		f.Op, f.Values[0] = call.Contains, body[1:]
	case first == "*":
		f.Not, f.Values[0] = !f.Not, ""
	case body != first && !strings.Contains(body, "*"):
		f.Op, f.Values[0] = call.Prefix, body
	default:
		return t.wrong("a * stands at the end (its beginning) or at both ends (a part of it); between quotation marks it is itself.")
	}
	return nil
}

// key adds a condition on who called: an application by its name, or a key by
// its first characters.
func (t token) key(out *call.Query, f call.Filter) error {
	var any []call.Filter
	for _, v := range f.Values {
		v = strings.TrimSuffix(v, "*")
		if v == "" {
			return t.wrong("say which key; -has:key means none.")
		}
		any = append(any, call.Filter{Field: call.Application, Op: call.Is, Values: []string{v}, Not: f.Not},
			call.Filter{Field: call.Key, Op: call.Prefix, Values: []string{v}, Not: f.Not})
	}
	if f.Not {
		out.Where = append(out.Where, any...)
		return nil
	}
	if len(out.Any) > 0 {
		return t.wrong("key: can stand once; name several with commas: key:a,b.")
	}
	out.Any = any
	return nil
}

// readMillis reads milliseconds, or a duration with its unit.
func readMillis(v string) (string, error) {
	if ms, err := strconv.ParseFloat(v, 64); err == nil {
		if ms < 0 || ms > 1e12 {
			return "", strconv.ErrRange
		}
		return strconv.FormatInt(int64(ms*1000), 10), nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return "", strconv.ErrSyntax
	}
	return strconv.FormatInt(d.Microseconds(), 10), nil
}

// readBytes reads a size.
func readBytes(v string) (string, error) {
	num := strings.TrimRight(v, "kKMGBb")
	factor, ok := map[string]float64{"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9}[strings.ToLower(v[len(num):])]
	n, err := strconv.ParseFloat(num, 64)
	if err != nil || !ok || n < 0 || n > 1e12 {
		return "", strconv.ErrSyntax
	}
	return strconv.FormatInt(int64(n*factor), 10), nil
}

// Moment reads a time as people give it: RFC 3339, or how long ago.
func Moment(s string, now, otherwise time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return otherwise, nil
	}
	if s == "now" {
		return now, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	back := strings.TrimPrefix(s, "-")
	days := 0.0
	if d, rest, ok := strings.Cut(back, "d"); ok {
		n, err := strconv.ParseFloat(d, 64)
		if err == nil && n >= 0 && n < 1e5 {
			days, back = n, rest
			if back == "" {
				back = "0"
			}
		}
	}
	d, err := time.ParseDuration(back)
	if err != nil || d < 0 {
		return time.Time{}, errs.New(errs.Invalid, "%.40q is no time; write it like 2026-11-27T10:00:00Z, or how long ago: 15m, 24h, 7d.", s)
	}
	return now.Add(-d - time.Duration(days*24*float64(time.Hour))), nil
}
