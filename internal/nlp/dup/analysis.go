package dup

import (
	"strings"
	"sync"
)

// An analysis is a document taken apart.
type analysis struct {
	analyser
	err      trace
	hasError bool
	seq      []uint32
}

var analysers = sync.Pool{New: func() any { return new(analysis) }}

const (
	maxTitle     = 200 // bytes of a first line that may be a title
	maxErrorLine = 10  // lines of a trace that are indexed; deeper frames are everybody's
)

// read takes d apart: title, body and the lines that belong to an error.
func (a *analysis) read(d Doc) {
	a.reset()
	title, body := titleAndBody(d)
	a.add(title, d.Language, fieldTitle)
	a.err, a.hasError = parseTrace(body)
	if !a.hasError && len(a.err.lines) == 0 {
		a.add(body, d.Language, fieldBody)
		if !a.hasError {
			a.err, a.hasError = parseTrace(title)
		}
		return
	}
	from := 0
	for i, s := range a.err.lines {
		a.add(body[from:s.from], d.Language, fieldBody)
		if i < maxErrorLine {
			a.add(body[s.from:s.to], "en", fieldError)
		}
		from = s.to
	}
	a.add(body[min(from, len(body)):], d.Language, fieldBody)
}

// titleAndBody takes a short first line as the title of an untitled text.
func titleAndBody(d Doc) (title, body string) {
	if d.Title != "" {
		return d.Title, d.Text
	}
	if i := strings.IndexByte(d.Text, '\n'); i > 0 && i <= maxTitle {
		return d.Text[:i], d.Text[i+1:]
	}
	return "", d.Text
}
