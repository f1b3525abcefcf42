package gateway

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestJSONIsEditedInPlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, doc, set, value, remove, want string }{
		{"a new member", `{"a":1}`, "/b", `"x"`, "", `{"a":1,"b":"x"}`},
		{"into nothing", `{}`, "/a/b/c", `1`, "", `{"a":{"b":{"c":1}}}`},
		{"in place of another", `{ "a" : [1, 2] , "b":2}`, "/a/1", `{"x":0}`, "", `{ "a" : [1, {"x":0}] , "b":2}`},
		{"behind the last element", `{"a":[1]}`, "/a/-", `2`, "", `{"a":[1,2]}`},
		{"names with slashes and quotes", `{"a/b":{"~":1}}`, "/a~1b/~0", `"\""`, "", `{"a/b":{"~":"\""}}`},
		{"the whole text", ` 1 `, "", `{"a":1}`, "", ` {"a":1} `},
		{"twice the same name", `{"a":1,"a":2}`, "/a", `3`, "", `{"a":3,"a":3}`},
		{"large numbers stay", `{"n":12345678901234567890.10,"s":1}`, "", "", "/s", `{"n":12345678901234567890.10}`},
		{"first, middle, last", `{"a":1, "b":2, "c":3}`, "", "", "/b", `{"a":1,"c":3}`},
		{"the only one", `{"a":{"b":1}}`, "", "", "/a/b", `{"a":{}}`},
		{"every one of a name", `{"a":{"s":1},"a":{"s":2,"t":3}}`, "", "", "/a/s", `{"a":{},"a":{"t":3}}`},
		{"an escaped name is the same name", `{"\u0061":1,"b":2}`, "", "", "/a", `{"b":2}`},
		{"what is not there", `{"a":1}`, "", "", "/x/y", `{"a":1}`},
		{"an element", `[1,2,3]`, "", "", "/1", `[1,3]`},
	} {
		e := &jsonEdits{}
		if tc.value != "" {
			s := jsonSetting{value: []byte(tc.value)}
			if tc.set != "" {
				s.at, _ = pointerOf(tc.set)
			}
			e.set = append(e.set, s)
		}
		if tc.remove != "" {
			at, err := pointerOf(tc.remove)
			if err != nil {
				t.Fatal(err)
			}
			e.remove = append(e.remove, at)
		}
		got, err := e.apply([]byte(tc.doc), &Exchange{}, nil)
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.name, got, err, tc.want)
		}
	}
	for _, tc := range []struct{ doc, at string }{{`{"a":1}`, "/a/b"}, {`{"a":[]}`, "/a/7"}, {`{"a":`, "/b"}, {`1`, "/a"}} {
		at, _ := pointerOf(tc.at)
		if got, err := (&jsonEdits{set: []jsonSetting{{at: at, value: []byte("1")}}}).apply([]byte(tc.doc), &Exchange{}, nil); err == nil {
			t.Errorf("%s %s: %s", tc.doc, tc.at, got)
		}
	}
}

// FuzzJSONEdit: what comes out is JSON that holds what was set and lacks what
// was removed, and the rest is as it was.
func FuzzJSONEdit(f *testing.F) {
	f.Add(`{"a":{"b":[1,2,{"c":null}]},"d":"x\"y"}`, "a", "b")
	f.Add(`[{"a":1},2]`, "0", "a")
	f.Add(`{"":1, "a" : {}}`, "a", "")
	f.Fuzz(func(t *testing.T, doc, one, two string) {
		var before any
		if json.Unmarshal([]byte(doc), &before) != nil {
			return
		}
		at := []string{one, two}
		set := &jsonEdits{set: []jsonSetting{{at: at, value: []byte(`{"set":true}`)}}}
		got, err := set.apply([]byte(doc), &Exchange{}, nil)
		if err == nil {
			var after any
			if err := json.Unmarshal(got, &after); err != nil {
				t.Fatalf("set made %q of %q: %v", got, doc, err)
			}
			again, err := set.apply(got, &Exchange{}, nil)
			if _, list := before.([]any); err == nil && !list && one != "-" && two != "-" {
				var twice any
				_ = json.Unmarshal(again, &twice)
				if !reflect.DeepEqual(after, twice) {
					t.Fatalf("set twice made %q of %q", again, got)
				}
			}
		}
		remove := &jsonEdits{remove: [][]string{at}}
		got, err = remove.apply([]byte(doc), &Exchange{}, nil)
		if err != nil {
			t.Fatalf("remove from %q: %v", doc, err)
		}
		var after any
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("remove made %q of %q: %v", got, doc, err)
		}
		if o, ok := before.(map[string]any); ok {
			if in, ok := o[one].(map[string]any); ok {
				delete(in, two)
			} else if _, list := o[one].([]any); list {
				return
			}
			if !reflect.DeepEqual(after, before) {
				t.Fatalf("remove %q made %v, want %v", at, after, before)
			}
		}
	})
}
