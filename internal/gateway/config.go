package gateway

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Config is the one document that says what is published. It is kept, shown,
// compared and applied as YAML (or JSON, which is YAML).
type Config struct {
	Version   int        `yaml:"gateway" json:"gateway" doc:"Version of this format: 1."`
	Trusted   []string   `yaml:"trusted_proxies,omitempty" json:"trusted_proxies,omitempty" doc:"Addresses or networks whose X-Forwarded-For is believed."`
	Upstreams []Upstream `yaml:"upstreams" json:"upstreams"`
	APIs      []API      `yaml:"apis" json:"apis"`
}

// Upstream is where requests go.
type Upstream struct {
	Name    string   `yaml:"name" json:"name"`
	Targets []Target `yaml:"targets" json:"targets"`
	Balance string   `yaml:"balance,omitempty" json:"balance,omitempty" doc:"round_robin (default, by weight), least_outstanding, hash."`
	HashOn  string   `yaml:"hash_on,omitempty" json:"hash_on,omitempty" doc:"For hash: ip (default), path, header:NAME."`
	Retries *Retries `yaml:"retries,omitempty" json:"retries,omitempty"`
	Eject   *Eject   `yaml:"eject,omitempty" json:"eject,omitempty" doc:"Leaves a target alone that fails in a row."`
	Breaker *Breaker `yaml:"breaker,omitempty" json:"breaker,omitempty"`
	Most    int64    `yaml:"max_concurrent,omitempty" json:"max_concurrent,omitempty" doc:"Requests under way at once; more are refused with 503."`
	Slow    Duration `yaml:"slow_start,omitempty" json:"slow_start,omitempty" doc:"How long a target that came back takes to get its whole share."`
	Idle    int      `yaml:"idle_connections,omitempty" json:"idle_connections,omitempty" doc:"Kept open for the next request, for each target; 256 when absent."`
}

// Target is one address of an upstream.
type Target struct {
	URL    string `yaml:"url" json:"url" doc:"http://host:port or https://host:port."`
	Weight int    `yaml:"weight,omitempty" json:"weight,omitempty" doc:"1 when absent."`
}

// Retries say when a request is tried again.
type Retries struct {
	Attempts int      `yaml:"attempts,omitempty" json:"attempts,omitempty" doc:"In all; 2 when absent, 1 for none."`
	Statuses []int    `yaml:"statuses,omitempty" json:"statuses,omitempty" doc:"Answers that are worth another try, such as 503."`
	Methods  []string `yaml:"methods,omitempty" json:"methods,omitempty" doc:"Besides the idempotent ones."`
	Budget   float64  `yaml:"budget,omitempty" json:"budget,omitempty" doc:"Retries per request, 0.2 when absent."`
}

// Eject says when a target is left alone.
type Eject struct {
	Failures int      `yaml:"failures" json:"failures" doc:"In a row."`
	Base     Duration `yaml:"for,omitempty" json:"for,omitempty" doc:"The first time; doubled each time after. 10s when absent."`
	Most     Duration `yaml:"at_most,omitempty" json:"at_most,omitempty" doc:"5m when absent."`
}

// Breaker says when an upstream is left alone.
type Breaker struct {
	Share float64  `yaml:"failures" json:"failures" doc:"Share of failed requests that opens it, 0 to 1."`
	Least int      `yaml:"min_calls,omitempty" json:"min_calls,omitempty" doc:"20 when absent."`
	Span  Duration `yaml:"window,omitempty" json:"window,omitempty" doc:"10s when absent."`
	Rest  Duration `yaml:"open_for,omitempty" json:"open_for,omitempty" doc:"5s when absent."`
}

// API is a published interface in one version.
type API struct {
	Name     string   `yaml:"name" json:"name"`
	Version  string   `yaml:"version,omitempty" json:"version,omitempty"`
	State    string   `yaml:"state,omitempty" json:"state,omitempty" doc:"published (default), deprecated, draft or retired: the last two serve nothing."`
	Hosts    []string `yaml:"hosts,omitempty" json:"hosts,omitempty" doc:"example.com or *.example.com; absent: any."`
	Base     string   `yaml:"base,omitempty" json:"base,omitempty" doc:"In front of every path."`
	Upstream string   `yaml:"upstream,omitempty" json:"upstream,omitempty" doc:"Of the routes that name none."`
	Sunset   string   `yaml:"sunset,omitempty" json:"sunset,omitempty" doc:"When it ends: a date, sent as Sunset (RFC 8594)."`
	Timeouts Timeouts `yaml:"timeouts,omitempty" json:"timeouts,omitempty"`
	KeepHost bool     `yaml:"keep_host,omitempty" json:"keep_host,omitempty" doc:"Send the client's Host to the upstream."`
	Strip    bool     `yaml:"strip_base,omitempty" json:"strip_base,omitempty" doc:"Cut base off before the upstream sees the path."`
	Policies Policies `yaml:"policies,omitempty" json:"policies,omitempty"`
	Routes   []RouteC `yaml:"routes" json:"routes"`
}

// RouteC is one route as it is written.
type RouteC struct {
	Name     string            `yaml:"name" json:"name"`
	Path     string            `yaml:"path,omitempty" json:"path,omitempty" doc:"Whole path; {name} stands for one segment."`
	Prefix   string            `yaml:"prefix,omitempty" json:"prefix,omitempty" doc:"Start of the path."`
	Regex    string            `yaml:"regex,omitempty" json:"regex,omitempty" doc:"RE2 over the whole path."`
	Methods  []string          `yaml:"methods,omitempty" json:"methods,omitempty"`
	Headers  map[string]string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Name to value; * for any."`
	Upstream string            `yaml:"upstream,omitempty" json:"upstream,omitempty"`
	Split    []Split           `yaml:"split,omitempty" json:"split,omitempty" doc:"Shares of several upstreams."`
	Rewrite  string            `yaml:"rewrite,omitempty" json:"rewrite,omitempty" doc:"Path for the upstream, with the {names} of path; for a prefix what replaces it."`
	Host     string            `yaml:"host,omitempty" json:"host,omitempty" doc:"Host for the upstream."`
	Timeouts Timeouts          `yaml:"timeouts,omitempty" json:"timeouts,omitempty"`
	Policies Policies          `yaml:"policies,omitempty" json:"policies,omitempty"`
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

// Policies are what a request must meet.
type Policies struct {
	CORS      *CORSPolicy    `yaml:"cors,omitempty" json:"cors,omitempty"`
	Key       *KeyPolicy     `yaml:"key,omitempty" json:"key,omitempty" doc:"Asks for a key of an application."`
	Limit     *LimitPolicy   `yaml:"limit,omitempty" json:"limit,omitempty"`
	Headers   *HeaderPolicy  `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Changes the request on its way."`
	Addresses *AddressPolicy `yaml:"addresses,omitempty" json:"addresses,omitempty"`
	MaxBody   string         `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"Largest body, such as 1MB."`
}

// KeyPolicy asks for a key.
type KeyPolicy struct {
	Header string `yaml:"header,omitempty" json:"header,omitempty" doc:"X-API-Key when absent; Authorization takes Bearer."`
	Query  string `yaml:"query,omitempty" json:"query,omitempty" doc:"Parameter that is taken as well."`
}

// LimitPolicy bounds a rate.
type LimitPolicy struct {
	Rate  string            `yaml:"rate" json:"rate" doc:"Requests per time, such as 10/s, 600/m, 1000/h." example:"10/s"`
	Burst int64             `yaml:"burst,omitempty" json:"burst,omitempty" doc:"How many at once; the rate's number when absent."`
	By    string            `yaml:"by,omitempty" json:"by,omitempty" doc:"key (default with a key), application, ip (default without), route."`
	Plans map[string]string `yaml:"plans,omitempty" json:"plans,omitempty" doc:"Plan of the application to rate."`
}

// CORSPolicy lets pages of other origins call.
type CORSPolicy struct {
	Origins     []string `yaml:"origins" json:"origins" doc:"https://example.com, or * for any."`
	Methods     []string `yaml:"methods,omitempty" json:"methods,omitempty" doc:"GET, HEAD, POST, PUT, PATCH, DELETE when absent."`
	Headers     []string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"What is asked for when absent."`
	Expose      []string `yaml:"expose,omitempty" json:"expose,omitempty"`
	Credentials bool     `yaml:"credentials,omitempty" json:"credentials,omitempty"`
	MaxAge      Duration `yaml:"max_age,omitempty" json:"max_age,omitempty" doc:"10m when absent."`
}

// HeaderPolicy changes fields of the request.
type HeaderPolicy struct {
	Set    map[string]string `yaml:"set,omitempty" json:"set,omitempty"`
	Remove []string          `yaml:"remove,omitempty" json:"remove,omitempty"`
}

// AddressPolicy lets in or keeps out.
type AddressPolicy struct {
	Allow []string `yaml:"allow,omitempty" json:"allow,omitempty"`
	Deny  []string `yaml:"deny,omitempty" json:"deny,omitempty"`
}

// Duration is written as 1s, 500ms, 2m.
type Duration time.Duration

// UnmarshalYAML implements yaml.BytesUnmarshaler.
func (d *Duration) UnmarshalYAML(b []byte) error {
	s := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		v = badDuration // refused by the checker, which knows the line
	}
	*d = Duration(v)
	return nil
}

const badDuration = -1

// MarshalYAML implements yaml.BytesMarshaler.
func (d Duration) MarshalYAML() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Fault is one thing that is wrong with a document, and where.
type Fault struct {
	Line   int    `json:"line,omitempty"`
	Path   string `json:"path" example:"apis[0].routes[2].upstream"`
	Reason string `json:"reason"`
}

// Error implements error.
func (f Fault) Error() string {
	if f.Line > 0 {
		return fmt.Sprintf("line %d, %s: %s", f.Line, f.Path, f.Reason)
	}
	return fmt.Sprintf("%s: %s", f.Path, f.Reason)
}

// Faults are all that is wrong: such a document is refused whole.
type Faults []Fault

// Error implements error.
func (f Faults) Error() string {
	list := make([]string, len(f))
	for i, x := range f {
		list[i] = x.Error()
	}
	return strings.Join(list, "\n")
}

// maxDocument bounds a document's size in bytes.
const maxDocument = 8 << 20

// Parse reads a document and checks it. Every fault is told with its line.
func Parse(doc []byte) (*Config, error) {
	if len(doc) > maxDocument {
		return nil, Faults{{Path: "document", Reason: fmt.Sprintf("is larger than %d MB", maxDocument>>20)}}
	}
	file, err := parser.ParseBytes(doc, 0)
	if err != nil {
		return nil, Faults{{Line: lineOf(err), Path: "document", Reason: "is no YAML: " + firstLineOf(yaml.FormatError(err, false, false))}}
	}
	c := &Config{}
	if err := yaml.NewDecoder(bytes.NewReader(doc), yaml.Strict()).Decode(c); err != nil {
		return nil, Faults{{Line: lineOf(err), Path: "document", Reason: firstLineOf(yaml.FormatError(err, false, false))}}
	}
	k := checker{file: file}
	k.config(c)
	if len(k.faults) > 0 {
		slices.SortStableFunc(k.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, k.faults
	}
	return c, nil
}

func firstLineOf(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if i := strings.Index(line, "] "); i >= 0 && strings.HasPrefix(line, "[") {
		line = line[i+2:]
	}
	return line
}

func lineOf(err error) int {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		return e.GetToken().Position.Line
	}
	return 0
}

// checker gathers faults.
type checker struct {
	file   *ast.File
	faults Faults
}

func (k *checker) fault(path, format string, args ...any) {
	f := Fault{Path: path, Reason: fmt.Sprintf(format, args...)}
	if p, err := yaml.PathString("$." + path); err == nil && k.file != nil {
		for {
			if n, err := p.FilterFile(k.file); err == nil && n != nil && n.GetToken() != nil {
				f.Line = n.GetToken().Position.Line
				break
			}
			i := strings.LastIndexAny(path, ".[")
			if i < 0 {
				break
			}
			path = path[:i]
			if p, err = yaml.PathString("$." + path); err != nil {
				break
			}
		}
	}
	k.faults = append(k.faults, f)
}

// durations checks those of one part of the document.
func (k *checker) durations(path string, list map[string]Duration) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if list[name] < 0 {
			k.fault(path+"."+name, "this is no duration; write it as 500ms, 2s or 1m")
		}
	}
}

func (k *checker) timeouts(path string, t Timeouts) {
	k.durations(path, map[string]Duration{"connect": t.Connect, "try": t.Try, "total": t.Total, "idle": t.Idle})
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func (k *checker) name(path, name string, seen map[string]bool) {
	switch {
	case !nameForm.MatchString(name):
		k.fault(path, "%q is no name: letters, digits, dots, dashes and underscores, at most 100", name)
	case seen[name]:
		k.fault(path, "there are two with the name %q", name)
	}
	seen[name] = true
}

func (k *checker) config(c *Config) {
	if c.Version != 1 {
		k.fault("gateway", "the version of this format is 1, not %d", c.Version)
	}
	for i, t := range c.Trusted {
		k.network(fmt.Sprintf("trusted_proxies[%d]", i), t)
	}
	ups := map[string]bool{}
	for i, u := range c.Upstreams {
		path := fmt.Sprintf("upstreams[%d]", i)
		k.name(path+".name", u.Name, ups)
		k.upstream(path, u)
	}
	apis := map[string]bool{}
	for i, a := range c.APIs {
		path := fmt.Sprintf("apis[%d]", i)
		k.name(path+".name", a.Name, map[string]bool{})
		if id := a.Name + " " + a.Version; apis[id] {
			k.fault(path+".version", "there are two of %s in version %q", a.Name, a.Version)
		} else {
			apis[id] = true
		}
		k.api(path, a, ups)
	}
}

func (k *checker) network(path, s string) netip.Prefix {
	p, err := network(s)
	if err != nil {
		k.fault(path, "%q is neither an address nor a network such as 10.0.0.0/8", s)
	}
	return p
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func (k *checker) upstream(path string, u Upstream) {
	if len(u.Targets) == 0 {
		k.fault(path+".targets", "an upstream needs at least one target")
	}
	seen := map[string]bool{}
	for i, t := range u.Targets {
		at := fmt.Sprintf("%s.targets[%d]", path, i)
		if _, _, err := targetOf(t.URL); err != nil {
			k.fault(at+".url", "%v", err)
		}
		if seen[t.URL] {
			k.fault(at+".url", "%s is there twice; give it more weight instead", t.URL)
		}
		seen[t.URL] = true
		if t.Weight < 0 || t.Weight > 1000 {
			k.fault(at+".weight", "a weight is from 1 to 1000")
		}
	}
	switch u.Balance {
	case "", roundRobin, leastOutstanding, consistentHash:
	default:
		k.fault(path+".balance", "there is no way %q to balance; use round_robin, least_outstanding or hash", u.Balance)
	}
	if _, err := hashOf(u.HashOn); err != nil {
		k.fault(path+".hash_on", "%v", err)
	}
	if r := u.Retries; r != nil {
		if r.Attempts < 0 || r.Attempts > 5 {
			k.fault(path+".retries.attempts", "attempts are from 1 to 5")
		}
		if r.Budget < 0 || r.Budget > 1 {
			k.fault(path+".retries.budget", "a budget is a share from 0 to 1")
		}
		for i, s := range r.Statuses {
			if s < 400 || s > 599 {
				k.fault(fmt.Sprintf("%s.retries.statuses[%d]", path, i), "only answers from 400 to 599 can be tried again")
			}
		}
	}
	if b := u.Breaker; b != nil && (b.Share <= 0 || b.Share > 1) {
		k.fault(path+".breaker.failures", "the share of failures is above 0 and at most 1")
	}
	k.durations(path, map[string]Duration{"slow_start": u.Slow})
	if b := u.Breaker; b != nil {
		k.durations(path+".breaker", map[string]Duration{"window": b.Span, "open_for": b.Rest})
	}
	if e := u.Eject; e != nil {
		k.durations(path+".eject", map[string]Duration{"for": e.Base, "at_most": e.Most})
	}
	if u.Eject != nil && (u.Eject.Failures < 1 || u.Eject.Failures > 1000) {
		k.fault(path+".eject.failures", "failures in a row are from 1 to 1000")
	}
}

// targetOf reads the address of a target.
func targetOf(s string) (addr string, secure bool, err error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "":
		return "", false, fmt.Errorf("%q is no address; write http://host:port", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", false, fmt.Errorf("%q has to begin with http:// or https://", s)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		return "", false, fmt.Errorf("%q has to be host and port only; use rewrite for paths", s)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", false, fmt.Errorf("%q has no valid port", s)
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", nil
}

func hashOf(s string) (hashKey, error) {
	switch {
	case s == "" || s == "ip":
		return hashKey{kind: "ip"}, nil
	case s == "path":
		return hashKey{kind: "path"}, nil
	case strings.HasPrefix(s, "header:") && len(s) > 7:
		return hashKey{kind: "header", name: strings.ToLower(s[7:])}, nil
	}
	return hashKey{}, fmt.Errorf("%q can't be hashed on; use ip, path or header:NAME", s)
}

func (k *checker) api(path string, a API, ups map[string]bool) {
	switch a.State {
	case "", "published", "deprecated", "draft", "retired":
	default:
		k.fault(path+".state", "there is no state %q; use draft, published, deprecated or retired", a.State)
	}
	for i, h := range a.Hosts {
		if h == "" || strings.ContainsAny(h, "/: ") || strings.Contains(strings.TrimPrefix(h, "*."), "*") {
			k.fault(fmt.Sprintf("%s.hosts[%d]", path, i), "%q is no host; write example.com or *.example.com, without a port", h)
		}
	}
	if a.Base != "" && (a.Base[0] != '/' || !cleanPath([]byte(a.Base)) || strings.ContainsAny(a.Base, "{}?#")) {
		k.fault(path+".base", "%q is no start of a path; write it as /orders", a.Base)
	}
	if a.Sunset != "" {
		if _, err := time.Parse(time.DateOnly, a.Sunset); err != nil {
			k.fault(path+".sunset", "%q is no date; write it as 2027-03-31", a.Sunset)
		}
	}
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
	switch {
	case r.Upstream != "" && len(r.Split) > 0:
		k.fault(path+".split", "a route has either upstream or split")
	case r.Upstream == "" && a.Upstream == "" && len(r.Split) == 0:
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

func (k *checker) policies(path string, p Policies) {
	if a := p.Addresses; a != nil {
		for i, s := range a.Allow {
			k.network(fmt.Sprintf("%s.addresses.allow[%d]", path, i), s)
		}
		for i, s := range a.Deny {
			k.network(fmt.Sprintf("%s.addresses.deny[%d]", path, i), s)
		}
	}
	if l := p.Limit; l != nil {
		k.limit(path+".limit", *l)
	}
	if c := p.CORS; c != nil {
		k.cors(path+".cors", *c)
	}
	if h := p.Headers; h != nil {
		for _, name := range slices.Concat(slices.Sorted(maps.Keys(h.Set)), h.Remove) {
			if !headerForm.MatchString(name) || reserved[strings.ToLower(name)] {
				k.fault(path+".headers", "%q can't be set or removed here", name)
			}
		}
		for name, v := range h.Set {
			if strings.ContainsAny(v, "\r\n\x00") {
				k.fault(path+".headers.set", "the value of %s has a line break", name)
			}
		}
	}
	if q := p.Key; q != nil && q.Header != "" && (!headerForm.MatchString(q.Header) || reserved[strings.ToLower(q.Header)]) {
		k.fault(path+".key.header", "%q can't carry a key", q.Header)
	}
	if p.MaxBody != "" {
		if _, err := bytesOf(p.MaxBody); err != nil {
			k.fault(path+".max_body", "%v", err)
		}
	}
}

var headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

// reserved are fields that frame the message or that the gateway writes.
var reserved = map[string]bool{"host": true, "content-length": true, "transfer-encoding": true, "connection": true, "upgrade": true, "te": true, "trailer": true,
	"keep-alive": true, "proxy-connection": true, "expect": true, "x-request-id": true, "traceparent": true, "x-forwarded-for": true, "x-forwarded-proto": true, "x-forwarded-host": true}

func (k *checker) limit(path string, l LimitPolicy) {
	if _, _, err := rateOf(l.Rate); err != nil {
		k.fault(path+".rate", "%v", err)
	}
	for _, plan := range slices.Sorted(maps.Keys(l.Plans)) {
		if _, _, err := rateOf(l.Plans[plan]); err != nil {
			k.fault(path+".plans", "%v", err)
		}
	}
	switch l.By {
	case "", "key", "application", "ip", "route":
	default:
		k.fault(path+".by", "there is no %q to limit by; use key, application, ip or route", l.By)
	}
	if l.Burst < 0 || l.Burst > 1_000_000 {
		k.fault(path+".burst", "a burst is from 1 to 1000000")
	}
}

// rateOf reads 10/s, 600/m, 1000/h, 10000/d.
func rateOf(s string) (count int64, per time.Duration, err error) {
	n, unit, _ := strings.Cut(s, "/")
	per = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	count, err = strconv.ParseInt(n, 10, 32)
	if err != nil || count < 1 || per == 0 || time.Duration(count) > per {
		return 0, 0, fmt.Errorf("%q is no rate; write it as 10/s, 600/m or 1000/h", s)
	}
	return count, per, nil
}

func (k *checker) cors(path string, c CORSPolicy) {
	if len(c.Origins) == 0 {
		k.fault(path+".origins", "name at least one origin, or * for any")
	}
	for i, o := range c.Origins {
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https") {
			k.fault(fmt.Sprintf("%s.origins[%d]", path, i), "%q is no origin; write it as https://example.com", o)
		}
		if o == "*" && c.Credentials {
			k.fault(path+".credentials", "any origin with credentials would open the API to every page; name the origins")
		}
	}
	for _, v := range slices.Concat(c.Headers, c.Expose, c.Methods) {
		if !headerForm.MatchString(v) {
			k.fault(path, "%q is neither a method nor a header", v)
		}
	}
	k.durations(path, map[string]Duration{"max_age": c.MaxAge})
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

// bytesOf reads 512, 64kB, 10MB, 1GB.
func bytesOf(s string) (int64, error) {
	num := strings.TrimRight(s, "kKMGB")
	n, err := strconv.ParseInt(num, 10, 40)
	unit, ok := map[string]int64{"": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1e6, "GB": 1e9}[s[len(num):]]
	if err != nil || !ok || n < 0 {
		return 0, fmt.Errorf("%q is no size; write it as 64kB or 10MB", s)
	}
	return n * unit, nil
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

func tlsConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
}
