package publication

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/hypercare/hypercare/internal/gateway"
)

// Change is one difference between two documents, in the words of the
// document.
type Change struct {
	Kind string `json:"kind" enum:"added,removed,changed"`
	What string `json:"what" example:"route orders v1 get-order"`
	Note string `json:"note,omitempty" doc:"Which fields changed."`
	// Fields are what Note names, with both values.
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one field of a changed thing.
type FieldChange struct {
	Field string `json:"field" example:"methods"`
	From  string `json:"from" doc:"As YAML on one line; empty: absent."`
	To    string `json:"to"`
}

// compare lists what next changes against the document in force.
func compare(now string, next *gateway.Config) ([]Change, error) {
	old := &gateway.Config{}
	if now != "" {
		var err error
		if old, err = gateway.Parse([]byte(now)); err != nil {
			// It was good when it was published, by an older version: all is new.
			old = &gateway.Config{}
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
			fields := differing(from, to)
			names := make([]string, len(fields))
			for i := range fields {
				names[i] = fields[i].Field
			}
			out = append(out, Change{Kind: "changed", What: name, Note: strings.Join(names, ", "), Fields: fields})
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

// differing are the fields of two values of one type that are not equal, as
// the document has them.
func differing(a, b any) []FieldChange {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	var out []FieldChange
	for i := range va.NumField() {
		from, to := va.Field(i).Interface(), vb.Field(i).Interface()
		if reflect.DeepEqual(from, to) {
			continue
		}
		name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			name = "list"
		}
		out = append(out, FieldChange{Field: name, From: gateway.OneLine(from), To: gateway.OneLine(to)})
	}
	return out
}

// textDiff is the unified diff of two documents.
func textDiff(num int64, old, next string) string {
	return string(diff.Diff(fmt.Sprintf("publication %d", num), []byte(old), "next", []byte(next)))
}
