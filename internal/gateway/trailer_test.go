package gateway

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestTrailersGoBothWays: from HTTP/1.1 and HTTP/2 clients to the upstream and
// back, but for those that would change the message or who sent it.
func TestTrailersGoBothWays(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Late, X-Got")
		w.Header().Set("X-Te", r.Header.Get("Te"))
		_, _ = w.Write(body)
		if r.URL.Path == "/streamed" {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "more")
		}
		var got []string
		for name, values := range r.Trailer {
			if len(values) == 0 {
				continue // announced only
			}
			got = append(got, name+"="+r.Trailer.Get(name))
		}
		w.Header().Set("X-Late", "sum")
		w.Header().Set("X-Got", strings.Join(got, " "))
		w.Header().Set(http.TrailerPrefix+"Set-Cookie", "a=b")
		w.Header().Set(http.TrailerPrefix+"X-Unannounced", "yes")
	})
	g := newRig(t, oneUpstream(up))
	for lane, c := range clients(t) {
		for path, want := range map[string]string{"/": "hello", "/streamed": "hellomore"} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+g.addr+path, io.MultiReader(strings.NewReader("hello")))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("TE", "trailers")
			req.Trailer = http.Header{"X-Sum": {"5"}, "Cookie": {"c=d"}, "X-Forwarded-For": {"6.6.6.6"}}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || string(body) != want {
				t.Errorf("%s %s: body %q, %v", lane, path, body, err)
			}
			if got := resp.Trailer.Get("X-Got"); got != "X-Sum=5" {
				t.Errorf("%s %s: the upstream got the trailers %q", lane, path, got)
			}
			if resp.Trailer.Get("X-Late") != "sum" || resp.Trailer.Get("X-Unannounced") != "yes" || resp.Trailer.Get("Set-Cookie") != "" {
				t.Errorf("%s %s: trailers of the answer are %v", lane, path, resp.Trailer)
			}
			if got := resp.Header.Get("X-Te"); got != "trailers" {
				t.Errorf("%s %s: the upstream was told TE %q", lane, path, got)
			}
		}
	}
}

// TestTrailersAreCheckedOnTheirWay: bytes behind the last chunk reach nobody
// unread, however they are cut.
func TestTrailersAreCheckedOnTheirWay(t *testing.T) {
	t.Parallel()
	up := flaky(t, func(_ int64, c net.Conn) {
		r, err := readRequest(c)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 5\r\nX-A: b\r\n\r\n")
	})
	g := newRig(t, oneUpstream(up))
	got := g.raw(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.HasSuffix(got, "\r\n\r\n2\r\nok\r\n0\r\nX-A: b\r\n\r\n") {
		t.Errorf("answer is %q", got)
	}
	got = g.raw(t, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX A: b\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("a trailer with a blank in its name: %.80q", got)
	}
}
