package gateway

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// maxParams bounds the parameters of one route's path.
const maxParams = 16

// Route is one way from a request to an upstream, compiled: immutable, and
// part of one snapshot.
type Route struct {
	Workspace string
	Name      string // unique in its API's version
	API       string
	Version   string
	Operation string // of its API's OpenAPI document; "" without one
	State     string // draft, published, deprecated, retired

	methods []string // empty: any
	headers []fieldMatch
	query   []fieldMatch
	cors    bool   // answers what browsers ask beforehand
	pattern string // as written, for logs and metrics
	regex   *regexp.Regexp
	cut     int // length of the prefix that a rewrite replaces
	place   int // in the document: earlier wins where nothing else decides

	split    []share // where it goes
	rewrite  []piece // of the path; nil: as it came
	host     string  // Host sent to the upstream; "" for the target's own
	keepHost bool
	policies []namedPolicy
	strips   []string    // fields of the request that the upstream does not see, in lower case
	headers2 []setHeader // added to answers, such as Sunset
	timeouts timeouts
	stats    *Stats
	logging  *Logging                 // nil: as usual
	overlay  atomic.Pointer[attached] // of a rollout; nil for none
	farewell string                   // of a retired version
}

// Pattern is the path of the route as it was written.
func (r *Route) Pattern() string { return r.pattern }

// router finds the route of a request: by host, then segment by segment in a
// tree, whose cost does not grow with the number of routes. A host belongs to
// one workspace: what is not found there is not looked for at another's.
type router struct {
	hosts    map[string]*node // exact, lower case
	suffixes map[string]*node // "*.example.com" as "example.com"
	any      []*node          // for the hosts of nobody else, in the order of documents
	one      string           // the only workspace there is; "" for several
}

// node is a place in the tree of paths.
type node struct {
	owner  string // workspace; only at the root
	static map[string]*node
	param  *node
	exact  []*Route // a path that ends here
	prefix []*Route // and everything below
	regex  []*Route // only at the root
}

func newNode() *node { return &node{static: map[string]*node{}} }

// add puts a route under the hosts it is for ("" for any). A host that another
// workspace has stays its own.
func (r *router) add(hosts []string, kind, path string, route *Route) {
	for _, host := range hosts {
		root := r.root(host, route.Workspace)
		if root.owner != route.Workspace {
			continue
		}
		if kind == matchRegex {
			root.regex = append(root.regex, route)
			continue
		}
		n := root
		for seg := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			if kind == matchPrefix && seg == "" {
				break // "/a/" and "/" cover what is below
			}
			if isParam(seg) {
				if n.param == nil {
					n.param = newNode()
				}
				n = n.param
				continue
			}
			if n.static[seg] == nil {
				n.static[seg] = newNode()
			}
			n = n.static[seg]
		}
		if kind == matchPrefix {
			n.prefix = append(n.prefix, route)
		} else {
			n.exact = append(n.exact, route)
		}
	}
}

func isParam(segment string) bool {
	return len(segment) > 2 && segment[0] == '{' && segment[len(segment)-1] == '}'
}

func (r *router) root(host, workspace string) *node {
	switch {
	case host == "":
		for _, n := range r.any {
			if n.owner == workspace {
				return n
			}
		}
		n := newNode()
		n.owner = workspace
		r.any = append(r.any, n)
		return n
	case strings.HasPrefix(host, "*."):
		return put(&r.suffixes, host[2:], workspace)
	}
	return put(&r.hosts, host, workspace)
}

func put(m *map[string]*node, key, workspace string) *node {
	if *m == nil {
		*m = map[string]*node{}
	}
	if (*m)[key] == nil {
		n := newNode()
		n.owner = workspace
		(*m)[key] = n
	}
	return (*m)[key]
}

// sort brings the routes of each place into the order in which they are
// tried: the more a route asks for, the earlier; the document decides the
// rest.
func (r *router) sort() {
	var walk func(*node)
	walk = func(n *node) {
		for _, list := range [][]*Route{n.exact, n.prefix, n.regex} {
			slices.SortStableFunc(list, func(a, b *Route) int {
				if d := b.conditions() - a.conditions(); d != 0 {
					return d
				}
				return a.place - b.place
			})
		}
		for _, c := range n.static {
			walk(c)
		}
		if n.param != nil {
			walk(n.param)
		}
	}
	for _, m := range []map[string]*node{r.hosts, r.suffixes} {
		for _, n := range m {
			walk(n)
		}
	}
	for _, n := range r.any {
		walk(n)
	}
}

// conditions is how much a route asks for besides host and path: an exact
// value more than a pattern, that more than mere presence, a method least.
func (r *Route) conditions() int {
	n := 0
	for _, list := range [][]fieldMatch{r.headers, r.query} {
		for i := range list {
			n += list[i].rank()
		}
	}
	if len(r.methods) > 0 {
		n++
	}
	return n
}

// find is the answer of a search.
type find struct {
	route *Route
	// other holds when the path is known, but not with this method or these
	// headers; allow are the methods it has.
	other bool
	allow []string
	// workspace is whose the host is; it is not known where nobody has it.
	workspace string
	known     bool
}

// match finds the route of x. Exact hosts go before suffixes, those before
// any host; within a host static segments go before parameters, whole paths
// before prefixes, longer prefixes before shorter, all of them before regular
// expressions; where several stand at one place, the one that asks for most.
func (r *router) match(x *Exchange) find {
	var f find
	if n := r.hosts[string(x.Host)]; n != nil && f.in(n) {
		if n.match(x, &f); f.route != nil {
			return f
		}
	}
	for host := x.Host; r.suffixes != nil; {
		i := bytes.IndexByte(host, '.')
		if i < 0 {
			break
		}
		host = host[i+1:]
		if n := r.suffixes[string(host)]; n != nil && f.in(n) {
			if n.match(x, &f); f.route != nil {
				return f
			}
		}
	}
	for _, n := range r.any {
		if f.known && n.owner != f.workspace {
			continue
		}
		if n.match(x, &f); f.route != nil {
			f.workspace, f.known = n.owner, true
			return f
		}
	}
	if !f.known {
		f.workspace = r.rest()
	}
	return f
}

// in takes a host's workspace for that of the search; a host of another one is
// passed over.
func (f *find) in(n *node) bool {
	if f.known {
		return n.owner == f.workspace
	}
	f.workspace, f.known = n.owner, true
	return true
}

// rest is whose calls are that come to a host of nobody: of the only
// workspace, or of the only one that takes any host.
func (r *router) rest() string {
	if len(r.any) == 1 {
		return r.any[0].owner
	}
	return r.one
}

// owner is whose a host is.
func (r *router) owner(host []byte) string {
	if n := r.hosts[string(host)]; n != nil {
		return n.owner
	}
	for r.suffixes != nil {
		i := bytes.IndexByte(host, '.')
		if i < 0 {
			break
		}
		host = host[i+1:]
		if n := r.suffixes[string(host)]; n != nil {
			return n.owner
		}
	}
	return r.rest()
}

func (n *node) match(x *Exchange, f *find) {
	if len(x.Path) == 0 || x.Path[0] != '/' {
		return
	}
	if n.walk(x, 1, 0, f) {
		return
	}
	for _, r := range n.regex {
		if r.regex.Match(x.Path) && r.take(x, f) {
			return
		}
	}
}

// walk goes down from the segment at offset at; depth counts parameters.
func (n *node) walk(x *Exchange, at, depth int, f *find) bool {
	if at > len(x.Path) { // behind the last segment
		return n.pick(n.exact, x, f) || n.pick(n.prefix, x, f)
	}
	end := bytes.IndexByte(x.Path[at:], '/')
	if end < 0 {
		end = len(x.Path)
	} else {
		end += at
	}
	if c := n.static[string(x.Path[at:end])]; c != nil && c.walk(x, end+1, depth, f) {
		return true
	}
	if n.param != nil && end > at && depth < maxParams {
		x.params[depth] = [2]int{at, end}
		if n.param.walk(x, end+1, depth+1, f) {
			return true
		}
	}
	return n.pick(n.prefix, x, f)
}

func (n *node) pick(list []*Route, x *Exchange, f *find) bool {
	for _, r := range list {
		if r.take(x, f) {
			return true
		}
	}
	return false
}

// take chooses the route if all its conditions hold.
func (r *Route) take(x *Exchange, f *find) bool {
	if len(r.methods) > 0 && !r.takesMethod(x) {
		f.other = true
		f.allow = append(f.allow, r.methods...)
		return false
	}
	for i := range r.headers {
		if !r.headers[i].holdsField(x.Fields) {
			return false
		}
	}
	for i := range r.query {
		if !r.query[i].holdsQuery(x.Query) {
			return false
		}
	}
	f.route, f.other = r, false
	return true
}

// takesMethod: HEAD goes where GET does (RFC 9110 9.3.2), and what a browser
// asks beforehand goes where the request would (Fetch standard, CORS-preflight).
func (r *Route) takesMethod(x *Exchange) bool {
	for _, m := range r.methods {
		if m == string(x.Method) || m == "GET" && string(x.Method) == "HEAD" {
			return true
		}
	}
	if !r.cors || string(x.Method) != "OPTIONS" {
		return false
	}
	asked, ok := x.value("access-control-request-method")
	return ok && slices.Contains(r.methods, string(asked))
}

// piece of a rewritten path: text, or the parameter with an index.
type piece struct {
	text  string
	param int // -1: text; -2: what is behind the prefix
}

// rewritten is the target to send: the path as the route wants it, the query
// as it came.
func (r *Route) rewritten(dst []byte, x *Exchange, prefix int) []byte {
	if r.rewrite == nil {
		return append(dst, x.Target...)
	}
	for _, p := range r.rewrite {
		switch {
		case p.param == -1:
			dst = append(dst, p.text...)
		case p.param == -2:
			dst = append(dst, x.Path[min(prefix, len(x.Path)):]...)
		default:
			at := x.params[p.param]
			dst = append(dst, x.Path[at[0]:at[1]]...)
		}
	}
	if len(x.Query) > 0 {
		dst = append(dst, '?')
		dst = append(dst, x.Query...)
	}
	return dst
}
