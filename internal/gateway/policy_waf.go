package gateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/gateway/waf"
)

// WAFPolicy holds requests against the OWASP Core Rule Set (Coraza).
type WAFPolicy struct {
	Mode      string `yaml:"mode,omitempty" json:"mode,omitempty" doc:"detect (default) only notes what matched; block refuses it."`
	Level     int    `yaml:"paranoia,omitempty" json:"paranoia,omitempty" doc:"1 (default) to 4: more rules, and more false alarms."`
	Threshold int    `yaml:"threshold,omitempty" json:"threshold,omitempty" doc:"Anomaly score from which a request is refused; 5, one critical rule, when absent."`
	Exclude   []int  `yaml:"exclude,omitempty" json:"exclude,omitempty" doc:"Ids of rules that don't count here."`
	MaxBody   string `yaml:"max_body,omitempty" json:"max_body,omitempty" doc:"How much of a body is looked at; 128kB when absent, 1MB at most."`
	Larger    string `yaml:"larger,omitempty" json:"larger,omitempty" doc:"Bodies that are larger, or compressed, and so can't be looked at: refuse (default when blocking) or pass."`
}

var wafKind = policyKind{
	name: "waf",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		w := p.WAF
		if w == nil {
			return
		}
		path += ".waf"
		if w.Mode != "" && w.Mode != modeDetect && w.Mode != modeBlock {
			k.fault(path+".mode", "there is no mode %q; use detect or block", w.Mode)
		}
		if w.Level != 0 && (w.Level < waf.MinLevel || w.Level > waf.MaxLevel) {
			k.fault(path+".paranoia", "paranoia levels are from %d to %d", waf.MinLevel, waf.MaxLevel)
		}
		if w.Threshold < 0 || w.Threshold > 1000 {
			k.fault(path+".threshold", "a threshold is from 1 to 1000")
		}
		if len(w.Exclude) > 200 {
			k.fault(path+".exclude", "more than 200 rules are excluded; lower the paranoia level instead")
		}
		if n, err := bytesOf(w.MaxBody); w.MaxBody != "" && (err != nil || n > waf.MaxBody) {
			k.fault(path+".max_body", "%q is no size up to 1MB", w.MaxBody)
		}
		if w.Larger != "" && w.Larger != "refuse" && w.Larger != "pass" {
			k.fault(path+".larger", "%q is not known; larger bodies can pass or be refused (refuse)", w.Larger)
		}
	},
	build: func(b *building, p *Policies) policy {
		w := p.WAF
		if w == nil {
			return nil
		}
		out := &firewall{gateway: b.g, block: w.Mode == modeBlock, threshold: w.Threshold, exclude: w.Exclude, most: 128_000, pass: w.Larger == "pass"}
		if out.threshold == 0 {
			out.threshold = 5
		}
		if w.MaxBody != "" {
			out.most, _ = bytesOf(w.MaxBody)
		}
		level := w.Level
		if level == 0 {
			level = waf.MinLevel
		}
		// Compiled here, so that no request waits for it.
		if out.engine, out.err = waf.Get(level); out.err != nil && b.g.log != nil {
			b.g.log.Error("the web application firewall does not work", "err", out.err)
		}
		return out
	},
}

const modeDetect = "detect"

// firewall refuses, or notes, what looks like an attack.
type firewall struct {
	gateway   *Gateway
	engine    *waf.Engine
	err       error // why there is none
	block     bool
	threshold int
	exclude   []int
	most      int64
	pass      bool // bodies that can't be looked at
}

func (p *firewall) check(x *Exchange) *refusal {
	if p.err != nil {
		return p.broken(x, p.err)
	}
	r := waf.Request{Method: string(x.Method), Target: string(x.Target), Proto: x.Proto.String(), Host: string(x.HostAs), Client: x.Client.String()}
	r.Fields = func(yield func(name, value string) bool) {
		for _, f := range x.Fields {
			if !isName(f.Name, "host") && !yield(string(f.Name), string(f.Value)) {
				return
			}
		}
	}
	if x.Body && !x.grpc { // also before an upgrade that the upstream need not make
		body, no := p.body(x)
		if no != nil {
			return no
		}
		r.Body = body
	}
	v, err := p.engine.Judge(r, p.exclude)
	if err != nil {
		return p.broken(x, err)
	}
	if len(v.Matches) == 0 {
		return nil
	}
	x.noted("waf: " + foundBy(v))
	if !p.block || v.Score < p.threshold {
		return nil
	}
	return &refusal{status: 403, class: Refused, reason: "this request looks like an attack and was refused; if it is none, tell who runs this API the request's id"}
}

// broken lets requests pass where the firewall only detects.
func (p *firewall) broken(x *Exchange, err error) *refusal {
	x.noted("waf: it could not look at the request: " + err.Error())
	if !p.block {
		return nil
	}
	return &refusal{status: 503, class: Refused, reason: "this request can't be checked at the moment; try again later"}
}

// body is the part of the request's body that is looked at.
func (p *firewall) body(x *Exchange) ([]byte, *refusal) {
	refuse := p.block && !p.pass
	if coding, ok := joined(x.Fields, "content-encoding"); ok && !strings.EqualFold(coding, "identity") {
		if refuse {
			return nil, &refusal{status: 415, class: BadRequest, reason: "a compressed body can't be checked here; send it without Content-Encoding"}
		}
		return nil, nil
	}
	large := &refusal{status: 413, class: BadRequest, reason: "the body is larger than can be checked here"}
	if refuse && x.Length > p.most {
		return nil, large
	}
	body, whole, err := x.hold(p.most)
	switch {
	case err != nil:
		return nil, p.gateway.badHold(x, err)
	case !whole && refuse:
		return nil, large
	}
	return body[:min(int64(len(body)), p.most)], nil
}

// foundBy names the rules that matched, the worst first.
func foundBy(v waf.Verdict) string {
	list := slices.Clone(v.Matches)
	slices.SortStableFunc(list, func(a, b waf.Match) int { return b.Severity - a.Severity })
	var parts []string
	for _, m := range list {
		parts = append(parts, m.String())
	}
	return fmt.Sprintf("score %d: %s", v.Score, strings.Join(parts, ", "))
}
