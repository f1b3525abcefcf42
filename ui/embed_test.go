package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() fstest.MapFS {
	return fstest.MapFS{
		".gitkeep":              {},
		"index.html":            {Data: []byte("<!doctype html><title>app</title>")},
		"theme.js":              {Data: []byte("theme()")},
		"assets/app-1a2b.js":    {Data: []byte("plain")},
		"assets/app-1a2b.js.br": {Data: []byte("brotli")},
		"assets/app-1a2b.js.gz": {Data: []byte("gzip")},
		"assets/only-gz.css":    {Data: []byte("plain")},
		"assets/only-gz.css.gz": {Data: []byte("gzip")},
	}
}

func TestServesTheAppAndItsFiles(t *testing.T) {
	t.Parallel()
	immutable := "public, max-age=31536000, immutable"
	for _, tt := range []struct {
		name, path, accept           string
		status                       int
		body, encoding, cache, ctype string
	}{
		{"root", "/", "br", 200, "<title>app", "", "no-cache", "text/html; charset=utf-8"},
		{"route of the app", "/launches/la_1/feedback", "", 200, "<title>app", "", "no-cache", "text/html; charset=utf-8"},
		{"route with a dot", "/issues/HC-1.2", "", 200, "<title>app", "", "no-cache", "text/html; charset=utf-8"},
		{"file at the root", "/theme.js", "", 200, "theme()", "", "no-cache", "text/javascript; charset=utf-8"},
		{"asset plain", "/assets/app-1a2b.js", "", 200, "plain", "", immutable, "text/javascript; charset=utf-8"},
		{"asset brotli", "/assets/app-1a2b.js", "gzip, deflate, br", 200, "brotli", "br", immutable, "text/javascript; charset=utf-8"},
		{"asset gzip", "/assets/app-1a2b.js", "gzip", 200, "gzip", "gzip", immutable, "text/javascript; charset=utf-8"},
		{"brotli refused", "/assets/app-1a2b.js", "br;q=0, gzip;q=0.5", 200, "gzip", "gzip", immutable, "text/javascript; charset=utf-8"},
		{"anything", "/assets/app-1a2b.js", "*", 200, "brotli", "br", immutable, "text/javascript; charset=utf-8"},
		{"no brotli twin", "/assets/only-gz.css", "br, gzip", 200, "gzip", "gzip", immutable, "text/css; charset=utf-8"},
		{"asset of an older build", "/assets/app-0000.js", "", 404, "", "", "", "text/plain; charset=utf-8"},
		{"twin by its own name", "/assets/app-1a2b.js.br", "", 404, "", "", "", "text/plain; charset=utf-8"},
		{"hidden file", "/.gitkeep", "", 200, "<title>app", "", "no-cache", "text/html; charset=utf-8"},
		{"climbing out", "/../../etc/passwd", "", 200, "<title>app", "", "no-cache", "text/html; charset=utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "http://hc.test/", nil)
			r.URL.Path = tt.path
			r.Header.Set("Accept-Encoding", tt.accept)
			w := httptest.NewRecorder()
			New(built()).ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("GET %s = %d, want %d", tt.path, w.Code, tt.status)
			}
			if !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("body = %q, want it to hold %q", w.Body, tt.body)
			}
			for header, want := range map[string]string{"Content-Encoding": tt.encoding, "Cache-Control": tt.cache, "Content-Type": tt.ctype} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s = %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestHeadSendsNoBody(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodHead, "http://hc.test/assets/app-1a2b.js", nil)
	r.Header.Set("Accept-Encoding", "br")
	w := httptest.NewRecorder()
	New(built()).ServeHTTP(w, r)
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "6" {
		t.Errorf("HEAD = %d, %d bytes, length %q; want 200, 0 bytes, length 6", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestOnlyReads(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	New(built()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://hc.test/", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST = %d, Allow %q; want 405, GET, HEAD", w.Code, w.Header().Get("Allow"))
	}
}

func TestSaysThatItIsNotBuilt(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	New(fstest.MapFS{".gitkeep": {}}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://hc.test/launches", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "not built") {
		t.Errorf("GET = %d %q, want 503 and a page that says so", w.Code, w.Body)
	}
}

// The embedded folder itself: whatever it holds, it must be served or explained.
func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://hc.test/", nil))
	if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
		t.Errorf("GET / = %d, want 200 when built or 503 when not", w.Code)
	}
}
