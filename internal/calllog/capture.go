package calllog

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// What is captured of payloads is copied while it goes by, and masked after
// the exchange has ended, on a goroutine of its own: nobody waits for that.
// Nothing leaves memory unmasked.

// Bounds of what waits: what would be more is not captured, and counted.
const (
	maxHeld    = 64 << 20 // bytes of bodies in memory, of all calls together
	maxWaiting = 512      // calls that wait to be masked
)

// captures is the part of the service that looks at payloads.
type captures struct {
	held  atomic.Int64
	lost  atomic.Int64 // payloads that there was no room for
	queue chan *capture
	pool  sync.Pool
}

func newCaptures() *captures {
	return &captures{queue: make(chan *capture, maxWaiting), pool: sync.Pool{New: func() any { return &capture{} }}}
}

// capture is what goes by of one call. It implements gateway.Tap; the request
// and the answer may go by at the same time.
type capture struct {
	s        *Service
	rules    *gateway.Logging
	request  message
	response message
	record   call.Record // once the exchange has ended
}

// message is one direction.
type message struct {
	kind, coding string // content type and coding
	head         []byte // lines, masked: they are short
	body         []byte
	keep         bool // bodies of this type are kept
	cut          bool
}

// Capture begins to look at a call; it is gateway.Options.Capture.
func (s *Service) Capture(x *gateway.Exchange, rules *gateway.Logging) gateway.Tap {
	c := s.captures.pool.Get().(*capture)
	c.s, c.rules = s, rules
	c.request.begin(rules, x.Fields)
	return c
}

// begin notes the head of a message.
func (m *message) begin(rules *gateway.Logging, fields []h1.Field) {
	for i := range fields {
		name := string(fields[i].Name)
		switch strings.ToLower(name) {
		case "content-type":
			m.kind = string(fields[i].Value)
		case "content-encoding":
			m.coding = strings.ToLower(string(fields[i].Value))
		}
		if rules.KeepsHeader(name) {
			m.head = append(m.head, name...)
			m.head = append(m.head, ": "...)
			m.head = append(m.head, rules.Mask.Header(name, string(fields[i].Value))...)
			m.head = append(m.head, '\n')
		}
	}
	m.keep = rules.Keeps(m.kind) && (m.coding == "" || m.coding == "identity" || m.coding == "gzip")
}

// Request implements gateway.Tap.
func (c *capture) Request(content []byte) { c.s.captures.take(&c.request, content, c.rules.Max) }

// Head implements gateway.Tap.
func (c *capture) Head(_ int, fields []h1.Field) {
	c.s.captures.held.Add(-int64(len(c.response.body)))
	c.response = message{body: c.response.body[:0]}
	c.response.begin(c.rules, fields)
}

// Answer implements gateway.Tap.
func (c *capture) Answer(content []byte) { c.s.captures.take(&c.response, content, c.rules.Max) }

// take copies a piece of a body as long as there is room for it.
func (k *captures) take(m *message, content []byte, most int) {
	if !m.keep {
		m.cut = m.cut || len(content) > 0
		return
	}
	room := most - len(m.body)
	if len(content) > room {
		content, m.cut = content[:room], true
	}
	if len(content) == 0 {
		return
	}
	if k.held.Add(int64(len(content))) > maxHeld {
		k.held.Add(-int64(len(content)))
		m.cut = true
		return
	}
	m.body = append(m.body, content...)
}

// wanted reports whether the payload of a call that has ended is to be kept.
func (c *capture) wanted(x *gateway.Exchange) bool {
	return c.rules.Payload != gateway.PayloadErrors || x.Status >= 400 || x.Err != gateway.OK
}

// hand gives a call to who masks payloads; false when too many wait.
func (k *captures) hand(c *capture, r *call.Record) bool {
	c.record = *r
	c.record.Detach()
	select {
	case k.queue <- c:
		return true
	default:
		k.lost.Add(1)
		return false
	}
}

// release forgets a capture.
func (k *captures) release(c *capture) {
	k.held.Add(-int64(len(c.request.body) + len(c.response.body)))
	const most = 64 << 10 // larger ones are not kept for the next
	a, b := c.request.body[:0], c.response.body[:0]
	if cap(a) > most {
		a = nil
	}
	if cap(b) > most {
		b = nil
	}
	*c = capture{request: message{body: a, head: c.request.head[:0]}, response: message{body: b}}
	k.pool.Put(c)
}

// maskAll masks what was captured and appends it, until ctx ends; what waits
// then is still done.
func (s *Service) maskAll(ctx context.Context) {
	for {
		select {
		case c := <-s.captures.queue:
			s.finish(c)
			continue
		default:
		}
		select {
		case c := <-s.captures.queue:
			s.finish(c)
		case <-ctx.Done():
			for {
				select {
				case c := <-s.captures.queue:
					s.finish(c)
				default:
					return
				}
			}
		}
	}
}

func (s *Service) finish(c *capture) {
	c.record.Request = c.request.payload(c.rules)
	c.record.Response = c.response.payload(c.rules)
	s.append(&c.record)
	s.captures.release(c)
}

// payload masks a message.
func (m *message) payload(rules *gateway.Logging) call.Payload {
	p := call.Payload{Capture: call.Whole, Type: m.kind, Head: string(m.head)}
	body := m.body
	if m.coding == "gzip" && len(body) > 0 {
		var short bool
		if body, short = unzip(body, rules.Max); short {
			m.cut = true
		}
	}
	if m.cut {
		p.Capture = call.Cut
	}
	p.Body = string(rules.Mask.Body(m.kind, body, m.cut))
	return p
}

// unzip reads what is there of a gzip body (RFC 1952), so much at most. short
// reports that it was longer, or broken off.
func unzip(body []byte, most int) (out []byte, short bool) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, true
	}
	out, err = io.ReadAll(io.LimitReader(z, int64(most)+1))
	if len(out) > most {
		return out[:most], true
	}
	return out, err != nil
}
