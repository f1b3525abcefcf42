package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/openapi"
)

// API is a published interface in one version.
type API struct {
	Name       string            `yaml:"name" json:"name"`
	Version    string            `yaml:"version,omitempty" json:"version,omitempty"`
	State      string            `yaml:"state,omitempty" json:"state,omitempty" doc:"published (default), deprecated, draft (called with its preview key only) or retired (answers 410)."`
	Hosts      []string          `yaml:"hosts,omitempty" json:"hosts,omitempty" doc:"example.com or *.example.com; absent: any."`
	Headers    map[string]string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"What every route asks of the request's headers besides its own: versions of one API side by side. Name to value; * for any, ! for none, ~RE2."`
	Base       string            `yaml:"base,omitempty" json:"base,omitempty" doc:"In front of every path."`
	Upstream   string            `yaml:"upstream,omitempty" json:"upstream,omitempty" doc:"Of the routes that name none."`
	Deprecated string            `yaml:"deprecated,omitempty" json:"deprecated,omitempty" doc:"Since when it is deprecated: a date, sent as Deprecation (RFC 9745)."`
	Sunset     string            `yaml:"sunset,omitempty" json:"sunset,omitempty" doc:"When it ends: a date, sent as Sunset (RFC 8594)."`
	Docs       string            `yaml:"docs,omitempty" json:"docs,omitempty" doc:"Page that says what to use instead: sent as Link beside Deprecation and Sunset."`
	PreviewKey string            `yaml:"preview_key,omitempty" json:"preview_key,omitempty" doc:"Hash of the key with which a draft is called, in the header X-Preview-Key."`
	OpenAPI    string            `yaml:"openapi,omitempty" json:"openapi,omitempty" doc:"Its OpenAPI document, as sha256:... of what was imported: for request validation, mocks and the portal."`
	Timeouts   Timeouts          `yaml:"timeouts,omitempty" json:"timeouts,omitempty"`
	KeepHost   bool              `yaml:"keep_host,omitempty" json:"keep_host,omitempty" doc:"Send the client's Host to the upstream."`
	Strip      bool              `yaml:"strip_base,omitempty" json:"strip_base,omitempty" doc:"Cut base off before the upstream sees the path."`
	Policies   Policies          `yaml:"policies,omitempty" json:"policies,omitempty"`
	Routes     []RouteC          `yaml:"routes" json:"routes"`
}

// RouteC is one route as it is written.
type RouteC struct {
	Name       string            `yaml:"name" json:"name"`
	Operation  string            `yaml:"operation,omitempty" json:"operation,omitempty" doc:"In the API's OpenAPI document; the route's name when absent."`
	Deprecated string            `yaml:"deprecated,omitempty" json:"deprecated,omitempty" doc:"Since when this operation is deprecated: a date."`
	Tags       []string          `yaml:"tags,omitempty" json:"tags,omitempty" doc:"To group routes by, as an OpenAPI document does."`
	Path       string            `yaml:"path,omitempty" json:"path,omitempty" doc:"Whole path; {name} stands for one segment."`
	Prefix     string            `yaml:"prefix,omitempty" json:"prefix,omitempty" doc:"Start of the path."`
	Regex      string            `yaml:"regex,omitempty" json:"regex,omitempty" doc:"RE2 over the whole path."`
	Methods    []string          `yaml:"methods,omitempty" json:"methods,omitempty"`
	Headers    map[string]string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Name to value; * for any, ! for none, ~RE2 over the whole value."`
	Query      map[string]string `yaml:"query,omitempty" json:"query,omitempty" doc:"The same for parameters of the query."`
	Upstream   string            `yaml:"upstream,omitempty" json:"upstream,omitempty"`
	Split      []Split           `yaml:"split,omitempty" json:"split,omitempty" doc:"Shares of several upstreams."`
	Rewrite    string            `yaml:"rewrite,omitempty" json:"rewrite,omitempty" doc:"Path for the upstream, with the {names} of path; for a prefix what replaces it."`
	Host       string            `yaml:"host,omitempty" json:"host,omitempty" doc:"Host for the upstream."`
	Timeouts   Timeouts          `yaml:"timeouts,omitempty" json:"timeouts,omitempty"`
	Policies   Policies          `yaml:"policies,omitempty" json:"policies,omitempty"`
}

// Split is a share of a route.
type Split struct {
	Upstream string `yaml:"upstream" json:"upstream"`
	Weight   int    `yaml:"weight" json:"weight"`
}

// Timeouts of a route or an API.
type Timeouts struct {
	Connect Duration `yaml:"connect,omitempty" json:"connect,omitempty" doc:"2s when absent."`
	Try     Duration `yaml:"try,omitempty" json:"try,omitempty" doc:"Until an answer begins, for each try; 30s when absent."`
	Total   Duration `yaml:"total,omitempty" json:"total,omitempty" doc:"The same with retries; 60s when absent."`
	Idle    Duration `yaml:"idle,omitempty" json:"idle,omitempty" doc:"Between two pieces of a body; 60s when absent."`
}

func (k *checker) timeouts(path string, t Timeouts) {
	k.durations(path, map[string]Duration{"connect": t.Connect, "try": t.Try, "total": t.Total, "idle": t.Idle})
}

func (k *checker) api(path string, a API, ups map[string]bool) {
	k.life(path, a)
	k.matches(path+".headers", a.Headers, true)
	for i, h := range a.Hosts {
		if h == "" || strings.ContainsAny(h, "/: ") || strings.Contains(strings.TrimPrefix(h, "*."), "*") {
			k.fault(fmt.Sprintf("%s.hosts[%d]", path, i), "%q is no host; write example.com or *.example.com, without a port", h)
		}
	}
	if a.Base != "" && (a.Base[0] != '/' || !cleanPath([]byte(a.Base)) || strings.ContainsAny(a.Base, "{}?#")) {
		k.fault(path+".base", "%q is no start of a path; write it as /orders", a.Base)
	}
	if a.OpenAPI != "" && !openapi.IsID(a.OpenAPI) {
		k.fault(path+".openapi", "%q is no OpenAPI document; write sha256: and 64 digits, as the import of one says", a.OpenAPI)
	}
	k.openapi = a.OpenAPI
	k.policies(path+".policies", a.Policies)
	k.timeouts(path+".timeouts", a.Timeouts)
	if a.Upstream != "" && !ups[a.Upstream] {
		k.fault(path+".upstream", "there is no upstream %q", a.Upstream)
	}
	seen := map[string]bool{}
	for i, r := range a.Routes {
		at := fmt.Sprintf("%s.routes[%d]", path, i)
		k.name(at+".name", r.Name, seen)
		k.route(at, a, r, ups)
	}
}

func (k *checker) route(path string, a API, r RouteC, ups map[string]bool) {
	kind, pattern := r.match()
	n := 0
	for _, s := range []string{r.Path, r.Prefix, r.Regex} {
		if s != "" {
			n++
		}
	}
	switch {
	case n != 1:
		k.fault(path, "a route has exactly one of path, prefix and regex")
	case kind == matchRegex:
		if _, err := regexp.Compile(pattern); err != nil {
			k.fault(path+".regex", "%q is no regular expression (RE2): %v", pattern, err)
		}
	case pattern[0] != '/' || !cleanPath([]byte(pattern)) || strings.ContainsAny(pattern, "?#"):
		k.fault(path+"."+kind, "%q is no path; it begins with / and has no query", pattern)
	default:
		names := map[string]bool{}
		for seg := range strings.SplitSeq(pattern, "/") {
			if strings.ContainsAny(seg, "{}") && !isParam(seg) {
				k.fault(path+"."+kind, "%q has to be a whole segment, such as {id}", seg)
			} else if isParam(seg) && names[seg] {
				k.fault(path+"."+kind, "%s is there twice", seg)
			}
			names[seg] = true
		}
		if strings.Count(pattern, "{") > maxParams {
			k.fault(path+"."+kind, "a path has at most %d parameters", maxParams)
		}
	}
	for i, m := range r.Methods {
		if m == "" || strings.ToUpper(m) != m || !nameForm.MatchString(m) {
			k.fault(fmt.Sprintf("%s.methods[%d]", path, i), "%q is no method; write it in capitals", m)
		}
	}
	k.matches(path+".headers", r.Headers, true)
	k.matches(path+".query", r.Query, false)
	k.date(path+".deprecated", r.Deprecated)
	for name := range r.Headers {
		for of := range a.Headers {
			if strings.EqualFold(name, of) {
				k.fault(path+".headers", "%s is asked for by the whole API already", name)
			}
		}
	}
	switch {
	case r.Upstream != "" && len(r.Split) > 0:
		k.fault(path+".split", "a route has either upstream or split")
	case r.Upstream == "" && a.Upstream == "" && len(r.Split) == 0 && r.Policies.Mock == nil && a.Policies.Mock == nil && a.State != StateRetired:
		k.fault(path+".upstream", "the route leads nowhere: name an upstream here or for the whole API")
	case r.Upstream != "" && !ups[r.Upstream]:
		k.fault(path+".upstream", "there is no upstream %q", r.Upstream)
	}
	sum := 0
	for i, s := range r.Split {
		at := fmt.Sprintf("%s.split[%d]", path, i)
		if !ups[s.Upstream] {
			k.fault(at+".upstream", "there is no upstream %q", s.Upstream)
		}
		if s.Weight < 0 || s.Weight > 10_000 {
			k.fault(at+".weight", "a weight is from 0 to 10000")
		}
		sum += s.Weight
	}
	if len(r.Split) > 0 && sum == 0 {
		k.fault(path+".split", "at least one share needs a weight above 0")
	}
	if r.Rewrite != "" {
		if _, err := pieces(r); err != nil {
			k.fault(path+".rewrite", "%v", err)
		}
	}
	k.policies(path+".policies", r.Policies)
	k.timeouts(path+".timeouts", r.Timeouts)
}

// The kinds of match.
const (
	matchPath   = "path"
	matchPrefix = "prefix"
	matchRegex  = "regex"
)

func (r *RouteC) match() (kind, pattern string) {
	switch {
	case r.Prefix != "":
		return matchPrefix, r.Prefix
	case r.Regex != "":
		return matchRegex, r.Regex
	}
	return matchPath, r.Path
}

// pieces takes a rewrite apart.
func pieces(r RouteC) ([]piece, error) {
	kind, pattern := r.match()
	if kind == matchRegex {
		return nil, errors.New("a route by regex can't be rewritten")
	}
	if !strings.HasPrefix(r.Rewrite, "/") || strings.ContainsAny(r.Rewrite, "?#") {
		return nil, fmt.Errorf("%q is no path; it begins with / and has no query", r.Rewrite)
	}
	names := map[string]int{}
	for seg := range strings.SplitSeq(pattern, "/") {
		if isParam(seg) {
			names[seg] = len(names)
		}
	}
	var out []piece
	rest := r.Rewrite
	for rest != "" {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			out = append(out, piece{text: rest, param: -1})
			break
		}
		end := strings.IndexByte(rest, '}')
		if end < i {
			return nil, fmt.Errorf("%q has a { without its }", r.Rewrite)
		}
		name := rest[i : end+1]
		at, ok := names[name]
		if !ok {
			return nil, fmt.Errorf("%s is no parameter of %s", name, pattern)
		}
		if i > 0 {
			out = append(out, piece{text: rest[:i], param: -1})
		}
		out = append(out, piece{param: at})
		rest = rest[end+1:]
	}
	if kind == matchPrefix {
		if strings.Contains(pattern, "{") {
			return nil, errors.New("a prefix with parameters can't be rewritten")
		}
		if len(out) > 0 && out[len(out)-1].param == -1 {
			last := &out[len(out)-1]
			last.text = strings.TrimSuffix(last.text, "/")
			if last.text == "" {
				out = out[:len(out)-1]
			}
		}
		out = append(out, piece{param: -2})
	}
	return out, nil
}

func (g *Gateway) compileRoute(s *snapshot, ws string, a API, r RouteC, specs *specs) {
	kind, pattern := r.match()
	out := &Route{Workspace: ws, Name: r.Name, API: a.Name, Version: a.Version, State: a.Life(), methods: r.Methods, place: len(s.routes),
		keepHost: a.KeepHost, host: r.Host}
	to := s.routerOf(a)
	full := pattern
	if kind != matchRegex {
		full = strings.TrimSuffix(a.Base, "/") + pattern
		out.cut = len(strings.TrimSuffix(full, "/"))
	} else {
		out.regex = regexp.MustCompile(`^(?:` + pattern + `)$`)
	}
	out.pattern = full
	out.headers = append(matchesOf(a.Headers, true), matchesOf(r.Headers, true)...)
	out.query = matchesOf(r.Query, false)
	out.headers2 = lifeHeaders(a, r)
	if out.Operation = r.Operation; out.Operation == "" && a.OpenAPI != "" {
		out.Operation = r.Name
	}
	out.stats = g.board.of(ws, a.Name, a.Version, r.Name)
	s.routes = append(s.routes, out)
	if out.State == StateRetired {
		out.farewell = farewell(a)
		to.add(hostsOf(a), kind, full, out)
		return
	}
	switch {
	case r.Rewrite != "":
		out.rewrite, _ = pieces(r)
	case a.Strip && a.Base != "" && (kind != matchRegex || strings.HasPrefix(pattern, regexp.QuoteMeta(strings.TrimSuffix(a.Base, "/"))+"/")):
		out.rewrite = []piece{{param: -2}}
		out.cut = len(strings.TrimSuffix(a.Base, "/"))
	}
	split := r.Split
	if len(split) == 0 && cmp.Or(r.Upstream, a.Upstream) != "" {
		split = []Split{{Upstream: cmp.Or(r.Upstream, a.Upstream), Weight: 1}}
	}
	sum := 0
	for _, p := range split {
		if p.Weight == 0 {
			continue
		}
		sum += p.Weight
		out.split = append(out.split, share{upTo: sum, upstream: s.upstreams[ws+" "+p.Upstream]})
	}
	out.timeouts = timeouts{
		connect: or(cmp.Or(r.Timeouts.Connect, a.Timeouts.Connect), 2*time.Second),
		try:     or(cmp.Or(r.Timeouts.Try, a.Timeouts.Try), 30*time.Second),
		total:   or(cmp.Or(r.Timeouts.Total, a.Timeouts.Total), 60*time.Second),
		idle:    or(cmp.Or(r.Timeouts.Idle, a.Timeouts.Idle), 60*time.Second),
	}
	here := building{g: g, workspace: ws, api: a.Name, scope: a.Name, openapi: a.OpenAPI, operation: cmp.Or(r.Operation, r.Name), specs: specs, params: paramNames(full), base: strings.TrimSuffix(a.Base, "/"),
		upstreams: func(name string) *upstream { return s.upstreams[ws+" "+name] },
		print:     func() uint64 { return fingerprint(a, r, out.targets()) }}
	of := here
	of.scope += "-" + r.Name
	of.ofRoute = true
	r.Policies.Log = r.Policies.Log.under(a.Policies.Log)
	out.policies = buildPolicies(here, of, &a.Policies, &r.Policies)
	out.strips = stripped(out.policies)
	out.logs(r.Policies.Log, a.Policies.Key, r.Policies.Key)
	for i := range out.policies {
		out.cors = out.cors || out.policies[i].name == corsKind.name
	}
	hosts := hostsOf(a)
	to.add(hosts, kind, full, out)
	s.wantCertificate(out, hosts)
}

// hostsOf are the hosts of an API as the router knows them.
func hostsOf(a API) []string {
	if len(a.Hosts) == 0 {
		return []string{""}
	}
	out := make([]string, len(a.Hosts))
	for i, h := range a.Hosts {
		out[i] = strings.ToLower(h)
	}
	return out
}

// targets are the addresses that a route leads to.
func (r *Route) targets() []string {
	var out []string
	for _, s := range r.split {
		for _, t := range s.upstream.targets {
			out = append(out, t.label)
		}
	}
	return out
}
