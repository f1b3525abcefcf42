package gateway

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// template is a text with {names} in it, which stand for what is known of a
// request; {{ is a brace.
type template []templatePart

type templatePart struct {
	text string
	name string // "" for text
}

// words are the names that stand alone; path., query. and header. stand before
// a name of the request's own.
var words = []string{"request_id", "trace_id", "client", "user", "session", "application", "plan", "host", "method", "path", "status"}

// compileTemplate reads a template.
func compileTemplate(s string) (template, error) {
	var out template
	for s != "" {
		i := strings.IndexByte(s, '{')
		switch {
		case i < 0:
			out, s = append(out, templatePart{text: s}), ""
			continue
		case strings.HasPrefix(s[i:], "{{"):
			out, s = append(out, templatePart{text: s[:i+1]}), s[i+2:]
			continue
		case i > 0:
			out = append(out, templatePart{text: s[:i]})
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return nil, fmt.Errorf("%q has a { without its }; write {{ for a brace", s)
		}
		name := s[i+1 : i+end]
		kind, of, dotted := strings.Cut(name, ".")
		if !slices.Contains(words, name) && (!dotted || of == "" || kind != "path" && kind != "query" && kind != "header") {
			return nil, fmt.Errorf("{%s} is not known; use {path.NAME}, {query.NAME}, {header.NAME} or one of %s", name, strings.Join(words, ", "))
		}
		out = append(out, templatePart{name: name})
		s = s[i+end+1:]
	}
	return out, nil
}

// fill puts in what is known of a request; params are the names of the route's
// parameters. What is not there is empty.
func (t template) fill(x *Exchange, params []string) string {
	if len(t) == 1 && t[0].name == "" {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(x.word(p.name, params))
		}
	}
	return b.String()
}

// path is fill for the path of an address: parameters stay as they came, and
// what else comes from outside can't begin another segment.
func (t template) path(x *Exchange, params []string) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.name == "":
			b.WriteString(p.text)
		case p.name == "path":
			b.Write(x.Path)
		case strings.HasPrefix(p.name, "path."):
			b.Write(x.param(p.name[5:], params))
		default:
			b.WriteString(url.PathEscape(x.word(p.name, params)))
		}
	}
	return b.String()
}

// param is a parameter of the route's path as it came.
func (x *Exchange) param(name string, params []string) []byte {
	if i := slices.Index(params, name); i >= 0 && i < maxParams {
		at := x.params[i]
		return x.Path[at[0]:at[1]]
	}
	return nil
}

// word is what one name stands for; what is encoded in an address is decoded.
func (x *Exchange) word(name string, params []string) string {
	switch name {
	case "request_id":
		return x.ID.String()
	case "trace_id":
		return hex.EncodeToString(x.trace[:])
	case "client":
		return x.Client.String()
	case "user":
		return x.User
	case "session":
		return x.Session
	case "application":
		if x.Consumer != nil {
			return x.Consumer.Name
		}
		return ""
	case "plan":
		if x.Consumer != nil {
			return x.Consumer.Plan
		}
		return ""
	case "host":
		return string(x.Host)
	case "method":
		return string(x.Method)
	case "path":
		return string(x.Path)
	case "status":
		return strconv.Itoa(x.Status)
	}
	kind, of, _ := strings.Cut(name, ".")
	switch kind {
	case "path":
		raw := string(x.param(of, params))
		if v, err := url.PathUnescape(raw); err == nil {
			return v
		}
		return raw
	case "query":
		raw, _ := parameter(x.Query, url.QueryEscape(of))
		if v, err := url.QueryUnescape(string(raw)); err == nil {
			return v
		}
		return string(raw)
	case "header":
		v, _ := x.value(strings.ToLower(of))
		return string(v)
	}
	return ""
}

// lineSafe drops what would end a header line: values of records are people's
// words.
func lineSafe(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s)
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// paramNames are the names in a route's pattern, in the order of its
// parameters.
func paramNames(pattern string) []string {
	var out []string
	for seg := range strings.SplitSeq(pattern, "/") {
		if isParam(seg) {
			out = append(out, seg[1:len(seg)-1])
		}
	}
	return out
}
