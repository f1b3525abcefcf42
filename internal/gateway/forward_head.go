package gateway

import (
	"strconv"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// appendHead writes the head of the request as the upstream gets it.
func (f *forwarding) appendHead(b []byte, t *target) []byte {
	x := f.x
	b = append(b, x.outMethod()...)
	b = append(b, ' ')
	b = x.outTarget(b)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	switch {
	case x.Route.keepHost:
		b = append(b, x.HostAs...)
	case x.Route.host != "":
		b = append(b, x.Route.host...)
	default:
		b = append(b, t.host...)
	}
	b = append(b, '\r', '\n')
	fields, asCame := x.Fields, true
	if x.shape != nil && x.shape.sent.fields != nil {
		fields, asCame = x.shape.sent.fields, false
	}
	for i := range fields {
		fd := &fields[i]
		if asCame && (f.in != nil && f.in.HopByHop(fd.Name) || x.dropped(fd.Name)) {
			continue
		}
		if x.changes != nil && x.changes.touches(fd.Name) {
			continue
		}
		b = h1.AppendField(b, fd.Name, fd.Value)
	}
	if x.changes != nil {
		for i := range x.changes.set {
			b = h1.AppendLine(b, x.changes.set[i].name, x.changes.set[i].value)
		}
	}
	b = append(b, x.added...)
	b = x.appendForwarded(b, x.HostAs)
	if x.Body {
		if x.Length >= 0 {
			b = append(b, "Content-Length: "...)
			b = strconv.AppendInt(b, x.Length, 10)
			b = append(b, '\r', '\n')
		} else {
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		}
	} else if x.Length == 0 {
		b = append(b, "Content-Length: 0\r\n"...)
	}
	switch {
	case len(x.upgrade) > 0:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, x.upgrade...)
		b = append(b, '\r', '\n')
	case x.te:
		b = append(b, "Connection: TE\r\nTE: trailers\r\n"...)
	}
	return append(b, '\r', '\n')
}

// dropped are the fields that are written anew, or that are the gateway's
// business alone.
func (x *Exchange) dropped(name []byte) bool {
	for _, s := range x.Route.strips {
		if foldedName(name, s) {
			return true
		}
	}
	if !x.trusted && claimsOrigin(name) {
		return true
	}
	switch len(name) {
	case 4:
		return foldedName(name, "host")
	case 6:
		return foldedName(name, "expect")
	case 9:
		return foldedName(name, "forwarded")
	case 11:
		return foldedName(name, "traceparent")
	case 12:
		return foldedName(name, "x-request-id")
	case 13:
		return foldedName(name, "x-preview-key")
	case 14:
		return foldedName(name, "content-length") || foldedName(name, "http2-settings")
	case 15:
		return foldedName(name, "x-forwarded-for")
	case 16:
		return foldedName(name, "x-forwarded-host")
	case 17:
		return foldedName(name, "transfer-encoding") || foldedName(name, "x-forwarded-proto")
	case 19:
		return foldedName(name, "proxy-authorization")
	}
	return false
}

// claimsOrigin are fields that upstreams believe about who asks and for what,
// as a proxy in front of them would write them: from somebody who is none they
// are forged. X-Forwarded-For and its kin are written anew in any case.
func claimsOrigin(name []byte) bool {
	switch len(name) {
	case 9:
		return foldedName(name, "x-real-ip")
	case 11:
		return foldedName(name, "x-client-ip")
	case 13:
		return foldedName(name, "x-rewrite-url")
	case 14:
		return foldedName(name, "true-client-ip") || foldedName(name, "x-original-url")
	case 15:
		return foldedName(name, "x-original-host")
	case 16:
		return foldedName(name, "cf-connecting-ip") || foldedName(name, "x-forwarded-port")
	case 18:
		return foldedName(name, "x-forwarded-prefix") || foldedName(name, "x-forwarded-server")
	case 19:
		return foldedName(name, "x-cluster-client-ip")
	}
	return false
}
