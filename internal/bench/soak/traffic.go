package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// client sends one kind of traffic to the gateway.
type client struct {
	kind   string
	url    string
	http   *http.Client
	secure *tls.Config // of upgrades; nil without TLS
	addr   string
}

// errRefused is an answer that the gateway gave itself: it is whole and it is
// ours, but the upstream was not to be had.
type errRefused struct{ status int }

func (e errRefused) Error() string { return fmt.Sprintf("status %d", e.status) }

// errBroken is an answer that began and did not end.
var errBroken = errors.New("the answer broke off")

// errMixed is an answer that is not the request's.
var errMixed = errors.New("the answer is another request's")

var marks atomic.Int64

func newMark() string { return fmt.Sprintf("m%d-%08x", marks.Add(1), rand.Uint32()) }

// once sends one request and holds the answer against it.
func (c *client) once(ctx context.Context, path string) error {
	switch c.kind {
	case "upgrade", "upgrade TLS":
		return c.upgrade(ctx, path)
	case "gRPC":
		return c.talk(ctx, path)
	}
	mark := newMark()
	size := []int{0, 1, 100, 5_000, 70_000, 400_000}[rand.IntN(6)]
	up := []int{0, 0, 10, 3_000, 50_000, 300_000}[rand.IntN(6)]
	url := fmt.Sprintf("%s%s?size=%d&pieces=%d", c.url, path, size, rand.IntN(5))
	if rand.IntN(4) == 0 {
		url += "&wait=50ms"
	}
	method, body := http.MethodGet, io.Reader(nil)
	trailers := false
	if up > 0 {
		method, body = http.MethodPost, io.LimitReader(&marked{mark: mark}, int64(up))
		if trailers = rand.IntN(2) == 0; !trailers {
			b, _ := io.ReadAll(body)
			body = strings.NewReader(string(b))
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-Mark", mark)
	if trailers {
		req.Trailer = http.Header{"X-Mark": {mark}}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	sum := sha256.New()
	n, err := io.Copy(sum, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return errRefused{resp.StatusCode}
	}
	if resp.Header.Get("X-Mark") != mark || resp.Header.Get("X-Sum") != sumOf(mark, up) {
		return errMixed
	}
	if err != nil {
		return errBroken
	}
	if n != int64(size) || hex.EncodeToString(sum.Sum(nil)) != sumOf(mark, size) || trailers && resp.Header.Get("X-Trailer") != mark || resp.Trailer != nil && resp.Trailer.Get("X-End") != mark {
		return errMixed
	}
	return nil
}

// talk goes in turns over one stream.
func (c *client) talk(ctx context.Context, path string) error {
	mark := newMark()
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+strings.Replace(path, "/x", "/talk", 1), r)
	if err != nil {
		return err
	}
	req.Header.Set("X-Mark", mark)
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if s := resp.Header.Get("Grpc-Status"); s != "" && s != "0" {
		return errRefused{200}
	}
	in := bufio.NewReader(resp.Body)
	for i := range 1 + rand.IntN(20) {
		line := fmt.Sprintf("line %d", i)
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return errBroken
		}
		got, err := in.ReadString('\n')
		if err != nil {
			return errBroken
		}
		if got != mark+" "+line+"\n" {
			return errMixed
		}
	}
	_ = w.Close()
	if _, err := io.Copy(io.Discard, in); err != nil || resp.Trailer.Get("Grpc-Status") != "0" {
		return errBroken
	}
	return nil
}

// upgrade goes over to lines on the connection itself.
func (c *client) upgrade(ctx context.Context, path string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	if c.secure != nil {
		conn = tls.Client(conn, c.secure)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	mark := newMark()
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: soak.example\r\nConnection: Upgrade\r\nUpgrade: lines\r\nX-Mark: %s\r\n\r\n", path, mark)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil) //nolint:bodyclose // it is the connection's
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return errRefused{resp.StatusCode}
	}
	if resp.Header.Get("X-Mark") != mark {
		return errMixed
	}
	for i := range 1 + rand.IntN(20) {
		line := fmt.Sprintf("line %d\n", i)
		if _, err := io.WriteString(conn, line); err != nil {
			return errBroken
		}
		got, err := in.ReadString('\n')
		if err != nil {
			return errBroken
		}
		if got != mark+" "+line {
			return errMixed
		}
	}
	return nil
}
