package openapi

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Example is an answer made from what a document shows.
type Example struct {
	Status int
	Type   string // media type; "" where there is no body
	Header map[string]string
	Body   []byte
}

// Wanted says which example is asked for.
type Wanted struct {
	Status int    // 0: the first that is a success
	Type   string // Accept of the request
	Name   string // of the example; "" for the first
}

// Example makes an answer of an operation: the example that stands there, or
// one made from the schema. ok is false when the operation has no such answer.
func (o *Operation) Example(w Wanted) (Example, bool) {
	status, resp := o.response(w.Status)
	if resp == nil {
		return Example{}, false
	}
	out := Example{Status: status, Header: map[string]string{}}
	for name, h := range resp.Headers {
		if h.Value == nil || strings.EqualFold(name, "Content-Type") {
			continue
		}
		v := h.Value.Example
		if v == nil && h.Value.Schema != nil {
			v = newSample(h.Value.Schema.Value)
		}
		if s, ok := plain(v); ok {
			out.Header[name] = s
		}
	}
	kind, media := choose(resp.Content, w.Type)
	if media == nil {
		return out, true
	}
	v, ok := exampleOf(media, w.Name)
	if !ok && w.Name != "" {
		return Example{}, false
	}
	if text, isText := v.(string); isText && !strings.Contains(kind, "json") {
		out.Body = []byte(text)
	} else {
		b, err := json.Marshal(v)
		if err != nil {
			return Example{}, false
		}
		out.Body = b
	}
	out.Type = kind
	return out, true
}

// response is the answer with a status; "2XX" and "default" stand for others.
func (o *Operation) response(status int) (int, *openapi3.Response) {
	if o.Spec.Responses == nil {
		return 0, nil
	}
	list := o.Spec.Responses.Map()
	if status != 0 {
		for _, key := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "default"} {
			if r := list[key]; r != nil && r.Value != nil {
				return status, r.Value
			}
		}
		return 0, nil
	}
	keys := make([]string, 0, len(list))
	for key := range list {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	best := ""
	for _, key := range keys {
		if strings.HasPrefix(key, "2") && best == "" {
			best = key
		}
	}
	if best == "" && list["default"] != nil {
		best = "default"
	}
	if best == "" && len(keys) > 0 {
		best = keys[0]
	}
	if best == "" || list[best].Value == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(best)
	if err != nil {
		n = 200
		if c := best[0]; c >= '1' && c <= '5' {
			n = int(c-'0') * 100
		}
	}
	return n, list[best].Value
}

// choose takes the media type that a client accepts, JSON before others.
func choose(content openapi3.Content, accept string) (string, *openapi3.MediaType) {
	kinds := make([]string, 0, len(content))
	for kind := range content {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		if ja, jb := strings.Contains(a, "json"), strings.Contains(b, "json"); ja != jb {
			if ja {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for part := range strings.SplitSeq(accept, ",") {
		want, _, _ := strings.Cut(part, ";")
		want = strings.ToLower(strings.TrimSpace(want))
		for _, kind := range kinds {
			bare, _, _ := strings.Cut(kind, ";")
			main, _, _ := strings.Cut(bare, "/")
			if want == strings.ToLower(strings.TrimSpace(bare)) || want == strings.ToLower(main)+"/*" {
				return kind, content[kind]
			}
		}
	}
	if len(kinds) == 0 {
		return "", nil
	}
	return kinds[0], content[kinds[0]]
}

func exampleOf(m *openapi3.MediaType, name string) (any, bool) {
	if name != "" {
		if e := m.Examples[name]; e != nil && e.Value != nil {
			return e.Value.Value, true
		}
		return nil, false
	}
	if m.Example != nil {
		return m.Example, true
	}
	names := make([]string, 0, len(m.Examples))
	for n := range m.Examples {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if e := m.Examples[n]; e.Value != nil && e.Value.Value != nil {
			return e.Value.Value, true
		}
	}
	if m.Schema == nil {
		return "", true
	}
	return newSample(m.Schema.Value), true
}

// A sample is bounded in depth and in parts: schemas may hold themselves.
const (
	maxSample = 8
	maxParts  = 2000
)

// sampler makes a value that keeps to a schema, as far as it is simple.
type sampler struct{ parts int }

func newSample(s *openapi3.Schema) any { return (&sampler{}).of(s, 0) }

func (m *sampler) of(s *openapi3.Schema, depth int) any {
	m.parts++
	switch {
	case s == nil || depth > maxSample || m.parts > maxParts:
		return nil
	case s.Example != nil:
		return s.Example
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AllOf) > 0:
		out := map[string]any{}
		for _, part := range s.AllOf {
			if part, ok := m.of(part.Value, depth+1).(map[string]any); ok {
				for k, v := range part {
					out[k] = v
				}
			}
		}
		m.fill(out, s, depth)
		return out
	case len(s.OneOf) > 0:
		return m.of(s.OneOf[0].Value, depth+1)
	case len(s.AnyOf) > 0:
		return m.of(s.AnyOf[0].Value, depth+1)
	}
	switch {
	case s.Type.Includes("object") || len(s.Properties) > 0:
		out := map[string]any{}
		m.fill(out, s, depth)
		return out
	case s.Type.Includes("array"):
		if s.Items == nil {
			return []any{}
		}
		one := m.of(s.Items.Value, depth+1)
		if one == nil && depth >= maxSample {
			return []any{}
		}
		out := []any{one}
		for uint64(len(out)) < min(s.MinItems, 20) {
			out = append(out, one)
		}
		return out
	case s.Type.Includes("integer"):
		return number(s, true)
	case s.Type.Includes("number"):
		return number(s, false)
	case s.Type.Includes("boolean"):
		return true
	case s.Type.Includes("string"):
		return text(s)
	}
	return nil
}

func (m *sampler) fill(out map[string]any, s *openapi3.Schema, depth int) {
	for name, p := range s.Properties {
		if p.Value == nil || p.Value.WriteOnly {
			continue
		}
		v := m.of(p.Value, depth+1)
		if v == nil && !slices.Contains(s.Required, name) {
			continue
		}
		out[name] = v
	}
}

func number(s *openapi3.Schema, whole bool) float64 {
	v := 1.0
	if s.Min != nil {
		v = max(v, *s.Min)
		if s.ExclusiveMin.IsTrue() {
			v++
		}
	}
	if above := s.ExclusiveMin.Value; above != nil {
		v = max(v, *above+1)
	}
	if s.Max != nil && v > *s.Max {
		v = *s.Max
		if s.ExclusiveMax.IsTrue() {
			v--
		}
	}
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		v = math.Ceil(v/(*s.MultipleOf)) * *s.MultipleOf
	}
	if whole {
		v = math.Ceil(v)
	}
	return v
}

// formats are samples of strings by their format.
var formats = map[string]string{"date": "2026-01-31", "date-time": "2026-01-31T09:30:00Z", "time": "09:30:00Z", "email": "user@example.com", "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
	"uri": "https://example.com/", "url": "https://example.com/", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "byte": "dGV4dA==", "password": "secret"}

func text(s *openapi3.Schema) string {
	v, ok := formats[s.Format]
	if !ok {
		v = "text"
	}
	for uint64(len(v)) < min(s.MinLength, 1000) {
		v += "x"
	}
	if s.MaxLength != nil && uint64(len(v)) > *s.MaxLength {
		v = v[:*s.MaxLength]
	}
	return v
}

// plain is a simple value as a header has it.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int, int64, bool:
		b, err := json.Marshal(v)
		return string(b), err == nil
	}
	return "", false
}
