// Package wire is a deliberately small HTTP/1.1 client for load tests: one
// connection, requests written as prepared bytes, answers read into a reused
// buffer. net/http's client would spend more of the shared cores than the
// server that is measured.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Conn is one keep-alive connection. It is not safe for concurrent use.
type Conn struct {
	addr    string
	timeout time.Duration
	c       net.Conn
	r       *bufio.Reader
	body    []byte
}

// New returns a connection to addr that is dialled on first use. An answer
// that takes longer than timeout is an error.
func New(addr string, timeout time.Duration) *Conn { return &Conn{addr: addr, timeout: timeout} }

// Response is what came back. Body is valid until the next call.
type Response struct {
	Status     int
	RetryAfter int // seconds; 0 without the header
	Body       []byte
}

// Request returns the bytes of a request with a JSON body.
func Request(method, path, host, token string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, host)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// Do sends a prepared request and reads the answer. After an error the
// connection is closed and the next call dials again.
func (c *Conn) Do(request []byte) (Response, error) {
	res, again, err := c.do(request)
	if err != nil || !again {
		c.Close()
	}
	return res, err
}

// Close closes the connection.
func (c *Conn) Close() {
	if c.c != nil {
		_ = c.c.Close()
		c.c = nil
	}
}

func (c *Conn) do(request []byte) (res Response, again bool, err error) {
	if c.c == nil {
		if c.c, err = net.DialTimeout("tcp", c.addr, c.timeout); err != nil {
			c.c = nil
			return res, false, err
		}
		c.r = bufio.NewReaderSize(c.c, 16<<10)
	}
	if err := c.c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return res, false, err
	}
	if _, err := c.c.Write(request); err != nil {
		return res, false, fmt.Errorf("send: %w", err)
	}
	return c.read()
}

func (c *Conn) read() (res Response, again bool, err error) {
	line, err := c.line()
	if err != nil {
		return res, false, fmt.Errorf("read status: %w", err)
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return res, false, fmt.Errorf("not an HTTP/1.1 answer: %q", line)
	}
	if res.Status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return res, false, fmt.Errorf("not a status: %q", line)
	}
	length, chunked := -1, false
	again = true
	for {
		if line, err = c.line(); err != nil {
			return res, false, fmt.Errorf("read header: %w", err)
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return res, false, fmt.Errorf("malformed header %q", line)
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Retry-After")):
			res.RetryAfter, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Connection")):
			again = !bytes.EqualFold(value, []byte("close"))
		}
		if err != nil {
			return res, false, fmt.Errorf("malformed header %q: %w", line, err)
		}
	}
	c.body = c.body[:0]
	switch {
	case chunked:
		err = c.chunks()
	case length > 0:
		err = c.take(length)
	case length < 0 && res.Status != 204 && res.Status != 304:
		return res, false, errors.New("the answer has no length")
	}
	res.Body = c.body
	return res, again, err
}

// line returns the next line without its end; valid until the next read.
func (c *Conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

func (c *Conn) take(n int) error {
	start := len(c.body)
	if need := start + n; need > cap(c.body) {
		c.body = append(make([]byte, 0, 2*need), c.body...)
	}
	c.body = c.body[:start+n]
	if _, err := io.ReadFull(c.r, c.body[start:]); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

func (c *Conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return fmt.Errorf("read chunk: %w", err)
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return fmt.Errorf("malformed chunk size %q", line)
		}
		if n > 0 {
			if err := c.take(int(n)); err != nil {
				return err
			}
		}
		if _, err := c.line(); err != nil {
			return fmt.Errorf("read chunk: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}
