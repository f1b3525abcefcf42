package crash

import (
	"strings"
	"testing"
)

func failing(kind, value string, frames ...Frame) *Event {
	return &Event{Level: "error", Body: &Body{Exceptions: []Exception{{Type: kind, Value: value, Frames: frames}}}}
}

func frame(function, file string, line int, context string) Frame {
	return Frame{Function: function, File: file, Line: line, Context: context, InApp: true}
}

func same(a, b *Event) bool { return hashes(a)[0] == hashes(b)[0] }

func TestOneFaultIsOneGroup(t *testing.T) {
	t.Parallel()
	fp := func(parts ...string) *Event {
		e := failing("E", "v", frame("f", "a.py", 1, "x()"))
		e.Body.Fingerprint = parts
		return e
	}
	message := func(s, tmpl string) *Event { return &Event{Level: "error", Body: &Body{Message: s, Template: tmpl}} }
	library := Frame{Function: "wrap", Module: "framework", Line: 3}
	for name, c := range map[string]struct {
		a, b *Event
		want bool
	}{
		"another line number":        {failing("E", "v", frame("f", "a.py", 1, "x()")), failing("E", "w", frame("f", "a.py", 9, "x()")), true},
		"another line of code":       {failing("E", "v", frame("f", "a.py", 1, "x()")), failing("E", "v", frame("f", "a.py", 1, "y()")), false},
		"another function":           {failing("E", "v", frame("f", "a.py", 1, "x()")), failing("E", "v", frame("g", "a.py", 1, "x()")), false},
		"another class":              {failing("E", "v", frame("f", "a.py", 1, "x()")), failing("F", "v", frame("f", "a.py", 1, "x()")), false},
		"frames of a library":        {failing("E", "v", library, frame("f", "a.py", 1, "x()")), failing("E", "v", frame("f", "a.py", 1, "x()")), true},
		"only frames of a library":   {failing("E", "v", library), failing("E", "v"), false},
		"a hash in a file's name":    {failing("E", "v", frame("f", "https://x/app.3f2a1b9c.js", 1, "")), failing("E", "v", frame("f", "https://x/app.77aa01de.js?v=2", 1, "")), true},
		"an address in a function":   {failing("E", "v", frame("f$$Lambda$14/0x00ab", "A", 1, "")), failing("E", "v", frame("f$$Lambda$99/0x11cd", "A", 1, "")), true},
		"a version of a module":      {failing("E", "v", Frame{Function: "f", Module: "shop@1.2.3", InApp: true}), failing("E", "v", Frame{Function: "f", Module: "shop@1.2.4", InApp: true}), true},
		"how deep it recursed":       {failing("E", "v", frame("f", "a", 1, ""), frame("f", "a", 1, "")), failing("E", "v", frame("f", "a", 1, "")), true},
		"numbers in a message":       {failing("E", "order 17 not found"), failing("E", "order 99 not found"), true},
		"ids in a message":           {message("user 7f6c2d94-21d1-4c7b-a1b2-0aa3e2c0d1f4 at 10.0.0.1", ""), message("user 00000000-21d1-4c7b-a1b2-0aa3e2c0d1f4 at 10.9.9.9", ""), true},
		"words of a message":         {message("user is gone", ""), message("order is gone", ""), false},
		"values of a template":       {message("hello Ann", "hello %s"), message("hello Bob", "hello %s"), true},
		"a fingerprint":              {fp("mine"), fp("mine"), true},
		"a fingerprint and none":     {fp("mine"), fp(), false},
		"the default fingerprint":    {fp("{{ default }}"), fp(), true},
		"default and more":           {fp("{{ default }}", "x"), fp("{{default}}", "x"), true},
		"default and something else": {fp("{{ default }}", "x"), fp("{{ default }}", "y"), false},
		"variables":                  {fp("{{ error.type }}-{{ level }}"), fp("E-error"), true},
	} {
		if got := same(c.a, c.b); got != c.want {
			t.Errorf("%s: same = %v, want %v\n%q\n%q", name, got, c.want, fingerprint(c.a, partsV1), fingerprint(c.b, partsV1))
		}
	}
}

func TestTemplatesLeaveOutWhatChanges(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"order 17 of ann@shop.example failed after 8,004 ms":      "order <n> of <masked> failed after <n> ms",
		"GET https://shop.example/a?b=c: 504":                     "GET <url> <n>",
		"at 2026-11-27T05:00:01.5Z from 2001:db8::1 (0xdeadbeef)": "at <time> from 2001:db8::1 (<hex>)",
		"commit 3f2a1b9c77aa is bad, facade is not":               "commit <hex> is bad, facade is not",
		"first line is long enough\nsecond":                       "first line is long enough",
	} {
		got := template(in)
		if strings.Contains(want, "2001") { // how much of an IPv6 address is found may differ
			if !strings.HasPrefix(got, "at <time> from <ip>") && !strings.Contains(got, "<hex>") {
				t.Errorf("template(%q) = %q", in, got)
			}
			continue
		}
		if got != want {
			t.Errorf("template(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestANewVersionOfTheRulesKeepsTheHashesOfTheOld(t *testing.T) {
	t.Parallel()
	e := failing("E", "v", frame("f", "a.py", 1, "x()"))
	next := append([]grouping{{2, func(e *Event) []string { return []string{"v2", kindOf(e)} }}}, groupings...)
	list := hashesOf(e, next)
	if len(list) != 2 || list[0].version != 2 || list[1] != hashes(e)[0] {
		t.Errorf("%+v", list)
	}
}

func TestReleasesAreOrdered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b       string
		less, know bool
	}{
		{"shop@1.9.0", "shop@1.10.0", true, true},
		{"1.10.0", "1.9", false, true},
		{"v2.0.0-rc.1", "2.0.0", true, true},
		{"2.0.0-rc.2", "2.0.0-rc.10", true, true},
		{"2.0.0-alpha", "2.0.0-alpha.1", true, true},
		{"2.0.0", "2.0.0-rc.1", false, true},
		{"2.0.0+7", "2.0.0+8", false, true},
		{"shop@1.0.0", "admin@2.0.0", false, false},
		{"a1b2c3d", "b1b2c3d", false, false},
		{"20261127", "20261128", false, false},
		{"same", "same", false, true},
	} {
		if less, know := older(c.a, c.b); less != c.less || know != c.know {
			t.Errorf("older(%s, %s) = %v, %v; want %v, %v", c.a, c.b, less, know, c.less, c.know)
		}
	}
}
