package mask

import (
	"encoding/json"
	"strings"
	"testing"
)

func masker(t testing.TB, s Spec) *Masker {
	t.Helper()
	m, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	card = "4111 1111 1111 1111"
	iban = "DE89370400440532013000"
	jwt  = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
)

func TestBodiesAreMasked(t *testing.T) {
	t.Parallel()
	m := masker(t, Spec{Fields: []string{"street", "user.born", "items.*.code"}, Patterns: []string{`\bEMP-\d+\b`}})
	for _, tc := range []struct{ kind, in, want string }{
		{"application/json", `{"a":1,"Password":"hunter2","n":{"accessToken":["x",{"y":1}],"ok":true}}`, `{"a":1,"Password":"[masked]","n":{"accessToken":"[masked]","ok":true}}`},
		{"application/json; charset=utf-8", `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"[masked]"}`},
		{"application/vnd.api+json", `[{"street":"Way 1"},{"user":{"born":1970,"x":"born"}},{"born":1}]`, `[{"street":"[masked]"},{"user":{"born":"[masked]","x":"born"}},{"born":1}]`},
		{"application/json", `{"user":{"born":"1970-01-01"},"items":[{"a":{"code":7}},{"code":8}]}`, `{"user":{"born":"[masked]"},"items":[{"a":{"code":"[masked]"}},{"code":8}]}`},
		{"application/json", `{"note":"pay with ` + card + ` or ` + iban + ` or mail ada@example.com"}`, `{"note":"pay with [card] or [iban] or mail [email]"}`},
		{"application/json", `{"n":4111111111111111,"m":12345}`, `{"n":"[card]","m":12345}`},
		{"application/json", `{"m":"\u0061da\u0040example.com"}`, `{"m":"[email]"}`},
		{"application/json", `{"inner":"{\"password\":\"x\",\"k\":1}"}`, `{"inner":"{\"password\":\"[masked]\",\"k\":1}"}`},
		{"application/json", `{"ada@example.com":1}`, `{"[email]":1}`},
		{"application/json", `{"h":"Bearer ` + jwt + `","e":"EMP-123"}`, `{"h":"Bearer [token]","e":"[masked]"}`},
		{"application/x-ndjson", "{\"pin\":1}\n{\"pin\":2}\n", "{\"pin\":\"[masked]\"}\n{\"pin\":\"[masked]\"}\n"},
		{"application/json", `{"a" 1}`, `{"a" [left out: not valid JSON]`},
		{"application/json", `{"a":"x`, `{"a":[left out: not valid JSON]`},
		{"application/x-www-form-urlencoded", "a=1&password=x&mail=ada%40example.com&card=4111+1111+1111+1111&user%5Bborn%5D=x&q=%zz", "a=1&password=[masked]&mail=%5Bemail%5D&card=%5Bcard%5D&user%5Bborn%5D=[masked]&q=[masked]"},
		{"text/plain", "card=4111111111111111, id 41111111111111112 from ada@example.com", "card=[card], id 41111111111111112 from [email]"},
		{"application/xml", `<a><w:Password x="1">secret</w:Password><b token='t' m="ada@example.com">` + card + `</b></a>`, `<a><w:Password x="1">[masked]</w:Password><b token="[masked]" m="[email]">[card]</b></a>`},
	} {
		if got := string(m.Body(tc.kind, []byte(tc.in), false)); got != tc.want {
			t.Errorf("%s %s\n got %s\nwant %s", tc.kind, tc.in, got, tc.want)
		}
	}
}

// TestWhatIsCutOffShowsNoPart cuts messages at every byte: nothing of what is
// covered may be seen, not even its beginning.
func TestWhatIsCutOffShowsNoPart(t *testing.T) {
	t.Parallel()
	m := masker(t, Spec{})
	for kind, in := range map[string]string{
		"application/json":                  `{"first":"one two","password":{"deep":"hunter2hunter2"},"note":"use ` + card + ` now","n":5555555555554444,"mail":"ada.lovelace@example.com","last":1}`,
		"application/x-www-form-urlencoded": "first=one&password=hunter2hunter2&card=4111111111111111&mail=ada.lovelace%40example.com&last=1",
		"text/plain":                        "one two " + card + " three ada.lovelace@example.com four " + jwt + " end",
		"text/xml":                          "<a>one<password>hunter2hunter2</password> two " + card + " ada.lovelace@example.com </a>",
	} {
		for n := range len(in) {
			got := string(m.Body(kind, []byte(in[:n]), true))
			for _, secret := range []string{"hunter", "4111", "5555", "ada.love", "lovelace", "eyJhbG"} {
				if strings.Contains(got, secret) {
					t.Fatalf("%s cut at %d shows %q:\n%s", kind, n, secret, got)
				}
			}
		}
		if got := string(m.Body(kind, []byte(in), false)); !strings.Contains(got, "one") {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestHeadersAreMasked(t *testing.T) {
	t.Parallel()
	m := masker(t, Spec{Headers: []string{"X-Person"}, Keep: []string{"email"}})
	for _, tc := range [][3]string{{"Authorization", "Basic abc", hidden}, {"set-cookie", "a=b", hidden}, {"X-Person", "Ada", hidden}, {"Access-Token", "x", hidden},
		{"X-Card", card, "[card]"}, {"From", "ada@example.com", "ada@example.com"}, {"Accept", "text/html", "text/html"}} {
		if got := m.Header(tc[0], tc[1]); got != tc[2] {
			t.Errorf("%s: %q, want %q", tc[0], got, tc[2])
		}
	}
}

func TestFaultsOfASpecificationAreNamed(t *testing.T) {
	t.Parallel()
	for _, s := range []Spec{{Patterns: []string{"("}}, {Fields: []string{""}}, {Keep: []string{"card"}}, {Fields: make([]string, 300)}} {
		if _, err := Compile(s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

// FuzzBody holds that masking breaks on nothing, and that whole JSON stays
// JSON.
func FuzzBody(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,{"password":"x"}],"b":"`+card+`"}`), false)
	f.Add("application/json", []byte(`{"a":[1,{"pass`), true)
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c"), true)
	f.Add("text/xml", []byte("<a b='c'><token>x"), false)
	m := masker(f, Spec{Fields: []string{"x.y"}})
	f.Fuzz(func(t *testing.T, kind string, body []byte, cut bool) {
		out := m.Body(kind, body, cut)
		if kind == "application/json" && !cut && json.Valid(body) && !json.Valid(out) {
			t.Fatalf("%q became %q", body, out)
		}
	})
}

// BenchmarkBody is what the call log pays for a body, beside the traffic.
func BenchmarkBody(b *testing.B) {
	m := masker(b, Spec{})
	row := `{"id":"7f3a-22","name":"Ada Lovelace","email":"ada@example.com","note":"called about the order of last week","items":[{"sku":"A-1","count":3,"price":12.5}],"paid":true},`
	text := []byte("[" + strings.Repeat(row, 16_000/len(row)) + row[:len(row)-1] + "]")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.Body("application/json", text, false)
	}
}
