package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// upstream is a server that can die and come back at the same address.
type upstream struct {
	addr string
	h2   bool

	mu     sync.Mutex
	server *http.Server
	ln     *tracking
	wg     sync.WaitGroup
}

func newUpstream(h2 bool) (*upstream, error) {
	u := &upstream{addr: "127.0.0.1:0", h2: h2}
	return u, u.start()
}

func (u *upstream) start() error {
	ln, err := net.Listen("tcp", u.addr)
	if err != nil {
		return fmt.Errorf("start upstream: %w", err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.addr = ln.Addr().String()
	s := &http.Server{Handler: http.HandlerFunc(answer), Protocols: new(http.Protocols), ReadHeaderTimeout: 10 * time.Second}
	s.Protocols.SetHTTP1(!u.h2)
	s.Protocols.SetUnencryptedHTTP2(u.h2)
	u.server = s
	u.ln = &tracking{Listener: ln, open: map[net.Conn]struct{}{}}
	u.wg.Go(func() { _ = s.Serve(u.ln) })
	return nil
}

// tracking is a listener that ends its connections as well: net/http forgets
// those that were just accepted, and those that went over to another protocol.
type tracking struct {
	net.Listener
	mu   sync.Mutex
	open map[net.Conn]struct{}
	over bool
}

func (l *tracking) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	t := &tracked{Conn: c, l: l}
	l.open[t] = struct{}{}
	return t, nil
}

func (l *tracking) end() {
	_ = l.Close()
	l.mu.Lock()
	list := l.open
	l.open, l.over = nil, true
	l.mu.Unlock()
	for c := range list {
		_ = c.Close()
	}
}

type tracked struct {
	net.Conn
	l *tracking
}

func (t *tracked) Close() error {
	t.l.mu.Lock()
	delete(t.l.open, t)
	t.l.mu.Unlock()
	return t.Conn.Close()
}

// kill ends it at once, with all that is under way.
func (u *upstream) kill() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ln.end()
	_ = u.server.Close()
	u.wg.Wait()
}

// answer says back who asked: a mark that is new for each request, and the
// sum of the body; then as many bytes as were asked for, which depend on the
// mark.
func answer(w http.ResponseWriter, r *http.Request) {
	mark := r.Header.Get("X-Mark")
	if r.Header.Get("Upgrade") != "" {
		echo(w, mark)
		return
	}
	q := r.URL.Query()
	if wait, err := time.ParseDuration(q.Get("wait")); err == nil {
		t := time.NewTimer(time.Duration(rand.Int64N(int64(wait) + 1)))
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	_ = http.NewResponseController(w).EnableFullDuplex()
	if r.URL.Path == "/talk" {
		talk(w, r, mark)
		return
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, r.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("X-Mark", mark)
	w.Header().Set("X-Sum", hex.EncodeToString(sum.Sum(nil)))
	w.Header().Set("X-Trailer", r.Trailer.Get("X-Mark"))
	size, _ := strconv.Atoi(q.Get("size"))
	pieces, _ := strconv.Atoi(q.Get("pieces"))
	if pieces == 0 {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
	src := &marked{mark: mark}
	for ; pieces > 1; pieces-- {
		n := size / pieces
		_, _ = io.CopyN(w, src, int64(n))
		size -= n
		if http.NewResponseController(w).Flush() != nil {
			return
		}
	}
	_, _ = io.CopyN(w, src, int64(size))
	w.Header().Set(http.TrailerPrefix+"X-End", mark)
}

// talk says each line back, as bidirectional streams do.
func talk(w http.ResponseWriter, r *http.Request, mark string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.WriteHeader(http.StatusOK)
	rc := http.NewResponseController(w)
	if rc.Flush() != nil {
		return
	}
	in := bufio.NewScanner(r.Body)
	for in.Scan() {
		if _, err := fmt.Fprintf(w, "%s %s\n", mark, in.Text()); err != nil || rc.Flush() != nil {
			return
		}
	}
	if in.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}

// echo goes over to another protocol, which says each line back.
func echo(w http.ResponseWriter, mark string) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\nX-Mark: "+mark+"\r\n\r\n")
	for {
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := io.WriteString(c, mark+" "+line); err != nil {
			return
		}
	}
}

// marked are bytes that only a mark gives.
type marked struct {
	mark string
	rest string
	n    int
}

func (m *marked) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if m.rest == "" {
			m.rest = strings.Repeat(m.mark+" "+strconv.Itoa(m.n)+";", 64)
			m.n++
		}
		k := copy(p[n:], m.rest)
		m.rest = m.rest[k:]
		n += k
	}
	return n, nil
}

func sumOf(mark string, size int) string {
	h := sha256.New()
	_, _ = io.CopyN(h, &marked{mark: mark}, int64(size))
	return hex.EncodeToString(h.Sum(nil))
}
