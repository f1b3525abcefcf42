package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type sentryError struct {
	ID           string `json:"id"`
	Title        string `json:"title"`
	Kind         string `json:"kind"`
	Culprit      string `json:"culprit"`
	Platform     string `json:"platform"`
	Events       int    `json:"events"`
	Users        int    `json:"users"`
	FirstRelease string `json:"first_release"`
	Latest       struct {
		User struct {
			ID    string `json:"id"`
			Email string `json:"email"`
			IP    string `json:"ip"`
		} `json:"user"`
		TraceID string `json:"trace_id"`
		Body    struct {
			Breadcrumbs []struct{ Message string } `json:"breadcrumbs"`
			Exceptions  []struct {
				Frames []struct {
					Function string         `json:"function"`
					File     string         `json:"file"`
					Line     int            `json:"line"`
					Context  string         `json:"context"`
					Vars     map[string]any `json:"vars"`
					Minified *struct {
						Line int `json:"line"`
					} `json:"minified"`
				} `json:"frames"`
			} `json:"exceptions"`
			Notes []string `json:"notes"`
		} `json:"body"`
	} `json:"latest"`
}

type sentryBench struct {
	world
	clients, dsn string
	number       int
}

// TestSentryClients lets the SDKs of Sentry, as they are, send to hypercare:
// only their DSN is ours.
func TestSentryClients(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("tested on SQLite")
	}
	b := sentryBench{clients: clients(t), world: newWorld(t)}
	var c struct {
		Number int `json:"number"`
		Setup  []struct{ Title, Text string }
	}
	if err := b.Call(t.Context(), b.token, "POST", "/api/v1/launches/"+b.launch+"/channels", map[string]any{"kind": "sentry"}, &c); err != nil {
		t.Fatal(err)
	}
	b.dsn, b.number = c.Setup[0].Text, c.Number
	t.Run("clients", func(t *testing.T) {
		t.Run("node", b.node)
		t.Run("browser", b.browser)
		t.Run("go", b.golang)
		t.Run("python", b.python)
	})
	var health struct {
		Releases []struct {
			Release  string `json:"release"`
			Sessions int    `json:"sessions"`
		} `json:"releases"`
		Dropped []struct{ Kind, Category string } `json:"dropped"`
	}
	b.get(t, "/api/v1/launches/"+b.launch+"/release-health", &health)
	if len(health.Releases) == 0 || health.Releases[0].Sessions == 0 {
		t.Errorf("no sessions: %+v", health)
	}
	var dead struct{ Items []struct{ Reason string } }
	b.get(t, "/api/v1/deliveries?state=dead&launch_id="+b.launch, &dead)
	if len(dead.Items) > 0 {
		t.Errorf("dead deliveries: %+v", dead)
	}
}

// await waits for an error that has a word in its title.
func (b sentryBench) await(t *testing.T, word string) sentryError {
	t.Helper()
	var e sentryError
	waitFor(t, 20*time.Second, "the error with "+word, func() (bool, string) {
		var list struct{ Items []sentryError }
		b.get(t, "/api/v1/launches/"+b.launch+"/errors?limit=100", &list)
		for _, i := range list.Items {
			if strings.Contains(i.Title, word) {
				b.get(t, "/api/v1/errors/"+i.ID, &e)
				return true, ""
			}
		}
		return false, fmt.Sprintf("%+v", list)
	})
	return e
}

// said waits for a report with a word in it, and returns what is known of it.
func (b sentryBench) said(t *testing.T, word string) (id, author string, attrs map[string]string) {
	t.Helper()
	waitFor(t, 20*time.Second, "the report with "+word, func() (bool, string) {
		var list struct {
			Items []struct {
				ID      string
				Snippet string
				Author  struct{ Email string }
			}
		}
		b.get(t, "/api/v1/launches/"+b.launch+"/feedback?limit=100", &list)
		for _, i := range list.Items {
			if strings.Contains(i.Snippet, word) {
				var one struct{ Attrs map[string]string }
				b.get(t, "/api/v1/feedback/"+i.ID, &one)
				id, author, attrs = i.ID, i.Author.Email, one.Attrs
				return true, ""
			}
		}
		return false, fmt.Sprintf("%+v", list)
	})
	return id, author, attrs
}

func (b sentryBench) run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := runPeer(t, program, args...); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func (b sentryBench) node(t *testing.T) {
	t.Parallel()
	b.run(t, "node", filepath.Join(b.clients, "sentry", "node.mjs"), b.dsn)
	e := b.await(t, "has no total")
	if e.Kind != "TypeError" || !strings.Contains(e.Culprit, "payOrder") || e.Platform != "node" || e.Users != 1 || e.Latest.User.ID != "node-7" || len(e.Latest.TraceID) != 32 || len(e.Latest.Body.Breadcrumbs) == 0 {
		t.Errorf("%+v", e)
	}
	if m := b.await(t, "is low"); m.Kind != "message" {
		t.Errorf("%+v", m)
	}
	report, author, attrs := b.said(t, "can not pay")
	if author != "ann@shop.example" || attrs["error_event_id"] == "" {
		t.Errorf("%s %v", author, attrs)
	}
	waitFor(t, 20*time.Second, "all three events, and what was said of the last", func() (bool, string) {
		b.get(t, "/api/v1/errors/"+e.ID, &e)
		var said struct{ Items []struct{ Snippet string } }
		b.get(t, "/api/v1/errors/"+e.ID+"/feedback", &said)
		return e.Events == 3 && len(said.Items) == 2, fmt.Sprint(e.Events, said)
	})
	var evidence struct {
		Items []struct{ ID, Strength string }
	}
	b.get(t, "/api/v1/feedback/"+report+"/evidence", &evidence)
	if len(evidence.Items) == 0 || evidence.Items[0].ID != "error:"+e.ID || evidence.Items[0].Strength == "weak" {
		t.Errorf("the error does not stand beside what was said of it: %+v", evidence)
	}
}

func (b sentryBench) golang(t *testing.T) {
	t.Parallel()
	b.run(t, peer(t, "sentrypeer"), b.dsn)
	e := b.await(t, "nil map")
	if !strings.Contains(e.Culprit, "charge") || e.Platform != "go" || e.Latest.User.Email != "gus@shop.example" {
		t.Errorf("%+v", e)
	}
	b.await(t, "the till is open")
}

func (b sentryBench) python(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // where Debian's packages are
	if exec.Command(python, "-c", "import sentry_sdk").Run() != nil {
		t.Skip("python3-sentry-sdk is not installed (scripts/setup.sh installs Debian's package)")
	}
	b.run(t, python, filepath.Join(b.clients, "sentry", "python.py"), b.dsn)
	e := b.await(t, "KeyError")
	last := e.Latest.Body.Exceptions[len(e.Latest.Body.Exceptions)-1]
	masked := false
	for _, f := range last.Frames {
		masked = masked || f.Vars["password"] == "[masked]"
	}
	if e.Platform != "python" || e.Latest.User.ID != "python-7" || e.Latest.User.IP != "203.0.113.0" || !masked {
		t.Errorf("%+v", e)
	}
	b.await(t, "is empty")
}

// browser builds the page of a shop, uploads its source map, and opens it.
func (b sentryBench) browser(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Chromium is not installed")
	}
	dist := t.TempDir()
	bin := filepath.Join(b.clients, "node_modules", ".bin")
	b.run(t, filepath.Join(bin, "esbuild"), filepath.Join(b.clients, "sentry", "browser.js"), "--bundle", "--minify", "--sourcemap", "--outfile="+filepath.Join(dist, "app.js"), "--log-level=error")
	tool := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sentry-cli"), args...)
		cmd.Env = append(os.Environ(), "SENTRY_URL="+b.URL, "SENTRY_AUTH_TOKEN="+newToken(t, b.Config, "intake"), "SENTRY_ORG=hypercare", fmt.Sprintf("SENTRY_PROJECT=%d", b.number), "SENTRY_LOAD_DOTENV=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("sentry-cli %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	tool("sourcemaps", "inject", dist)
	tool("sourcemaps", "upload", "--release", "shop@2.0.0", dist)
	tool("releases", "new", "shop@2.0.0")
	tool("releases", "finalize", "shop@2.0.0")
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			_, _ = fmt.Fprintf(w, `<!doctype html><title>waiting</title><p id=out>waiting</p><script>window.shopDSN = %q</script><script src=/app.js></script>`, b.dsn)
			return
		}
		http.ServeFile(w, r, filepath.Join(dist, filepath.Base(r.URL.Path)))
	}))
	defer shop.Close()
	out, err := runPeer(t, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=20000", "--timeout=30000", "--dump-dom", shop.URL+"/")
	if err != nil || !strings.Contains(out, "result sent end") {
		t.Fatalf("%v\n%.3000s", err, out)
	}
	_, author, attrs := b.said(t, "does nothing at all")
	if author != "bea@shop.example" || attrs["trace_id"] == "" {
		t.Errorf("%s %v", author, attrs)
	}
	e := b.await(t, "Cannot read properties")
	frames := e.Latest.Body.Exceptions[0].Frames
	last := frames[len(frames)-1]
	if last.Minified == nil || last.Function != "computeTotalOfCart" || !strings.HasSuffix(last.File, "sentry/browser.js") || !strings.Contains(last.Context, "cart.items.map") {
		t.Errorf("not mapped: %+v %v", frames, e.Latest.Body.Notes)
	}
	if !strings.HasPrefix(e.Culprit, "computeTotalOfCart in ") || e.Latest.User.Email != "bea@shop.example" || e.Latest.User.IP != "127.0.0.0" {
		t.Errorf("%+v", e)
	}
	var releases struct {
		Items []struct{ Version, Source string }
	}
	b.get(t, "/api/v1/launches/"+b.launch+"/releases", &releases)
	if len(releases.Items) != 1 || releases.Items[0].Version != "shop@2.0.0" || releases.Items[0].Source != "sentry" {
		t.Errorf("releases: %+v", releases)
	}
}
