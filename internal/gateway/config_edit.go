package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Edit changes a document as fn changes what it says, and leaves the rest of
// its text as it is: order, spelling and comments. Where the text is of a kind
// that can't be edited in place (JSON, or a value written across styles) it is
// written anew. An empty document is the beginning of one.
func Edit(doc []byte, fn func(*Config) error) ([]byte, error) {
	if len(bytes.TrimSpace(doc)) == 0 {
		doc = []byte("gateway: 1\nupstreams: []\napis: []\n")
	}
	old, err := decode(doc)
	if err != nil {
		return nil, err
	}
	next, err := decode(doc)
	if err != nil {
		return nil, err
	}
	if err := fn(next); err != nil {
		return nil, err
	}
	from, to := treeOf(reflect.ValueOf(*old)), treeOf(reflect.ValueOf(*next))
	if reflect.DeepEqual(from, to) {
		return doc, nil
	}
	if out, err := editText(doc, from.(yamlMap), to.(yamlMap)); err == nil && says(out, to) {
		return out, nil
	}
	out := yamlBlock(to, 0)
	if !says(out, to) {
		return nil, errors.New("this document can't be changed by a program; edit it by hand")
	}
	return out, nil
}

// says reports whether a text says what it should.
func says(doc []byte, want any) bool {
	c, err := decode(doc)
	return err == nil && reflect.DeepEqual(treeOf(reflect.ValueOf(*c)), want)
}

// yamlMember of an yamlMap, in the order of the document's format.
type yamlMember struct {
	key   string
	value any // yamlMap, []any, string, int64, float64, bool
}

type yamlMap []yamlMember

func (o yamlMap) get(key string) (any, bool) {
	for i := range o {
		if o[i].key == key {
			return o[i].value, true
		}
	}
	return nil, false
}

// treeOf is a value of the configuration as the document has it: without what
// is empty and need not be written.
func treeOf(v reflect.Value) any {
	if d, ok := v.Interface().(Duration); ok {
		b, _ := d.MarshalYAML()
		return string(b)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return treeOf(v.Elem())
	case reflect.Struct:
		out := yamlMap{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if !f.IsExported() || name == "-" {
				continue
			}
			if strings.Contains(opts, "inline") {
				out = append(out, treeOf(v.Field(i)).(yamlMap)...)
				continue
			}
			if strings.Contains(opts, "omitempty") && saysNothing(v.Field(i)) {
				continue
			}
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			out = append(out, yamlMember{name, treeOf(v.Field(i))})
		}
		return out
	case reflect.Map:
		out := yamlMap{}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			out = append(out, yamlMember{k.String(), treeOf(v.MapIndex(k))})
		}
		return out
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = treeOf(v.Index(i))
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint()) //nolint:gosec // figures of a configuration
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil
}

// saysNothing: a pointer to nothing said is something said ("key: {}").
func saysNothing(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// editor gathers changes of lines.
type editor struct {
	lines []string
	edits []lineEdit
}

// lineEdit puts text in place of the lines from to till (1-based, both in);
// till = from-1 puts it in front of from.
type lineEdit struct {
	from, till int
	text       string
}

var errInPlace = errors.New("this can't be edited in place")

func editText(doc []byte, from, to yamlMap) ([]byte, error) {
	file, err := parser.ParseBytes(doc, 0)
	if err != nil || len(file.Docs) != 1 {
		return nil, errInPlace
	}
	e := &editor{lines: strings.Split(strings.TrimSuffix(string(doc), "\n"), "\n")}
	if err := e.yamlMap(file.Docs[0].Body, from, to); err != nil {
		return nil, err
	}
	slices.SortStableFunc(e.edits, func(a, b lineEdit) int { return cmp.Or(a.from-b.from, a.till-b.till) })
	var out []string
	next := 1
	for _, ed := range e.edits {
		if ed.from < next {
			return nil, errInPlace
		}
		out = append(out, e.lines[next-1:ed.from-1]...)
		if ed.text != "" {
			out = append(out, strings.TrimSuffix(ed.text, "\n"))
		}
		next = ed.till + 1
	}
	out = append(out, e.lines[next-1:]...)
	return []byte(strings.Join(out, "\n") + "\n"), nil
}

// blockMembers are the members of a mapping that is written in block style.
func blockMembers(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, !m.IsFlowStyle && len(m.Values) > 0
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	return nil, false
}

func (e *editor) yamlMap(n ast.Node, from, to yamlMap) error {
	list, ok := blockMembers(n)
	if !ok {
		return errInPlace
	}
	at := map[string]*ast.MappingValueNode{}
	for _, m := range list {
		at[m.Key.GetToken().Value] = m
	}
	for i, m := range to {
		was, had := from.get(m.key)
		node := at[m.key]
		switch {
		case had && reflect.DeepEqual(was, m.value):
		case node == nil:
			if err := e.insert(list, at, to, i); err != nil {
				return err
			}
		default:
			if err := e.change(node, was, m.value); err != nil {
				return err
			}
		}
	}
	for _, m := range from {
		node := at[m.key]
		if _, stays := to.get(m.key); stays || node == nil {
			continue
		}
		line, till, own := e.extent(node)
		if !own {
			return errInPlace // the first of an item: "- key: value"
		}
		e.edits = append(e.edits, lineEdit{line, till, ""})
	}
	return nil
}

// change puts a new value behind a key.
func (e *editor) change(node *ast.MappingValueNode, was, now any) error {
	switch now := now.(type) {
	case yamlMap:
		if was, ok := was.(yamlMap); ok {
			if _, block := blockMembers(node.Value); block {
				return e.yamlMap(node.Value, was, now)
			}
		}
	case []any:
		if was, ok := was.([]any); ok {
			if seq, ok := node.Value.(*ast.SequenceNode); ok && !seq.IsFlowStyle && len(now) > 0 {
				if mark := len(e.edits); e.list(seq, was, now) != nil {
					e.edits = e.edits[:mark]
				} else {
					return nil
				}
			}
		}
	}
	line, till, _ := e.extent(node)
	col := node.Key.GetToken().Position.Column - 1
	text := yamlBlock(yamlMap{{node.Key.GetToken().Value, now}}, col)
	text = append([]byte(e.lines[line-1][:col]), text[col:]...)
	if _, scalar := now.(string); scalar && line == till {
		text = append(bytes.TrimSuffix(text, []byte("\n")), commentOf(e.lines[line-1])...)
	}
	e.edits = append(e.edits, lineEdit{line, till, string(text)})
	return nil
}

// commentOf is the comment behind a value on one line, with what is before it.
func commentOf(line string) string {
	i := strings.LastIndex(line, " #")
	if i < 0 || strings.ContainsAny(line[i:], `"'`) {
		return ""
	}
	return " " + strings.TrimSpace(line[i:])
}

// insert adds a member where the format has it: in front of the first that
// comes behind it, or at the end.
func (e *editor) insert(list []*ast.MappingValueNode, at map[string]*ast.MappingValueNode, to yamlMap, i int) error {
	col := list[0].Key.GetToken().Position.Column - 1
	text := string(yamlBlock(yamlMap{to[i]}, col))
	for _, later := range to[i+1:] {
		node := at[later.key]
		if node == nil {
			continue
		}
		line, _, own := e.extent(node)
		if !own {
			break
		}
		for line > 1 && strings.HasPrefix(strings.TrimSpace(e.lines[line-2]), "#") {
			line-- // what is said above a key belongs to it
		}
		e.edits = append(e.edits, lineEdit{line, line - 1, text})
		return nil
	}
	last := 0
	for _, m := range list {
		_, till, _ := e.extent(m)
		last = max(last, till)
	}
	e.edits = append(e.edits, lineEdit{last + 1, last, text})
	return nil
}

// extent is from which line to which a member goes, and whether it has its
// first line for itself.
func (e *editor) extent(n *ast.MappingValueNode) (line, till int, own bool) {
	p := n.Key.GetToken().Position
	same := false
	if seq, ok := n.Value.(*ast.SequenceNode); ok && !seq.IsFlowStyle && seq.Start != nil {
		same = seq.Start.Position.Column == p.Column
	}
	return p.Line, e.end(p.Line, p.Column-1, same), strings.TrimSpace(e.lines[p.Line-1][:p.Column-1]) == ""
}

// end is the last line of what begins on a line with an indentation; dashes
// says that items at the same indentation are part of it.
func (e *editor) end(line, indent int, dashes bool) int {
	last := line
	for i := line + 1; i <= len(e.lines); i++ {
		text := strings.TrimSpace(e.lines[i-1])
		if text == "" || text[0] == '#' {
			continue
		}
		in := len(e.lines[i-1]) - len(strings.TrimLeft(e.lines[i-1], " "))
		if in < indent || in == indent && !(dashes && (text == "-" || strings.HasPrefix(text, "- "))) {
			break
		}
		last = i
	}
	return last
}

// list brings the items of a list that is written in block style from one
// state to another. Items are known by their names.
func (e *editor) list(seq *ast.SequenceNode, from, to []any) error {
	if len(seq.Entries) != len(from) || len(from) == 0 {
		return errInPlace
	}
	was, places, ok := identities(from, false)
	now, stays, fine := identities(to, false)
	if !ok || !fine {
		was, places, ok = identities(from, true)
		now, stays, fine = identities(to, true)
	}
	if !ok || !fine {
		return errInPlace
	}
	col := seq.Start.Position.Column - 1
	line := func(i int) int { return seq.Entries[i].Start.Position.Line }
	place, last := line(0), -1 // line to add in front of; place in from of the last that stayed
	for k, id := range now {
		i, had := places[id]
		if !had {
			e.edits = append(e.edits, lineEdit{place, place - 1, yamlItem(to[k], col)})
			continue
		}
		if i < last {
			return errInPlace // they changed places
		}
		last, place = i, e.end(line(i), col, false)+1
		if reflect.DeepEqual(from[i], to[k]) {
			continue
		}
		if o, ok := from[i].(yamlMap); ok {
			if next, ok := to[k].(yamlMap); ok {
				mark := len(e.edits)
				if e.yamlMap(seq.Values[i], o, next) == nil {
					continue
				}
				e.edits = e.edits[:mark]
			}
		}
		e.edits = append(e.edits, lineEdit{line(i), place - 1, yamlItem(to[k], col)})
	}
	for i, id := range was {
		if _, ok := stays[id]; !ok {
			e.edits = append(e.edits, lineEdit{line(i), e.end(line(i), col, false), ""})
		}
	}
	return nil
}

// identities are what the items of a list are known by, and where they stand:
// their names, or names with versions; ok is false where two are alike.
func identities(list []any, versions bool) (out []string, places map[string]int, ok bool) {
	out = make([]string, len(list))
	places = map[string]int{}
	for i, v := range list {
		id := fmt.Sprint(v)
		if o, is := v.(yamlMap); is {
			id = ""
			for _, key := range []string{"name", "url", "upstream"} {
				if s, ok := o.get(key); ok && id == "" {
					id = fmt.Sprint(s)
				}
			}
			if v, ok := o.get("version"); ok && versions {
				id += " " + fmt.Sprint(v)
			}
		}
		if _, twice := places[id]; id == "" || twice {
			return nil, nil, false
		}
		out[i], places[id] = id, i
	}
	return out, places, true
}
