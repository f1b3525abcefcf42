package crash

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of what is kept of one event.
const (
	maxFrames      = 100 // of a stack; the middle is left out
	maxExceptions  = 20
	maxBreadcrumbs = 100
	maxTags        = 50
	maxTagValue    = 200
	maxShort       = 512
	maxMessage     = 8 << 10
	maxLine        = 2 << 10 // of code
	maxRaw         = 64 << 10
	maxBodySize    = 2 << 20
)

// Prepared is an event that is masked, mapped to its sources, and knows which
// group it belongs to: all that takes time, before a transaction.
type Prepared struct {
	Event  *Event
	hashes []hash
	body   []byte
}

// Prepare makes an event ready to be kept.
func (s *Service) Prepare(ctx context.Context, ws workspace.ID, launchID string, e *Event) (*Prepared, error) {
	if e.EventID == "" {
		return nil, errs.New(errs.Invalid, "The event has no event_id.")
	}
	now := s.now()
	e.LaunchID, e.ReceivedAt = launchID, now.UTC().Truncate(time.Microsecond)
	bound(e)
	if err := s.sources.apply(ctx, ws, launchID, e); err != nil {
		return nil, err
	}
	m, err := s.mask(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	cover(m, e)
	finish(e, now)
	p := &Prepared{Event: e, hashes: hashes(e)}
	if p.body, err = pack(e.Body); err != nil {
		return nil, fmt.Errorf("write event %s: %w", e.EventID, err)
	}
	if len(p.body) > maxBodySize {
		return nil, errs.New(errs.TooLarge, "The event %s is larger than what is kept of one.", e.EventID)
	}
	return p, nil
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func cutAll(n int, list ...*string) {
	for _, s := range list {
		*s = cut(*s, n)
	}
}

// bound leaves out what is too much.
func bound(e *Event) {
	b := e.Body
	cutAll(maxShort, &e.Level, &e.Release, &e.Environment, &e.Transaction, &e.User.ID, &e.User.Email, &e.User.Name, &e.User.IP, &e.SessionID, &e.TraceID, &e.SpanID, &e.RequestID,
		&b.Platform, &b.Logger, &b.Server, &b.Dist, &b.SDK)
	cutAll(maxMessage, &b.Message, &b.Template)
	cutAll(4<<10, &e.URL)
	if len(b.Exceptions) > maxExceptions {
		b.Exceptions = b.Exceptions[len(b.Exceptions)-maxExceptions:]
	}
	for i := range b.Exceptions {
		x := &b.Exceptions[i]
		cutAll(maxShort, &x.Type, &x.Module, &x.Mechanism)
		x.Value = cut(x.Value, maxMessage)
		x.Frames = boundFrames(x.Frames)
	}
	b.Stack = boundFrames(b.Stack)
	if len(b.Breadcrumbs) > maxBreadcrumbs {
		b.Breadcrumbs = b.Breadcrumbs[len(b.Breadcrumbs)-maxBreadcrumbs:]
	}
	tags := make(map[string]string, min(len(b.Tags), maxTags))
	for k, v := range b.Tags {
		if len(tags) < maxTags && k != "" && v != "" {
			tags[cut(k, maxTagValue)] = cut(v, maxTagValue)
		}
	}
	b.Tags = tags
	for k, v := range b.Contexts {
		if len(v) > maxRaw || len(b.Contexts) > 50 || len(k) > maxShort {
			delete(b.Contexts, k)
		}
	}
	if len(b.Extra) > maxRaw {
		b.Extra = nil
		b.Notes = append(b.Notes, "Its extra data were too large and are left out.")
	}
	if len(b.Modules) > 500 {
		b.Modules = nil
	}
	if len(b.Fingerprint) > 20 {
		b.Fingerprint = b.Fingerprint[:20]
	}
	for i := range b.Fingerprint {
		b.Fingerprint[i] = cut(b.Fingerprint[i], maxShort)
	}
	if r := b.Request; r != nil {
		cutAll(4<<10, &r.URL, &r.Query)
		r.Method, r.Data = cut(r.Method, 20), cut(r.Data, 16<<10)
		r.Headers = r.Headers[:min(len(r.Headers), 60)]
	}
}

func boundFrames(list []Frame) []Frame {
	if len(list) > maxFrames {
		list = append(list[:maxFrames/2:maxFrames/2], list[len(list)-maxFrames/2:]...)
	}
	for i := range list {
		f := &list[i]
		cutAll(maxShort, &f.Function, &f.Module, &f.File, &f.Package)
		cutAll(maxLine, &f.Path, &f.Context)
		if f.Minified != nil {
			cutAll(maxShort, &f.Minified.Function, &f.Minified.File)
		}
		for _, lines := range [][]string{f.Pre, f.Post} {
			for k := range lines {
				lines[k] = cut(lines[k], maxLine)
			}
		}
		f.Pre, f.Post = f.Pre[max(0, len(f.Pre)-10):], f.Post[:min(len(f.Post), 10)]
		if len(f.Vars) > 16<<10 {
			f.Vars = nil
		}
	}
	return list
}

// cover masks what people wrote and what values were: messages, breadcrumbs,
// the request, local variables. Code and names of functions stay.
func cover(m *mask.Masker, e *Event) {
	b := e.Body
	b.Message, b.Template = m.Text(b.Message), m.Text(b.Template)
	for i := range b.Exceptions {
		b.Exceptions[i].Value = m.Text(b.Exceptions[i].Value)
	}
	for _, stack := range b.stacks() {
		for i := range stack {
			stack[i].Vars = coverJSON(m, stack[i].Vars)
		}
	}
	for i := range b.Breadcrumbs {
		c := &b.Breadcrumbs[i]
		c.Message, c.Data = m.Text(cut(c.Message, maxLine)), coverJSON(m, c.Data)
		cutAll(maxShort, &c.Category, &c.Type, &c.Level)
	}
	for k, v := range b.Tags {
		b.Tags[k] = m.Text(v)
	}
	for k, v := range b.Contexts {
		if k != "trace" && k != "browser" && k != "os" && k != "runtime" {
			b.Contexts[k] = coverJSON(m, v)
		}
	}
	b.Extra = coverJSON(m, b.Extra)
	if r := b.Request; r != nil {
		r.URL, r.Query = coverURL(m, r.URL), m.Query(r.Query)
		for i, h := range r.Headers {
			r.Headers[i][1] = m.Header(h[0], cut(h[1], maxLine))
		}
		if r.Data != "" {
			kind := "text/plain"
			if json.Valid([]byte(r.Data)) {
				kind = "application/json"
			} else if strings.Contains(r.Data, "=") && !strings.ContainsAny(r.Data, " \n{<") {
				kind = "application/x-www-form-urlencoded"
			}
			r.Data = string(m.Body(kind, []byte(r.Data), true))
		}
	}
	e.URL = coverURL(m, e.URL)
	e.Transaction = m.Text(e.Transaction)
}

func coverJSON(m *mask.Masker, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if len(raw) > maxRaw {
		return json.RawMessage(`"[left out: too large]"`)
	}
	out := m.Body("application/json", raw, false)
	if !json.Valid(out) {
		return nil
	}
	return out
}

// coverURL drops the values of a query: they hold tokens and names.
func coverURL(m *mask.Masker, s string) string {
	u, err := url.Parse(s)
	if s == "" || err != nil {
		return m.Text(s)
	}
	u.User, u.Fragment = nil, ""
	q := u.Query()
	for k := range q {
		q[k] = []string{""}
	}
	u.RawQuery = q.Encode()
	u.Path = m.Text(u.Path)
	u.RawPath = ""
	return u.String()
}

// Network is an address without the part that tells people apart: the first
// 24 bits of an IPv4 address, the first 48 of an IPv6 address.
func Network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}

// maxAhead and maxBehind are how far an event's clock may be off before the
// time of its arrival counts.
const (
	maxAhead  = 2 * time.Minute
	maxBehind = 30 * 24 * time.Hour
)

// finish fills in what follows from the rest.
func finish(e *Event, now time.Time) {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	if e.At.After(now.Add(maxAhead)) || e.At.Before(now.Add(-maxBehind)) {
		e.At = e.ReceivedAt
	}
	switch e.Level {
	case "fatal", "error", "warning", "info", "debug":
	case "log", "sample":
		e.Level = "info"
	case "critical":
		e.Level = "fatal"
	default:
		e.Level = "error"
	}
	e.User.Email = strings.ToLower(strings.TrimSpace(e.User.Email))
	b := e.Body
	if b.Culprit == "" {
		b.Culprit = culprit(e)
	}
	e.Title = title(e)
}

// title is how an event is called in lists.
func title(e *Event) string {
	message, _, _ := strings.Cut(strings.TrimSpace(messageOf(e)), "\n")
	switch kind := kindOf(e); {
	case kind == "message" && message == "":
		message = "Event without a message"
		if e.Transaction != "" {
			message += " in " + e.Transaction
		}
	case kind != "message" && kind != "" && message != "":
		message = kind + ": " + message
	case kind != "message" && kind != "":
		message = kind
	}
	return cut(message, 300)
}

// culprit is where it was: the innermost call of the product's own code.
func culprit(e *Event) string {
	stacks := e.Body.stacks()
	for i := len(stacks) - 1; i >= 0; i-- {
		frames := stacks[i]
		at := -1
		for k := len(frames) - 1; k >= 0; k-- {
			if frames[k].InApp {
				at = k
				break
			}
		}
		if at < 0 {
			at = len(frames) - 1
		}
		if at >= 0 {
			f := &frames[at]
			where := f.Module
			if where == "" {
				where = f.File
			}
			if where == "" {
				where = f.Path
			}
			function := f.Function
			if anonymous.MatchString(function) {
				function = ""
			}
			switch {
			case function != "" && where != "":
				return cut(function+" in "+where, maxShort)
			case function+where != "":
				return cut(function+where, maxShort)
			}
		}
	}
	return e.Transaction
}

// pack writes a body as it is stored.
func pack(b *Body) ([]byte, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(raw); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

func unpack(raw []byte) (*Body, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	b := &Body{}
	if err := json.NewDecoder(io.LimitReader(z, 64<<20)).Decode(b); err != nil {
		return nil, err
	}
	return b, nil
}
