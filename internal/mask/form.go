package mask

import (
	"net/url"
	"regexp"
	"strings"
)

// form covers values in a=b&c=d. What is covered is written anew, the rest
// stays as it was.
func (m *Masker) form(body []byte, cut bool) []byte {
	text := string(body)
	if cut {
		i := strings.LastIndexByte(text, '&')
		text = text[:i+1]
	}
	parts := strings.Split(text, "&")
	for i, part := range parts {
		key, value, has := strings.Cut(part, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			parts[i] = hidden
			continue
		}
		if masked := m.Text(name); masked != name {
			key = url.QueryEscape(masked)
			parts[i] = key
			if has {
				parts[i] = key + "=" + value
			}
		}
		if !has {
			continue
		}
		// a[b][c]=d is how some write paths.
		path := strings.FieldsFunc(fold(name), func(r rune) bool { return r == '[' || r == ']' || r == '.' })
		plain, err := url.QueryUnescape(value)
		switch {
		case m.named(path) || err != nil:
			parts[i] = key + "=" + hidden
		default:
			hint := ""
			if len(path) > 0 {
				hint = path[len(path)-1]
			}
			if masked := m.inText(hint, plain, 0); masked != plain {
				parts[i] = key + "=" + url.QueryEscape(masked)
			}
		}
	}
	return []byte(strings.Join(parts, "&"))
}

var (
	element   = regexp.MustCompile(`<([A-Za-z_][\w.:-]*)([^<>]*)>`)
	attribute = regexp.MustCompile(`([A-Za-z_][\w.:-]*)\s*=\s*("[^"]*"|'[^']*')`)
)

// xml covers the content of elements and the values of attributes by name, and
// all texts by what they look like. It is no parser: what it does not
// understand is treated as text.
func (m *Masker) xml(text string) string {
	var b strings.Builder
	for text != "" {
		at := element.FindStringSubmatchIndex(text)
		if at == nil {
			b.WriteString(m.Text(text))
			break
		}
		b.WriteString(m.Text(text[:at[0]]))
		name, tag, rest := local(text[at[2]:at[3]]), text[at[0]:at[1]], text[at[1]:]
		b.WriteString(attribute.ReplaceAllStringFunc(tag, func(s string) string {
			g := attribute.FindStringSubmatch(s)
			if m.named([]string{local(g[1])}) {
				return g[1] + `="` + hidden + `"`
			}
			return g[1] + "=" + g[2][:1] + m.Text(g[2][1:len(g[2])-1]) + g[2][:1]
		}))
		text = rest
		if !m.named([]string{name}) || strings.HasSuffix(tag, "/>") {
			continue
		}
		end := regexp.MustCompile(`(?i)</` + regexp.QuoteMeta(text1(tag)) + `\s*>`).FindStringIndex(rest)
		b.WriteString(hidden)
		if end == nil { // cut off
			break
		}
		text = rest[end[0]:]
	}
	return b.String()
}

// local is a name without its namespace.
func local(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return fold(name)
}

// text1 is the name in a tag as it stands there.
func text1(tag string) string {
	name, _, _ := strings.Cut(strings.Trim(tag, "<>"), " ")
	return strings.TrimSpace(name)
}
