package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Difference is one thing that a newer document says otherwise.
type Difference struct {
	Kind      string `json:"kind" enum:"added,removed,changed"`
	Operation string `json:"operation" example:"GET /orders/{id}"`
	Name      string `json:"name" doc:"Of the operation, as routes are named."`
	Breaking  bool   `json:"breaking" doc:"Who calls by the old document may be refused, or not understand the answer."`
	What      string `json:"what" example:"query parameter limit is required now"`
}

// Compare lists what next changes against old, operation by operation. old may
// be nil: all is added.
func Compare(old, next *Document) []Difference {
	a, b := map[string]*Operation{}, byPlace(next)
	if old != nil {
		a = byPlace(old)
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	out := []Difference{}
	for _, place := range slices.Sorted(maps.Keys(names)) {
		from, to := a[place], b[place]
		switch {
		case from == nil:
			out = append(out, Difference{Kind: "added", Operation: title(to), Name: to.Name, What: "a new operation"})
		case to == nil:
			out = append(out, Difference{Kind: "removed", Operation: title(from), Name: from.Name, Breaking: true, What: "the operation is gone"})
		default:
			c := comparing{op: title(to), name: to.Name, seen: map[seenPair]bool{}}
			c.operation(from, to)
			out = append(out, c.out...)
		}
	}
	return out
}

// byPlace knows operations by what calls see: names of parameters in a path
// do not matter.
func byPlace(d *Document) map[string]*Operation {
	out := map[string]*Operation{}
	for i := range d.Operations {
		o := &d.Operations[i]
		var b strings.Builder
		depth := 0
		for _, r := range o.Path {
			switch {
			case r == '{':
				depth++
				b.WriteRune(r)
			case r == '}':
				depth--
				b.WriteRune(r)
			case depth == 0:
				b.WriteRune(r)
			}
		}
		out[b.String()+" "+o.Method] = o
	}
	return out
}

func title(o *Operation) string { return o.Method + " " + o.Path }

// mostDifferences bounds what is told of one operation.
const mostDifferences = 50

type comparing struct {
	op, name string
	out      []Difference
	seen     map[seenPair]bool
}

func (c *comparing) say(breaking bool, format string, args ...any) {
	if len(c.out) < mostDifferences {
		c.out = append(c.out, Difference{Kind: "changed", Operation: c.op, Name: c.name, Breaking: breaking, What: fmt.Sprintf(format, args...)})
	}
}

func (c *comparing) operation(a, b *Operation) {
	if a.Name != b.Name {
		c.say(false, "its name was %s", a.Name)
	}
	if b.Deprecated && !a.Deprecated {
		c.say(false, "it is deprecated now")
	}
	c.parameters(a, b)
	c.body(a.Spec.RequestBody, b.Spec.RequestBody)
	c.responses(a.Spec.Responses, b.Spec.Responses)
}

func (c *comparing) parameters(a, b *Operation) {
	was := map[string]*openapi3.Parameter{}
	for _, p := range a.Parameters {
		was[parameterKey(a, p)] = p
	}
	for _, p := range b.Parameters {
		what := p.In + " parameter " + p.Name
		old := was[parameterKey(b, p)]
		delete(was, parameterKey(b, p))
		switch {
		case old == nil && p.Required:
			c.say(true, "%s is new and required", what)
			continue
		case old == nil:
			c.say(false, "%s is new", what)
			continue
		case p.Required && !old.Required:
			c.say(true, "%s is required now", what)
		case !p.Required && old.Required:
			c.say(false, "%s is no longer required", what)
		}
		c.schema(what, old.Schema, p.Schema, true)
	}
	for _, p := range slices.SortedFunc(maps.Values(was), func(x, y *openapi3.Parameter) int {
		return cmp.Or(cmp.Compare(x.In, y.In), cmp.Compare(x.Name, y.Name))
	}) {
		c.say(true, "%s parameter %s is gone", p.In, p.Name)
	}
}

// parameterKey: parameters of the path are known by their place in it.
func parameterKey(o *Operation, p *openapi3.Parameter) string {
	if p.In == openapi3.ParameterInPath {
		return fmt.Sprintf("path %d", strings.Index(o.Path, "{"+p.Name+"}")-paramBytes(o.Path, p.Name))
	}
	if p.In == openapi3.ParameterInHeader {
		return p.In + " " + strings.ToLower(p.Name)
	}
	return p.In + " " + p.Name
}

// paramBytes is how many bytes of names stand in a path before a parameter.
func paramBytes(path, name string) int {
	n := 0
	before, _, _ := strings.Cut(path, "{"+name+"}")
	for _, part := range strings.Split(before, "{")[1:] {
		in, _, _ := strings.Cut(part, "}")
		n += len(in)
	}
	return n
}

func (c *comparing) body(a, b *openapi3.RequestBodyRef) {
	switch {
	case bodyOf(a) == nil && bodyOf(b) == nil:
		return
	case bodyOf(a) == nil:
		c.say(b.Value.Required, "it takes a body now")
		return
	case bodyOf(b) == nil:
		c.say(true, "it no longer takes a body")
		return
	case b.Value.Required && !a.Value.Required:
		c.say(true, "the body is required now")
	}
	for _, kind := range slices.Sorted(maps.Keys(a.Value.Content)) {
		next := b.Value.Content[kind]
		if next == nil {
			c.say(true, "the body can no longer be %s", kind)
			continue
		}
		c.schema("body", a.Value.Content[kind].Schema, next.Schema, true)
	}
}

func bodyOf(r *openapi3.RequestBodyRef) *openapi3.RequestBody {
	if r == nil {
		return nil
	}
	return r.Value
}

func (c *comparing) responses(a, b *openapi3.Responses) {
	if a == nil || b == nil {
		return
	}
	was, now := a.Map(), b.Map()
	for _, status := range slices.Sorted(maps.Keys(was)) {
		next := now[status]
		if next == nil {
			c.say(strings.HasPrefix(status, "2"), "it no longer answers %s", status)
			continue
		}
		if was[status].Value == nil || next.Value == nil {
			continue
		}
		for _, kind := range slices.Sorted(maps.Keys(was[status].Value.Content)) {
			media := next.Value.Content[kind]
			if media == nil {
				c.say(true, "%s no longer answers with %s", status, kind)
				continue
			}
			c.schema("answer "+status, was[status].Value.Content[kind].Schema, media.Schema, false)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(now)) {
		if was[status] == nil {
			c.say(false, "it answers %s too", status)
		}
	}
}
