package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// seenPair is two schemas that were compared already, and for which way.
type seenPair struct {
	a, b *openapi3.Schema
	sent bool
}

// schema compares what a value may be. What is sent may become wider, what is
// answered narrower; the other way breaks who calls.
func (c *comparing) schema(at string, a, b *openapi3.SchemaRef, sent bool) {
	if a == nil || b == nil || a.Value == nil || b.Value == nil || a.Value == b.Value {
		return
	}
	x, y := a.Value, b.Value
	pair := seenPair{x, y, sent}
	if c.seen[pair] {
		return // schemas may hold themselves
	}
	c.seen[pair] = true
	c.types(at, x, y, sent)
	c.enum(at, x, y, sent)
	c.bounds(at, x, y, sent)
	c.properties(at, x, y, sent)
	c.schema(at+"[]", x.Items, y.Items, sent)
	for _, l := range []struct {
		name     string
		was, now openapi3.SchemaRefs
	}{{"allOf", x.AllOf, y.AllOf}, {"oneOf", x.OneOf, y.OneOf}, {"anyOf", x.AnyOf, y.AnyOf}} {
		for i := range min(len(l.was), len(l.now)) {
			c.schema(at, l.was[i], l.now[i], sent)
		}
		switch {
		case len(l.now) < len(l.was):
			c.say(sent == (l.name != "allOf"), "%s has fewer of %s", at, l.name)
		case len(l.now) > len(l.was):
			c.say(sent == (l.name == "allOf"), "%s has more of %s", at, l.name)
		}
	}
}

func (c *comparing) types(at string, a, b *openapi3.Schema, sent bool) {
	was, now := typesOf(a), typesOf(b)
	if slices.Equal(was, now) {
		return
	}
	switch {
	case covers(now, was): // wider
		c.say(!sent, "%s may be %s now, it was %s", at, words(now), words(was))
	case covers(was, now): // narrower
		c.say(sent, "%s may only be %s, it was %s", at, words(now), words(was))
	default:
		c.say(true, "%s is %s, it was %s", at, words(now), words(was))
	}
}

// typesOf are the types of a schema, sorted; none means any.
func typesOf(s *openapi3.Schema) []string {
	var out []string
	if s.Type != nil {
		out = slices.Clone(s.Type.Slice())
	}
	if s.Nullable && len(out) > 0 && !slices.Contains(out, openapi3.TypeNull) {
		out = append(out, openapi3.TypeNull)
	}
	slices.Sort(out)
	return out
}

// covers reports whether all of b are among a.
func covers(a, b []string) bool {
	if len(a) == 0 {
		return true
	}
	if len(b) == 0 {
		return false
	}
	for _, t := range b {
		if !slices.Contains(a, t) && !(t == openapi3.TypeInteger && slices.Contains(a, openapi3.TypeNumber)) {
			return false
		}
	}
	return true
}

func words(types []string) string {
	if len(types) == 0 {
		return "anything"
	}
	return strings.Join(types, " or ")
}

func (c *comparing) enum(at string, a, b *openapi3.Schema, sent bool) {
	was, now := texts(a.Enum), texts(b.Enum)
	switch {
	case len(was) == 0 && len(now) == 0:
		return
	case len(was) == 0:
		c.say(sent, "%s may only be one of %s", at, some(now))
		return
	case len(now) == 0:
		c.say(!sent, "%s is no longer one of a list", at)
		return
	}
	var gone, more []string
	for _, v := range was {
		if !slices.Contains(now, v) {
			gone = append(gone, v)
		}
	}
	for _, v := range now {
		if !slices.Contains(was, v) {
			more = append(more, v)
		}
	}
	if len(gone) > 0 {
		c.say(sent, "%s can no longer be %s", at, some(gone))
	}
	if len(more) > 0 {
		c.say(!sent, "%s can be %s", at, some(more))
	}
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out
}

func some(list []string) string {
	if len(list) > 5 {
		return strings.Join(list[:5], ", ") + fmt.Sprintf(" and %d more", len(list)-5)
	}
	return strings.Join(list, ", ")
}

// bounds compares limits of numbers, texts and lists.
func (c *comparing) bounds(at string, a, b *openapi3.Schema, sent bool) {
	least := func(name string, was, now float64) {
		switch {
		case now > was:
			c.say(sent, "%s: %s rose to %v", at, name, now)
		case now < was:
			c.say(!sent, "%s: %s fell from %v", at, name, was)
		}
	}
	most := func(name string, was, now *float64) {
		switch {
		case was == nil && now == nil:
		case was == nil:
			c.say(sent, "%s: %s is %v now", at, name, *now)
		case now == nil:
			c.say(!sent, "%s: %s is no longer %v", at, name, *was)
		case *now < *was:
			c.say(sent, "%s: %s fell to %v", at, name, *now)
		case *now > *was:
			c.say(!sent, "%s: %s rose to %v", at, name, *now)
		}
	}
	least("minLength", float64(a.MinLength), float64(b.MinLength))
	least("minItems", float64(a.MinItems), float64(b.MinItems))
	most("maxLength", count(a.MaxLength), count(b.MaxLength))
	most("maxItems", count(a.MaxItems), count(b.MaxItems))
	most("maximum", a.Max, b.Max)
	switch {
	case a.Min == nil && b.Min == nil:
	case a.Min == nil:
		c.say(sent, "%s: minimum is %v now", at, *b.Min)
	case b.Min == nil:
		c.say(!sent, "%s: minimum is no longer %v", at, *a.Min)
	default:
		least("minimum", *a.Min, *b.Min)
	}
	if a.Pattern != b.Pattern && b.Pattern != "" {
		c.say(sent, "%s has to match %s", at, b.Pattern)
	}
	if a.Format != b.Format {
		c.say(b.Format != "", "%s has the format %q, it was %q", at, b.Format, a.Format)
	}
}

func count(n *uint64) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

func (c *comparing) properties(at string, a, b *openapi3.Schema, sent bool) {
	if sent && closed(b) && !closed(a) {
		c.say(true, "%s: other properties are refused now", at)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Properties)) {
		now := b.Properties[name]
		if now == nil {
			// One who sends it may be refused, one who reads it misses it.
			c.say(true, "%s: property %s is gone", at, name)
			continue
		}
		was, is := slices.Contains(a.Required, name), slices.Contains(b.Required, name)
		switch {
		case is && !was:
			c.say(sent, "%s: property %s is required now", at, name)
		case was && !is:
			c.say(!sent, "%s: property %s is no longer required", at, name)
		}
		c.schema(at+"."+name, a.Properties[name], now, sent)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Properties)) {
		if a.Properties[name] == nil {
			required := slices.Contains(b.Required, name)
			if required && sent {
				c.say(true, "%s: property %s is new and required", at, name)
			} else {
				c.say(false, "%s: property %s is new", at, name)
			}
		}
	}
}

// closed: additionalProperties: false.
func closed(s *openapi3.Schema) bool {
	has := s.AdditionalProperties.Has
	return has != nil && !*has
}
