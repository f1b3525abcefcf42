package gateway

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func decoded(t *testing.T, coding, body string) string {
	t.Helper()
	var r io.Reader
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(strings.NewReader(body))
	case "zstd":
		r, err = zstd.NewReader(strings.NewReader(body))
	default:
		return body
	}
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(b)
}

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("a line of text that is like the others\n", 4000)
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("ETag", `"v1"`)
		switch r.URL.Path {
		case "/small":
			_, _ = io.WriteString(w, "{}")
		case "/chunks":
			for piece := range strings.SplitSeq(large, "\n") {
				if piece != "" {
					_, _ = io.WriteString(w, piece+"\n")
				}
			}
		case "/picture":
			h.Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, large)
		case "/coded":
			h.Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, large)
		case "/as-is":
			h.Set("Cache-Control", "public, No-Transform")
			_, _ = io.WriteString(w, large)
		case "/part":
			h.Set("Content-Range", "bytes 0-9/20")
			w.WriteHeader(206)
			_, _ = io.WriteString(w, large)
		case "/same":
			w.WriteHeader(304)
		case "/events":
			h.Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, large)
		default:
			h.Set("Content-Length", "156000")
			h.Set("Vary", "Cookie")
			_, _ = io.WriteString(w, large)
		}
	})
	g := newRig(t, withPolicies(up, "      compress: {}\n"))
	for lane, c := range plainClients(t) {
		for _, tc := range []struct {
			method, path, accept, coding string
		}{
			{"GET", "/", "gzip", "gzip"},
			{"GET", "/", "gzip, zstd", "zstd"},
			{"GET", "/", "gzip;q=1.0, zstd;q=0.5, br", "gzip"},
			{"GET", "/", "GZIP ; Q=0.2", "gzip"},
			{"GET", "/", "x-gzip", "gzip"},
			{"GET", "/", "*", "zstd"},
			{"GET", "/", "*;q=0.1, zstd;q=0", "gzip"},
			{"GET", "/", "gzip;q=0", ""},
			{"GET", "/", "gzip;q=0.5, identity", ""},
			{"GET", "/", "br, deflate", ""},
			{"GET", "/", "gzip;q=x", ""},
			{"GET", "/", "", ""},
			{"HEAD", "/", "gzip", "gzip"},
			{"GET", "/chunks", "zstd", "zstd"},
			{"GET", "/chunks", "gzip", "gzip"},
			{"GET", "/small", "gzip", ""},
			{"GET", "/picture", "gzip", ""},
			{"GET", "/coded", "gzip", "br"},
			{"GET", "/as-is", "gzip", ""},
			{"GET", "/part", "gzip", ""},
			{"GET", "/same", "gzip", ""},
			{"GET", "/events", "gzip", ""},
		} {
			name := lane + " " + tc.method + " " + tc.path + " " + tc.accept
			header := http.Header{}
			if tc.accept != "" {
				header.Set("Accept-Encoding", tc.accept)
			}
			resp, body := call{method: tc.method, path: tc.path, header: header}.do(t, c, g.addr)
			h := resp.Header
			if h.Get("Content-Encoding") != tc.coding {
				t.Errorf("%s: coded with %q, want %q", name, h.Get("Content-Encoding"), tc.coding)
				continue
			}
			want := map[string]string{"/small": "{}", "/same": ""}[tc.path]
			if want == "" && tc.method == "GET" && tc.path != "/same" {
				want = large
			}
			if tc.method == "HEAD" {
				if body != "" {
					t.Errorf("%s: has a body", name)
				}
			} else if got := decoded(t, tc.coding, body); got != want {
				t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
			}
			ours := tc.coding == "gzip" || tc.coding == "zstd"
			if ours && tc.method == "GET" && len(body) > len(large)/10 {
				t.Errorf("%s: %d bytes of %d", name, len(body), len(large))
			}
			weak := ours || tc.path == "/same"
			if (h.Get("ETag") == `W/"v1"`) != weak {
				t.Errorf("%s: ETag %s", name, h.Get("ETag"))
			}
			vary := strings.Join(h.Values("Vary"), ", ")
			varies := tc.path == "/" || tc.path == "/chunks" || tc.path == "/small" || tc.path == "/same"
			if strings.Contains(vary, "Accept-Encoding") != varies || tc.path == "/" && !strings.Contains(vary, "Cookie") {
				t.Errorf("%s: Vary is %q", name, vary)
			}
			if tc.method == "HEAD" && ours && h.Get("Content-Length") != "" {
				t.Errorf("%s: says a length of %s", name, h.Get("Content-Length"))
			}
		}
	}
}

func TestCompressedStreamsAreFlushed(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		for range 3 {
			_, _ = io.WriteString(w, "{\"line\":1}\n")
			w.(http.Flusher).Flush()
			<-next
		}
	})
	g := newRig(t, withPolicies(up, "      compress: {min_size: 0B}\n"))
	for lane, c := range plainClients(t) {
		for _, coding := range []string{"gzip", "zstd"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", coding)
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			var r io.Reader
			if coding == "gzip" {
				r, err = gzip.NewReader(resp.Body)
			} else {
				r, err = zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
			}
			if err != nil {
				t.Fatal(err)
			}
			line := make([]byte, len("{\"line\":1}\n"))
			for range 3 { // each is here before the upstream goes on
				if _, err := io.ReadFull(r, line); err != nil || string(line) != "{\"line\":1}\n" {
					t.Fatalf("%s %s: %q, %v", lane, coding, line, err)
				}
				next <- struct{}{}
			}
			if n, err := r.Read(line); n != 0 || err != io.EOF {
				t.Errorf("%s %s: %d more, %v", lane, coding, n, err)
			}
			_ = resp.Body.Close()
		}
	}
}

func TestHalfACompressedAnswerDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(bytes.Repeat([]byte("half "), 1000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	g := newRig(t, withPolicies(up, "      compress: {}\n"))
	for lane, c := range plainClients(t) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := c.Do(req)
		if err != nil {
			continue
		}
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: half an answer was read without an error", lane)
		}
		_ = resp.Body.Close()
	}
}

// FuzzAcceptEncoding: whatever is asked for, the answer is a coding that was
// offered, and never one that was refused.
func FuzzAcceptEncoding(f *testing.F) {
	for _, s := range []string{"gzip, zstd;q=0.5", "*;q=0", "identity;q=0, *;q=1", "gzip;;q=1", ";q=1", "gzip;q=NaN", "gzip;q=1e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accepted string) {
		got := chooseCoding(accepted, []string{"zstd", "gzip"})
		if got != "" && got != "zstd" && got != "gzip" {
			t.Fatalf("%q: %q", accepted, got)
		}
		if got := chooseCoding("gzip;q=0, "+accepted, []string{"gzip"}); got != "" && !strings.Contains(strings.ToLower(accepted), "gzip") {
			t.Fatalf("%q: what was refused is sent", accepted)
		}
	})
}
