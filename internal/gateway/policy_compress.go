package gateway

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// CompressPolicy compresses answers for clients that take it.
type CompressPolicy struct {
	Types   []string `yaml:"types,omitempty" json:"types,omitempty" doc:"Media types, such as application/json or text/*; what is usually text when absent. Event streams are never compressed."`
	Codings []string `yaml:"codings,omitempty" json:"codings,omitempty" doc:"zstd and gzip, the one that is liked better first; both when absent."`
	MinSize string   `yaml:"min_size,omitempty" json:"min_size,omitempty" doc:"Smaller answers stay as they are; 1kB when absent."`
	Level   int      `yaml:"level,omitempty" json:"level,omitempty" doc:"Of gzip, 1 (fast) to 9; 5 when absent."`
}

// compressible are the types that are compressed where a policy names none.
var compressible = []string{"text/*", "application/json", "application/*+json", "application/xml", "application/*+xml", "application/javascript",
	"application/graphql-response+json", "application/x-ndjson", "application/wasm", "image/svg+xml"}

var compressKind = policyKind{
	name: "compress",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		c := p.Compress
		if c == nil {
			return
		}
		for i, s := range c.Codings {
			if s != codingGzip && s != codingZstd {
				k.fault(fmt.Sprintf("%s.compress.codings[%d]", path, i), "there is no coding %q here; use zstd or gzip", s)
			}
		}
		for i, s := range c.Types {
			if main, sub, ok := strings.Cut(s, "/"); !ok || main == "" || sub == "" || strings.ContainsAny(s, " ;,") {
				k.fault(fmt.Sprintf("%s.compress.types[%d]", path, i), "%q is no media type; write application/json or text/*", s)
			}
		}
		if _, err := bytesOf(c.MinSize); c.MinSize != "" && err != nil {
			k.fault(path+".compress.min_size", "%v", err)
		}
		if c.Level < 0 || c.Level > 9 {
			k.fault(path+".compress.level", "a level is from 1 to 9")
		}
	},
	build: func(_ *building, p *Policies) policy {
		c := p.Compress
		if c == nil {
			return nil
		}
		out := &compress{types: c.Types, codings: c.Codings, least: 1000, gzip: gzipPools[5]}
		if len(out.types) == 0 {
			out.types = compressible
		}
		if len(out.codings) == 0 {
			out.codings = []string{codingZstd, codingGzip}
		}
		if c.MinSize != "" {
			out.least, _ = bytesOf(c.MinSize)
		}
		if c.Level > 0 {
			out.gzip = gzipPools[c.Level]
		}
		return out
	},
}

// The codings that answers are compressed with (RFC 1952, RFC 8878).
const (
	codingGzip = "gzip"
	codingZstd = "zstd"
)

// compress compresses answers.
type compress struct {
	types   []string // lower case; * stands for anything in its half
	codings []string
	least   int64
	gzip    *sync.Pool
}

func (p *compress) check(x *Exchange) *refusal {
	if x.grpc || len(x.upgrade) > 0 {
		return nil
	}
	accepted, _ := joined(x.Fields, "accept-encoding")
	c := &compressing{x: x, policy: p, coding: chooseCoding(accepted, p.codings)}
	x.wrap(func(inner lane) lane { c.lane = inner; return c })
	x.atEnd(c.release)
	return nil
}

// chooseCoding reads Accept-Encoding (RFC 9110 12.5.3) and returns the coding
// that the client likes best, of equals the first; "" for none.
func chooseCoding(accepted string, codings []string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(accepted, ",") {
		name, params, _ := strings.Cut(part, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "" {
			continue
		}
		if name == "x-gzip" {
			name = codingGzip
		}
		q := 1.0
		if k, v, ok := strings.Cut(params, "="); ok && strings.EqualFold(strings.TrimSpace(k), "q") {
			v, _, _ = strings.Cut(v, ";")
			var err error
			if q, err = strconv.ParseFloat(strings.TrimSpace(v), 64); err != nil || q < 0 || q > 1 || q != q {
				q = 0 // what can't be read is not asked for
			}
		}
		weights[name] = q
	}
	best, weight := "", 0.0
	for _, c := range codings {
		q, said := weights[c]
		if !said {
			q = weights["*"]
		}
		if q > weight {
			best, weight = c, q
		}
	}
	if weight < weights["identity"] {
		return ""
	}
	return best
}

// takes reports whether a media type is one of those that are compressed.
func (p *compress) takes(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind == "text/event-stream" || kind == "" {
		return false
	}
	main, sub, _ := strings.Cut(kind, "/")
	return slices.ContainsFunc(p.types, func(t string) bool {
		m, s, _ := strings.Cut(t, "/")
		if i := strings.IndexByte(s, '*'); i >= 0 {
			return m == main && strings.HasPrefix(sub, s[:i]) && strings.HasSuffix(sub, s[i+1:])
		}
		return t == kind
	})
}

// compressing is a lane that compresses what is sent.
type compressing struct {
	lane
	x      *Exchange
	policy *compress
	coding string // that the client takes; "" for none

	to    encoder // nil: the answer is sent as it is
	pool  *sync.Pool
	buf   bytes.Buffer
	flush bool // each piece goes out at once
}

// encoder is a compressor.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// gzipPools keep compressors by level; each has buffers of some 800 kB.
var gzipPools = func() (list [10]*sync.Pool) {
	for level := range list {
		list[level] = &sync.Pool{New: func() any {
			w, err := gzip.NewWriterLevel(io.Discard, max(level, 1))
			if err != nil {
				return nil
			}
			return w
		}}
	}
	return list
}()

var zstdPool = &sync.Pool{New: func() any {
	// A window that browsers take (RFC 9659), without goroutines of its own.
	w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil
	}
	return w
}}

// answer implements lane.
func (c *compressing) answer(r *reply) error {
	kind, _ := joined(r.fields, "content-type")
	if r.status == 304 {
		// It stands for what a whole answer would have been.
		if c.coding != "" {
			out := *r
			out.fields, out.skip = varyOn(r.endToEnd(), "Accept-Encoding"), nil
			weaken(out.fields)
			r = &out
		}
		return c.lane.answer(r)
	}
	if noBody(r.status) || r.status == 206 || !c.policy.takes(kind) || c.barred(r.fields) {
		return c.lane.answer(r)
	}
	out := *r
	out.fields, out.skip = varyOn(r.endToEnd(), "Accept-Encoding"), nil
	size := r.length
	head := string(c.x.Method) == "HEAD"
	if r.last && !head {
		size = int64(len(r.body))
	}
	known := r.framing == framedLength || r.last && !head
	if c.coding == "" || known && size < c.policy.least || head && !known {
		return c.lane.answer(&out)
	}
	out.fields = append(out.fields, h1.Field{Name: []byte("Content-Encoding"), Value: []byte(c.coding)})
	out.fields = removeField(removeField(out.fields, "Accept-Ranges"), "Content-Digest")
	weaken(out.fields)
	if head {
		out.framing = framedNone // how long it would be nobody knows
		return c.lane.answer(&out)
	}
	if err := c.open(); err != nil {
		return err
	}
	c.flush = r.framing != framedLength
	if r.last {
		b, err := c.encode(r.body, true)
		if err != nil {
			return err
		}
		if len(r.trailers) == 0 {
			out.framing, out.length = framedLength, int64(len(b))
		}
		out.body = b
		return c.lane.answer(&out)
	}
	out.framing, out.length = framedContent, 0
	b, err := c.encode(r.body, false)
	if err != nil {
		return err
	}
	out.body = b
	return c.lane.answer(&out)
}

// barred reports whether an answer must stay as it is: it is coded already, is
// a part, or says so (RFC 9111 5.2.2.6).
func (c *compressing) barred(fields []h1.Field) bool {
	if v, ok := joined(fields, "content-encoding"); ok && !strings.EqualFold(v, "identity") {
		return true
	}
	if _, ok := joined(fields, "content-range"); ok {
		return true
	}
	v, _ := joined(fields, "cache-control")
	return strings.Contains(strings.ToLower(v), "no-transform")
}

func (c *compressing) open() error {
	c.pool = c.policy.gzip
	if c.coding == codingZstd {
		c.pool = zstdPool
	}
	w, ok := c.pool.Get().(encoder)
	if !ok {
		return fmt.Errorf("make a compressor for %s", c.coding)
	}
	w.Reset(&c.buf)
	c.to = w
	return nil
}

// encode compresses a piece; what comes back holds until the next.
func (c *compressing) encode(b []byte, last bool) ([]byte, error) {
	c.buf.Reset()
	if len(b) > 0 {
		if _, err := c.to.Write(b); err != nil {
			return nil, err
		}
	}
	var err error
	switch {
	case last:
		err = c.to.Close()
	case c.flush && len(b) > 0:
		err = c.to.Flush()
	}
	return c.buf.Bytes(), err
}

// send implements lane.
func (c *compressing) send(b []byte) error {
	if c.to == nil {
		return c.lane.send(b)
	}
	b, err := c.encode(b, false)
	if err != nil || len(b) == 0 {
		return err
	}
	return c.lane.send(b)
}

// finish implements lane.
func (c *compressing) finish(b []byte, trailers []h1.Field) error {
	if c.to == nil {
		return c.lane.finish(b, trailers)
	}
	b, err := c.encode(b, true)
	if err != nil {
		return err
	}
	return c.lane.finish(b, trailers)
}

// release gives the compressor back, also when the answer broke off.
func (c *compressing) release() {
	if c.to != nil {
		c.to.Reset(io.Discard)
		c.pool.Put(c.to)
		c.to = nil
	}
}

// varyOn adds a name to Vary (RFC 9110 12.5.5) unless it is there. The fields
// are the caller's own.
func varyOn(fields []h1.Field, name string) []h1.Field {
	for i := range fields {
		if !h1.Is(fields[i].Name, "vary") {
			continue
		}
		for v := range strings.SplitSeq(string(fields[i].Value), ",") {
			if v = strings.TrimSpace(v); v == "*" || strings.EqualFold(v, name) {
				return fields
			}
		}
	}
	return append(fields, h1.Field{Name: []byte("Vary"), Value: []byte(name)})
}
