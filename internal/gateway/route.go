package gateway

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hypercare/hypercare/internal/gateway/h1"
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
	State     string // published, deprecated

	methods []string // empty: any
	headers []headerMatch
	pattern string // as written, for logs and metrics
	regex   *regexp.Regexp
	cut     int // length of the prefix that a rewrite replaces
	place   int // in the document: earlier wins where nothing else decides

	split    []share // where it goes
	rewrite  []piece // of the path; nil: as it came
	host     string  // Host sent to the upstream; "" for the target's own
	keepHost bool
	policies []namedPolicy
	headers2 []setHeader // added to answers, such as Sunset
	timeouts timeouts
	stats    *Stats
	logging  *Logging                 // nil: as usual
	overlay  atomic.Pointer[attached] // of a rollout; nil for none
}

// Pattern is the path of the route as it was written.
func (r *Route) Pattern() string { return r.pattern }

type headerMatch struct {
	name  string // lower case
	value string
	any   bool // present is enough
}

// router finds the route of a request: by host, then segment by segment in a
// tree, whose cost does not grow with the number of routes.
type router struct {
	hosts    map[string]*node // exact, lower case
	suffixes map[string]*node // "*.example.com" as "example.com"
	any      *node
}

// node is a place in the tree of paths.
type node struct {
	static map[string]*node
	param  *node
	exact  []*Route // a path that ends here
	prefix []*Route // and everything below
	regex  []*Route // only at the root
}

func newNode() *node { return &node{static: map[string]*node{}} }

// add puts a route under the hosts it is for ("" for any).
func (r *router) add(hosts []string, kind, path string, route *Route) {
	for _, host := range hosts {
		root := r.root(host)
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

func (r *router) root(host string) *node {
	switch {
	case host == "":
		if r.any == nil {
			r.any = newNode()
		}
		return r.any
	case strings.HasPrefix(host, "*."):
		return put(&r.suffixes, host[2:])
	}
	return put(&r.hosts, host)
}

func put(m *map[string]*node, key string) *node {
	if *m == nil {
		*m = map[string]*node{}
	}
	if (*m)[key] == nil {
		(*m)[key] = newNode()
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
	if r.any != nil {
		walk(r.any)
	}
}

func (r *Route) conditions() int {
	n := 2 * len(r.headers)
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
}

// match finds the route of x. Exact hosts go before suffixes, those before
// any host; within a host static segments go before parameters, whole paths
// before prefixes, longer prefixes before shorter, all of them before regular
// expressions.
func (r *router) match(x *Exchange) find {
	var f find
	if n := r.hosts[string(x.Host)]; n != nil {
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
		if n := r.suffixes[string(host)]; n != nil {
			if n.match(x, &f); f.route != nil {
				return f
			}
		}
	}
	if r.any != nil {
		r.any.match(x, &f)
	}
	return f
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
	if len(r.methods) > 0 && !slices.ContainsFunc(r.methods, func(m string) bool { return m == string(x.Method) }) {
		f.other = true
		f.allow = append(f.allow, r.methods...)
		return false
	}
	for i := range r.headers {
		if !r.headers[i].holds(x.Fields) {
			return false
		}
	}
	f.route, f.other = r, false
	return true
}

func (m *headerMatch) holds(fields []h1.Field) bool {
	for i := range fields {
		if h1.Is(fields[i].Name, m.name) && (m.any || string(fields[i].Value) == m.value) {
			return true
		}
	}
	return false
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
