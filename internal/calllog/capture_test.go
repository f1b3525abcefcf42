package calllog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
)

// logDoc is a document with one API, whose routes differ in what is logged.
func logDoc(url string) string {
	return fmt.Sprintf(`gateway: 1
log: {payload: all, max: 100B, headers: [X-Tenant, Authorization], mask: {fields: [street]}}
upstreams:
  - {name: up, targets: [{url: %q}]}
apis:
  - name: shop
    upstream: up
    routes:
      - {name: all, prefix: /all}
      - {name: errors, prefix: /errors, policies: {log: {payload: errors, query: full, release: X-Release}}}
      - {name: sampled, prefix: /sampled, policies: {log: {payload: sampled, share: 0.5}}}
      - {name: none, prefix: /none, policies: {log: {query: none}}}
      - {name: keyed, prefix: /keyed, policies: {key: {header: X-Shop}, log: {payload: all, headers: ["*"]}}}
      - {name: more, prefix: /more, policies: {log: {payload: all, mask: {fields: [city]}}}}
      - {name: off, prefix: /off, policies: {log: {off: true}}}
`, url)
}

func captureRig(t *testing.T) (*rig, func(method, path, kind, body string)) {
	t.Helper()
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.Header().Set("X-Release", "1.2.3")
		w.Header().Set("X-Internal", "not kept")
		out := body
		if strings.HasSuffix(r.URL.Path, "/gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(body)
			_ = z.Close()
			out = b.Bytes()
		}
		if strings.HasSuffix(r.URL.Path, "/br") {
			w.Header().Set("Content-Encoding", "br")
		}
		if strings.HasSuffix(r.URL.Path, "/fail") {
			w.WriteHeader(500)
		}
		_, _ = w.Write(out)
	})
	r := newRig(t, logDoc(up))
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return r, func(method, path, kind, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Authorization", "Bearer secret-secret-1")
		req.Header.Set("X-Tenant", "acme")
		req.Header.Set("X-Shop", secretKey)
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func TestPayloadsAreCapturedAsThePolicySays(t *testing.T) {
	t.Parallel()
	r, send := captureRig(t)
	const json = `{"street":"Way 1","password":"hunter2","card":"4111 1111 1111 1111","ok":1}`
	const masked = `{"street":"[masked]","password":"[masked]","card":"[card]","ok":1}`
	long := `{"text":"` + strings.Repeat("word ", 40) + `"}`
	send("POST", "/all/json?a=1", "application/json", json)
	send("POST", "/all/gzip", "application/json", json)
	send("POST", "/all/br", "application/json", json)
	send("POST", "/all/long", "application/json", long)
	send("POST", "/all/image", "image/png", "\x89PNG")
	send("POST", "/errors/fine", "text/plain", "hello")
	send("POST", "/errors/fail?mail=ada@example.com&page=2", "text/plain", "hello")
	send("POST", "/none/x?a=1", "text/plain", "hello")
	send("POST", "/off/x", "text/plain", "hello")
	send("POST", "/keyed", "text/plain", "hello")
	send("POST", "/more", "application/json", `{"city":"A","street":"B"}`)
	got := map[string]call.Record{}
	for _, c := range r.calls(t, 10) {
		got[c.Path] = c
	}
	type part struct{ capture, kind, body string }
	for path, want := range map[string][2]part{
		"/all/json":    {{"whole", "application/json", masked}, {"whole", "application/json", masked}},
		"/all/gzip":    {{"whole", "application/json", masked}, {"whole", "application/json", masked}},
		"/all/br":      {{"whole", "application/json", masked}, {"cut", "application/json", ""}},
		"/all/image":   {{"cut", "image/png", ""}, {"cut", "image/png", ""}},
		"/errors/fine": {},
		"/errors/fail": {{"whole", "text/plain", "hello"}, {"whole", "text/plain", "hello"}},
		"/none/x":      {},
	} {
		c := got[path]
		have := [2]part{{c.Request.Capture, c.Request.Type, c.Request.Body}, {c.Response.Capture, c.Response.Type, c.Response.Body}}
		if have != want {
			t.Errorf("%s:\n got %q\nwant %q", path, have, want)
		}
	}
	if c := got["/all/long"]; c.Request.Capture != call.Cut || !strings.HasPrefix(c.Request.Body, `{"text":"word word`) || len(c.Request.Body) > 100 || c.BytesIn != int64(len(long)) {
		t.Errorf("long: %+v", c)
	}
	if c := got["/more"]; c.Request.Body != `{"city":"[masked]","street":"[masked]"}` {
		t.Errorf("masks don't add up: %s", c.Request.Body)
	}
	if c := got["/keyed"]; c.Status != 200 || !strings.Contains(c.Request.Head, "X-Shop: [masked]") || strings.Contains(c.Request.Head, secretKey) {
		t.Errorf("the key is kept: %d %q", c.Status, c.Request.Head)
	}
	c := got["/all/json"]
	if !strings.Contains(c.Request.Head, "X-Tenant: acme\n") || !strings.Contains(c.Request.Head, "Authorization: [masked]\n") || strings.Contains(c.Response.Head, "X-Internal") || !strings.Contains(c.Response.Head, "Content-Type: application/json\n") {
		t.Errorf("heads %q and %q", c.Request.Head, c.Response.Head)
	}
	if f := got["/errors/fail"]; f.Query != "mail=%5Bemail%5D&page=2" || f.Release != "1.2.3" || c.Query != "a" || got["/none/x"].Query != "" || c.Release != "" {
		t.Errorf("queries %q %q %q, releases %q %q", f.Query, c.Query, got["/none/x"].Query, f.Release, c.Release)
	}
	r.wait(t, "all that was held to be let go", func() bool { return r.captures.held.Load() == 0 })
}

// TestSecretsNeverReachTheDisk looks for them in all files of the log.
func TestSecretsNeverReachTheDisk(t *testing.T) {
	t.Parallel()
	r, send := captureRig(t)
	send("POST", "/all/x", "application/json", `{"password":"hunter2hunter2","mail":"ada@example.com","word":"findable"}`)
	r.calls(t, 1)
	files := 0
	{
		err := filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			for _, secret := range []string{"hunter2", "ada@example", "secret-secret"} {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s has %q", path, secret)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "spool-00000001"))
	if err != nil || !bytes.Contains(b, []byte("findable")) {
		t.Errorf("the spool does not have the payload: %v", err)
	}
}

func TestAShareIsSampled(t *testing.T) {
	t.Parallel()
	r, send := captureRig(t)
	for range 60 {
		send("POST", "/sampled", "text/plain", "hello")
	}
	n := 0
	for _, c := range r.calls(t, 60) {
		if c.Request.Body == "hello" {
			n++
		}
	}
	if n < 10 || n > 50 { // one in 10^7 runs is beyond
		t.Errorf("%d of 60 have a payload, half was asked for", n)
	}
}

// TestTooManyPayloadsCostOnlyThemselves fills what may be held in memory:
// calls are logged all the same.
func TestTooManyPayloadsCostOnlyThemselves(t *testing.T) {
	t.Parallel()
	r, send := captureRig(t)
	r.captures.held.Add(maxHeld)
	send("POST", "/all/x", "text/plain", "hello")
	if c := r.calls(t, 1)[0]; c.Request.Body != "" || c.Request.Capture != call.Cut || c.Status != 200 {
		t.Errorf("%+v", c)
	}
	r.wait(t, "what was held to be let go", func() bool { return r.captures.held.Load() == maxHeld })
}

// TestPayloadsAreCapturedBeforeTheyAreCompressed holds the order of the
// policies: what is masked must be readable.
func TestPayloadsAreCapturedBeforeTheyAreCompressed(t *testing.T) {
	t.Parallel()
	up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("word ", 1000)+"ada@example.com")
	})
	r := newRig(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - name: a\n    upstream: up\n    policies: {compress: {}, log: {payload: all}}\n    routes: [{name: all, prefix: /}]\n", up))
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("the answer is not compressed: %v", resp.Header)
	}
	c := r.calls(t, 1)[0]
	if want := strings.Repeat("word ", 1000) + "[email]"; c.Response.Body != want || c.Response.Capture != call.Whole {
		t.Errorf("captured %.60q (%s), want %.20q...", c.Response.Body, c.Response.Capture, want)
	}
	if c.BytesOut >= 5000 {
		t.Errorf("%d bytes out, as if it were not compressed", c.BytesOut)
	}
}

// TestStreamsFlowWhileTheyAreCaptured waits for each event before the next is
// sent, and then goes over to another protocol.
func TestStreamsFlowWhileTheyAreCaptured(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			c, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_ = rw.Flush()
			line, _ := rw.ReadString('\n')
			_, _ = rw.WriteString("echo " + line)
			_ = rw.Flush()
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: word %d\n\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	r := newRig(t, fmt.Sprintf("gateway: 1\nlog: {payload: all}\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: a, upstream: up, routes: [{name: all, prefix: /}]}\n", up))
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.addr+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		if got, err := lines.ReadString('\n'); err != nil || got != fmt.Sprintf("data: word %d\n", i) {
			t.Fatalf("event %d: %q %v", i, got, err)
		}
		_, _ = lines.ReadString('\n')
		next <- struct{}{}
	}
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(c)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, " 101 ") {
		t.Fatalf("%q %v", line, err)
	}
	for line := "x"; strings.TrimSpace(line) != ""; {
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = io.WriteString(c, "hello\n")
	if line, err := in.ReadString('\n'); err != nil || line != "echo hello\n" {
		t.Fatalf("%q %v", line, err)
	}
	_ = c.Close()
	got := map[string]call.Record{}
	for _, c := range r.calls(t, 2) {
		got[c.Path] = c
	}
	if e := got["/"]; e.Response.Body != "data: word 0\n\ndata: word 1\n\ndata: word 2\n\n" || e.Response.Capture != call.Whole {
		t.Errorf("events %q (%s)", e.Response.Body, e.Response.Capture)
	}
	if u := got["/up"]; u.Status != 101 || u.BytesOut < 11 || u.Response.Body != "" {
		t.Errorf("upgrade %+v", u)
	}
}
