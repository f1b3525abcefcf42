package gateway

import (
	"net/netip"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// policy is one condition that a request must meet, in the order in which the
// route names them.
type policy interface {
	// check returns why not, or nil.
	check(x *Exchange) *refusal
}

// refusal is a policy's no.
type refusal struct {
	status int
	class  Class
	reason string
	after  time.Duration
}

// setHeader is a line added to a head.
type setHeader struct{ name, value string }

// isName compares a field's name with one in lower case.
func isName(name []byte, lower string) bool { return h1.Is(name, lower) }

// value returns a field of the request.
func (x *Exchange) value(lower string) ([]byte, bool) {
	for i := range x.Fields {
		if isName(x.Fields[i].Name, lower) {
			return x.Fields[i].Value, true
		}
	}
	return nil, false
}

// addresses lets in, or keeps out, by address.
type addresses struct{ allow, deny []netip.Prefix }

func (p *addresses) check(x *Exchange) *refusal {
	in := func(list []netip.Prefix) bool {
		for _, n := range list {
			if n.Contains(x.Client) {
				return true
			}
		}
		return false
	}
	if in(p.deny) || len(p.allow) > 0 && !in(p.allow) {
		return &refusal{status: 403, class: Refused, reason: "requests from this address are not let in"}
	}
	return nil
}

// size bounds the request's body where its length is known before; what comes
// in chunks is counted as it comes.
type size struct{ most int64 }

func (p *size) check(x *Exchange) *refusal {
	x.most = p.most
	if x.Length > p.most {
		return &refusal{status: 413, class: Refused, reason: "the body is larger than this route takes"}
	}
	return nil
}
