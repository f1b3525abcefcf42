package gateway

var sizeKind = policyKind{
	name: "max_body",
	check: func(k *checker, path string, p *Policies) {
		if p.MaxBody == "" {
			return
		}
		if _, err := bytesOf(p.MaxBody); err != nil {
			k.fault(path+".max_body", "%v", err)
		}
	},
	build: func(_ *building, p *Policies) policy {
		if p.MaxBody == "" {
			return nil
		}
		n, _ := bytesOf(p.MaxBody)
		return &size{n}
	},
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
