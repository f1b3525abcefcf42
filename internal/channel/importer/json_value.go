package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A value is what JSON holds: object, []value, string, json.Number, bool, nil.
type value any

type member struct {
	key string
	val value
}

// An object keeps its members in file order, so that columns appear as the
// file has them.
type object []member

// get returns the value at a path of names; nil when there is none.
func (o object) get(path ...string) value {
	for _, m := range o {
		if m.key != path[0] {
			continue
		}
		if len(path) == 1 {
			return m.val
		}
		if inner, ok := m.val.(object); ok {
			return inner.get(path[1:]...)
		}
	}
	return nil
}

func (o object) has(key string) bool { return o.get(key) != nil }

// text returns the value at a path as text; empty when there is none.
func (o object) text(path ...string) string { return scalar(o.get(path...)) }

// MarshalJSON implements json.Marshaler, in file order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		k, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(m.val)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, k...), ':'), v...)
	}
	return append(b, '}'), nil
}

var errNotObject = errors.New("is not a JSON object")

// parseObject reads one JSON object that fills raw.
func parseObject(raw []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows after the object")
	}
	o, ok := v.(object)
	if !ok {
		return nil, errNotObject
	}
	return o, nil
}

func parseValue(d *json.Decoder, depth int) (value, error) {
	if depth > 100 {
		return nil, errors.New("objects are nested too deep")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, ok := k.(string)
			if !ok {
				return nil, fmt.Errorf("unexpected %v", k)
			}
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{key, v})
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []value{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return value(t), nil
}

// scalar writes a value as the text of one field.
func scalar(v value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []value:
		return listText(v)
	}
	b, err := json.Marshal(v)
	if err != nil { // nothing that was decoded fails to encode
		return ""
	}
	return string(b)
}

// listText joins a list of plain values or named things (labels, tags) with
// commas; other lists stay JSON.
func listText(list []value) string {
	parts := make([]string, 0, len(list))
	for _, v := range list {
		switch v := v.(type) {
		case nil:
		case object:
			name := ""
			for _, key := range []string{"name", "title", "label", "value", "text"} {
				if s, ok := v.get(key).(string); ok && name == "" {
					name = s
				}
			}
			if name == "" {
				return compact(list)
			}
			parts = append(parts, name)
		case []value:
			return compact(list)
		default:
			parts = append(parts, scalar(v))
		}
	}
	return strings.Join(parts, ", ")
}

func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

var errTooManyFields = fmt.Errorf("has more than %d fields", MaxColumns)

// flatten lays nested objects out as "a.b" columns.
func flatten(o object) (names []string, values map[string]string, err error) {
	values = make(map[string]string, len(o))
	var walk func(prefix string, o object, depth int) error
	walk = func(prefix string, o object, depth int) error {
		for _, m := range o {
			name := prefix + m.key
			if inner, ok := m.val.(object); ok && depth < 5 {
				if err := walk(name+".", inner, depth+1); err != nil {
					return err
				}
				continue
			}
			if name = cut(name, 200); name == "" {
				name = "(no name)"
			}
			if _, ok := values[name]; !ok {
				if names = append(names, name); len(names) > MaxColumns {
					return errTooManyFields
				}
			}
			values[name] = scalar(m.val)
		}
		return nil
	}
	if err := walk("", o, 0); err != nil {
		return nil, nil, err
	}
	for k, v := range values {
		if v == "" {
			delete(values, k)
		}
	}
	return names, values, nil
}
