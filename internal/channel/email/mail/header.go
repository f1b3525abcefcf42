package mail

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Header is the head of a message or a part: fields in their order.
type Header []Field

// Field is one field of a head, unfolded, as it came.
type Field struct{ Name, Value string }

// maxFields bounds a head.
const maxFields = 1000

// splitHead reads a head (RFC 5322 2.2) and returns what follows it. Lines
// that are no fields are left out: a broken relay must not cost the rest.
func splitHead(raw []byte) (Header, []byte) {
	var h Header
	for rest := raw; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(line) == 0:
			return h, after
		case line[0] == ' ' || line[0] == '\t':
			if n := len(h); n > 0 {
				h[n-1].Value += " " + strings.TrimSpace(string(line))
			}
		default:
			name, value, ok := bytes.Cut(line, []byte(":"))
			name = bytes.TrimRight(name, " \t")
			switch {
			case ok && len(name) > 0 && !bytes.ContainsAny(name, " \t") && len(h) < maxFields:
				h = append(h, Field{string(name), strings.TrimSpace(string(value))})
			case len(h) == 0 && !bytes.HasPrefix(line, []byte("From ")): // no head at all; that is how mbox begins
				return h, rest
			}
		}
		rest = after
	}
	return h, nil
}

// Get returns the first field of a name, as it came.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Has reports whether there is a field of a name.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// All returns all fields of a name.
func (h Header) All(name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}

// Text returns a field for people to read.
func (h Header) Text(name string) string { return strings.TrimSpace(clean(words(h.Get(name)))) }

var encodedWord = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=`)

// words decodes the encoded words of a field (RFC 2047). Neighbours in one
// charset are put together first: some programs cut in the middle of a letter.
func words(s string) string {
	found := encodedWord.FindAllStringSubmatchIndex(s, -1)
	if found == nil {
		return toUTF8([]byte(s), "")
	}
	var b strings.Builder
	var held []byte
	charset, end := "", 0
	flush := func() {
		b.WriteString(toUTF8(held, charset))
		held = nil
	}
	for _, m := range found {
		between := s[end:m[0]]
		name, _, _ := strings.Cut(strings.ToLower(s[m[2]:m[3]]), "*") // RFC 2231 5: a language may follow
		if held != nil && (strings.TrimSpace(between) != "" || name != charset) {
			flush()
		}
		if held == nil && !(end > 0 && strings.TrimSpace(between) == "") {
			b.WriteString(toUTF8([]byte(between), ""))
		}
		charset, end = name, m[1]
		text := s[m[6]:m[7]]
		if strings.EqualFold(s[m[4]:m[5]], "b") {
			held = append(held, unbase64([]byte(text))...)
		} else {
			held = append(held, unquote([]byte(strings.ReplaceAll(text, "_", " ")))...)
		}
		if held == nil {
			held = []byte{}
		}
	}
	flush()
	b.WriteString(toUTF8([]byte(s[end:]), ""))
	return b.String()
}

// Address is one of a sender or recipient.
type Address struct{ Name, Email string }

// addresses reads a list of addresses (RFC 5322 3.4), leniently.
func addresses(s string) []Address {
	var out []Address
	start, quoted, angle, comment := 0, false, false, 0
	take := func(item string) {
		if a, ok := address(item); ok && len(out) < 200 {
			out = append(out, a)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"' && comment == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			comment++
		case c == ')' && comment > 0:
			comment--
		case comment > 0:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case (c == ',' || c == ';') && !angle:
			take(s[start:i])
			start = i + 1
		case c == ':' && !angle: // the name of a group
			start = i + 1
		}
	}
	take(s[min(start, len(s)):])
	return out
}

func address(s string) (Address, bool) {
	s = strings.TrimSpace(s)
	name, email := "", s
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		name, email = s[:i], strings.TrimRight(strings.TrimSpace(s[i+1:]), ">")
	} else if i := strings.IndexByte(s, '('); i >= 0 { // the old form: ada@example.com (Ada)
		email, name = s[:i], strings.TrimSuffix(s[i+1:], ")")
	}
	email = strings.ToLower(strings.Trim(strings.TrimSpace(email), `"'`))
	email = strings.ToValidUTF8(email, "")
	if at := strings.LastIndexByte(email, '@'); at < 1 || at == len(email)-1 || strings.Count(email, "@") != 1 || strings.ContainsAny(email, " \t\r\n<>,;\x00") || len(email) > 320 {
		return Address{}, false
	}
	name = strings.TrimSpace(name)
	if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
		name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name[1 : len(name)-1])
	}
	return Address{Name: strings.Trim(clean(words(name)), `"' `), Email: email}, true
}

var messageID = regexp.MustCompile(`<[^<>\s]{1,500}>`)

// ids returns the Message-IDs of a field, in their order, each once.
func ids(s string) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range messageID.FindAllString(s, 200) {
		if !seen[id] && utf8.ValidString(id) {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// clean takes out of a line what no line holds.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7F || r == 0xFEFF:
			return -1
		}
		return r
	}, s)
}

// unbase64 decodes what can be decoded (RFC 2045 6.8).
func unbase64(b []byte) []byte {
	in := make([]byte, 0, len(b))
	for _, c := range b {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			in = append(in, c)
		}
	}
	if len(in)%4 == 1 {
		in = in[:len(in)-1]
	}
	n, _ := base64.RawStdEncoding.Decode(in, in) // in place; only its alphabet is left
	return in[:n]
}

// unquote decodes quoted-printable (RFC 2045 6.7), and leaves what is not.
func unquote(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '=' {
			out = append(out, b[i])
			continue
		}
		if i+2 < len(b) {
			if hi, lo := unhex(b[i+1]), unhex(b[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		end := i + 1 // a soft break: nothing but white space to the end of the line
		for end < len(b) && (b[end] == ' ' || b[end] == '\t' || b[end] == '\r') {
			end++
		}
		switch {
		case end == len(b):
			i = end
		case b[end] == '\n':
			i = end
		default:
			out = append(out, '=')
		}
	}
	return out
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
