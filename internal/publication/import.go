package publication

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/openapi"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Import is an OpenAPI document that is to become a version of an API.
type Import struct {
	Document string `json:"document,omitempty" doc:"The OpenAPI document, 3.0 or 3.1, JSON or YAML; either this or url."`
	URL      string `json:"url,omitempty" maxLength:"2000" doc:"Where to fetch it."`

	API      string   `json:"api,omitempty" maxLength:"100" doc:"Name of the API; made of the title when absent."`
	Version  *string  `json:"version,omitempty" maxLength:"100" doc:"Its version here, such as v1; when absent the only one there is, or v and the first number of the document's."`
	Upstream string   `json:"upstream,omitempty" maxLength:"500" doc:"Where requests go: http://host:port, or the name of an upstream. When absent what the API has, or the document's first server."`
	Hosts    []string `json:"hosts,omitempty" maxItems:"50" doc:"Hosts that it is published on; any when absent and new."`
	Base     *string  `json:"base,omitempty" maxLength:"500" doc:"In front of every path; when absent what the API has, or the path of the document's first server."`
	Strip    bool     `json:"strip_base,omitempty" doc:"Cut base off before the upstream sees the path."`
	State    string   `json:"state,omitempty" enum:"draft,published" doc:"Of a new version; published when absent."`
}

// Imported is what an import would publish. Nothing is in force yet, but the
// OpenAPI document is kept.
type Imported struct {
	OpenAPI     OpenAPI              `json:"openapi"`
	API         string               `json:"api"`
	Version     string               `json:"version"`
	Document    string               `json:"document" doc:"The gateway's document with the API in it; publish it with number as base."`
	Number      int64                `json:"number" doc:"Publication that the document was made from."`
	Differences []openapi.Difference `json:"differences" nullable:"false" doc:"For those who call: against the OpenAPI document that the API had."`
	Breaking    int                  `json:"breaking" doc:"How many of the differences break who calls."`
	Changes     []Change             `json:"changes" nullable:"false"`
	Text        string               `json:"text" doc:"The changes as a unified diff of the document."`
	Notes       []string             `json:"notes" nullable:"false" doc:"What could not be taken over as it is."`
}

// Fetch gets an address that a person gave.
type Fetch func(ctx context.Context, address string, maxBody int64) ([]byte, http.Header, error)

// SetFetch says how OpenAPI documents are had by URL.
func (s *Service) SetFetch(f Fetch) { s.fetch = f }

// Import makes a version of an API out of an OpenAPI document, in the document
// that is in force, and says what would change. What the API says otherwise
// (policies, time-outs, shares) stays.
func (s *Service) Import(ctx context.Context, in Import) (*Imported, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	text, err := s.textOf(ctx, in)
	if err != nil {
		return nil, err
	}
	d, err := readOpenAPI(text)
	if err != nil {
		return nil, err
	}
	if len(d.Operations) == 0 {
		return nil, errs.New(errs.Unprocessable, "This OpenAPI document has no operations; there is nothing to route.")
	}
	now, err := current(ctx, s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	m := &importing{in: in, doc: d, today: s.now().UTC().Format("2006-01-02")}
	m.before = func(id string) *openapi.Document {
		text, err := openAPIText(ctx, s.db, a.Workspace, id)
		if err != nil {
			return nil
		}
		old, err := openapi.Read(text)
		if err != nil {
			return nil
		}
		return old
	}
	next, err := gateway.Edit([]byte(now.Document), m.into)
	if err != nil {
		if errs.KindOf(err) != errs.Internal {
			return nil, err
		}
		return nil, errs.New(errs.Unprocessable, "%s", sentence(err))
	}
	kept, err := s.keep(ctx, a, d, text)
	if err != nil {
		return nil, err
	}
	out := &Imported{OpenAPI: *kept, API: m.api, Version: m.version, Document: string(next), Number: now.Number, Notes: m.notes, Differences: openapi.Compare(m.old, d)}
	for _, diff := range out.Differences {
		if diff.Breaking {
			out.Breaking++
		}
	}
	c, err := s.parse(ctx, a.Workspace, out.Document)
	if err != nil {
		return nil, refused(err)
	}
	if out.Changes, err = compare(now.Document, c); err != nil {
		return nil, err
	}
	out.Text = textDiff(now.Number, now.Document, out.Document)
	return out, nil
}

func (s *Service) textOf(ctx context.Context, in Import) ([]byte, error) {
	switch {
	case (in.Document == "") == (in.URL == ""):
		return nil, errs.New(errs.Invalid, "Send the OpenAPI document either as document or by url.")
	case in.Document != "":
		return []byte(in.Document), nil
	case s.fetch == nil:
		return nil, errs.New(errs.Unprocessable, "This server fetches no documents; send the OpenAPI document itself.")
	}
	text, _, err := s.fetch(ctx, in.URL, openapi.MaxSize)
	if err != nil {
		return nil, errs.New(errs.Unprocessable, "The OpenAPI document could not be fetched: %s", sentence(err))
	}
	return text, nil
}

// importing is one import on its way into a configuration.
type importing struct {
	in     Import
	doc    *openapi.Document
	before func(id string) *openapi.Document
	today  string

	api, version string
	old          *openapi.Document // that the version had
	notes        []string
}

func (m *importing) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._]+`)

func (m *importing) into(c *gateway.Config) error {
	m.notes = []string{}
	m.api = m.in.API
	if m.api == "" {
		m.api = cmp.Or(strings.ToLower(strings.Trim(notInName.ReplaceAllString(cut(m.doc.Title), "-"), "-._")), "api")
	}
	i := m.find(c)
	if i < 0 {
		c.APIs = append(c.APIs, gateway.API{Name: m.api, Version: m.version, State: m.stateOfNew()})
		i = len(c.APIs) - 1
	}
	a := &c.APIs[i]
	if a.OpenAPI != "" {
		m.old = m.before(a.OpenAPI)
	}
	fresh := a.OpenAPI == "" && len(a.Routes) == 0
	origin, base := m.doc.Server()
	a.OpenAPI = m.doc.ID
	if m.in.Base != nil {
		a.Base = strings.TrimRight(*m.in.Base, "/")
	} else if fresh {
		a.Base = base
	}
	if len(m.in.Hosts) > 0 {
		a.Hosts = m.in.Hosts
	}
	a.Strip = a.Strip || m.in.Strip
	if err := m.upstream(c, a, origin); err != nil {
		return err
	}
	m.routes(a)
	return nil
}

func (m *importing) stateOfNew() string {
	if m.in.State == gateway.StateDraft {
		return gateway.StateDraft
	}
	return ""
}

var leading = regexp.MustCompile(`^v?[0-9]+`)

// find is the place of the version that is imported; -1 for a new one.
func (m *importing) find(c *gateway.Config) int {
	var of []int
	for i, a := range c.APIs {
		if a.Name == m.api {
			of = append(of, i)
		}
	}
	if m.in.Version != nil {
		m.version = *m.in.Version
		return slices.IndexFunc(c.APIs, func(a gateway.API) bool { return a.Name == m.api && a.Version == m.version })
	}
	if len(of) == 1 {
		m.version = c.APIs[of[0]].Version
		return of[0]
	}
	if major := leading.FindString(strings.ToLower(m.doc.Version)); major != "" {
		m.version = "v" + strings.TrimPrefix(major, "v")
	}
	return slices.IndexFunc(c.APIs, func(a gateway.API) bool { return a.Name == m.api && a.Version == m.version })
}

// upstream gives the API somewhere to go.
func (m *importing) upstream(c *gateway.Config, a *gateway.API, origin string) error {
	to := m.in.Upstream
	has := func(name string) bool {
		return slices.ContainsFunc(c.Upstreams, func(u gateway.Upstream) bool { return u.Name == name })
	}
	switch {
	case to == "" && a.Upstream != "":
		return nil
	case to == "" && origin == "":
		return errs.New(errs.Unprocessable, "The OpenAPI document names no server with a host; say where requests go with upstream, such as http://127.0.0.1:9000.")
	case to == "":
		to = origin
		m.note("requests go to %s, the first server of the OpenAPI document", origin)
	case has(to):
		a.Upstream = to
		return nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		return errs.New(errs.Invalid, "%q is neither an upstream of the document nor an address; write it as http://host:port, the path belongs into base.", to)
	}
	to = u.Scheme + "://" + u.Host
	for _, u := range c.Upstreams { // one that leads there already
		if len(u.Targets) == 1 && strings.TrimRight(u.Targets[0].URL, "/") == to {
			a.Upstream = u.Name
			return nil
		}
	}
	name := m.api
	for n := 2; has(name); n++ {
		name = fmt.Sprintf("%s-%d", m.api, n)
	}
	c.Upstreams = append(c.Upstreams, gateway.Upstream{Name: name, Targets: []gateway.Target{{URL: to}}})
	a.Upstream = name
	return nil
}

// routes makes one of each operation. A route that an operation had keeps what
// else it says; one whose operation is gone goes; one that was made by hand
// stays.
func (m *importing) routes(a *gateway.API) {
	had := map[string]gateway.RouteC{}
	taken := map[string]bool{} // names of routes by hand
	for _, r := range a.Routes {
		op := cmp.Or(r.Operation, r.Name)
		if m.doc.Operation(op) != nil || m.old != nil && m.old.Operation(op) != nil {
			had[op] = r
		} else {
			taken[r.Name] = true
		}
	}
	var out []gateway.RouteC
	done := map[string]bool{}
	for _, r := range a.Routes { // in the order that they have
		op := m.doc.Operation(cmp.Or(r.Operation, r.Name))
		switch {
		case taken[r.Name]:
			out = append(out, r)
		case op != nil:
			out = append(out, m.route(a, op, r))
			done[op.Name] = true
		}
	}
	for i := range m.doc.Operations {
		op := &m.doc.Operations[i]
		if done[op.Name] {
			continue
		}
		r := gateway.RouteC{Name: op.Name}
		for n := 2; taken[r.Name]; n++ {
			r.Name, r.Operation = fmt.Sprintf("%s-%d", op.Name, n), op.Name
		}
		out = append(out, m.route(a, op, r))
	}
	a.Routes = out
}

func (m *importing) route(a *gateway.API, op *openapi.Operation, r gateway.RouteC) gateway.RouteC {
	r.Path, r.Prefix, r.Regex = pathOf(a, op.Path)
	r.Methods, r.Tags = []string{op.Method}, op.Tags
	if r.Regex != "" {
		m.note("%s has a parameter that is part of a segment: it is matched by a regular expression", op.Path)
	}
	switch {
	case !op.Deprecated:
		r.Deprecated = ""
	case r.Deprecated == "":
		r.Deprecated = m.today
	}
	return r
}

var parameter = regexp.MustCompile(`\{[^{}/]+\}`)

// pathOf is how a path of an OpenAPI document is matched. The gateway's
// parameters are whole segments; where they are less, or there are too many,
// it is a regular expression over all of the path.
func pathOf(a *gateway.API, path string) (whole, prefix, regex string) {
	simple := strings.Count(path, "{") <= 16
	seen := map[string]bool{}
	for seg := range strings.SplitSeq(path, "/") {
		if strings.ContainsAny(seg, "{}") && (!parameter.MatchString(seg) || parameter.FindString(seg) != seg || seen[seg]) {
			simple = false
		}
		seen[seg] = true
	}
	if simple {
		return path, "", ""
	}
	var b strings.Builder
	b.WriteString(regexp.QuoteMeta(a.Base))
	rest := path
	for {
		at := parameter.FindStringIndex(rest)
		if at == nil {
			b.WriteString(regexp.QuoteMeta(rest))
			return "", "", b.String()
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		b.WriteString(`[^/]+`)
		rest = rest[at[1]:]
	}
}
