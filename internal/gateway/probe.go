package gateway

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// Probe is what one target answered to a question about its health.
type Probe struct {
	Target string        `json:"target"`
	Status int           `json:"status,omitempty" doc:"Absent when it did not answer."`
	Took   time.Duration `json:"took_ns"`
	Error  string        `json:"error,omitempty"`
}

// OK reports whether the target is well: 2xx or 3xx.
func (p Probe) OK() bool { return p.Error == "" && p.Status/100 >= 2 && p.Status/100 <= 3 }

// ProbeUpstream asks every target of an upstream for a path at once, each on a
// connection of its own, as the gateway speaks to it. With no path it only
// connects.
func (g *Gateway) ProbeUpstream(ctx context.Context, workspace, upstream, path string, timeout time.Duration) ([]Probe, error) {
	u := g.snap.Load().upstreams[workspace+" "+upstream]
	if u == nil {
		return nil, fmt.Errorf("there is no upstream %q in force", upstream)
	}
	if path != "" && (path[0] != '/' || !cleanPath([]byte(path))) {
		return nil, fmt.Errorf("%q is no path; it begins with / and has no query", path)
	}
	out := make([]Probe, len(u.targets))
	var wg sync.WaitGroup
	for i, t := range u.targets {
		wg.Go(func() { out[i] = t.probe(ctx, path, timeout) })
	}
	wg.Wait()
	return out, nil
}

func (t *target) probe(ctx context.Context, path string, timeout time.Duration) (p Probe) {
	start := time.Now()
	p.Target = t.addr
	defer func() { p.Took = time.Since(start) }()
	until := start.Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(until) {
		until = d
	}
	c, err := t.pool.connect(time.Until(until))
	if err != nil {
		p.Error = "it could not be reached: " + err.Error()
		return p
	}
	defer func() { _ = c.Close() }()
	if path == "" {
		return Probe{Target: t.addr, Status: 200}
	}
	_ = c.SetDeadline(until)
	if _, err := c.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: " + cmp.Or(t.host, t.addr) + "\r\nUser-Agent: hypercare-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n")); err != nil {
		p.Error = "it took no request: " + err.Error()
		return p
	}
	for {
		n, err := c.fill()
		if n == 0 && err != nil {
			p.Error = "it did not answer: " + err.Error()
			return p
		}
		size, err := c.head.ParseResponse(c.buf[c.r:c.w])
		switch {
		case err != nil:
			p.Error = "its answer could not be understood: " + err.Error()
			return p
		case size == 0 && c.w-c.r == len(c.buf):
			p.Error = "its answer could not be understood: " + h1.ErrTooLarge.Error()
			return p
		case size > 0 && c.head.Status/100 == 1:
			c.r += size
		case size > 0:
			p.Status = c.head.Status
			return p
		}
	}
}
