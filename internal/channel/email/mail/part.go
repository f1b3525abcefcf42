package mail

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

const (
	maxDepth = 12  // parts within parts
	maxParts = 300 // of one message
)

// part is one part of a message (RFC 2045, RFC 2046).
type part struct {
	head   Header
	kind   string // media type, lower case
	params map[string]string
	body   []byte // decoded; of a multipart as it came
	name   string // of the file, "" for none
	attach bool   // it is to be kept apart, not shown
}

func newPart(head Header, body []byte, fallback string) *part {
	p := &part{head: head, body: body}
	p.kind, p.params = mediaType(head.Get("Content-Type"))
	if p.kind == "" {
		p.kind = fallback
	}
	disposition, dp := mediaType(head.Get("Content-Disposition"))
	p.name = strings.TrimSpace(clean(words(dp["filename"])))
	if p.name == "" {
		p.name = strings.TrimSpace(clean(words(p.params["name"])))
	}
	p.attach = disposition == "attachment" || p.name != "" && !strings.HasPrefix(p.kind, "text/")
	if !strings.HasPrefix(p.kind, "multipart/") {
		switch strings.ToLower(strings.TrimSpace(head.Get("Content-Transfer-Encoding"))) {
		case "base64":
			p.body = unbase64(body)
		case "quoted-printable":
			p.body = unquote(body)
		}
	}
	return p
}

var param = regexp.MustCompile(`(?i);\s*(boundary|charset|name|filename|report-type)\s*=\s*("[^"]*"|[^\s;]+)`)

// mediaType reads a field with parameters, also one that is not as it should
// be.
func mediaType(s string) (string, map[string]string) {
	if kind, params, err := mime.ParseMediaType(s); err == nil {
		return kind, params
	}
	kind, _, _ := strings.Cut(strings.ToLower(s), ";")
	params := map[string]string{}
	for _, m := range param.FindAllStringSubmatch(s, -1) {
		if name := strings.ToLower(m[1]); params[name] == "" {
			params[name] = strings.Trim(m[2], `"`)
		}
	}
	return strings.TrimSpace(kind), params
}

// children splits a multipart; nil when it can't be split.
func (p *part) children() [][]byte {
	boundary := p.params["boundary"]
	if boundary == "" { // take the first line that looks like one
		for line := range bytes.Lines(p.body) {
			if text := bytes.TrimSpace(line); len(text) > 2 && bytes.HasPrefix(text, []byte("--")) {
				boundary = string(text[2:])
				break
			}
		}
	}
	if boundary == "" {
		return nil
	}
	delim := []byte("--" + boundary)
	var out [][]byte
	start, at := -1, 0
	for line := range bytes.Lines(p.body) {
		next := at + len(line)
		if text, ok := bytes.CutPrefix(line, delim); ok {
			text = bytes.TrimSpace(text)
			last := bytes.HasPrefix(text, []byte("--"))
			if last || len(text) == 0 {
				if start >= 0 {
					out = append(out, trimEOL(p.body[start:at]))
				}
				start = next
				if last || len(out) >= maxParts {
					return out
				}
			}
		}
		at = next
	}
	if start >= 0 && start < len(p.body) { // it was cut off
		out = append(out, p.body[start:])
	}
	return out
}

func trimEOL(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

// text returns the body of a part for people to read.
func (p *part) text() string {
	cs := p.params["charset"]
	if p.kind == "text/html" && cs == "" && !utf8.Valid(p.body) {
		if _, name, sure := charset.DetermineEncoding(p.body, "text/html"); sure {
			cs = name
		}
	}
	s := strings.ReplaceAll(toUTF8(p.body, cs), "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	if p.kind == "text/html" {
		return plain(s)
	}
	if strings.EqualFold(p.params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(p.params["delsp"], "yes"))
	}
	return tidy(s)
}

// unflow joins lines that were only broken to be short (RFC 3676).
func unflow(s string, delsp bool) string {
	var b strings.Builder
	open := false // the line before flows on
	depth := 0
	for line := range strings.SplitSeq(s, "\n") {
		quoted := line[:len(line)-len(strings.TrimLeft(line, ">"))]
		text := line[len(quoted):]
		text = strings.TrimPrefix(text, " ") // stuffing
		if open && len(quoted) == depth && text != "-- " {
			b.WriteString(text)
		} else {
			if b.Len() > 0 || open {
				b.WriteByte('\n')
			}
			if len(quoted) > 0 {
				text = quoted + " " + text
			}
			b.WriteString(text)
		}
		depth = len(quoted)
		open = strings.HasSuffix(text, " ") && text != "-- "
		if open && delsp {
			all := strings.TrimSuffix(b.String(), " ")
			b.Reset()
			b.WriteString(all)
		}
	}
	return b.String()
}

// toUTF8 decodes a text, whatever its charset is called. What is in none that
// is known is taken as UTF-8 or, where it is not, as windows-1252.
func toUTF8(b []byte, name string) string {
	if enc := encodingOf(name); enc != nil {
		if out, err := enc.NewDecoder().Bytes(b); err == nil {
			return string(out)
		}
	}
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	if utf8.Valid(b) {
		return string(b)
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

func encodingOf(name string) encoding.Encoding {
	name = strings.ToLower(strings.Trim(name, `"' `))
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default":
		return nil
	case "cp-850":
		name = "cp850"
	case "x-mac-roman":
		name = "macintosh"
	}
	if enc, err := htmlindex.Get(name); err == nil {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil && enc != nil {
		return enc
	}
	return nil
}

// tidy takes out of a text what no text holds, and empty lines that are too
// many.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7F || r == 0xFEFF || r == 0x200B:
			return -1
		case r == 0xA0:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	empty := 0
	for line := range strings.SplitSeq(s, "\n") {
		if line != "-- " { // RFC 3676 4.3: its space tells the signature
			line = strings.TrimRight(line, " \t")
		}
		if line == "" {
			if empty++; empty > 2 {
				continue
			}
		} else {
			empty = 0
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return strings.Trim(b.String(), "\n")
}
