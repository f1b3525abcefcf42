package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// Config is the one document that says what is published. It is kept, shown,
// compared and applied as YAML (or JSON, which is YAML).
type Config struct {
	Version   int        `yaml:"gateway" json:"gateway" doc:"Version of this format: 1."`
	Trusted   []string   `yaml:"trusted_proxies,omitempty" json:"trusted_proxies,omitempty" doc:"Addresses or networks whose X-Forwarded-For is believed."`
	Log       *LogPolicy `yaml:"log,omitempty" json:"log,omitempty" doc:"What the call log keeps, of APIs whose policies say nothing of it."`
	Upstreams []Upstream `yaml:"upstreams" json:"upstreams"`
	APIs      []API      `yaml:"apis" json:"apis"`
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
	c, err := decode(doc)
	if err != nil {
		if _, perr := parser.ParseBytes(doc, 0); perr != nil {
			return nil, Faults{{Line: lineOf(perr), Path: "document", Reason: "is no YAML: " + firstLineOf(yaml.FormatError(perr, false, false))}}
		}
		return nil, Faults{{Line: lineOf(err), Path: "document", Reason: firstLineOf(yaml.FormatError(err, false, false))}}
	}
	k := checker{doc: doc}
	k.config(c)
	if len(k.faults) > 0 {
		slices.SortStableFunc(k.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, k.faults
	}
	return c, nil
}

// decode reads a document without checking what it says.
func decode(doc []byte) (*Config, error) {
	c := &Config{}
	if err := yaml.NewDecoder(bytes.NewReader(doc), yaml.Strict()).Decode(c); err != nil {
		return nil, err
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
	doc       []byte
	file      *ast.File // of doc, read when the first line is looked for
	faults    Faults
	upstreams map[string]bool // by name
	openapi   string          // document of the API that is being checked
}

func (k *checker) fault(path, format string, args ...any) {
	f := Fault{Path: path, Reason: fmt.Sprintf(format, args...)}
	if k.file == nil {
		k.file, _ = parser.ParseBytes(k.doc, 0) // decoded before, so it can be parsed
	}
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

// FaultAt is a fault that another package found in a document, with its line.
func FaultAt(doc []byte, path, format string, args ...any) Fault {
	k := checker{doc: doc}
	k.fault(path, format, args...)
	return k.faults[0]
}

// durations checks those of one part of the document.
func (k *checker) durations(path string, list map[string]Duration) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if list[name] < 0 {
			k.fault(path+"."+name, "this is no duration; write it as 500ms, 2s or 1m")
		}
	}
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
	k.upstreams = ups
	apis := map[string]bool{}
	if c.Log != nil {
		k.logging("log", c.Log)
	}
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
