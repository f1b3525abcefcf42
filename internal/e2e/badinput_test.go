package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send makes a raw request.
func (w world) send(t *testing.T, method, path string, header map[string]string, body io.Reader) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		if v == "" {
			req.Header.Del(k)
		} else {
			req.Header.Set(k, v)
		}
	}
	client := http.Client{Timeout: 30 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res.StatusCode, res.Header, b}
}

// refused checks that an answer is a clear 4xx: a problem with a sentence.
func refused(t *testing.T, name string, a answer, statuses ...int) {
	t.Helper()
	ok := false
	for _, s := range statuses {
		ok = ok || a.status == s
	}
	if !ok {
		t.Errorf("%s: status %d, want one of %v: %.300s", name, a.status, statuses, a.body)
		return
	}
	if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
		t.Errorf("%s: Content-Type %q, want application/problem+json", name, ct)
	}
	var p struct {
		Title, Detail string
		Status        int
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Status != a.status || len(p.Detail) < 12 || p.Title == "" {
		t.Errorf("%s: not a clear problem: %.300s", name, a.body)
	}
	for _, leak := range []string{"SQLITE", "sql:", "goroutine", ".go:", "pq:", "pgx"} {
		if strings.Contains(p.Detail, leak) {
			t.Errorf("%s: the detail shows our insides: %s", name, p.Detail)
		}
	}
}

func TestBadRequestsAreRefusedClearly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/v1/launches/" + w.launch + "/feedback"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(`{"text":"` + strings.Repeat("a", 50<<20) + `"}`))
	_ = z.Close()
	tomorrow := time.Now().Add(72 * time.Hour).UTC().Format(time.RFC3339)
	many, err := json.Marshal(map[string]any{"items": make([]struct {
		Text string `json:"text"`
	}, 1001)})
	if err != nil {
		t.Fatal(err)
	}
	bad := []int{400, 413, 415, 422}
	for name, tt := range map[string]struct {
		body   string
		header map[string]string
		status []int
	}{
		"no body":                     {"", nil, bad},
		"not JSON":                    {"text=hello", nil, bad},
		"JSON that ends early":        {`{"text":"The export los`, nil, bad},
		"JSON followed by more":       {`{"text":"fine"} {"text":"more"}`, nil, bad},
		"an array":                    {`["text"]`, nil, bad},
		"a number as text":            {`{"text":5}`, nil, bad},
		"text in rating":              {`{"text":"fine","rating":"five"}`, nil, bad},
		"a rating out of range":       {`{"text":"fine","rating":1e9}`, nil, bad},
		"an unknown field":            {`{"text":"fine","texxt":"typo"}`, nil, bad},
		"no text":                     {`{}`, nil, bad},
		"white space only":            {`{"text":" \n\t "}`, nil, bad},
		"NUL":                         {`{"text":"a\u0000b"}`, nil, bad},
		"invalid UTF-8":               {"{\"text\":\"a\xff\xfeb\"}", nil, bad},
		"half of a surrogate pair":    {`{"text":"fine","title":"\ud800"}`, nil, []int{202, 400, 422}},
		"10 MB of text":               {`{"text":"` + strings.Repeat("word ", 2<<20) + `"}`, nil, []int{413}},
		"a long text":                 {`{"text":"` + strings.Repeat("word ", 100_000) + `"}`, nil, []int{413, 422}},
		"a date in the future":        {`{"text":"fine","occurred_at":"` + tomorrow + `"}`, nil, bad},
		"no date":                     {`{"text":"fine","occurred_at":"yesterday"}`, nil, bad},
		"the 31st of February":        {`{"text":"fine","occurred_at":"2026-02-31T00:00:00Z"}`, nil, bad},
		"deep nesting":                {strings.Repeat("[", 200_000), nil, bad},
		"deep nesting in attrs":       {`{"text":"fine","attrs":` + strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000) + `}`, nil, bad},
		"too many items":              {string(many), nil, bad},
		"no items":                    {`{"items":[]}`, nil, bad},
		"items that are no list":      {`{"items":{"text":"fine"}}`, nil, bad},
		"an attachment not in base64": {`{"text":"fine","attachments":[{"name":"a.png","content_type":"image/png","data":"%%%"}]}`, nil, bad},
		"a form":                      {"text=hello", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, bad},
		"compressed, a bomb":          {zipped.String(), map[string]string{"Content-Encoding": "gzip"}, bad},
		"no token":                    {`{"text":"fine"}`, map[string]string{"Authorization": ""}, []int{401}},
		"a wrong token":               {`{"text":"fine"}`, map[string]string{"Authorization": "Bearer hc_wrong"}, []int{401}},
		"a form from another site":    {`{"text":"fine"}`, map[string]string{"Origin": "https://evil.example"}, []int{403}},
	} {
		a := w.send(t, "POST", path, tt.header, strings.NewReader(tt.body))
		if a.status == 202 && len(tt.status) > 0 && tt.status[0] == 202 {
			continue
		}
		refused(t, name, a, tt.status...)
	}
	for name, tt := range map[string]struct {
		method, path string
		status       []int
	}{
		"an unknown launch":  {"POST", "/api/v1/launches/nosuchlaunch/feedback", []int{404}},
		"a hostile id":       {"GET", "/api/v1/feedback/%27%20OR%201=1--", []int{404, 400, 422}},
		"an unknown path":    {"GET", "/api/v1/nothing/here", []int{404}},
		"a wrong method":     {"DELETE", path, []int{405, 404}},
		"a broken cursor":    {"GET", path + "?cursor=%ff%00nonsense", []int{400, 422}},
		"a wrong limit":      {"GET", path + "?limit=-5", []int{400, 422}},
		"an unknown sorting": {"GET", path + "?sort=password", []int{400, 422}},
		"a wrong date":       {"GET", path + "?from=soon", []int{400, 422}},
	} {
		refused(t, name, w.send(t, tt.method, tt.path, nil, strings.NewReader(`{"text":"fine"}`)), tt.status...)
	}

	// After all that: still there, and a good report is kept.
	if a := w.send(t, "POST", path, nil, strings.NewReader(`{"text":"a good one","external_id":"good"}`)); a.status != 202 {
		t.Fatalf("a good report after the bad ones: %d %s", a.status, a.body)
	}
	w.processed(t)
	for _, f := range w.feedback(t) {
		if f.ExternalID != "good" && !strings.HasPrefix(f.Snippet, "fine") {
			t.Errorf("something bad was kept: %+v", f)
		}
	}
}

// TestOneBadRowCostsOneRow sends 1,000 reports of which one is bad.
func TestOneBadRowCostsOneRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n, badAt = 1000, 617
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if i == badAt {
			b.WriteString(`{"text":5,"external_id":"row-bad"}`)
			continue
		}
		fmt.Fprintf(&b, `{"text":"The invoice of order %d is empty","external_id":"row-%d"}`, i, i)
	}
	b.WriteString(`]}`)
	a := w.send(t, "POST", "/api/v1/launches/"+w.launch+"/feedback", nil, strings.NewReader(b.String()))
	var got struct {
		Accepted, Rejected int
		Items              []struct {
			Index, Status int
			Error         struct{ Detail string }
		}
	}
	if err := json.Unmarshal(a.body, &got); err != nil || a.status >= 300 {
		t.Fatalf("%d %.300s %v", a.status, a.body, err)
	}
	if got.Accepted != n-1 || got.Rejected != 1 || len(got.Items) != n {
		t.Fatalf("accepted %d, rejected %d, %d answers; want %d, 1, %d", got.Accepted, got.Rejected, len(got.Items), n-1, n)
	}
	for _, it := range got.Items {
		if (it.Index == badAt) != (it.Status == 422) {
			t.Errorf("item %d: status %d", it.Index, it.Status)
		}
		if it.Index == badAt && !strings.Contains(it.Error.Detail, "text") {
			t.Errorf("the bad item's error does not name the field: %q", it.Error.Detail)
		}
	}
	w.processed(t)
	if all := w.feedback(t); len(all) != n-1 {
		t.Errorf("%d feedback are there, want %d", len(all), n-1)
	}
}

// TestHostileTextIsOnlyText sends SQL, HTML and control characters as text; it
// must come back as it was, in JSON that no browser takes for a page.
func TestHostileTextIsOnlyText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	texts := []string{
		`'); DROP TABLE feedback; --`,
		`<script>alert(document.cookie)</script><img src=x onerror=alert(1)>`,
		`{{constructor.constructor('alert(1)')()}} ${7*7} %s %n %00`,
		"=cmd|' /C calc'!A0 \u202e reversed \u200b zero width \r\n line",
		"\"quoted\" \\ backslash \t tab 🙃 👩‍👩‍👧 ﷽ Ã\u0301\u0301\u0301",
	}
	for i, text := range texts {
		body, err := json.Marshal(map[string]any{"text": text, "title": text, "external_id": fmt.Sprint("hostile-", i), "author": map[string]string{"name": text}})
		if err != nil {
			t.Fatal(err)
		}
		if a := w.send(t, "POST", "/api/v1/launches/"+w.launch+"/feedback", nil, bytes.NewReader(body)); a.status != 202 {
			t.Fatalf("%q: %d %s", text, a.status, a.body)
		}
	}
	w.processed(t)
	all := w.feedback(t)
	if len(all) != len(texts) {
		t.Fatalf("%d feedback are there, want %d", len(all), len(texts))
	}
	for _, f := range all {
		a := w.send(t, "GET", "/api/v1/feedback/"+f.ID, nil, nil)
		if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("Content-Type %q, nosniff %q", ct, a.header.Get("X-Content-Type-Options"))
		}
		var one struct {
			ExternalID string `json:"external_id"`
			Text       string `json:"text"`
		}
		if err := json.Unmarshal(a.body, &one); err != nil {
			t.Fatal(err)
		}
		var i int
		if _, err := fmt.Sscanf(one.ExternalID, "hostile-%d", &i); err != nil || one.Text != texts[i] {
			t.Errorf("%s came back as %q, want %q", one.ExternalID, one.Text, texts[i])
		}
	}
	for _, q := range []string{`%27%3B%20DROP`, `%22%22`, `*`, `NEAR(`, `a%20AND%20OR%20NOT`, `%3Cscript%3E`, `%00`, strings.Repeat("a", 4000)} {
		if a := w.send(t, "GET", "/api/v1/launches/"+w.launch+"/feedback?q="+q, nil, nil); a.status != 200 && a.status != 400 && a.status != 422 {
			t.Errorf("search for %s: %d %.200s", q, a.status, a.body)
		}
	}
}
