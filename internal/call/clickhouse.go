package call

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
)

// clickhouse speaks to a ClickHouse server over HTTP: statements as text,
// rows as RowBinary. It keeps to what version 18.16 understands, which is
// what Debian has.
type clickhouse struct {
	url      string // without database and credentials
	database string
	user     string
	password secret.Text
	client   *http.Client
}

// Bounds of what is asked and answered.
const (
	shipTimeout = 30 * time.Second
	maxAnswer   = 1 << 30
)

// dialClickHouse reads an address such as
// http://user:password@host:8123/database. It asks nothing yet.
func dialClickHouse(address secret.Text) (*clickhouse, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errs.New(errs.Invalid, "This is no address of a ClickHouse server; write it as http://user:password@host:8123/database.")
	}
	c := &clickhouse{url: u.Scheme + "://" + u.Host + "/", database: strings.Trim(u.Path, "/"), client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: time.Minute}}}
	if c.database == "" {
		c.database = "default"
	}
	if u.User != nil {
		password, _ := u.User.Password()
		c.user, c.password = u.User.Username(), secret.Text(password)
	}
	return c, nil
}

// serverError is what the server said.
type serverError struct {
	code int // its own number; 0 when the server was not reached
	text string
}

// Error implements error.
func (f *serverError) Error() string { return f.text }

// do sends a statement with what belongs to it, and returns the answer whole:
// the server holds it back until it is sure, so that half an answer never
// looks like a whole one.
func (c *clickhouse) do(ctx context.Context, statement string, data []byte, settings ...string) ([]byte, error) {
	v := url.Values{"database": {c.database}, "wait_end_of_query": {"1"}}
	for i := 0; i+1 < len(settings); i += 2 {
		v.Set(settings[i], settings[i+1])
	}
	if until, ok := ctx.Deadline(); ok {
		v.Set("max_execution_time", strconv.Itoa(max(1, int(time.Until(until)/time.Second)+1)))
	}
	body := []byte(statement)
	if data != nil {
		v.Set("query", statement)
		body = data
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"?"+v.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.user != "" {
		req.Header.Set("X-ClickHouse-User", c.user)
		req.Header.Set("X-ClickHouse-Key", c.password.Reveal())
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(answer) > maxAnswer:
		return nil, errors.New("the answer of ClickHouse is larger than 1 GB")
	case resp.StatusCode != http.StatusOK:
		return nil, serverErrorOf(answer)
	}
	return answer, nil
}

// serverErrorOf reads "Code: 60, e.displayText() = DB::Exception: ...".
func serverErrorOf(answer []byte) *serverError {
	text := strings.TrimSpace(string(answer[:min(len(answer), 500)]))
	f := &serverError{text: "ClickHouse: " + text}
	if rest, ok := strings.CutPrefix(text, "Code: "); ok {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		f.code, _ = strconv.Atoi(digits)
	}
	return f
}

// Numbers of the server's errors.
const (
	chTimeout = 159 // TIMEOUT_EXCEEDED
	chSlow    = 160 // TOO_SLOW
)

// asError is how a failed question is told.
func asError(err error) error {
	var f *serverError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &f) && (f.code == chTimeout || f.code == chSlow):
		return tooLong(context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return err
	case f != nil:
		return fmt.Errorf("ask the call log: %w", err)
	}
	return errs.New(errs.Unavailable, "The call log can't be asked: ClickHouse is not reached. Calls are recorded all the same, and come in when it is back.")
}

// rows reads RowBinary.
type rows struct {
	b   []byte
	err error
}

func (r *rows) next() bool { return r.err == nil && len(r.b) > 0 }

func (r *rows) take(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.err = errors.New("the answer of ClickHouse breaks off")
		return make([]byte, n)
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *rows) int() int64 { return int64(binary.LittleEndian.Uint64(r.take(8))) }

func (r *rows) text() string {
	n, k := binary.Uvarint(r.b)
	if k <= 0 || n > uint64(len(r.b)-k) {
		r.take(len(r.b) + 1)
		return ""
	}
	r.b = r.b[k:]
	return string(r.take(int(n)))
}

// literal is a text within a statement.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\' || c == '\'':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// fixed is an id within a statement.
func fixed(id []byte) string {
	return "toFixedString(unhex('" + hex.EncodeToString(id) + "')," + strconv.Itoa(len(id)) + ")"
}
