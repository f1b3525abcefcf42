package gateway

import (
	"cmp"
	"mime"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/mask"
)

// LogPolicy says what the call log keeps of calls. What a route says stands in
// place of what its API says, and that in place of the document's; what is
// masked adds up.
type LogPolicy struct {
	Off     bool      `yaml:"off,omitempty" json:"off,omitempty" doc:"Keep these calls out of the log."`
	Query   string    `yaml:"query,omitempty" json:"query,omitempty" doc:"keys (default): names of parameters only; full: with their values, masked; none."`
	Release string    `yaml:"release,omitempty" json:"release,omitempty" doc:"Field of the upstream's answer that names its release."`
	Payload string    `yaml:"payload,omitempty" json:"payload,omitempty" doc:"none (default), errors (status 400 and above), sampled, all."`
	Share   float64   `yaml:"share,omitempty" json:"share,omitempty" doc:"Of sampled: from 0 to 1; 0.01 when absent."`
	Max     string    `yaml:"max,omitempty" json:"max,omitempty" doc:"Of each body, such as 16kB (default); 1MB at most."`
	Types   []string  `yaml:"types,omitempty" json:"types,omitempty" doc:"Content types whose bodies are kept, such as application/json or text/*; JSON, XML, forms and text when absent."`
	Headers []string  `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Header fields that are kept, besides those that tell of the content; * for all."`
	Mask    mask.Spec `yaml:"mask,omitempty" json:"mask,omitzero" doc:"What is covered before it is stored, besides passwords, tokens, keys, cards and personal data, which always are."`
}

// The choices of LogPolicy.
const (
	QueryKeys = "keys"
	QueryFull = "full"
	QueryNone = "none"

	PayloadNone    = "none"
	PayloadErrors  = "errors"
	PayloadSampled = "sampled"
	PayloadAll     = "all"
)

// Logging is a LogPolicy made ready. It is not changed any more.
type Logging struct {
	Off     bool
	Query   string
	Release string // lower case
	Payload string
	Max     int // bytes of each body
	Mask    *mask.Masker

	upTo    int // of 65536: share that is sampled
	types   []string
	headers []string
}

// mostPayload is how much of a body can be kept.
const mostPayload = 1_000_000

// payloadTypes are kept when nothing is said.
var payloadTypes = []string{"application/json", "application/*+json", "application/x-ndjson", "application/xml", "application/*+xml", "application/x-www-form-urlencoded", "application/graphql", "text/*"}

// payloadHeaders are always kept with a payload.
var payloadHeaders = []string{"content-type", "content-length", "content-encoding", "content-language", "accept", "accept-language", "location", "retry-after", "cache-control", "etag"}

// Keeps reports whether bodies of a content type are kept.
func (l *Logging) Keeps(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(l.types, func(t string) bool {
		before, after, wild := strings.Cut(t, "*")
		if !wild {
			return kind == t
		}
		return len(kind) >= len(before)+len(after) && strings.HasPrefix(kind, before) && strings.HasSuffix(kind, after)
	})
}

// KeepsHeader reports whether a header field is kept; name is in any case.
func (l *Logging) KeepsHeader(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(l.headers, name) || slices.Contains(l.headers, "*")
}

// Wants reports whether a call's payload is to be looked at from its
// beginning.
func (l *Logging) Wants(x *Exchange) bool {
	switch {
	case l.Off:
		return false
	case l.Payload == PayloadAll || l.Payload == PayloadErrors:
		return true
	case l.Payload == PayloadSampled:
		return int(x.ID[6])<<8|int(x.ID[7]) < l.upTo
	}
	return false
}

// Logging says what the call log keeps of the route's calls; nil: what it
// keeps when nothing is said.
func (r *Route) Logging() *Logging { return r.logging }

var logKind = policyKind{
	name: "log",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		q := p.Log
		if q == nil {
			return
		}
		k.logging(path+".log", q)
	},
	build: func(b *building, p *Policies) policy {
		if p.Log == nil || b.g.capture == nil {
			return nil
		}
		return &capturing{capture: b.g.capture} // also for none: it stands in the API's place
	},
}

func (k *checker) logging(path string, q *LogPolicy) {
	if !slices.Contains([]string{"", QueryKeys, QueryFull, QueryNone}, q.Query) {
		k.fault(path+".query", "%q is no choice; use keys, full or none", q.Query)
	}
	if !slices.Contains([]string{"", PayloadNone, PayloadErrors, PayloadSampled, PayloadAll}, q.Payload) {
		k.fault(path+".payload", "%q is no choice; use none, errors, sampled or all", q.Payload)
	}
	if q.Share < 0 || q.Share > 1 {
		k.fault(path+".share", "a share is from 0 to 1")
	}
	if q.Share != 0 && q.Payload != PayloadSampled {
		k.fault(path+".share", "share is for payload: sampled")
	}
	if q.Max != "" {
		if n, err := bytesOf(q.Max); err != nil {
			k.fault(path+".max", "%v", err)
		} else if n > mostPayload {
			k.fault(path+".max", "at most 1MB of a body is kept")
		}
	}
	for i, t := range q.Types {
		if strings.Count(t, "/") != 1 || strings.Count(t, "*") > 1 || strings.ToLower(t) != t || strings.ContainsAny(t, " ;") {
			k.fault(path+".types", "%q (number %d) is no content type; write it like application/json or text/*", t, i+1)
		}
	}
	for _, h := range append(slices.Clone(q.Headers), q.Release) {
		if h != "" && h != "*" && !headerForm.MatchString(h) {
			k.fault(path+".headers", "%q is no name of a header field", h)
		}
	}
	if _, err := mask.Compile(q.Mask); err != nil {
		k.fault(path+".mask", "%v", err)
	}
}

// under is a policy below another: it stands in its place, but for what is
// masked, which adds up.
func (q *LogPolicy) under(above *LogPolicy) *LogPolicy {
	if q == nil || above == nil {
		return cmp.Or(q, above)
	}
	out := *q
	out.Mask.Fields = slices.Concat(above.Mask.Fields, q.Mask.Fields)
	out.Mask.Headers = slices.Concat(above.Mask.Headers, q.Mask.Headers)
	out.Mask.Patterns = slices.Concat(above.Mask.Patterns, q.Mask.Patterns)
	return &out
}

// logs has the route log as its policy says. What carries a credential to one
// of its other policies is masked.
func (r *Route) logs(q *LogPolicy, keys ...*KeyPolicy) {
	if q == nil {
		return
	}
	own := *q
	own.Mask.Headers = slices.Concat(q.Mask.Headers, r.strips)
	for _, k := range keys {
		if k != nil && k.Query != "" {
			own.Mask.Fields = append(slices.Clip(own.Mask.Fields), k.Query)
		}
	}
	r.logging = own.compile()
	for _, p := range r.policies {
		if c, ok := p.policy.(*capturing); ok {
			c.logging = r.logging
		}
	}
}

// compile makes a checked policy ready.
func (q *LogPolicy) compile() *Logging {
	l := &Logging{Off: q.Off, Query: cmp.Or(q.Query, QueryKeys), Release: strings.ToLower(q.Release), Payload: cmp.Or(q.Payload, PayloadNone), types: payloadTypes, headers: slices.Clone(payloadHeaders)}
	most, _ := bytesOf(cmp.Or(q.Max, "16kB"))
	l.Max = int(most)
	l.upTo = int(cmp.Or(q.Share, 0.01) * 65536)
	if len(q.Types) > 0 {
		l.types = q.Types
	}
	for _, h := range q.Headers {
		l.headers = append(l.headers, strings.ToLower(h))
	}
	l.Mask, _ = mask.CompileAll(q.Mask)
	return l
}

// capturing has the call log look at the bodies of a call.
type capturing struct {
	capture func(*Exchange, *Logging) Tap
	logging *Logging
}

func (p *capturing) check(x *Exchange) *refusal {
	if !p.logging.Wants(x) {
		return nil
	}
	if t := p.capture(x, p.logging); t != nil {
		x.Captured = t
		x.Tap(t)
	}
	return nil
}
