package gateway

import (
	"slices"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// notInTrailers are fields that must not follow a body (RFC 9110 6.5.1): who
// merged them into the head would get another message, another sender, or
// another route than everybody before.
var notInTrailers = map[string]bool{
	"transfer-encoding": true, "content-length": true, "content-encoding": true, "content-type": true, "content-range": true, "trailer": true,
	"host": true, "connection": true, "keep-alive": true, "proxy-connection": true, "upgrade": true, "te": true, "http2-settings": true,
	"cache-control": true, "expect": true, "max-forwards": true, "pragma": true, "range": true, "age": true, "date": true, "expires": true,
	"if-match": true, "if-none-match": true, "if-modified-since": true, "if-unmodified-since": true, "if-range": true,
	"authorization": true, "proxy-authenticate": true, "proxy-authorization": true, "www-authenticate": true, "cookie": true, "set-cookie": true,
	"location": true, "retry-after": true, "vary": true, "warning": true,
	"forwarded": true, "x-forwarded-for": true, "x-forwarded-host": true, "x-forwarded-proto": true, "x-request-id": true, "traceparent": true, "tracestate": true,
}

// passable leaves the trailers that may be passed on.
func passable(list []h1.Field) []h1.Field {
	return slices.DeleteFunc(list, func(f h1.Field) bool {
		var buf [32]byte
		if len(f.Name) > len(buf) {
			return false
		}
		lower := buf[:len(f.Name)]
		copy(lower, f.Name)
		lowerHost(lower)
		return notInTrailers[string(lower)]
	})
}
