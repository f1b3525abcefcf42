package gateway

import (
	"bytes"
	"regexp"
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

// Policies are what a request must meet.
type Policies struct {
	CORS      *CORSPolicy    `yaml:"cors,omitempty" json:"cors,omitempty"`
	Key       *KeyPolicy     `yaml:"key,omitempty" json:"key,omitempty" doc:"Asks for a key of an application."`
	Limit     *LimitPolicy   `yaml:"limit,omitempty" json:"limit,omitempty"`
	Headers   *HeaderPolicy  `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Changes the request on its way."`
	Addresses *AddressPolicy `yaml:"addresses,omitempty" json:"addresses,omitempty"`
	Log       *LogPolicy     `yaml:"log,omitempty" json:"log,omitempty" doc:"What the call log keeps."`
	MaxBody   string         `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"Largest body, such as 1MB."`
}

// policyKind is one kind of policy: how it is checked when it is published, and
// what it becomes. Both look only at their own part of Policies.
type policyKind struct {
	name  string // as the document, refusals and the call log have it
	check func(k *checker, path string, p *Policies)
	// build returns nil where the document says nothing of this kind.
	build func(b *building, p *Policies) policy
	// once: what a route says stands in place of what its API says, not beside it.
	once bool
}

// building is what a kind of policy may know of where it stands.
type building struct {
	g         *Gateway
	workspace string
	api       string
	scope     string // API, or API-route: a name for limits
	openapi   string // id of the API's OpenAPI document; see spec
	operation string // of the route, in that document
	specs     *specs
}

// policyKinds are in the order in which a request meets them: browsers ask
// first, then what is cheap and decisive, then who asks, then how much they
// may, then what is changed on the way.
var policyKinds = []policyKind{corsKind, addressKind, sizeKind, keyKind, limitKind, logKind, headerKind}

func (k *checker) policies(path string, p Policies) {
	for i := range policyKinds {
		policyKinds[i].check(k, path, &p)
	}
}

// buildPolicies brings the policies of an API and of one of its routes into
// the order of their kinds; of one kind the API's comes first.
func buildPolicies(api, route building, ofAPI, ofRoute *Policies) []namedPolicy {
	var out []namedPolicy
	for i := range policyKinds {
		kind := &policyKinds[i]
		a, r := kind.build(&api, ofAPI), kind.build(&route, ofRoute)
		if a != nil && (r == nil || !kind.once) {
			out = append(out, namedPolicy{kind.name, a})
		}
		if r != nil {
			out = append(out, namedPolicy{kind.name, r})
		}
	}
	return out
}

// namedPolicy is a policy with the name of its kind.
type namedPolicy struct {
	name string
	policy
}

var headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

// reserved are fields that frame the message or that the gateway writes.
var reserved = map[string]bool{"host": true, "content-length": true, "transfer-encoding": true, "connection": true, "upgrade": true, "te": true, "trailer": true,
	"keep-alive": true, "proxy-connection": true, "expect": true, "x-request-id": true, "traceparent": true, "x-forwarded-for": true, "x-forwarded-proto": true, "x-forwarded-host": true}

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

// say adds a line to the answer.
func (x *Exchange) say(name, value string) { x.extra = h1.AppendLine(x.extra, name, value) }

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// parameter returns the first value of a query's parameter as it stands there,
// which for keys is as it is.
func parameter(query []byte, name string) ([]byte, bool) {
	for len(query) > 0 {
		part := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			part, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		if k, v, ok := bytes.Cut(part, []byte("=")); ok && string(k) == name {
			return v, true
		}
	}
	return nil, false
}
