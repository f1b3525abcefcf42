package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/workspace"
)

// fit holds an input against the document in force, and finds out which
// upstream is the stable one.
func (in *Input) fit(document string) error {
	if document == "" {
		return errs.New(errs.Unprocessable, "Nothing is published yet; publish a document with both versions as upstreams first.")
	}
	c, err := gateway.Parse([]byte(document))
	if err != nil {
		return fmt.Errorf("read what is published: %w", err)
	}
	name := strings.TrimSpace(in.API + " " + in.Version)
	at := slices.IndexFunc(c.APIs, func(a gateway.API) bool { return a.Name == in.API && a.Version == in.Version })
	if at < 0 {
		return errs.New(errs.Unprocessable, "There is no API %s in the document in force.", name)
	}
	if !slices.ContainsFunc(c.Upstreams, func(u gateway.Upstream) bool { return u.Name == in.Canary }) {
		return errs.New(errs.Unprocessable, "There is no upstream %q in the document in force; publish it first, then start the rollout.", in.Canary)
	}
	leads := map[string][]string{} // upstream -> routes
	for _, r := range c.APIs[at].Routes {
		if len(in.Routes) > 0 && !slices.Contains(in.Routes, r.Name) {
			continue
		}
		to := leadsTo(c.APIs[at], r)
		if to == "" && len(in.Routes) > 0 {
			return errs.New(errs.Unprocessable, "Route %s is split among several upstreams; a rollout needs one that leads to one.", r.Name)
		}
		leads[to] = append(leads[to], r.Name)
	}
	for _, want := range in.Routes {
		if !slices.ContainsFunc(c.APIs[at].Routes, func(r gateway.RouteC) bool { return r.Name == want }) {
			return errs.New(errs.Unprocessable, "There is no route %q in %s.", want, name)
		}
	}
	delete(leads, "")
	if in.Stable == "" {
		delete(leads, in.Canary)
		if len(leads) != 1 {
			return errs.New(errs.Unprocessable, "The routes of %s lead to %d upstreams besides %s; say which one is stable.", name, len(leads), in.Canary)
		}
		for to := range leads {
			in.Stable = to
		}
	}
	if len(leads[in.Stable]) == 0 {
		return errs.New(errs.Unprocessable, "None of these routes of %s leads to %s.", name, in.Stable)
	}
	if len(in.Routes) > 0 && len(leads[in.Stable]) != len(slices.Compact(slices.Sorted(slices.Values(in.Routes)))) {
		return errs.New(errs.Unprocessable, "Not all of these routes lead to %s; name only those that do.", in.Stable)
	}
	return nil
}

// leadsTo is the upstream of a route, "" for several.
func leadsTo(a gateway.API, r gateway.RouteC) string {
	if len(r.Split) > 0 {
		return ""
	}
	if r.Upstream != "" {
		return r.Upstream
	}
	return a.Upstream
}

// publish makes the canary the stable version: a publication of the document
// in which its routes lead there. Where they do already it only ends the
// rollout.
func (s *Service) publish(ctx context.Context, r *record) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	number, err := s.republish(ctx, r)
	at := s.micro()
	if errs.Is(err, errs.Unprocessable) {
		if derr := s.decide(ctx, r, "aborted", errs.Message(err), func(r *record) { r.end(Aborted, at) }); derr != nil && !errors.Is(derr, errMoved) {
			return derr
		}
		return err
	}
	if err != nil {
		return err // tried again at the next tick
	}
	_, err = s.change(ctx, a, r.ID, "promoted", func(h *record) (string, error) {
		if h.State != Promoting {
			return "", errMoved
		}
		h.Publication = number
		h.end(Promoted, at)
		return fmt.Sprintf("publication %d leads to %s", number, h.Canary), nil
	})
	if errors.Is(err, errMoved) {
		return nil // another node was faster
	}
	return err
}

// republish brings the document into force that a rollout ends in, and
// answers its number.
func (s *Service) republish(ctx context.Context, r *record) (int64, error) {
	for try := 0; ; try++ {
		now, err := s.Publisher.Current(ctx)
		if err != nil {
			return 0, err
		}
		next, err := promoted(now.Document, r.Input)
		if err != nil {
			return 0, errs.Wrap(errs.Unprocessable, err, "The rollout can't be promoted and is aborted: %v.", err)
		}
		if next == now.Document {
			return now.Number, nil
		}
		note := fmt.Sprintf("%s leads to %s: rollout promoted", strings.TrimSpace(r.API+" "+r.Version), r.Canary)
		p, err := s.Publisher.Publish(ctx, publication.Input{Document: next, Note: note, Base: &now.Number})
		switch {
		case errs.Is(err, errs.Conflict) && try < 3: // somebody published meanwhile
		case err != nil:
			return 0, err
		default:
			return p.Number, nil
		}
	}
}

// promoted is a document in which a rollout's routes lead to its canary. Only
// the words that change are changed, so that comments and order stay.
func promoted(document string, in Input) (string, error) {
	c, err := gateway.Parse([]byte(document))
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(c.APIs, func(a gateway.API) bool { return a.Name == in.API && a.Version == in.Version })
	if at < 0 {
		return "", fmt.Errorf("there is no API %s in the document in force", strings.TrimSpace(in.API+" "+in.Version))
	}
	if !slices.ContainsFunc(c.Upstreams, func(u gateway.Upstream) bool { return u.Name == in.Canary }) {
		return "", fmt.Errorf("there is no upstream %s in the document in force", in.Canary)
	}
	api := &c.APIs[at]
	e := editor{text: document}
	whole := api.Upstream == in.Stable && len(in.Routes) == 0
	for i := range api.Routes {
		r := &api.Routes[i]
		if leadsTo(*api, *r) != in.Stable || len(in.Routes) > 0 && !slices.Contains(in.Routes, r.Name) {
			continue
		}
		path := fmt.Sprintf("$.apis[%d].routes[%d]", at, i)
		switch {
		case r.Upstream != "":
			e.replace(path+".upstream", in.Stable, in.Canary)
		case !whole:
			e.insert(path+".name", "upstream", in.Canary)
		default:
			continue // follows its API
		}
		r.Upstream = in.Canary
	}
	if whole {
		e.replace(fmt.Sprintf("$.apis[%d].upstream", at), in.Stable, in.Canary)
		api.Upstream = in.Canary
	}
	text, err := e.apply()
	if err == nil {
		if got, perr := gateway.Parse([]byte(text)); perr == nil && reflect.DeepEqual(got, c) {
			return text, nil
		}
	}
	// The text is written in a way that can't be followed: write it anew.
	b, err := yaml.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("write the document: %w", err)
	}
	return string(b), nil
}

// editor changes single words of a YAML text.
type editor struct {
	text  string
	edits []edit
	err   error
}

type edit struct {
	at   int // byte offset
	old  int // bytes that go
	with string
}

// node finds the scalar at a path, and where it stands.
func (e *editor) node(path string) (n ast.Node, at int) {
	if e.err != nil {
		return nil, 0
	}
	p, err := yaml.PathString(path)
	if err == nil {
		var f *ast.File
		if f, err = parser.ParseBytes([]byte(e.text), 0); err == nil {
			n, err = p.FilterFile(f)
		}
	}
	if err != nil {
		e.err = err
		return nil, 0
	}
	pos := n.GetToken().Position
	at = 0
	for range pos.Line - 1 {
		i := strings.IndexByte(e.text[at:], '\n')
		if i < 0 {
			e.err = fmt.Errorf("%s is on no line", path)
			return nil, 0
		}
		at += i + 1
	}
	for range pos.Column - 1 { // counted in characters
		if at >= len(e.text) {
			break
		}
		at += len(string([]rune(e.text[at:min(len(e.text), at+4)])[0]))
	}
	return n, at
}

// scalar measures a plain or quoted word at a place.
func scalar(text string, word string) int {
	for _, form := range []string{word, `"` + word + `"`, "'" + word + "'"} {
		if strings.HasPrefix(text, form) {
			return len(form)
		}
	}
	return 0
}

func (e *editor) replace(path, old, with string) {
	_, at := e.node(path)
	if e.err != nil {
		return
	}
	n := scalar(e.text[at:], old)
	if n == 0 {
		e.err = fmt.Errorf("%s is not %q where it should stand", path, old)
		return
	}
	if q := e.text[at]; q == '"' || q == '\'' {
		with = string(q) + with + string(q)
	}
	e.edits = append(e.edits, edit{at, n, with})
}

// insert puts a field behind the one at path, in the style of its mapping.
func (e *editor) insert(path, key, value string) {
	n, at := e.node(path)
	if e.err != nil {
		return
	}
	size := scalar(e.text[at:], n.GetToken().Value)
	if size == 0 {
		e.err = fmt.Errorf("%s does not stand where it should", path)
		return
	}
	line := e.text[strings.LastIndexByte(e.text[:at], '\n')+1 : at]
	with := ", " + key + ": " + value
	switch {
	case strings.HasSuffix(strings.TrimRight(line, " "), `"name":`) || strings.Contains(line, `"name"`):
		with = fmt.Sprintf(", %q: %q", key, value)
	case !strings.Contains(line, "{"):
		// A block: the field gets a line of its own under the name.
		indent := strings.Index(line, "name")
		if indent < 0 {
			e.err = fmt.Errorf("%s does not stand where it should", path)
			return
		}
		with = "\n" + strings.Repeat(" ", indent) + key + ": " + value
		if end := strings.IndexByte(e.text[at+size:], '\n'); end >= 0 {
			size += end // behind a comment on the same line
		} else {
			size = len(e.text) - at
		}
	}
	e.edits = append(e.edits, edit{at + size, 0, with})
}

func (e *editor) apply() (string, error) {
	if e.err != nil {
		return "", e.err
	}
	slices.SortFunc(e.edits, func(a, b edit) int { return a.at - b.at })
	var out bytes.Buffer
	last := 0
	for _, x := range e.edits {
		out.WriteString(e.text[last:x.at])
		out.WriteString(x.with)
		last = x.at + x.old
	}
	out.WriteString(e.text[last:])
	return out.String(), nil
}
