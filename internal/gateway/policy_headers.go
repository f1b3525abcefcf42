package gateway

import (
	"maps"
	"slices"
	"strings"
)

// HeaderPolicy changes fields of the request.
type HeaderPolicy struct {
	Set    map[string]string `yaml:"set,omitempty" json:"set,omitempty"`
	Remove []string          `yaml:"remove,omitempty" json:"remove,omitempty"`
}

var headerKind = policyKind{
	name: "headers",
	check: func(k *checker, path string, p *Policies) {
		h := p.Headers
		if h == nil {
			return
		}
		for _, name := range slices.Concat(slices.Sorted(maps.Keys(h.Set)), h.Remove) {
			if !headerForm.MatchString(name) || reserved[strings.ToLower(name)] {
				k.fault(path+".headers", "%q can't be set or removed here", name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(h.Set)) {
			if strings.ContainsAny(h.Set[name], "\r\n\x00") {
				k.fault(path+".headers.set", "the value of %s has a line break", name)
			}
		}
	},
	build: func(_ *building, p *Policies) policy {
		h := p.Headers
		if h == nil {
			return nil
		}
		out := &headerChange{remove: map[string]bool{}}
		for _, name := range h.Remove {
			out.remove[folded(name)] = true
		}
		for _, name := range slices.Sorted(maps.Keys(h.Set)) {
			out.set = append(out.set, setHeader{name, h.Set[name]})
			out.names = append(out.names, folded(name))
		}
		return out
	},
}

// headerChange sets and removes fields of the request on its way.
type headerChange struct {
	remove map[string]bool // folded
	set    []setHeader
	names  []string // of set, folded
}

func (p *headerChange) check(x *Exchange) *refusal {
	x.changes = p
	return nil
}

// touches reports whether a field as it came is not passed on.
func (p *headerChange) touches(name []byte) bool {
	if len(p.remove) > 0 && p.remove[folded(string(name))] {
		return true
	}
	return slices.ContainsFunc(p.names, func(n string) bool { return foldedName(name, n) })
}
