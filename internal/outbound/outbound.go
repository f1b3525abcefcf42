// Package outbound is the one way to addresses that people give: key sets of
// token issuers, imports by URL, web hooks. It asks the public internet only,
// unless other networks are allowed, so that nobody makes this server ask what
// only it can reach (server-side request forgery); it bounds time and size.
//
// The address is checked when the connection is made, on the very address
// that is connected to: a name that resolves to something else a moment later
// (DNS rebinding) gains nothing, and each redirect is held to the same rule.
// Targets of the gateway's upstreams are the operator's own and do not go this
// way.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Config says how far requests may go. Its zero value is good.
type Config struct {
	Allow     Networks      // that may be asked though they are not public
	Timeout   time.Duration // of a request with its body; 10s when 0
	MaxBody   int64         // of an answer, unpacked; 4 MB when 0
	UserAgent string        // "hypercare" when empty
	// TLS of servers with a certificate of their own authority; nil: the
	// machine's authorities.
	TLS *TLS
}

// Client asks addresses that people give. It is safe for use by many.
type Client struct {
	cfg       Config
	dialer    net.Dialer
	transport *http.Transport
}

// Refused is the error of an address that may not be asked.
type Refused struct {
	Host string
	Addr netip.Addr // invalid when the host was refused before it was looked up
	Why  string
}

// Error implements error.
func (r *Refused) Error() string {
	at := r.Host
	if r.Addr.IsValid() && r.Addr.String() != r.Host {
		at = strings.TrimSpace(r.Host + " (" + r.Addr.String() + ")")
	}
	return fmt.Sprintf("%s is %s and may not be asked; an operator can allow it with --allow-private-networks", at, r.Why)
}

// ErrTooLarge is the error of an answer that is larger than was agreed.
var ErrTooLarge = errors.New("the answer is too large")

// maxRedirects is how many redirects are followed.
const maxRedirects = 5

// New returns a client. Close it when it is not needed any more.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 4 << 20
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "hypercare"
	}
	c := &Client{cfg: cfg}
	c.dialer = net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, ControlContext: c.control}
	c.transport = &http.Transport{
		// No proxy from the environment: it would be asked in the address's place.
		DialContext:            c.DialContext,
		TLSClientConfig:        cfg.TLS.config(),
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  cfg.Timeout,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    2,
		MaxConnsPerHost:        16,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return c
}

// Close ends kept connections.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// DialContext connects to an address like net.Dialer's, for protocols that are
// not HTTP.
func (c *Client) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.dialer.DialContext(ctx, network, addr)
	if r, ok := errors.AsType[*Refused](err); ok {
		host, _, _ := net.SplitHostPort(addr)
		return nil, &Refused{Host: host, Addr: r.Addr, Why: r.Why}
	}
	return conn, err
}

// control is called with the address that is about to be connected to, after
// the name was resolved.
func (c *Client) control(_ context.Context, network, addr string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") && !strings.HasPrefix(network, "udp") {
		return &Refused{Host: addr, Why: "no address of a network"}
	}
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("read address %q: %w", addr, err)
	}
	if why, ok := c.cfg.Allow.allows(ap.Addr()); !ok {
		return &Refused{Addr: ap.Addr().Unmap(), Why: why}
	}
	return nil
}

// Check says what is wrong with an address before it is asked: a scheme that
// is not http or https, a user name in it, or a literal address that may not
// be asked. A name is only looked up when it is asked.
func (c *Client) Check(address string) error {
	u, err := ParseURL(address)
	if err != nil {
		return err
	}
	return c.check(u)
}

// ParseURL reads an absolute http or https URL without a user name.
func ParseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%.200q is no URL; write it as https://example.com/path", address)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%.200q is no URL of http or https", address)
	case u.User != nil:
		return nil, errors.New("a URL must not hold a user name or a password")
	}
	return u, nil
}

func (c *Client) check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return &Refused{Host: u.Redacted(), Why: "no address of http or https"}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if why, ok := c.cfg.Allow.allows(a); !ok {
			return &Refused{Host: u.Hostname(), Addr: a, Why: why}
		}
	}
	return nil
}

// HTTP returns a net/http client over the same rules, for libraries that want
// one. maxBody bounds an answer; 0 is the Config's.
func (c *Client) HTTP(maxBody int64) *http.Client {
	if maxBody == 0 {
		maxBody = c.cfg.MaxBody
	}
	return &http.Client{
		Transport: roundTripper{c, maxBody},
		Timeout:   c.cfg.Timeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxRedirects:
				return fmt.Errorf("%s redirects more than %d times", via[0].URL.Redacted(), maxRedirects)
			case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
				return &Refused{Host: req.URL.Host, Why: "a step down from https to http"}
			}
			return c.check(req.URL)
		},
	}
}

// Do sends a request. The answer's body ends with ErrTooLarge where it is
// larger than Config says.
func (c *Client) Do(req *http.Request) (*http.Response, error) { return c.HTTP(0).Do(req) }

// Get fetches an address and returns an answer of status 200 whole, of at most
// maxBody bytes (0: as Config says).
func (c *Client) Get(ctx context.Context, address string, maxBody int64) ([]byte, http.Header, error) {
	if err := c.Check(address); err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, fmt.Errorf("ask %s: %w", address, err)
	}
	resp, err := c.HTTP(maxBody).Do(req)
	if err != nil {
		return nil, nil, err // of type *url.Error, which names the address
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, resp.Header, fmt.Errorf("%s answered with status %d", req.URL.Redacted(), resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, resp.Header, fmt.Errorf("read the answer of %s: %w", req.URL.Redacted(), err)
	}
	return body, resp.Header, nil
}

// roundTripper adds the User-Agent and bounds answers.
type roundTripper struct {
	c   *Client
	max int64
}

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.c.check(req.URL); err != nil {
		return nil, err
	}
	if req.Header.Get("User-Agent") == "" {
		req = req.Clone(req.Context()) // a RoundTripper must not change its request
		req.Header.Set("User-Agent", t.c.cfg.UserAgent)
	}
	resp, err := t.c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s wants to go over to another protocol", req.URL.Host)
	}
	if resp.ContentLength > t.max {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s: %w: %d bytes of at most %d", req.URL.Host, ErrTooLarge, resp.ContentLength, t.max)
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: t.max}
	return resp, nil
}

// bounded is a body that fails where it is longer than agreed, so that half of
// it is never taken for the whole.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		b.left = 0
		return n, ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}
