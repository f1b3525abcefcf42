package cache

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is one header line.
type Field struct{ Name, Value string }

// Fields are the lines of a head.
type Fields []Field

// Get joins the lines of a field (RFC 9110 5.3); name in any case.
func (f Fields) Get(name string) (string, bool) {
	out, found := "", false
	for i := range f {
		if strings.EqualFold(f[i].Name, name) {
			if found {
				out += ", "
			}
			out, found = out+f[i].Value, true
		}
	}
	return out, found
}

// Entry is a stored answer: immutable, shared by all who are sent it.
type Entry struct {
	Status int
	Fields Fields
	Body   []byte

	says     Directives
	lifetime time.Duration
	age      time.Duration // when it was received (RFC 9111 4.2.3)
	received time.Time
}

// Answer is what an upstream answered, and when.
type Answer struct {
	Status    int
	Fields    Fields
	Requested time.Time // the request was sent
	Received  time.Time
}

// Rules are what an operator says besides.
type Rules struct {
	// Lifetime of answers that say nothing of their own; 0: they are not
	// stored. It is a heuristic in the sense of RFC 9111 4.2.2.
	Lifetime time.Duration
	// Errors is for how long an answer may be sent stale while the upstream
	// fails, where it says nothing of its own.
	Errors time.Duration
	// Revalidate is the same while it is asked for again beside.
	Revalidate time.Duration
}

// heuristic are the statuses that Rules.Lifetime is for.
var heuristic = []int{200, 203, 301, 308}

// New judges whether an answer to GET may be stored by a shared cache (RFC 9111
// 3), and returns the entry for it; nil when not. credentials says that the
// request carried some, so that only what is said to be public is for others.
func New(a Answer, request Directives, credentials bool, rules Rules) *Entry {
	if a.Status < 200 || a.Status == 206 || a.Status == 304 || a.Status > 599 {
		return nil
	}
	control, _ := a.Fields.Get("Cache-Control")
	pragma, _ := a.Fields.Get("Pragma")
	d := Parse(control, pragma)
	if d.NoStore || d.Private || request.NoStore {
		return nil
	}
	if credentials && !d.Shareable() {
		return nil
	}
	if vary, _ := a.Fields.Get("Vary"); strings.Contains(vary, "*") {
		return nil
	}
	if _, personal := a.Fields.Get("Set-Cookie"); personal {
		return nil // whatever it says: nobody gets another's session
	}
	e := &Entry{Status: a.Status, Fields: a.Fields, says: d, received: a.Received}
	e.measure(a, rules)
	if rules.Errors > 0 && d.StaleIfError == nil {
		e.says.StaleIfError = &rules.Errors
	}
	if rules.Revalidate > 0 && d.StaleWhileRevalidate == nil {
		e.says.StaleWhileRevalidate = &rules.Revalidate
	}
	if e.lifetime <= 0 && !e.validatable() {
		return nil // it could never be used
	}
	if !d.said && e.lifetime <= 0 {
		return nil // not asked for
	}
	return e
}

// Shareable reports whether an answer to a request with credentials may be
// sent to others (RFC 9111 3.5). must-revalidate, which the RFC lets pass as
// well, is not taken for a word about who may read it.
func (d *Directives) Shareable() bool { return d.Public || d.SMaxAge != nil }

// measure works out how long an answer is fresh (RFC 9111 4.2.1) and how old it
// was when it came.
func (e *Entry) measure(a Answer, rules Rules) {
	date := a.Received
	if s, ok := a.Fields.Get("Date"); ok {
		if t, err := http.ParseTime(s); err == nil {
			date = t
		}
	}
	expires, said := a.Fields.Get("Expires")
	switch {
	case e.says.SMaxAge != nil:
		e.lifetime = *e.says.SMaxAge
	case e.says.MaxAge != nil:
		e.lifetime = *e.says.MaxAge
	case said:
		if t, err := http.ParseTime(expires); err == nil {
			e.lifetime = t.Sub(date)
		}
	case !e.says.NoCache && slices.Contains(heuristic, a.Status):
		e.lifetime = rules.Lifetime
	}
	apparent := max(0, a.Received.Sub(date))
	var told time.Duration
	if s, ok := a.Fields.Get("Age"); ok {
		s, _, _ = strings.Cut(s, ",")
		if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil && n >= 0 {
			told = time.Duration(min(n, int64(forever/time.Second))) * time.Second
		}
	}
	e.age = max(apparent, told+a.Received.Sub(a.Requested))
}

func (e *Entry) validatable() bool {
	_, tag := e.Fields.Get("ETag")
	_, modified := e.Fields.Get("Last-Modified")
	return tag || modified
}

// Age is how old the answer is (RFC 9111 4.2.3).
func (e *Entry) Age(now time.Time) time.Duration { return e.age + max(0, now.Sub(e.received)) }

// Left is for how long it is still fresh; below 0 when it is stale.
func (e *Entry) Left(now time.Time) time.Duration { return e.lifetime - e.Age(now) }

// Use is what may be done with a stored answer.
type Use uint8

// The uses of a stored answer.
const (
	Validate Use = iota // ask the upstream whether it still holds, first
	Fresh               // send it
	Stale               // send it although it is stale: the client takes that
	Renew               // send it although it is stale, and ask beside
)

// Judge says what may be done with an entry for a request (RFC 9111 4).
func (e *Entry) Judge(request Directives, now time.Time) Use {
	left := e.Left(now)
	if e.says.NoCache || request.NoCache {
		return Validate
	}
	if request.MaxAge != nil && e.Age(now) > *request.MaxAge && (request.MaxStale == nil || *request.MaxAge == 0) {
		return Validate
	}
	if left > 0 && (request.MinFresh == nil || left >= *request.MinFresh) {
		return Fresh
	}
	if left > 0 || e.strict() {
		return Validate
	}
	if request.MaxStale != nil && -left <= *request.MaxStale {
		return Stale
	}
	if w := e.says.StaleWhileRevalidate; w != nil && -left <= *w && request.MinFresh == nil {
		return Renew
	}
	return Validate
}

// strict reports whether the answer must not be sent stale: s-maxage says so
// too (RFC 9111 5.2.2.10).
func (e *Entry) strict() bool {
	return e.says.MustRevalidate || e.says.ProxyRevalidate || e.says.NoCache || e.says.SMaxAge != nil && e.says.StaleIfError == nil && e.says.StaleWhileRevalidate == nil
}

// OnError reports whether it may be sent because the upstream fails (RFC 5861
// 4).
func (e *Entry) OnError(request Directives, now time.Time) bool {
	if e.says.MustRevalidate || e.says.ProxyRevalidate || e.says.NoCache || request.NoCache {
		return false
	}
	w := e.says.StaleIfError
	if request.StaleIfError != nil {
		w = request.StaleIfError
	}
	return w != nil && -e.Left(now) <= *w
}

// Validators are the fields that ask an upstream whether the entry still holds
// (RFC 9111 4.3.1); none when it can't be asked.
func (e *Entry) Validators() Fields {
	var out Fields
	if tag, ok := e.Fields.Get("ETag"); ok {
		out = append(out, Field{"If-None-Match", tag})
	}
	if modified, ok := e.Fields.Get("Last-Modified"); ok {
		out = append(out, Field{"If-Modified-Since", modified})
	}
	return out
}

// kept are fields that a 304 does not change (RFC 9111 3.2).
var kept = []string{"content-encoding", "content-type", "content-length", "content-range", "content-md5", "content-digest"}

// Freshen is the entry after a 304 said that it still holds (RFC 9111 4.3.4);
// nil when by its fields it may not be stored any more.
func (e *Entry) Freshen(a Answer, request Directives, credentials bool, rules Rules) *Entry {
	changed := map[string]bool{}
	for _, f := range a.Fields {
		if name := strings.ToLower(f.Name); !slices.Contains(kept, name) {
			changed[name] = true
		}
	}
	fields := make(Fields, 0, len(e.Fields)+4)
	for _, f := range e.Fields {
		// How old it was then says nothing now.
		if name := strings.ToLower(f.Name); !changed[name] && name != "age" && name != "date" {
			fields = append(fields, f)
		}
	}
	for _, f := range a.Fields {
		if changed[strings.ToLower(f.Name)] {
			fields = append(fields, f)
		}
	}
	a.Status, a.Fields = e.Status, fields
	out := New(a, request, credentials, rules)
	if out != nil {
		out.Body = e.Body
	}
	return out
}

// NotModified reports whether a client has the answer already, by its
// If-None-Match or, without one, If-Modified-Since (RFC 9110 13.1).
func (e *Entry) NotModified(request Fields) bool {
	if e.Status != http.StatusOK {
		return false
	}
	return NotModified(e.Fields, request)
}

// NotModified is Entry.NotModified for the head of any answer with status 200.
func NotModified(answer, request Fields) bool {
	if wanted, ok := request.Get("If-None-Match"); ok {
		tag, has := answer.Get("ETag")
		return strings.TrimSpace(wanted) == "*" || has && hasTag(wanted, tag)
	}
	since, ok := request.Get("If-Modified-Since")
	if !ok {
		return false
	}
	modified, ok := answer.Get("Last-Modified")
	if !ok {
		return false
	}
	t, err := http.ParseTime(since)
	m, err2 := http.ParseTime(modified)
	return err == nil && err2 == nil && !m.After(t)
}

// hasTag looks for an entity tag in a list by weak comparison (RFC 9110
// 8.8.3.2). A tag may hold commas.
func hasTag(list, tag string) bool {
	tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
	for list != "" {
		list = strings.TrimLeft(list, " \t,")
		one := strings.TrimPrefix(list, "W/")
		if !strings.HasPrefix(one, `"`) {
			one, list, _ = strings.Cut(list, ",")
			if strings.TrimSpace(one) == tag && tag != "" {
				return true
			}
			continue
		}
		end := strings.IndexByte(one[1:], '"')
		if end < 0 {
			return false
		}
		if one[:end+2] == tag {
			return true
		}
		list = one[end+2:]
	}
	return false
}

// Vary lists the fields that an answer depends on, in lower case, sorted (RFC
// 9110 12.5.5).
func (e *Entry) Vary() []string {
	v, _ := e.Fields.Get("Vary")
	var out []string
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// size is what the entry takes in memory, about.
func (e *Entry) size() int64 {
	n := int64(len(e.Body)) + 600
	for _, f := range e.Fields {
		n += int64(len(f.Name)+len(f.Value)) + 32
	}
	return n
}
