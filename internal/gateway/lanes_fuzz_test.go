package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// twoLanes is one gateway whose fast lane and whose net/http lane can both be
// spoken to in HTTP/1.1, before an upstream that keeps what it gets.
type twoLanes struct {
	g          *Gateway
	fast, slow net.Listener

	mu   sync.Mutex
	seen []string
}

func newTwoLanes(tb testing.TB) *twoLanes {
	tb.Helper()
	l := &twoLanes{}
	listen := func() net.Listener {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = ln.Close() })
		return ln
	}
	up := listen()
	go l.upstream(up)
	l.g = New(Options{Log: slog.New(slog.DiscardHandler)})
	if err := l.g.Apply([]byte(oneUpstream("http://" + up.Addr().String()))); err != nil {
		tb.Fatal(err)
	}
	l.fast, l.slow = listen(), listen()
	go func() { _ = l.g.Serve(l.fast) }()
	go func() {
		for {
			c, err := l.slow.Accept()
			if err != nil {
				return
			}
			l.g.handoff.give(c)
		}
	}()
	return l
}

// upstream answers each request with what it was.
func (l *twoLanes) upstream(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			r := bufio.NewReader(c)
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					if !errors.Is(err, io.EOF) {
						l.note("unreadable: " + err.Error())
					}
					return
				}
				body, err := io.ReadAll(req.Body)
				if err != nil {
					l.note("unreadable body: " + err.Error())
					return
				}
				what := describe(req, body)
				l.note(what)
				_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Len: %d\r\n\r\n%s", len(what), len(body), what)
			}
		}()
	}
}

func (l *twoLanes) note(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, s)
}

func (l *twoLanes) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.seen
	l.seen = nil
	return s
}

// describe is a request in words, without what is new each time.
func describe(r *http.Request, body []byte) string {
	var fields []string
	for name, values := range r.Header {
		switch name {
		case "X-Request-Id", "Traceparent":
			continue
		case "Cache-Control": // net/http makes one of Pragma
			if r.Header.Get("Pragma") != "" {
				continue
			}
		case "Trailer":
			continue
		}
		fields = append(fields, fmt.Sprintf("%s=%q", name, values))
	}
	for name, values := range r.Trailer {
		if len(values) > 0 {
			fields = append(fields, fmt.Sprintf("behind %s=%q", name, values))
		}
	}
	slices.Sort(fields)
	return fmt.Sprintf("%s %s %s length %d %v body %q %s", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, body, fields)
}

// ask sends bytes and returns what the upstream saw and the answers.
func (l *twoLanes) ask(tb testing.TB, addr string, raw []byte) (seen []string, answers []string) {
	tb.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = c.Write(raw)
	_ = c.(*net.TCPConn).CloseWrite()
	all, _ := io.ReadAll(c)
	r := bufio.NewReader(bytes.NewReader(all))
	for {
		method := "GET"
		if n := len(answers); n < bytes.Count(raw, []byte("HEAD ")) && bytes.HasPrefix(raw, []byte("HEAD ")) {
			method = "HEAD"
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			break
		}
		if resp.StatusCode == 100 {
			continue
		}
		b, err := io.ReadAll(resp.Body)
		what := fmt.Sprint(resp.StatusCode)
		if resp.StatusCode == 200 {
			what = fmt.Sprintf("200 %q %v %s", b, err, resp.Header.Get("X-Len"))
		}
		answers = append(answers, what)
	}
	return l.take(), answers
}

// FuzzLanes: whatever bytes come, the fast lane passes on the very requests
// that net/http would, or refuses them; it never passes on what net/http
// refuses or reads otherwise, and the answers are the same.
func FuzzLanes(f *testing.F) {
	for _, s := range []string{
		"GET /a?b=c HTTP/1.1\r\nHost: a.example:80\r\nX-A: b\r\nX-A: c\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\nTE: trailers\r\nConnection: TE\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
		"GET /a HTTP/1.1\r\nHost: a\r\nConnection: X-B, close\r\nX-B: 1\r\nX-C: 2\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
		"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%2e%2e/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a%2fb;c HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=b\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nCookie: c=d\r\nAuthorization: x\r\nContent-Type: text/plain\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "DELETE /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	l := newTwoLanes(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		lower := bytes.ToLower(raw)
		if len(raw) > 8<<10 || bytes.Contains(lower, []byte("upgrade")) || bytes.HasPrefix(raw, []byte("PRI ")) {
			return // those go other ways on purpose
		}
		fast, fastAnswers := l.ask(t, l.fast.Addr().String(), raw)
		slow, slowAnswers := l.ask(t, l.slow.Addr().String(), raw)
		for i, s := range fast {
			if strings.HasPrefix(s, "unreadable") {
				// Half a body that the client did not end is no whole request.
				if !slices.ContainsFunc(slow, func(s string) bool { return strings.HasPrefix(s, "unreadable") }) && i < len(slow) {
					t.Fatalf("%q: the upstream could not read what came by the fast lane: %s", raw, s)
				}
				break
			}
			if i >= len(slow) {
				if i < len(slowAnswers) && strings.HasPrefix(slowAnswers[i], "4") && lenient(raw) {
					break
				}
				t.Fatalf("%q: only the fast lane passed on %s; net/http's answers are %q, the fast lane's %q", raw, s, slowAnswers, fastAnswers)
			}
			if strings.HasPrefix(slow[i], "unreadable") {
				break // the client has ended its side: on a busy machine that is taken for leaving
			}
			if s != slow[i] {
				t.Fatalf("%q:\nfast lane: %s\nnet/http:  %s", raw, s, slow[i])
			}
			if i < len(fastAnswers) && i < len(slowAnswers) && fastAnswers[i] != slowAnswers[i] && strings.HasPrefix(fastAnswers[i], "200") {
				t.Fatalf("%q:\nanswer in the fast lane: %s\nin net/http's:           %s", raw, fastAnswers[i], slowAnswers[i])
			}
		}
		for i, a := range fastAnswers {
			if a == "500" || (a == "400" || a == "431" || a == "501" || a == "505") && i < len(fastAnswers)-1 && !strings.Contains(string(raw), "%") && !strings.Contains(string(raw), "/.") && !strings.Contains(string(raw), "\\") {
				t.Fatalf("%q: answers %q: the connection goes on behind what could not be read", raw, fastAnswers)
			}
		}
	})
}

// lenient are requests that net/http refuses for what says nothing about
// where a message ends.
func lenient(raw []byte) bool {
	return bytes.Contains(raw, []byte("%")) || bytes.Contains(raw, []byte("://")) || bytes.ContainsAny(raw, "[]:")
}
