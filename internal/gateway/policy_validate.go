package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/hypercare/hypercare/internal/openapi"
)

// ValidatePolicy holds requests against the API's OpenAPI document.
type ValidatePolicy struct {
	Mode    string `yaml:"mode,omitempty" json:"mode,omitempty" doc:"block (default) refuses what does not keep to it; report only notes it."`
	MaxBody string `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"Larger bodies can't be checked and are refused; 1MB when absent."`
	Unknown string `yaml:"unknown,omitempty" json:"unknown,omitempty" doc:"What the document does not describe: pass (default) or refuse."`
}

var validateKind = policyKind{
	name: "validate",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		v := p.Validate
		if v == nil {
			return
		}
		path += ".validate"
		if k.openapi == "" {
			k.fault(path, "there is nothing to hold requests against; name the API's document as openapi")
		}
		if v.Mode != "" && v.Mode != modeBlock && v.Mode != modeReport {
			k.fault(path+".mode", "there is no mode %q; use block or report", v.Mode)
		}
		if v.Unknown != "" && v.Unknown != "pass" && v.Unknown != "refuse" {
			k.fault(path+".unknown", "%q is not known; what is not described can pass or be refused (refuse)", v.Unknown)
		}
		k.heldBody(path+".max_body", v.MaxBody)
	},
	build: func(b *building, p *Policies) policy {
		v := p.Validate
		if v == nil {
			return nil
		}
		doc, op := b.spec()
		if doc == nil {
			return nil // Load tells
		}
		out := &validate{gateway: b.g, doc: doc, report: v.Mode == modeReport, refuse: v.Unknown == "refuse", most: 1_000_000, base: b.base}
		if op != nil {
			out.matcher = doc.Matcher(op)
			out.only = op
		} else {
			out.matcher = doc.Matcher()
		}
		if v.MaxBody != "" {
			out.most, _ = bytesOf(v.MaxBody)
		}
		return out
	},
}

// What a policy does with what it finds.
const (
	modeBlock  = "block"
	modeReport = "report"
)

type validate struct {
	gateway *Gateway
	doc     *openapi.Document
	matcher *openapi.Matcher
	only    *openapi.Operation // of the route; nil: found by the address
	base    string             // of the API, in front of the document's paths
	report  bool
	refuse  bool
	most    int64
}

func (p *validate) check(x *Exchange) *refusal {
	// Also what says that it is gRPC or wants another protocol: an upstream that
	// thinks otherwise would take it for a usual request.
	op, params := p.find(x)
	if op == nil {
		if p.refuse && !p.report && !x.grpc && len(x.upgrade) == 0 {
			return &refusal{status: 404, class: NoRoute, reason: "the description of this API has no such operation"}
		}
		return nil
	}
	r := openapi.Request{Params: params, Query: string(x.Query), Header: headerOf(x)}
	if x.Body && op.NeedsBody() {
		body, no := p.body(x)
		if no != nil {
			return no
		}
		r.Body = body
		if body == nil { // only reported: nothing can be said of a body that is not here
			return nil
		}
	}
	faults := openapi.Faults(p.doc.Check(op, r))
	if len(faults) == 0 {
		return nil
	}
	x.noted("validate: " + faults[0].String())
	if p.report {
		return nil
	}
	no := &refusal{status: faults.Status(), class: BadRequest, reason: faults.Error()}
	for _, f := range faults {
		no.details = append(no.details, detail{In: f.In, Name: f.Name, Pointer: f.At, Reason: f.Reason})
	}
	return no
}

// body holds the request's body. Without an answer and without a body it is
// not here and nobody minds.
func (p *validate) body(x *Exchange) ([]byte, *refusal) {
	large := &refusal{status: 413, class: BadRequest, reason: "the body is larger than can be checked here"}
	if coding, ok := joined(x.Fields, "content-encoding"); ok && !strings.EqualFold(coding, "identity") {
		if p.report {
			return nil, nil
		}
		return nil, &refusal{status: 415, class: BadRequest, reason: "a compressed body can't be checked here; send it without Content-Encoding"}
	}
	if x.Length > p.most {
		if p.report {
			return nil, nil
		}
		return nil, large
	}
	body, whole, err := x.hold(p.most)
	switch {
	case err != nil:
		return nil, p.gateway.badHold(x, err)
	case whole:
		return append([]byte{}, body...), nil
	case p.report:
		return nil, nil
	}
	return nil, large
}

// find is the operation that is asked for, and its parameters.
func (p *validate) find(x *Exchange) (*openapi.Operation, map[string]string) {
	path := string(x.Path)
	method := string(x.Method)
	if p.only != nil {
		method = p.only.Method
		if string(x.Method) != method {
			return nil, nil
		}
	}
	if rest, ok := strings.CutPrefix(path, p.base); ok && p.base != "" {
		if op, params := p.matcher.Find(method, rest); op != nil {
			return op, params
		}
	}
	if op, params := p.matcher.Find(method, path); op != nil || p.only == nil {
		return op, params
	}
	// The route's path is written otherwise than the document's: its parameters
	// count by their names.
	params := map[string]string{}
	for i, name := range paramNames(x.Route.pattern) {
		at := x.params[i]
		v, err := url.PathUnescape(path[at[0]:at[1]])
		if err == nil {
			params[name] = v
		}
	}
	return p.only, params
}

// headerOf are the request's fields as net/http has them.
func headerOf(x *Exchange) http.Header {
	h := make(http.Header, len(x.Fields))
	for _, f := range x.Fields {
		h.Add(string(f.Name), string(bytes.Clone(f.Value)))
	}
	return h
}

// noted keeps what a policy found, for the call log.
func (x *Exchange) noted(what string) {
	if len(what) > maxNote {
		what = strings.ToValidUTF8(what[:maxNote], "")
	}
	if x.Found != "" && len(x.Found)+len(what) < maxFound {
		what = x.Found + "; " + what
	} else if x.Found != "" {
		return
	}
	x.Found = what
}

const (
	maxNote  = 300
	maxFound = 1000
)
