package gateway

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"
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
	// challenge is the WWW-Authenticate of a 401 (RFC 9110 11.6.1).
	challenge string
	details   []detail // what is wrong with the request, one by one
	done      bool     // the policy gave an answer of its own through the lane
}

// detail is one thing that is wrong with a request, and where (an extension of
// RFC 9457).
type detail struct {
	In      string `json:"in"`
	Name    string `json:"name,omitempty"`
	Pointer string `json:"pointer,omitempty"`
	Reason  string `json:"reason"`
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

	// Who may call.
	Authentication string               `yaml:"authentication,omitempty" json:"authentication,omitempty" doc:"all (default): each kind that is named must be met; any: one is enough; none, of a route: what its API asks for is not asked for."`
	MTLS           *MTLSPolicy          `yaml:"mtls,omitempty" json:"mtls,omitempty" doc:"Asks for a client certificate."`
	Basic          *BasicPolicy         `yaml:"basic,omitempty" json:"basic,omitempty" doc:"Asks for an application and its key as user name and password."`
	Signature      *SignaturePolicy     `yaml:"signature,omitempty" json:"signature,omitempty" doc:"Asks for a signature with the secret of an application."`
	JWT            *JWTPolicy           `yaml:"jwt,omitempty" json:"jwt,omitempty" doc:"Asks for a JSON Web Token."`
	Introspection  *IntrospectionPolicy `yaml:"introspection,omitempty" json:"introspection,omitempty" doc:"Asks for a token that its issuer calls active."`
	Require        *RequirePolicy       `yaml:"require,omitempty" json:"require,omitempty" doc:"What the token has to hold besides."`
	Identity       *IdentityPolicy      `yaml:"identity,omitempty" json:"identity,omitempty" doc:"Who the user is."`

	// How much.
	Plan        *PlanPolicy        `yaml:"plan,omitempty" json:"plan,omitempty" doc:"Holds the application to the limits of its plan."`
	Limits      []LimitPolicy      `yaml:"limits,omitempty" json:"limits,omitempty" doc:"Several limits, all of which must leave room."`
	Quotas      []QuotaPolicy      `yaml:"quotas,omitempty" json:"quotas,omitempty" doc:"Calls in a day or month."`
	Concurrency *ConcurrencyPolicy `yaml:"concurrency,omitempty" json:"concurrency,omitempty" doc:"Calls at once."`
	Priority    string             `yaml:"priority,omitempty" json:"priority,omitempty" doc:"high (default), medium or low: when an upstream with max_concurrent fills up, low is refused from half of it, medium from three quarters."`

	// What is changed, kept or answered on the way.
	Compress  *CompressPolicy `yaml:"compress,omitempty" json:"compress,omitempty" doc:"Compresses answers for clients that take it."`
	Fault     *FaultPolicy    `yaml:"fault,omitempty" json:"fault,omitempty" doc:"Delays and fails a share of the requests, for rehearsals."`
	Mock      *MockPolicy     `yaml:"mock,omitempty" json:"mock,omitempty" doc:"Answers in the upstream's place."`
	Cache     *CachePolicy    `yaml:"cache,omitempty" json:"cache,omitempty" doc:"Keeps answers and sends them again (RFC 9111)."`
	Mirror    *MirrorPolicy   `yaml:"mirror,omitempty" json:"mirror,omitempty" doc:"Sends copies of requests to another upstream."`
	Validate  *ValidatePolicy `yaml:"validate,omitempty" json:"validate,omitempty" doc:"Holds requests against the API's OpenAPI document."`
	WAF       *WAFPolicy      `yaml:"waf,omitempty" json:"waf,omitempty" doc:"Holds requests against the OWASP Core Rule Set."`
	Transform []TransformRule `yaml:"transform,omitempty" json:"transform,omitempty" doc:"Changes requests and answers, rule by rule."`
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
	// auth: it tells who asks; a route may turn off what its API asks for.
	auth bool
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
	ofRoute   bool // not of the API
	upstreams func(name string) *upstream
	print     func() uint64 // changes with what the route does
	base      string        // of the API, in front of its paths
	params    []string      // names of the parameters of the route's path
}

// policyKinds are in the order in which a request meets them: browsers ask
// first, then what is cheap and decisive, then who asks, then how much they
// may, then what is changed on the way.
var policyKinds = []policyKind{corsKind, addressKind, sizeKind,
	mtlsKind, keyKind, basicKind, signatureKind, jwtKind, introspectionKind, authenticationKind, requireKind, identityKind,
	planKind, limitKind, quotaKind, concurrencyKind, priorityKind,
	faultKind, compressKind, logKind, wafKind, validateKind, transformKind, headerKind, mockKind, cacheKind, mirrorKind}

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
		if kind.auth && ofRoute.Authentication == authNone {
			a = nil
		}
		if a != nil && (r == nil || !kind.once) {
			out = append(out, namedPolicy{kind.name, a})
		}
		if r != nil {
			out = append(out, namedPolicy{kind.name, r})
		}
	}
	return out
}

// stripper is a policy for which the upstream does not see some fields of what
// the client sent: credentials, and what only the gateway may say.
type stripper interface {
	// strips returns their names in lower case.
	strips() []string
}

// stripped gathers what the policies of a route keep from its upstream.
func stripped(list []namedPolicy) []string {
	var out []string
	for _, p := range list {
		if s, ok := p.policy.(stripper); ok {
			out = append(out, s.strips()...)
		}
	}
	return sortedUnique(out)
}

// Kinds are the names of the kinds of policy that are set, in their order in
// the document.
func (p *Policies) Kinds() []string {
	out := []string{}
	v := reflect.ValueOf(*p)
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); !saysNothing(v.Field(i)) {
			out = append(out, name)
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

// foldedName compares like isName, and takes _ for -: servers that hand
// fields on as variables can't tell the two apart.
func foldedName(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] && (c != '_' || lower[i] != '-') {
			return false
		}
	}
	return true
}

// folded is a name as foldedName compares it.
func folded(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

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
