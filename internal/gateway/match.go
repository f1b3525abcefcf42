package gateway

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// fieldMatch is what a route asks of a header field or of a parameter of the
// query: "v2" for that value, "*" for any, "!" for none, "~v[23]" for an RE2
// over the whole value.
type fieldMatch struct {
	name  string // a header's in lower case
	kind  matchKind
	value string
	regex *regexp.Regexp
}

type matchKind uint8

const (
	isExactly matchKind = iota
	isPresent
	isAbsent
	isLike
)

func matchOf(name, text string) (fieldMatch, error) {
	c := fieldMatch{name: name, value: text}
	switch {
	case text == "*":
		c.kind = isPresent
	case text == "!":
		c.kind = isAbsent
	case strings.HasPrefix(text, "~"):
		re, err := regexp.Compile(`^(?:` + text[1:] + `)$`)
		if err != nil {
			return c, fmt.Errorf("%q is no regular expression (RE2): %w", text[1:], err)
		}
		c.kind, c.regex = isLike, re
	}
	return c, nil
}

// matchesOf are those of a map, in the order of their names.
func matchesOf(list map[string]string, header bool) []fieldMatch {
	out := make([]fieldMatch, 0, len(list))
	for name, text := range list {
		if header {
			name = strings.ToLower(name)
		}
		if c, err := matchOf(name, text); err == nil {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b fieldMatch) int { return strings.Compare(a.name, b.name) })
	return out
}

func (c *fieldMatch) rank() int {
	switch c.kind {
	case isExactly:
		return 4
	case isLike:
		return 3
	}
	return 2
}

func (c *fieldMatch) is(value []byte) bool {
	switch c.kind {
	case isExactly:
		return string(value) == c.value
	case isLike:
		return c.regex.Match(value)
	}
	return c.kind == isPresent
}

func (c *fieldMatch) holdsField(fields []h1.Field) bool {
	for i := range fields {
		if !h1.Is(fields[i].Name, c.name) {
			continue
		}
		if c.kind == isAbsent {
			return false
		}
		if c.is(fields[i].Value) {
			return true
		}
	}
	return c.kind == isAbsent
}

func (c *fieldMatch) holdsQuery(query []byte) bool {
	for len(query) > 0 {
		part := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			part, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		name, value, _ := bytes.Cut(part, []byte("="))
		if string(plainQuery(name)) != c.name {
			continue
		}
		if c.kind == isAbsent {
			return false
		}
		if c.is(plainQuery(value)) {
			return true
		}
	}
	return c.kind == isAbsent
}

// plainQuery is a name or value of a query as it is meant; one whose escapes
// are wrong stands for itself.
func plainQuery(s []byte) []byte {
	if bytes.IndexByte(s, '%') < 0 && bytes.IndexByte(s, '+') < 0 {
		return s
	}
	if plain, err := url.QueryUnescape(string(s)); err == nil {
		return []byte(plain)
	}
	return s
}

// matches checks those of one part of the document.
func (k *checker) matches(path string, list map[string]string, header bool) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		text := list[name]
		at := path + "." + name
		if strings.ContainsAny(name, ".[]'$* ") || header && !headerForm.MatchString(name) {
			at = path
		}
		switch {
		case header && !headerForm.MatchString(name):
			k.fault(at, "%q is no name of a header", name)
		case name == "" || len(name) > 100:
			k.fault(at, "a name has 1 to 100 characters")
		case header && seen[strings.ToLower(name)]:
			k.fault(at, "%s is there twice", name)
		}
		seen[strings.ToLower(name)] = true
		if _, err := matchOf(name, text); err != nil {
			k.fault(at, "%v", err)
		}
	}
}
