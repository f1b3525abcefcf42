package crash

import (
	"container/list"
	"context"
	"fmt"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// sources are the files of bundles, and the maps among them that were read.
type sources struct {
	db    *db.DB
	files *feedback.Files
	dir   string

	mu    sync.Mutex // also lets one map be read at a time: they are large
	known map[string]*list.Element
	order *list.List // newest first, of *cached
	size  int
}

// cached is a file that was read: a map, or the text of a script.
type cached struct {
	sum  string
	m    *sourceMap
	text []string
	size int
}

// maxCached bounds the bytes of what is held ready.
const maxCached = 96 << 20

func newSources(d *db.DB, files *feedback.Files, dir string) *sources {
	return &sources{db: d, files: files, dir: dir, known: map[string]*list.Element{}, order: list.New()}
}

// file is one row of source_file.
type file struct {
	url, kind, mapURL, sum string
}

// apply says of each call in minified code where it comes from.
func (s *sources) apply(ctx context.Context, ws workspace.ID, launchID string, e *Event) error {
	if p := e.Body.Platform; p != "javascript" && p != "node" {
		return nil
	}
	look := &lookup{s: s, ws: ws, launchID: launchID, e: e, scripts: map[string]*script{}, noted: map[string]bool{}}
	for _, stack := range e.Body.stacks() {
		for i := range stack {
			f := &stack[i]
			if f.Line <= 0 || f.Path == "" || f.Minified != nil {
				continue
			}
			sc, err := look.script(ctx, f.Path)
			if err != nil {
				return err
			}
			if sc.m != nil {
				var caller *Frame
				if i > 0 {
					caller = &stack[i-1]
				}
				sc.put(f, caller, look)
			}
		}
	}
	return nil
}

// lookup is the work on one event.
type lookup struct {
	s        *sources
	ws       workspace.ID
	launchID string
	e        *Event
	scripts  map[string]*script
	noted    map[string]bool
}

// script is a minified file and its map; nil where there is none.
type script struct {
	m    *sourceMap
	text []string
}

// script finds the map of a file: by the debug id that bundlers write into
// both, or by release and address.
func (l *lookup) script(ctx context.Context, name string) (*script, error) {
	if sc := l.scripts[name]; sc != nil {
		return sc, nil
	}
	sc := &script{}
	l.scripts[name] = sc
	var mapped, plain file
	var err error
	if id := l.e.Body.DebugIDs[name]; id != "" {
		if mapped, plain, err = l.byDebugID(ctx, id); err != nil {
			return nil, err
		}
		if mapped.sum == "" && len(l.noted) < 5 && !l.noted[name] {
			l.noted[name] = true
			l.e.Body.Notes = append(l.e.Body.Notes, fmt.Sprintf("No source map was uploaded for %s (debug id %s).", path.Base(name), id))
		}
	}
	if mapped.sum == "" && l.e.Release != "" {
		if mapped, plain, err = l.byURL(ctx, name); err != nil {
			return nil, err
		}
	}
	if mapped.sum == "" {
		return sc, nil
	}
	if sc.m, err = l.s.readMap(mapped.sum); err != nil {
		l.e.Body.Notes = append(l.e.Body.Notes, fmt.Sprintf("The source map of %s can't be read: %v.", path.Base(name), err))
		return sc, nil
	}
	if plain.sum != "" {
		if sc.text, err = l.s.readText(plain.sum); err != nil {
			return nil, err
		}
	}
	return sc, nil
}

func (l *lookup) find(ctx context.Context, where string, args ...any) ([]file, error) {
	out, err := db.All(ctx, l.s.db, func(r db.Scanner) (f file, err error) { return f, r.Scan(&f.url, &f.kind, &f.mapURL, &f.sum) },
		`SELECT url, kind, map_url, sha256 FROM source_file WHERE workspace_id = $1 AND launch_id = $2 AND `+where+` ORDER BY created_at DESC, id DESC LIMIT 20`, append([]any{l.ws, l.launchID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("look for source maps: %w", err)
	}
	return out, nil
}

func (l *lookup) byDebugID(ctx context.Context, id string) (mapped, plain file, err error) {
	found, err := l.find(ctx, `debug_id = $3`, strings.ToLower(id))
	mapped, plain = pick(found)
	return mapped, plain, err
}

func pick(found []file) (mapped, plain file) {
	for _, f := range found {
		switch {
		case f.kind == "source_map" && mapped.sum == "":
			mapped = f
		case f.kind == "minified_source" && plain.sum == "":
			plain = f
		}
	}
	return mapped, plain
}

func (l *lookup) byURL(ctx context.Context, name string) (mapped, plain file, err error) {
	found, err := l.find(ctx, `release = $3 AND dist IN ('', $4) AND url IN ($5, $6)`, append([]any{l.e.Release, l.e.Body.Dist}, addresses(name)...)...)
	if err != nil {
		return mapped, plain, err
	}
	_, plain = pick(found)
	if plain.sum == "" {
		return mapped, plain, nil
	}
	at := plain.mapURL
	if at == "" {
		at = plain.url + ".map"
	} else if !strings.HasPrefix(at, "~") && !strings.Contains(at, "://") {
		at = path.Join(path.Dir(plain.url), at)
		if scheme, rest, ok := strings.Cut(plain.url, "://"); ok {
			at = scheme + "://" + path.Join(path.Dir(rest), plain.mapURL)
		}
	}
	if found, err = l.find(ctx, `release = $3 AND dist IN ('', $4) AND url IN ($5, $6)`, append([]any{l.e.Release, l.e.Body.Dist}, addresses(at)...)...); err != nil {
		return mapped, plain, err
	}
	for _, f := range found {
		if f.kind == "source_map" {
			return f, plain, nil
		}
	}
	return mapped, plain, nil
}

// addresses are the names under which a file may have been uploaded: its own,
// and "~" for whatever the host is.
func addresses(name string) []any {
	if strings.HasPrefix(name, "~") {
		return []any{name, name}
	}
	whole := name
	if i := strings.IndexAny(whole, "?#"); i >= 0 {
		whole = whole[:i]
	}
	p := whole
	if u, err := url.Parse(whole); err == nil && u.Scheme != "" {
		p = u.Path
	}
	return []any{whole, "~/" + strings.TrimPrefix(p, "/")}
}

// readMap returns a map by the hash of its file.
func (s *sources) readMap(sum string) (*sourceMap, error) {
	c, err := s.read(sum, func(raw []byte) (*cached, error) {
		m, err := readSourceMap(raw)
		if err != nil {
			return nil, err
		}
		return &cached{m: m, size: 2*m.size + 1}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.m, nil
}

func (s *sources) readText(sum string) ([]string, error) {
	c, err := s.read(sum, func(raw []byte) (*cached, error) {
		return &cached{text: strings.Split(string(raw), "\n"), size: len(raw) + 1}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.text, nil
}

func (s *sources) read(sum string, parse func([]byte) (*cached, error)) (*cached, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el := s.known[sum]; el != nil {
		s.order.MoveToFront(el)
		return el.Value.(*cached), nil
	}
	f, err := s.files.Open(sum)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	raw, err := io.ReadAll(io.LimitReader(f, maxSourceFile))
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	c, err := parse(raw)
	if err != nil {
		return nil, err
	}
	c.sum = sum
	s.known[sum] = s.order.PushFront(c)
	s.size += c.size
	for s.size > maxCached && s.order.Len() > 1 {
		old := s.order.Remove(s.order.Back()).(*cached)
		delete(s.known, old.sum)
		s.size -= old.size
	}
	return c, nil
}

// put says where a call comes from.
func (sc *script) put(f, caller *Frame, l *lookup) {
	line, column := f.Line-1, max(f.Column-1, 0)
	t := sc.m.find(line, column)
	if t == nil {
		return
	}
	was := Minified{Function: f.Function, File: f.Path, Line: f.Line, Column: f.Column}
	if name := sc.enclosing(f.Function, line, column); name != "" {
		f.Function = name
	} else if caller != nil {
		// The place of the call is the name of what is called.
		at := Minified{File: caller.Path, Line: caller.Line, Column: caller.Column}
		if caller.Minified != nil {
			at = *caller.Minified
		}
		if other := l.scripts[at.File]; other != nil && other.m != nil && at.Line > 0 {
			if name := other.m.nameAt(at.Line-1, max(at.Column-1, 0)); name != "" && short(f.Function) {
				f.Function = name
			}
		}
	}
	f.Minified = &was
	f.File = sourceName(sc.m.sources[t.source])
	f.Path, f.Module = sc.m.sources[t.source], ""
	f.Line, f.Column = int(t.toLine)+1, int(t.toCol)+1
	f.Pre, f.Context, f.Post = sc.m.around(t.source, t.toLine)
	if strings.Contains(f.Path, "node_modules/") || strings.Contains(f.Path, "webpack/bootstrap") {
		f.InApp = false
	}
}

// short is how minifiers name functions.
func short(name string) bool {
	return len(functionName(name)) <= 3
}

// enclosing finds where a function of minified code is declared, before a
// place within it, and returns the name that it had.
func (sc *script) enclosing(function string, line, column int) string {
	function = noise.ReplaceAllString(function, "")
	if i := strings.LastIndexByte(function, '.'); i >= 0 {
		function = function[i+1:]
	}
	if function == "" || anonymous.MatchString(function) || len(function) > 100 || line >= len(sc.text) {
		return ""
	}
	n := regexp.QuoteMeta(function)
	declared, err := regexp.Compile(`(?:function\*?\s+|\b|\$)?(` + n + `)(?:\s*[=:]\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>|[\w$]+\s*=>)|\s*\([^()]*\)\s*\{)`)
	if err != nil {
		return ""
	}
	for at := line; at >= 0 && at > line-200; at-- {
		text := sc.text[at]
		from := 0
		if at == line {
			text = text[:min(column, len(text))]
		}
		if len(text) > 256<<10 {
			from = len(text) - 256<<10
		}
		found := declared.FindAllStringSubmatchIndex(text[from:], -1)
		for i := len(found) - 1; i >= 0; i-- {
			if name := sc.m.nameAt(at, utf16Length(text[:from+found[i][2]])); name != "" {
				return name
			}
		}
	}
	return ""
}

// utf16Length is how columns are counted in JavaScript.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}
