// Package ui carries the built web interface and serves it. The source is TypeScript in src; `npm run
// build` writes dist, which is embedded here. A program built without it still works: it answers a page
// that says how to build the interface.
package ui

import (
	"bytes"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/web"
)

// The folder is committed with .gitkeep alone, so that this compiles on a machine without node.
//
//go:embed all:dist
var dist embed.FS

// Tokens is the style sheet of the product's colours, for pages that are not part of the app.
//
//go:embed src/styles/tokens.css
var Tokens string

// assets is the folder of files whose names carry the hash of their content: they never change.
const assets = "assets/"

const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hypercare</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:60ch;margin:10vh auto;padding:0 1rem">
<main><h1>The interface is not built</h1>
<p>The API works; its document is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.
To build the interface run <code>make ui</code> and build the program again.</p></main>
</body></html>
`

// Files returns the built interface, rooted at its index.html. It holds only .gitkeep until it was built.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// Cannot happen: the folder is named by the embed directive above.
		panic("embedded interface: " + err.Error())
	}
	return sub
}

// Handler serves the interface that was embedded.
func Handler() http.Handler { return New(Files()) }

// New serves a built interface: files by their path with the smallest encoding that the client takes, and
// index.html for every other path, since the routes of the app live in the browser. Headers of security
// are set by whoever wraps it.
func New(files fs.FS) http.Handler {
	return &server{files: files, start: time.Now()}
}

type server struct {
	files fs.FS
	start time.Time
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "The interface is only read.", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch {
	case name != "" && s.isFile(name):
		s.serve(w, r, name)
	case strings.HasPrefix(name, assets):
		// An old page asks for a file of an older build: the app's HTML would be worse than nothing.
		http.NotFound(w, r)
	case s.isFile("index.html"):
		s.serve(w, r, "index.html")
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.Method != http.MethodHead {
			_, _ = w.Write([]byte(notBuilt))
		}
	}
}

// isFile keeps the compressed twins and hidden files from being asked for by name.
func (s *server) isFile(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasSuffix(base, ".br") || strings.HasSuffix(base, ".gz") {
		return false
	}
	info, err := fs.Stat(s.files, name)
	return err == nil && !info.IsDir()
}

func (s *server) serve(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	if strings.HasPrefix(name, assets) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("Content-Type", contentType(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	body, encoding, err := s.read(name, r.Header.Get("Accept-Encoding"))
	if err != nil {
		http.Error(w, "The interface could not be read.", http.StatusInternalServerError)
		return
	}
	if encoding == "" {
		http.ServeContent(w, r, name, s.start, bytes.NewReader(body))
		return
	}
	h.Set("Content-Encoding", encoding)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// read returns the file in the best encoding of brotli, gzip and none that is both accepted and there.
func (s *server) read(name, accept string) (body []byte, encoding string, err error) {
	for _, e := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !web.Accepts(accept, e.encoding) {
			continue
		}
		if body, err := fs.ReadFile(s.files, name+e.suffix); err == nil {
			return body, e.encoding, nil
		}
	}
	body, err = fs.ReadFile(s.files, name)
	return body, "", err
}

// contentType does not ask the machine's tables for what the interface is made of: they differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
