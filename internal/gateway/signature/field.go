package signature

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The part of Structured Field Values (RFC 9651) that signatures and digests
// are written in: dictionaries of inner lists, byte sequences, and parameters.

// param is a parameter; value is a string, int64, bool, token or []byte.
type param struct {
	name  string
	value any
}

type token string

// item is a member of an inner list with its parameters.
type item struct {
	name   string
	params []param
}

// member of a dictionary: an inner list or a byte sequence.
type member struct {
	label  string
	items  []item // of an inner list
	bytes  []byte // of a byte sequence
	inner  bool
	params []param
}

var errField = errors.New("it is no structured field")

// most bounds what is read of one field.
const most = 32

// parser reads a field from the left.
type parser struct{ s string }

func (p *parser) spaces() { p.s = strings.TrimLeft(p.s, " \t") }

func (p *parser) take(c byte) bool {
	if p.s == "" || p.s[0] != c {
		return false
	}
	p.s = p.s[1:]
	return true
}

// dictionary reads all members; of a label that is there twice the last counts
// (RFC 9651 3.2), which is a trap here: it is refused.
func dictionary(s string) ([]member, error) {
	p := &parser{strings.Trim(s, " \t")}
	var list []member
	seen := map[string]bool{}
	for p.s != "" {
		label, err := p.key()
		if err != nil {
			return nil, err
		}
		if seen[label] || len(list) == most || !p.take('=') {
			return nil, errField
		}
		seen[label] = true
		m := member{label: label}
		switch {
		case strings.HasPrefix(p.s, "("):
			m.inner = true
			if m.items, err = p.inner(); err != nil {
				return nil, err
			}
		default:
			v, err := p.bare()
			if err != nil {
				return nil, err
			}
			b, ok := v.([]byte)
			if !ok {
				return nil, errField
			}
			m.bytes = b
		}
		if m.params, err = p.params(); err != nil {
			return nil, err
		}
		list = append(list, m)
		p.spaces()
		if p.s == "" {
			break
		}
		if !p.take(',') {
			return nil, errField
		}
		p.spaces()
		if p.s == "" {
			return nil, errField // a comma at the end
		}
	}
	return list, nil
}

func (p *parser) key() (string, error) {
	i := 0
	for i < len(p.s) {
		c := p.s[i]
		letter := c >= 'a' && c <= 'z' || c == '*'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_' && c != '-' && c != '.') {
			break
		}
		i++
	}
	if i == 0 || i > 100 {
		return "", errField
	}
	k := p.s[:i]
	p.s = p.s[i:]
	return k, nil
}

func (p *parser) inner() ([]item, error) {
	p.take('(')
	list := []item{}
	for {
		for p.take(' ') {
		}
		if p.take(')') {
			return list, nil
		}
		if len(list) == most {
			return nil, errField
		}
		v, err := p.bare()
		if err != nil {
			return nil, err
		}
		name, ok := v.(string)
		if !ok {
			return nil, errField
		}
		params, err := p.params()
		if err != nil {
			return nil, err
		}
		list = append(list, item{name, params})
		if p.s == "" || p.s[0] != ' ' && p.s[0] != ')' {
			return nil, errField
		}
	}
}

func (p *parser) params() ([]param, error) {
	var list []param
	for p.take(';') {
		for p.take(' ') {
		}
		name, err := p.key()
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if o.name == name {
				return nil, errField
			}
		}
		var v any = true
		if p.take('=') {
			if v, err = p.bare(); err != nil {
				return nil, err
			}
		}
		if len(list) == most {
			return nil, errField
		}
		list = append(list, param{name, v})
	}
	return list, nil
}

func (p *parser) bare() (any, error) {
	if p.s == "" {
		return nil, errField
	}
	switch c := p.s[0]; {
	case c == '"':
		return p.quoted()
	case c == ':':
		b64, rest, ok := strings.Cut(p.s[1:], ":")
		if !ok {
			return nil, errField
		}
		b, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil {
			return nil, errField
		}
		p.s = rest
		return b, nil
	case c == '?':
		if len(p.s) < 2 || p.s[1] != '0' && p.s[1] != '1' {
			return nil, errField
		}
		v := p.s[1] == '1'
		p.s = p.s[2:]
		return v, nil
	case c == '-' || c >= '0' && c <= '9':
		i := 1
		for i < len(p.s) && p.s[i] >= '0' && p.s[i] <= '9' {
			i++
		}
		n, err := strconv.ParseInt(p.s[:i], 10, 64)
		if err != nil || i > 16 || p.s[:i] != strconv.FormatInt(n, 10) {
			return nil, errField
		}
		p.s = p.s[i:]
		return n, nil
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '*':
		i := 1
		for i < len(p.s) && (isTokenChar(p.s[i])) {
			i++
		}
		v := token(p.s[:i])
		p.s = p.s[i:]
		return v, nil
	}
	return nil, errField
}

func isTokenChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0
}

func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.s = p.s[i+1:]
			return b.String(), nil
		case c == '\\':
			if i++; i == len(p.s) || p.s[i] != '"' && p.s[i] != '\\' {
				return "", errField
			}
			b.WriteByte(p.s[i])
		case c < ' ' || c >= 0x7f:
			return "", errField
		default:
			b.WriteByte(c)
		}
	}
	return "", errField
}

// writeInner serialises an inner list with its parameters (RFC 9651 4.1.1.1).
func writeInner(items []item, params []param) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, it := range items {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(writeItem(it))
	}
	b.WriteByte(')')
	writeParams(&b, params)
	return b.String()
}

func writeItem(it item) string {
	var b strings.Builder
	writeString(&b, it.name)
	writeParams(&b, it.params)
	return b.String()
}

func writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}

func writeParams(b *strings.Builder, params []param) {
	for _, p := range params {
		b.WriteString(";" + p.name)
		switch v := p.value.(type) {
		case bool:
			if !v {
				b.WriteString("=?0")
			}
		case string:
			b.WriteByte('=')
			writeString(b, v)
		case int64:
			fmt.Fprintf(b, "=%d", v)
		case token:
			b.WriteString("=" + string(v))
		case []byte:
			b.WriteString("=:" + base64.StdEncoding.EncodeToString(v) + ":")
		}
	}
}
