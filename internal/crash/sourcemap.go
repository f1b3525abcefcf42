package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"sort"
	"strings"
	"sync"
)

// sourceMap is a source map (ECMA-426), ready to be asked.
type sourceMap struct {
	tokens  []token // by where they are in the generated code
	sources []string
	content []string // text of each source; "" where the map has none
	names   []string
	debugID string
	size    int

	mu    sync.Mutex
	lines map[int32][]string // of sources that were asked for
}

// token says that what begins at one place comes from another.
type token struct {
	line, column  int32 // in generated code, from 0
	source, name  int32 // -1: none
	toLine, toCol int32
}

// Bounds of a map: what is larger is not read.
const (
	maxMapTokens  = 8_000_000
	maxMapSources = 200_000
	maxSections   = 10_000
)

type mapJSON struct {
	Version        int        `json:"version"`
	SourceRoot     string     `json:"sourceRoot"`
	Sources        []*string  `json:"sources"`
	SourcesContent []*string  `json:"sourcesContent"`
	Names          []string   `json:"names"`
	Mappings       string     `json:"mappings"`
	DebugID        string     `json:"debugId"`
	DebugIDOld     string     `json:"debug_id"`
	Sections       []mapPiece `json:"sections"`
}

type mapPiece struct {
	Offset struct {
		Line   int `json:"line"`
		Column int `json:"column"`
	} `json:"offset"`
	Map json.RawMessage `json:"map"`
}

// readSourceMap reads a map, plain or indexed.
func readSourceMap(raw []byte) (*sourceMap, error) {
	m := &sourceMap{size: len(raw), lines: map[int32][]string{}}
	if err := m.read(raw, 0, 0, false); err != nil {
		return nil, err
	}
	if !sort.SliceIsSorted(m.tokens, m.before) {
		sort.SliceStable(m.tokens, m.before)
	}
	m.size += len(m.tokens) * 24
	return m, nil
}

func (m *sourceMap) before(i, k int) bool {
	a, b := &m.tokens[i], &m.tokens[k]
	return a.line < b.line || a.line == b.line && a.column < b.column
}

func (m *sourceMap) read(raw []byte, line, column int, inner bool) error {
	if bytes.HasPrefix(raw, []byte(")]}'")) { // guards against inclusion as a script
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			raw = raw[i:]
		}
	}
	var j mapJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return fmt.Errorf("no source map: %w", err)
	}
	if j.Version != 3 {
		return fmt.Errorf("source map of version %d; 3 can be read", j.Version)
	}
	if m.debugID == "" {
		if m.debugID = j.DebugID; m.debugID == "" {
			m.debugID = j.DebugIDOld
		}
	}
	if len(j.Sections) > 0 {
		if inner || len(j.Sections) > maxSections {
			return fmt.Errorf("source map with sections in sections, or too many")
		}
		for _, s := range j.Sections {
			if s.Offset.Line < 0 || s.Offset.Column < 0 {
				return fmt.Errorf("source map with a section before its start")
			}
			if err := m.read(s.Map, s.Offset.Line, s.Offset.Column, true); err != nil {
				return err
			}
		}
		return nil
	}
	if len(m.sources)+len(j.Sources) > maxMapSources {
		return fmt.Errorf("source map with more than %d sources", maxMapSources)
	}
	firstSource, firstName := int32(len(m.sources)), int32(len(m.names)) //nolint:gosec // bounded above
	for i, s := range j.Sources {
		name, text := "", ""
		if s != nil {
			name = *s
		}
		if j.SourceRoot != "" && name != "" && !strings.Contains(name, "://") && !strings.HasPrefix(name, "/") {
			name = strings.TrimSuffix(j.SourceRoot, "/") + "/" + name
		}
		if i < len(j.SourcesContent) && j.SourcesContent[i] != nil {
			text = *j.SourcesContent[i]
		}
		m.sources, m.content = append(m.sources, name), append(m.content, text)
	}
	m.names = append(m.names, j.Names...)
	return m.decode(j.Mappings, line, column, firstSource, int32(len(j.Sources)), firstName, int32(len(j.Names))) //nolint:gosec // bounded above
}

// decode reads the mappings: lines end in ";", tokens in ",", each of 1, 4 or
// 5 numbers that are added to those before.
func (m *sourceMap) decode(s string, line, column int, firstSource, sources, firstName, names int32) error {
	var source, toLine, toCol, name, col int64
	first, at := true, 0
	for at < len(s) {
		switch s[at] {
		case ';':
			line, col, first = line+1, 0, false
			at++
			continue
		case ',':
			at++
			continue
		}
		var v [5]int64
		n := 0
		for at < len(s) && s[at] != ',' && s[at] != ';' {
			if n == len(v) {
				return fmt.Errorf("source map with more than 5 numbers to a mapping")
			}
			var ok bool
			if v[n], at, ok = vlq(s, at); !ok {
				return fmt.Errorf("source map with a number that is none at %d", at)
			}
			n++
		}
		col += v[0]
		t := token{line: clamp(int64(line)), column: clamp(col), source: -1, name: -1}
		if first {
			t.column = clamp(col + int64(column))
		}
		if n >= 4 {
			source, toLine, toCol = source+v[1], toLine+v[2], toCol+v[3]
			if source >= 0 && source < int64(sources) && toLine >= 0 && toCol >= 0 {
				t.source, t.toLine, t.toCol = firstSource+int32(source), clamp(toLine), clamp(toCol) //nolint:gosec // bounded by sources
			}
		}
		if n == 5 {
			if name += v[4]; name >= 0 && name < int64(names) {
				t.name = firstName + int32(name) //nolint:gosec // bounded by names
			}
		}
		if len(m.tokens) >= maxMapTokens {
			return fmt.Errorf("source map with more than %d mappings", maxMapTokens)
		}
		m.tokens = append(m.tokens, t)
	}
	return nil
}

func clamp(n int64) int32 { return int32(min(max(n, 0), 1<<31-1)) } //nolint:gosec // that is what it is for

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

var base64Value = func() (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i := range len(base64Digits) {
		v[base64Digits[i]] = int8(i) //nolint:gosec // 64 of them
	}
	return v
}()

// vlq reads one number: base 64, 5 bits a digit, lowest first, the sign in the
// lowest bit.
func vlq(s string, at int) (n int64, next int, ok bool) {
	var shift uint
	for ; at < len(s); at++ {
		d := base64Value[s[at]]
		if d < 0 || shift > 35 {
			return 0, at, false
		}
		n |= int64(d&31) << shift
		if d&32 == 0 {
			if n&1 != 0 {
				return -(n >> 1), at + 1, true
			}
			return n >> 1, at + 1, true
		}
		shift += 5
	}
	return 0, at, false
}

// find returns the token that a place in generated code (from 0) belongs to.
func (m *sourceMap) find(line, column int) *token {
	i := sort.Search(len(m.tokens), func(i int) bool {
		t := &m.tokens[i]
		return int(t.line) > line || int(t.line) == line && int(t.column) > column
	}) - 1
	if i < 0 || int(m.tokens[i].line) != line || m.tokens[i].source < 0 {
		return nil
	}
	return &m.tokens[i]
}

// nameAt is the name of what stands exactly at a place in generated code.
func (m *sourceMap) nameAt(line, column int) string {
	t := m.find(line, column)
	if t == nil || t.name < 0 || int(t.column) != column {
		return ""
	}
	return m.names[t.name]
}

// around returns the line of a source (from 0) and those beside it.
func (m *sourceMap) around(source, line int32) (pre []string, context string, post []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines, ok := m.lines[source]
	if !ok {
		if text := m.content[source]; text != "" {
			lines = strings.Split(text, "\n")
		}
		m.lines[source] = lines
	}
	if int(line) >= len(lines) {
		return nil, "", nil
	}
	trim := func(list []string) []string {
		out := make([]string, len(list))
		for i, l := range list {
			out[i] = strings.TrimSuffix(l, "\r")
		}
		return out
	}
	return trim(lines[max(0, line-5):line]), strings.TrimSuffix(lines[line], "\r"), trim(lines[line+1 : min(len(lines), int(line)+6)])
}

// sourceName is a source without what bundlers put before it.
func sourceName(s string) string {
	for _, p := range []string{"webpack:///", "webpack://", "app:///", "file:///", "rollup://", "turbopack:///"} {
		if rest, ok := strings.CutPrefix(s, p); ok {
			s = rest
			break
		}
	}
	s, _, _ = strings.Cut(s, "?")
	s = path.Clean(strings.ReplaceAll(s, `\`, "/"))
	for strings.HasPrefix(s, "../") {
		s = s[3:]
	}
	return strings.TrimPrefix(s, "./")
}
