package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Members of a JSON text (RFC 8259) are set and removed by JSON Pointer (RFC
// 6901) by cutting into the bytes: order, numbers and spaces of the rest stay
// what they were.

var errNotJSON = errors.New("the body is no JSON")

// pointerOf takes a pointer apart: "/a/b~1c/0".
func pointerOf(s string) ([]string, error) {
	if !strings.HasPrefix(s, "/") || strings.Count(s, "/") > 32 {
		return nil, fmt.Errorf("%q is no JSON Pointer (RFC 6901); write it as /customer/id", s)
	}
	parts := strings.Split(s[1:], "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts, nil
}

// jsonSet puts a value at a pointer, making the objects on the way to it. Where
// the way is barred by something that has no members it fails. "-" is behind
// the last element of an array.
func jsonSet(doc []byte, at []string, value []byte) ([]byte, error) {
	start, end, err := jsonValue(doc, 0)
	if err != nil {
		return nil, err
	}
	if len(at) == 0 {
		return splice(doc, start, end, value), nil
	}
	list, closing, err := jsonMembers(doc, start)
	if err != nil {
		return nil, err
	}
	found := false
	for i := len(list) - 1; i >= 0; i-- { // all of one name: readers differ in which counts
		if m := list[i]; m.name == at[0] {
			inner, err := jsonSet(doc[m.value:m.end], at[1:], value)
			if err != nil {
				return nil, err
			}
			doc, found = splice(doc, m.value, m.end, inner), true
		}
	}
	if found {
		return doc, nil
	}
	if doc[start] == '[' && at[0] != "-" && at[0] != strconv.Itoa(len(list)) {
		return nil, fmt.Errorf("the array has no element %s", at[0])
	}
	for i := len(at) - 1; i > 0; i-- {
		inner := append([]byte{'{'}, quoted(at[i])...)
		value = append(append(append(inner, ':'), value...), '}')
	}
	var piece []byte
	if len(list) > 0 {
		piece = append(piece, ',')
	}
	if doc[start] == '{' {
		piece = append(append(piece, quoted(at[0])...), ':')
	}
	return splice(doc, closing, closing, append(piece, value...)), nil
}

// jsonRemove cuts a member or element out, every one of that name; what is not
// there is no fault.
func jsonRemove(doc []byte, at []string) ([]byte, error) {
	start, _, err := jsonValue(doc, 0)
	if err != nil {
		return nil, err
	}
	if doc[start] != '{' && doc[start] != '[' {
		return doc, nil
	}
	list, closing, err := jsonMembers(doc, start)
	if err != nil {
		return nil, err
	}
	hit := func(m member) bool { return m.name == at[0] }
	if !slices.ContainsFunc(list, hit) {
		return doc, nil
	}
	out := append(make([]byte, 0, len(doc)), doc[:start+1]...)
	kept := 0
	for _, m := range list {
		if hit(m) && len(at) == 1 {
			continue
		}
		if kept++; kept > 1 {
			out = append(out, ',')
		}
		if !hit(m) {
			out = append(out, doc[m.start:m.end]...)
			continue
		}
		inner, err := jsonRemove(doc[m.value:m.end], at[1:])
		if err != nil {
			return nil, err
		}
		out = append(append(out, doc[m.start:m.value]...), inner...)
	}
	return append(out, doc[closing:]...), nil
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s)
	return b
}

func splice(doc []byte, from, to int, with []byte) []byte {
	out := make([]byte, 0, len(doc)-(to-from)+len(with))
	out = append(out, doc[:from]...)
	out = append(out, with...)
	return append(out, doc[to:]...)
}

// member is where a member of an object or an element of an array stands.
type member struct {
	name       string
	start      int // of its name, or of the element
	value, end int
}

// jsonMembers lists what the object or array at start holds, and where its
// bracket closes.
func jsonMembers(doc []byte, start int) (list []member, closing int, err error) {
	object := doc[start] == '{'
	if !object && doc[start] != '[' {
		return nil, 0, errors.New("what is neither an object nor an array has no members")
	}
	for i := skipSpace(doc, start+1); i < len(doc); {
		if doc[i] == '}' || doc[i] == ']' {
			return list, i, nil
		}
		m := member{start: i, name: strconv.Itoa(len(list))}
		if object {
			_, end, err := jsonValue(doc, i)
			if err != nil || json.Unmarshal(doc[i:end], &m.name) != nil {
				return nil, 0, errNotJSON
			}
			if i = skipSpace(doc, end); i >= len(doc) || doc[i] != ':' {
				return nil, 0, errNotJSON
			}
			i++
		}
		if m.value, m.end, err = jsonValue(doc, i); err != nil {
			return nil, 0, err
		}
		list = append(list, m)
		if i = skipSpace(doc, m.end); i < len(doc) && doc[i] == ',' {
			i = skipSpace(doc, i+1)
		}
	}
	return nil, 0, errNotJSON
}

// jsonValue finds the borders of the value at or behind i. The text must be
// valid; it is checked once for all (see jsonEdits.apply).
func jsonValue(doc []byte, i int) (start, end int, err error) {
	i = skipSpace(doc, i)
	start = i
	depth := 0
	for i < len(doc) {
		switch c := doc[i]; c {
		case '"':
			for i++; i < len(doc) && doc[i] != '"'; i++ {
				if doc[i] == '\\' {
					i++
				}
			}
			if i >= len(doc) {
				return 0, 0, errNotJSON
			}
			i++
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default:
			for i < len(doc) && bytes.IndexByte([]byte(",]} \t\r\n:"), doc[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return start, i, nil
		}
		if depth < 0 {
			break
		}
	}
	return 0, 0, errNotJSON
}

func skipSpace(doc []byte, i int) int {
	for i < len(doc) && (doc[i] == ' ' || doc[i] == '\t' || doc[i] == '\r' || doc[i] == '\n') {
		i++
	}
	return i
}

// jsonEdits are changes of a JSON text, in order: removals first.
type jsonEdits struct {
	remove [][]string
	set    []jsonSetting
}

type jsonSetting struct {
	at    []string
	value []byte   // JSON
	text  template // in place of value: a string with {names}
}

func (e *jsonEdits) empty() bool { return e == nil || len(e.remove) == 0 && len(e.set) == 0 }

// apply makes the changes.
func (e *jsonEdits) apply(doc []byte, x *Exchange, params []string) ([]byte, error) {
	if !json.Valid(doc) {
		return nil, errNotJSON
	}
	var err error
	for _, at := range e.remove {
		if doc, err = jsonRemove(doc, at); err != nil {
			return nil, err
		}
	}
	for _, s := range e.set {
		value := s.value
		if s.text != nil {
			value = quoted(s.text.fill(x, params))
		}
		if doc, err = jsonSet(doc, s.at, bytes.Clone(value)); err != nil {
			return nil, err
		}
	}
	return doc, nil
}
