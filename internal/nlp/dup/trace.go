package dup

import "strings"

// A trace is an error found in a text: a stack trace, a crash message or a
// log line. Its parts are canonical: what changes from run to run is gone.
type trace struct {
	kind    string   // exception type or log level with its source; "" when only frames were seen
	message string   // normalised, "" when there is none
	frames  []string // functions, innermost first, in-app ones only if there are any
	lines   []span   // where it stands in the text, in order
}

type span struct{ from, to int }

const (
	maxTraceLines = 400 // lines of a text that are looked at
	maxFrames     = 24  // frames that are read
	topFrames     = 3   // frames that make the fingerprint
)

// parseTrace finds the error that a text reports: of several the root cause
// ("Caused by:") or else the first. ok is false when there is none.
func parseTrace(text string) (t trace, ok bool) {
	if len(text) > maxText {
		text = text[:maxText]
	}
	if !mayHoldTrace(text) {
		return trace{}, false
	}
	p := tracer{}
	for n, from := 0, 0; from < len(text) && n < maxTraceLines; n++ {
		to := strings.IndexByte(text[from:], '\n')
		if to < 0 {
			to = len(text)
		} else {
			to += from
		}
		line := text[from:to]
		if len(line) > 2000 {
			line = line[:2000]
		}
		if p.line(line) {
			p.lines = append(p.lines, span{from, to})
		}
		from = to + 1
	}
	return p.result()
}

// mayHoldTrace is a cheap look that spares most texts the line by line one.
func mayHoldTrace(text string) bool {
	for _, s := range [...]string{"rror", "xception", "RROR", "FATAL", "atal", "anic", "\tat ", "  at ", "\nat ", " at ", "Traceback", "File \"", "goroutine ", ":in `", ":in '", "Caused by", "SEVERE", "Fault", "E/", "Failure"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// A section is one exception with its frames; a Java trace has one for each
// "Caused by:".
type section struct {
	kind, message string
	frames        []rawFrame
	log           bool // a plain log line: weaker than an exception
}

type rawFrame struct {
	name  string
	inApp bool
}

// A tracer reads a text line by line.
type tracer struct {
	sections []section
	lines    []span
	python   bool // inside a Python traceback: its type comes after its frames
	goFunc   string
	rust     bool // the message of a Rust panic is on the next line
}

func (p *tracer) line(line string) bool {
	s := strings.TrimSpace(strings.TrimRight(line, "\r"))
	if s == "" || len(p.sections) > 16 {
		return false
	}
	if p.rust {
		p.rust = false
		p.last().message = normalMessage(s)
		return true
	}
	if f, lang, ok := parseFrame(s, p); ok {
		p.frame(f, lang)
		return true
	}
	if strings.HasPrefix(s, "Traceback (most recent call last)") {
		p.python = true
		p.sections = append(p.sections, section{})
		return true
	}
	if strings.HasPrefix(s, "goroutine ") && strings.HasSuffix(s, "]:") {
		return true
	}
	kind, msg, strength := parseHead(s)
	switch {
	case strength == headNone:
		return false
	case p.python && strength == headException:
		p.python = false
		last := p.last()
		last.kind, last.message = kind, msg
		reverse(last.frames)
	default:
		p.sections = append(p.sections, section{kind: kind, message: msg, log: strength == headLog})
		p.rust = kind == "panic" && msg == "" && strings.Contains(s, "panicked at")
	}
	return true
}

func (p *tracer) last() *section {
	if len(p.sections) == 0 {
		p.sections = append(p.sections, section{})
	}
	return &p.sections[len(p.sections)-1]
}

func (p *tracer) frame(f rawFrame, lang string) {
	if f.name == "" {
		return
	}
	s := p.last()
	if lang == "python" && !p.python && len(s.frames) == 0 && s.kind == "" {
		p.python = true
	}
	if len(s.frames) < maxFrames {
		s.frames = append(s.frames, f)
	} else if p.python { // the innermost frame is the last one there
		copy(s.frames, s.frames[1:])
		s.frames[maxFrames-1] = f
	}
}

// result picks the section that says most: the last exception that has
// frames of its own or follows "Caused by", else the first exception, else
// the first log line.
func (p *tracer) result() (trace, bool) {
	if p.python { // cut off before its type line
		reverse(p.last().frames)
	}
	best := -1
	for i, s := range p.sections {
		if best < 0 || rank(s) > rank(p.sections[best]) || rank(s) == rank(p.sections[best]) && rank(s) == 3 {
			best = i
		}
	}
	if best < 0 {
		return trace{lines: p.lines}, false
	}
	s := p.sections[best]
	t := trace{kind: s.kind, message: s.message, lines: p.lines}
	for _, app := range []bool{true, false} {
		for _, f := range s.frames {
			if f.inApp == app && len(t.frames) < topFrames && (len(t.frames) == 0 || t.frames[len(t.frames)-1] != f.name) {
				t.frames = append(t.frames, f.name)
			}
		}
		if len(t.frames) > 0 {
			break
		}
	}
	return t, rank(s) > 0
}

func rank(s section) int {
	switch {
	case s.kind != "" && len(s.frames) > 0:
		return 3
	case len(s.frames) > 1:
		return 2
	case s.kind != "" && informative(s.message):
		return 1
	}
	return 0
}

// informative reports whether a message without frames tells one error from
// another: two words of letters or an error code.
func informative(msg string) bool {
	words := 0
	for w := range strings.FieldsSeq(msg) {
		letters := 0
		for _, r := range w {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127 {
				letters++
			}
		}
		if letters >= 3 {
			words++
		}
		if letters >= 6 && strings.ContainsAny(w, "_.") {
			words++
		}
	}
	return words >= 2
}

func reverse(f []rawFrame) {
	for i, j := 0, len(f)-1; i < j; i, j = i+1, j-1 {
		f[i], f[j] = f[j], f[i]
	}
}
