package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

// page asks for everything that browsers do and writes what came into itself.
const page = `<!doctype html><title>x</title><p id=out>waiting</p><script>
const ws = () => new Promise((ok, no) => {
  const s = new WebSocket(location.origin.replace('http', 'ws') + '/ws', 'echo');
  s.onopen = () => s.send('hello'); s.onerror = no; s.onmessage = e => { ok('ws:' + e.data); s.close() };
});
const events = () => new Promise((ok, no) => {
  const s = new EventSource('/events'); let got = '';
  s.onerror = no; s.onmessage = e => { got += e.data; if (got.length == 3) { s.close(); ok('events:' + got) } };
});
const upload = async () => 'upload:' + await (await fetch('/upload', {method: 'POST', body: 'x'.repeat(300000)})).text();
const protocol = () => 'by:' + performance.getEntriesByType('navigation')[0].nextHopProtocol;
Promise.all([upload(), events(), ws()]).then(l => { document.title = [...l, protocol()].join(' ') }, e => { document.title = 'failed ' + e })
  .finally(() => { out.textContent = 'result ' + document.title + ' end' });
</script>`

// TestABrowser loads a page through the gateway in Chromium, which fetches,
// follows events and talks by WebSocket: without TLS and with it.
func TestABrowser(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Chromium is not installed")
	}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			_, _ = io.WriteString(w, page)
		case "/upload":
			n, _ := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprint(w, n)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 3 {
				_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	defer up.Close()
	g := newGate(t)
	g.publish(t, fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\n  - {name: ws, targets: [{url: \"http://%s\"}]}\napis:\n  - name: all\n    upstream: up\n    routes: [{name: all, prefix: /}, {name: ws, path: /ws, upstream: ws}]\n",
		up.URL, serving(t, "wspeer", "serve", "127.0.0.1:0")))
	for url, by := range map[string]string{"http://" + g.clear: "http/1.1", "https://" + g.secure: "h2"} {
		out, err := runPeer(t, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--user-data-dir="+t.TempDir(),
			"--virtual-time-budget=20000", "--dump-dom", url+"/")
		_, got, _ := strings.Cut(out, `<p id="out">`)
		got, _, _ = strings.Cut(got, "</p>")
		if want := "result upload:300000 events:012 ws:hello by:" + by + " end"; err != nil || got != want {
			t.Errorf("%s: %q, want %q; %v", url, got, want, err)
		}
	}
}
