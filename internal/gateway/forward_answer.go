package gateway

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// pass passes the answer's body on.
func (f *forwarding) pass(t *target, c *upConn, up *upload) outcome {
	x := f.x
	h := &c.head
	none := h.NoBody(string(x.Method) == "HEAD")
	c.body.Start(h, true, none)
	r := reply{status: h.Status, reason: h.Reason, fields: h.Fields, skip: h}
	switch {
	case none && string(x.Method) == "HEAD" && h.Length >= 0:
		r.framing, r.length = framedLength, h.Length
	case none:
		r.framing = framedNone
	case h.Chunked && x.Proto == HTTP11 && x.fast && !x.content:
		r.framing = framedChunks
	case h.Length >= 0:
		r.framing, r.length = framedLength, h.Length
	default:
		r.framing = framedContent
	}
	b, err := f.piece(c, r.framing)
	if err != nil {
		_ = c.Close()
		x.Err = UpstreamBad
		f.g.reject(x, 502, UpstreamBad, reasonOf(UpstreamBad))
		return spoiled
	}
	if r.body, r.last = b, c.body.Done(); r.last {
		r.trailers = passable(c.body.Trailers(nil))
	}
	x.Status = h.Status
	if l := x.Route.logging; l != nil && l.Release != "" {
		if v, ok := h.Get(l.Release); ok {
			x.Release = string(v)
		}
	}
	if err := x.lane.answer(&r); err != nil {
		_ = c.Close()
		x.left(err)
		return clientLeft
	}
	for !r.last {
		n, err := f.await(c)
		if errors.Is(err, errClientGone) {
			_ = c.Close()
			x.Err = ClientGone
			return clientLeft
		}
		if n == 0 && err != nil {
			if !errors.Is(err, io.EOF) || c.body.EOF() != nil {
				// Half an answer must not look like a whole one.
				_ = c.Close()
				x.Err, x.close = UpstreamReset, true
				if isTimeout(err) {
					x.Err = TimedOut
				}
				return spoiled
			}
			h.Close = true
		}
		b, err := f.piece(c, r.framing)
		if err != nil {
			_ = c.Close()
			x.Err, x.close = UpstreamBad, true
			return spoiled
		}
		if r.last = c.body.Done(); r.last {
			err = x.lane.finish(b, passable(c.body.Trailers(nil)))
		} else {
			err = x.lane.send(b)
		}
		if err != nil {
			_ = c.Close()
			x.left(err)
			return clientLeft
		}
	}
	if up != nil && up.all.Load() {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		up.wait() // it has only to say so
	}
	if up != nil && !up.done() {
		// It answered without reading all of the request: the lane throws the
		// rest away.
		_ = c.Close()
		x.lane.interrupt()
		return served
	}
	if h.Close || c.r != c.w {
		_ = c.Close() // also when it sent more than it had announced
	} else {
		t.pool.put(c, time.Now())
	}
	return served
}

// await reads more of the answer. A stream may be silent for long: now and
// then it is looked whether somebody still waits for it.
func (f *forwarding) await(c *upConn) (int, error) {
	now := time.Now()
	deadline := now.Add(f.x.Route.timeouts.idle)
	for {
		next := now.Add(4 * lookEvery)
		if next.After(deadline) {
			next = deadline
		}
		_ = c.SetReadDeadline(next)
		n, err := c.fill()
		if n > 0 || err == nil || !isTimeout(err) {
			return n, err
		}
		if f.x.lane.gone() {
			return 0, errClientGone
		}
		if now = time.Now(); !now.Before(deadline) {
			return 0, err
		}
	}
}

// piece takes what has been read of the body, with or without its framing.
func (f *forwarding) piece(c *upConn, framing framing) ([]byte, error) {
	if framing == framedChunks || !c.head.Chunked {
		n, used, err := c.body.Take(c.buf[c.r:c.w])
		b := c.buf[c.r : c.r+n]
		c.r += used
		return b, err
	}
	n, used, err := c.body.Content(c.buf[c.r:c.w])
	b := c.buf[c.r : c.r+n]
	c.r += used
	return b, err
}

// tunnel goes over to another protocol: bytes both ways until one side ends.
func (f *forwarding) tunnel(c *upConn) outcome {
	x := f.x
	if len(x.upgrade) == 0 {
		_ = c.Close()
		f.g.reject(x, 502, UpstreamBad, reasonOf(UpstreamBad))
		return spoiled
	}
	x.Status = 101
	r := reply{status: 101, reason: c.head.Reason, fields: c.head.Fields, skip: &c.head, framing: framedNone}
	if v, ok := c.head.Get("upgrade"); ok {
		x.extra = h1.AppendLine(x.extra, "Upgrade", string(v))
	}
	if err := x.lane.answer(&r); err != nil {
		_ = c.Close()
		return clientLeft
	}
	conn, early, err := x.lane.hijack()
	if err != nil {
		_ = c.Close()
		x.Err = UpstreamBad
		return spoiled
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Time{})
	stop := f.g.tunnels.add(func() { _ = conn.Close(); _ = c.Close() })
	defer stop()
	if _, err := c.Write(early); err != nil {
		return served
	}
	x.BytesIn += int64(len(early))
	// Where one side has ended, the other has this long to say the rest.
	rest := x.Route.timeouts.idle
	var wg sync.WaitGroup
	wg.Go(func() {
		n, _ := io.Copy(c.Conn, conn)
		x.BytesIn += n
		if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
			_ = t.CloseWrite()
		}
		_ = c.SetReadDeadline(time.Now().Add(rest))
	})
	k, _ := conn.Write(c.buf[c.r:c.w])
	n, _ := io.Copy(conn, c.Conn)
	_ = conn.CloseWrite()
	_ = conn.SetDeadline(time.Now().Add(rest))
	x.BytesOut += n + int64(k)
	wg.Wait()
	return served
}

// mayUpgrade reports whether a protocol may be gone over to. HTTP itself may
// not: what comes behind would be requests that no policy has seen.
func mayUpgrade(protocol []byte) bool {
	for part := range bytes.SplitSeq(protocol, []byte(",")) {
		name, _, _ := bytes.Cut(bytes.ToLower(bytes.TrimSpace(part)), []byte("/"))
		switch string(name) {
		case "h2c", "h2", "h3", "http", "tls":
			return false
		}
	}
	return true
}
