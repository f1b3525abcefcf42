package publication

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/gateway"
)

// Change is one difference between two documents, in the words of the
// document.
type Change struct {
	Kind string `json:"kind" enum:"added,removed,changed"`
	What string `json:"what" example:"route orders v1 get-order"`
	Note string `json:"note,omitempty" doc:"Which fields changed."`
}

// compare lists what next changes against the document in force.
func compare(now string, next *gateway.Config) ([]Change, error) {
	old := &gateway.Config{}
	if now != "" {
		var err error
		if old, err = gateway.Parse([]byte(now)); err != nil {
			return nil, fmt.Errorf("read what is published: %w", err)
		}
	}
	a, b := parts(old), parts(next)
	out := []Change{}
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, was := a[name]
		to, is := b[name]
		switch {
		case !was:
			out = append(out, Change{Kind: "added", What: name})
		case !is:
			out = append(out, Change{Kind: "removed", What: name})
		case !reflect.DeepEqual(from, to):
			out = append(out, Change{Kind: "changed", What: name, Note: strings.Join(differing(from, to), ", ")})
		}
	}
	return out, nil
}

// parts are the named things of a document.
func parts(c *gateway.Config) map[string]any {
	out := map[string]any{}
	if len(c.Trusted) > 0 {
		out["trusted proxies"] = struct{ List []string }{c.Trusted}
	}
	if c.Log != nil {
		out["call log"] = *c.Log
	}
	for _, u := range c.Upstreams {
		out["upstream "+u.Name] = u
	}
	for _, a := range c.APIs {
		name := strings.TrimSpace(a.Name + " " + a.Version)
		for _, r := range a.Routes {
			out["route "+name+" "+r.Name] = r
		}
		a.Routes = nil
		out["API "+name] = a
	}
	return out
}

// differing names the fields of two values of one type that are not equal, as
// the document has them.
func differing(a, b any) []string {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	var out []string
	for i := range va.NumField() {
		if !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
			if name == "" {
				name = "list"
			}
			out = append(out, name)
		}
	}
	return out
}
