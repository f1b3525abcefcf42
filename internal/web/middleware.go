package web

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
)

type requestIDKey struct{}

// note is what inner handlers tell the access log: they work on copies of the
// request, which the outer one does not see.
type note struct{ route string }

type noteKey struct{}

// Routes wraps the mux, innermost, so that the access log knows its pattern.
func Routes(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := r.Context().Value(noteKey{}).(*note)
		defer func() { // also when the handler panics
			if n != nil {
				n.route = r.Pattern
			}
		}()
		mux.ServeHTTP(w, r)
	})
}

// RequestID returns the id that this request's log line and answer carry.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Middleware wraps a handler.
type Middleware func(http.Handler) http.Handler

// Chain applies middleware, the first outermost.
func Chain(h http.Handler, list ...Middleware) http.Handler {
	for i := len(list) - 1; i >= 0; i-- {
		h = list[i](h)
	}
	return h
}

type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *statusWriter) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack is for upgrades.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Access gives every request an id, answers a panic as an internal error, and
// writes one log line: at debug level for what went well (thousands a second
// on intake), at info for what was refused.
func Access(log *slog.Logger, observe func(route, method string, status int, took time.Duration)) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			id := db.NewID()
			w.Header().Set("X-Request-Id", id)
			var told note
			r = r.WithContext(context.WithValue(context.WithValue(r.Context(), requestIDKey{}, id), noteKey{}, &told))
			sw := &statusWriter{ResponseWriter: w}
			defer func() {
				if v := recover(); v != nil {
					log.ErrorContext(r.Context(), "panic", "request_id", id, "path", r.URL.Path, "value", v, "stack", string(debug.Stack()))
					if sw.status == 0 {
						Error(sw, r, errs.New(errs.Internal, "Something went wrong on our side; it is in the log under this request's id."))
					}
				}
				took := time.Since(start)
				level := slog.LevelDebug
				if sw.status >= 400 {
					level = slog.LevelInfo
				}
				if log.Enabled(r.Context(), level) {
					log.Log(r.Context(), level, "request", "request_id", id, "method", r.Method, "path", r.URL.Path, "route", told.route,
						"status", sw.status, "bytes", sw.bytes, "took_ms", float64(took.Microseconds())/1000, "remote", r.RemoteAddr)
				}
				observe(told.route, r.Method, sw.status, took)
			}()
			next.ServeHTTP(sw, r)
		})
	}
}

// Protect sets the headers that keep a page from being framed, sniffed or fed
// foreign script, and refuses writes that another site's page sends with the
// browser's cookie (CSRF): such a request carries a foreign Origin. What Open
// says is for everybody takes no cookie, and other sites' pages may write to.
func Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		if writes(r.Method) && foreign(r) && !Open(r) {
			Error(w, r, errs.New(errs.Denied, "This request comes from another site's page; open hypercare itself and try again."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Open reports whether a request is for what anybody may call who has a key
// of its own: channels of feedback (/in/, /w/, Sentry's /api/1/), the page
// that a reporter follows up on (/f/), PagerDuty's /v2/. No cookie and no
// token of the workspace counts there.
func Open(r *http.Request) bool {
	p := r.URL.Path
	for _, prefix := range []string{"/in/", "/w/", "/f/", "/v2/"} {
		if strings.HasPrefix(p, prefix) {
			return true
		}
	}
	rest, ok := strings.CutPrefix(p, "/api/")
	project, _, _ := strings.Cut(rest, "/")
	return ok && project != "" && project != "0" && strings.Trim(project, "0123456789") == ""
}

type baseKey struct{}

// Base tells those who write addresses what the caller calls this server.
// public is what everybody calls it; "" for what the request says.
func Base(public string) Middleware {
	public = strings.TrimSuffix(public, "/")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			base := public
			if base == "" {
				scheme := "http"
				if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
					scheme = "https"
				}
				base = scheme + "://" + r.Host
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), baseKey{}, base)))
		})
	}
}

// BaseOf returns where the caller finds this server, without a slash at the
// end.
func BaseOf(ctx context.Context) string {
	base, _ := ctx.Value(baseKey{}).(string)
	return base
}

func writes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// foreign reports whether a browser says that another origin sent r. Programs
// send neither header; their requests carry no cookie worth protecting.
func foreign(r *http.Request) bool {
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		return err != nil || u.Host != r.Host
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}

// Drain answers 503 to new requests once stopping is set, so that a balancer
// turns away while those under way finish.
func Drain(stopping *atomic.Bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if stopping.Load() {
				w.Header().Set("Connection", "close")
				Error(w, r, errs.New(errs.Unavailable, "This node is shutting down; send the same again."))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// ClientIP is the address a request came from, without the port.
func ClientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
