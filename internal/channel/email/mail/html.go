package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// writer makes plain text of HTML: blocks are lines, quotes are marked with >
// so that they are told apart later.
type writer struct {
	b     strings.Builder
	line  strings.Builder
	quote int
	last  int // quote of the line before
	pre   int
	space bool // one waits to be written
	blank int  // lines to be left before the next
	began bool
}

func (w *writer) text(s string) {
	if w.pre > 0 {
		for i, part := range strings.Split(s, "\n") {
			if i > 0 {
				w.end(true)
			}
			w.line.WriteString(part)
		}
		return
	}
	for i, f := range strings.Fields(s) {
		if i > 0 || w.space || startsWithSpace(s) {
			if w.line.Len() > 0 {
				w.line.WriteByte(' ')
			}
		}
		w.space = false
		w.line.WriteString(f)
	}
	if s != "" && strings.TrimRight(s, " \t\r\n\f") != s {
		w.space = true
	}
}

func startsWithSpace(s string) bool { return s != "" && strings.TrimLeft(s, " \t\r\n\f") != s }

// end ends the line; empty ones count only where they are meant.
func (w *writer) end(always bool) {
	w.space = false
	line := strings.TrimRight(w.line.String(), " ")
	w.line.Reset()
	if line == "" {
		if always && w.began {
			w.blank++
		}
		return
	}
	for range min(w.blank, 2) {
		w.b.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.last, w.quote)), " "))
		w.b.WriteByte('\n')
	}
	w.blank, w.began, w.last = 0, true, w.quote
	w.b.WriteString(strings.Repeat("> ", w.quote))
	w.b.WriteString(line)
	w.b.WriteByte('\n')
}

// paragraph ends the line and leaves one before the next.
func (w *writer) paragraph() {
	w.end(false)
	if w.began {
		w.blank = max(w.blank, 1)
	}
}

// skipped are elements with nothing to be read in them.
var skipped = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Head: true, atom.Title: true, atom.Template: true, atom.Noscript: true, atom.Svg: true, atom.Object: true}

// void elements have no end (HTML 13.1.2).
var void = map[atom.Atom]bool{atom.Br: true, atom.Img: true, atom.Hr: true, atom.Meta: true, atom.Link: true, atom.Input: true, atom.Col: true, atom.Wbr: true, atom.Area: true, atom.Base: true, atom.Embed: true, atom.Source: true, atom.Track: true, atom.Param: true}

// plain makes text of HTML. The tokenizer takes whatever there is.
func plain(s string) string {
	w := &writer{}
	z := html.NewTokenizer(strings.NewReader(s))
	skip := 0 // depth within an element that is left out
	href, linkAt := "", 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			w.end(false)
			return tidy(w.b.String())
		case html.TextToken:
			if skip == 0 {
				w.text(string(z.Text()))
			}
		case html.SelfClosingTagToken:
			t := z.Token()
			if skip == 0 {
				w.open(t.DataAtom)
			}
		case html.StartTagToken:
			t := z.Token()
			switch {
			case skip > 0:
				if !void[t.DataAtom] {
					skip++
				}
			case skipped[t.DataAtom] || hidden(t):
				if !void[t.DataAtom] {
					skip = 1
				}
			default:
				w.open(t.DataAtom)
				if t.DataAtom == atom.A {
					href, linkAt = attr(t, "href"), w.line.Len()
				}
			}
		case html.EndTagToken:
			t := z.Token()
			switch {
			case skip > 0:
				if !void[t.DataAtom] {
					skip--
				}
			default:
				if t.DataAtom == atom.A && href != "" {
					w.link(href, linkAt)
					href = ""
				}
				w.close(t.DataAtom)
			}
		}
	}
}

func (w *writer) open(a atom.Atom) {
	switch a {
	case atom.Br:
		w.end(true)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.paragraph()
	case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dt, atom.Dd:
		w.end(false)
	case atom.Li:
		w.end(false)
		w.line.WriteString("- ")
	case atom.Td, atom.Th:
		w.space = true
	case atom.Hr:
		w.end(false)
		w.line.WriteString("________________________________")
		w.end(false)
	case atom.Pre:
		w.paragraph()
		w.pre++
	case atom.Blockquote:
		w.end(false)
		w.quote = min(w.quote+1, 20)
	}
}

func (w *writer) close(a atom.Atom) {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		w.paragraph()
	case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Li, atom.Dt, atom.Dd:
		w.end(false)
	case atom.Pre:
		w.paragraph()
		w.pre = max(0, w.pre-1)
	case atom.Blockquote:
		w.end(false)
		w.quote = max(0, w.quote-1)
	}
}

// link adds where a link goes, unless its text says so.
func (w *writer) link(href string, from int) {
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") || len(href) > 300 {
		return
	}
	if text := w.line.String(); from > len(text) || strings.TrimSpace(text[from:]) == "" || strings.Contains(text, strings.TrimSuffix(href, "/")) {
		return
	}
	w.text(" (" + href + ")")
}

// hidden tells what senders put in for previews.
func hidden(t html.Token) bool {
	style := strings.ReplaceAll(strings.ToLower(attr(t, "style")), " ", "")
	return strings.Contains(style, "display:none") || strings.Contains(style, "mso-hide:all")
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}
