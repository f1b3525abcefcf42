package gateway

import (
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// ID names an exchange: 48 bits of time in milliseconds and 80 random ones, so
// that ids sort by time (like UUIDv7, RFC 9562, as 32 hexadecimal digits).
type ID [16]byte

// newID makes the id of an exchange that starts now.
func newID(now time.Time) (id ID) {
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	a, b := rand.Uint64(), rand.Uint32() //nolint:gosec // names a request, guards nothing
	for i := range 8 {
		id[6+i] = byte(a >> (8 * i))
	}
	id[14], id[15] = byte(b), byte(b>>8)
	return id
}

// String is the id as headers and logs have it.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// traceOf takes the trace that the caller is in from traceparent (W3C Trace
// Context), or begins one. The span is ours and new.
func (x *Exchange) traceOf() {
	a := rand.Uint64() //nolint:gosec // names a span, guards nothing
	for i := range x.span {
		x.span[i] = byte(a >> (8 * i))
	}
	for i := range x.Fields {
		if h1.Is(x.Fields[i].Name, "traceparent") {
			if x.readTrace(x.Fields[i].Value) {
				return
			}
			break
		}
	}
	x.trace, x.parent, x.sampled = x.ID, [8]byte{}, true
}

// Trace is the id of the trace that the call is part of, the caller's or its
// own (W3C Trace Context).
func (x *Exchange) Trace() [16]byte { return x.trace }

// Span is the gateway's own span in the trace, the parent of the upstream's.
func (x *Exchange) Span() [8]byte { return x.span }

// Parent is the caller's span; zero where the trace begins here.
func (x *Exchange) Parent() [8]byte { return x.parent }

// readTrace reads "00-<32 hex>-<16 hex>-<2 hex>"; all zeros are no trace.
func (x *Exchange) readTrace(v []byte) bool {
	if len(v) < 55 || v[2] != '-' || v[35] != '-' || v[52] != '-' || v[0] == 'f' && v[1] == 'f' || len(v) > 55 && v[55] != '-' {
		return false
	}
	var zero [16]byte
	if _, err := hex.Decode(x.trace[:], v[3:35]); err != nil || x.trace == zero {
		return false
	}
	if _, err := hex.Decode(x.parent[:], v[36:52]); err != nil {
		return false
	}
	var flags [1]byte
	if _, err := hex.Decode(flags[:], v[53:55]); err != nil {
		return false
	}
	x.sampled = flags[0]&1 != 0
	return true
}

// appendForwarded adds who asked, and under which names the call is known.
func (x *Exchange) appendForwarded(b, host []byte) []byte {
	b = append(b, "X-Forwarded-For: "...)
	for i := range x.Fields {
		if x.trusted && h1.Is(x.Fields[i].Name, "x-forwarded-for") {
			b = append(b, x.Fields[i].Value...)
			b = append(b, ", "...)
		}
	}
	b = x.peer.AppendTo(b)
	b = append(b, "\r\nX-Forwarded-Proto: http"...)
	if x.TLS {
		b = append(b, 's')
	}
	if len(host) > 0 {
		b = append(b, "\r\nX-Forwarded-Host: "...)
		b = append(b, host...)
	}
	b = append(b, "\r\nX-Request-Id: "...)
	b = hex.AppendEncode(b, x.ID[:])
	b = append(b, "\r\nTraceparent: 00-"...)
	b = hex.AppendEncode(b, x.trace[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, x.span[:])
	if x.sampled {
		return append(b, "-01\r\n"...)
	}
	return append(b, "-00\r\n"...)
}

// appendFields adds to the head of an answer what the gateway says itself.
func (x *Exchange) appendFields(b []byte) []byte {
	b = append(b, "X-Request-Id: "...)
	b = hex.AppendEncode(b, x.ID[:])
	b = append(b, '\r', '\n')
	if x.Route != nil {
		for _, h := range x.Route.headers2 {
			b = h1.AppendLine(b, h.name, h.value)
		}
	}
	return append(b, x.extra...)
}
