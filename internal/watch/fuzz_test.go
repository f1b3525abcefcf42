package watch

import (
	"strings"
	"testing"
)

// FuzzRead wants of any text either a group or faults that name lines of it.
func FuzzRead(f *testing.F) {
	f.Add(doc)
	f.Add("groups: [{name: a, rules: [{alert: A, expr: vector(1)}]}]")
	f.Add("groups:\n  - &a {name: x, rules: []}\n  - *a\n")
	f.Add("groups: null\n---\ngroups: []")
	f.Add("groups: [{name: a, rules: [null, {record: b, expr: 1, for: 3m}]}]")
	s := NewService(nil, nil, nil, nil)
	f.Fuzz(func(t *testing.T, text string) {
		g, faults := s.read(text)
		if (g == nil) == (faults == nil) {
			t.Fatalf("group %v and faults %v of %q", g, faults, text)
		}
		for _, one := range faults {
			if one.Reason == "" || one.Line < 0 || one.Line > strings.Count(text, "\n")+2 {
				t.Errorf("fault %+v of %q", one, text)
			}
		}
	})
}
