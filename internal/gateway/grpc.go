package gateway

import (
	"slices"
	"strconv"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// The status codes of gRPC that a gateway answers with
// (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
const (
	grpcCancelled         = 1
	grpcUnknown           = 2
	grpcInvalidArgument   = 3
	grpcDeadlineExceeded  = 4
	grpcPermissionDenied  = 7
	grpcResourceExhausted = 8
	grpcUnimplemented     = 12
	grpcInternal          = 13
	grpcUnavailable       = 14
	grpcUnauthenticated   = 16
)

// grpcOf is what a gRPC client understands of a status.
func grpcOf(status int) int {
	switch status {
	case 400, 431:
		return grpcInvalidArgument
	case 401:
		return grpcUnauthenticated
	case 403:
		return grpcPermissionDenied
	case 404, 405:
		return grpcUnimplemented
	case 408, 504:
		return grpcDeadlineExceeded
	case 413, 429:
		return grpcResourceExhausted
	case 499:
		return grpcCancelled
	case 502, 503:
		return grpcUnavailable
	case 500:
		return grpcInternal
	}
	return grpcUnknown
}

// GRPCStatus is what a gRPC call ended with; ok is false for other calls, and
// while it is not known.
func (x *Exchange) GRPCStatus() (code int, ok bool) { return int(x.grpcEnd) - 1, x.grpcEnd > 0 }

// rejectGRPC answers a gRPC call in the gateway's own name: as gRPC has it,
// by a head alone ("Trailers-Only"). The exchange keeps the HTTP status that
// says the same.
func (x *Exchange) rejectGRPC(l lane, status int, why string) {
	code := grpcOf(status)
	x.grpcEnd = uint8(code) + 1
	r := reply{status: 200, reason: []byte("OK"), framing: framedNone, last: true, own: true, fields: []h1.Field{
		{Name: []byte("Content-Type"), Value: []byte("application/grpc")},
		{Name: []byte("Grpc-Status"), Value: strconv.AppendInt(nil, int64(code), 10)},
		{Name: []byte("Grpc-Message"), Value: grpcMessage(why)},
	}}
	if err := l.answer(&r); err != nil {
		x.Err = ClientGone
	}
}

// overdue reports whether the time that a gRPC caller gave has passed. A
// server that keeps to it resets the stream, which says nothing of why: the
// caller is told that it was the deadline, whoever is the first to notice.
func (x *Exchange) overdue(now time.Time) bool {
	v, ok := x.value("grpc-timeout")
	if !ok {
		return false
	}
	given, ok := grpcTimeout(v)
	return ok && now.Sub(x.Start) >= given
}

// grpcTimeout reads a time-out as gRPC has it: at most 8 digits and a unit
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func grpcTimeout(v []byte) (time.Duration, bool) {
	if len(v) < 2 || len(v) > 9 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond}[v[len(v)-1]]
	n, err := strconv.ParseUint(string(v[:len(v)-1]), 10, 32)
	if !ok || err != nil || unit == time.Hour && n > 1000 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// grpcMessage escapes what is not printable ASCII, and the escape itself.
func grpcMessage(s string) []byte {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '%' {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// takesGRPC reports whether a call on the route can be one of gRPC, which needs
// HTTP/2 up to the target. Elsewhere a client that names its content type only
// wants to be looked at less.
func (r *Route) takesGRPC() bool {
	if a := r.overlay.Load(); a != nil && (a.overlay.canary.h2 || a.overlay.stable.h2) {
		return true
	}
	return slices.ContainsFunc(r.split, func(s share) bool { return s.upstream != nil && s.upstream.h2 })
}
