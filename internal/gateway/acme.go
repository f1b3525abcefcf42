package gateway

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// ACME says which authority certificates come from by themselves (RFC 8555).
// Using it accepts the authority's terms.
type ACME struct {
	Email     string // whom the authority may write to
	Directory string // its URL; Let's Encrypt's when empty
	CAFile    string // PEM file of who is believed to be the authority; the system's when empty
	Folder    string // where account and certificates are kept
}

// acmeALPN is how an authority asks for the proof of RFC 8737.
const acmeALPN = acme.ALPNProto

// acmeClient gets and renews certificates for the hosts that are published by
// their whole name, one after another, in the background. What a client names
// in its handshake never makes it ask for anything.
type acmeClient struct {
	g       *Gateway
	log     *slog.Logger
	manager *autocert.Manager
	http    http.Handler // answers the proofs of HTTP-01
	kick    chan struct{}
	certs   atomic.Pointer[map[string]*tls.Certificate]
}

func newACME(o ACME, g *Gateway) (*acmeClient, error) {
	if o.Folder == "" {
		return nil, errors.New("ACME needs a folder to keep certificates in")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the ACME authority's certificate: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("there is no certificate in PEM in %s", o.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	c := &acmeClient{g: g, log: g.log, kick: make(chan struct{}, 1)}
	c.certs.Store(&map[string]*tls.Certificate{})
	c.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(o.Folder), Email: o.Email,
		HostPolicy: c.published,
		Client: &acme.Client{DirectoryURL: cmp.Or(o.Directory, autocert.DefaultACMEDirectory), UserAgent: "hypercare",
			HTTPClient: &http.Client{Transport: &endingTransport{g.ctx, transport}, Timeout: 30 * time.Second}},
	}
	c.http = c.manager.HTTPHandler(http.NotFoundHandler())
	return c, nil
}

// published allows hosts that are published at the moment.
func (c *acmeClient) published(_ context.Context, host string) error {
	host, _, _ = strings.Cut(host, ":")
	if slices.Contains(c.g.snap.Load().hosts, strings.ToLower(host)) {
		return nil
	}
	return fmt.Errorf("%q is not published here", host)
}

// proof is the certificate that an authority wants to see in a handshake.
func (c *acmeClient) proof(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if err := c.published(hello.Context(), hello.ServerName); err != nil {
		return nil, err
	}
	return c.manager.GetCertificate(hello)
}

// find returns the certificate for a host that there is by now.
func (c *acmeClient) find(host string) *tls.Certificate { return (*c.certs.Load())[host] }

// look has the hosts looked through after a publication.
func (c *acmeClient) look() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// How often certificates are looked after, and how long a host waits whose
// certificate could not be had: authorities count what fails.
const (
	acmeEvery    = 30 * time.Minute
	acmeRetry    = time.Minute + 5*time.Second // autocert remembers a failure for a minute
	acmeRetryMax = 6 * time.Hour
)

// run gets and renews certificates until ctx ends.
func (c *acmeClient) run(ctx context.Context) {
	type failure struct {
		next time.Time
		wait time.Duration
	}
	failures := map[string]failure{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.kick:
		}
		next := acmeEvery
		kept := map[string]*tls.Certificate{}
		for _, host := range c.g.snap.Load().hosts {
			if ctx.Err() != nil {
				return
			}
			old := c.find(host)
			if c.g.tls.Load().certs.has(host) {
				continue // a file goes before
			}
			f, failed := failures[host]
			if wait := time.Until(f.next); failed && wait > 0 {
				next = min(next, wait)
				if old != nil {
					kept[host] = old
				}
				continue
			}
			cert, err := c.get(host)
			if err != nil {
				f.wait = min(max(2*f.wait, acmeRetry), acmeRetryMax)
				f.next = time.Now().Add(f.wait)
				failures[host] = f
				next = min(next, f.wait)
				c.log.Error("no certificate from the ACME authority", "host", host, "err", err, "again_in", f.wait)
				if old != nil {
					kept[host] = old
				}
				continue
			}
			delete(failures, host)
			if old == nil || old.Leaf.SerialNumber.Cmp(cert.Leaf.SerialNumber) != 0 {
				c.log.Info("certificate from the ACME authority", "host", host, "until", cert.Leaf.NotAfter)
			}
			kept[host] = cert
			c.keep(host, cert)
		}
		c.certs.Store(&kept)
		timer.Reset(next)
	}
}

// keep has a certificate used while the others are still asked for.
func (c *acmeClient) keep(host string, cert *tls.Certificate) {
	all := map[string]*tls.Certificate{}
	for h, x := range *c.certs.Load() {
		all[h] = x
	}
	all[host] = cert
	c.certs.Store(&all)
}

// get returns the certificate for a host: from memory, from the folder, or
// from the authority.
func (c *acmeClient) get(host string) (*tls.Certificate, error) {
	return c.manager.GetCertificate(&tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
}

// endingTransport ends requests with a context of its own: autocert's knows
// nothing of a gateway that stops.
type endingTransport struct {
	ctx  context.Context //nolint:containedctx // of the gateway
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *endingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(t.ctx, cancel)
	resp, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	resp.Body = &endingBody{resp.Body, func() { stop(); cancel() }}
	return resp, nil
}

type endingBody struct {
	io.ReadCloser
	end func()
}

// Close implements io.Closer.
func (b *endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// challengePath is where an authority asks for the proof of HTTP-01 (RFC 8555
// 8.3).
const challengePath = "/.well-known/acme-challenge/"

// answer answers the authority's question on the listener without TLS. It
// reports false for a token that is not ours: the product's own client may
// have asked for it.
func (c *acmeClient) answer(x *Exchange) bool {
	u, err := url.ParseRequestURI(string(x.Path))
	if err != nil {
		return false
	}
	w := &kept{header: http.Header{}, status: http.StatusOK}
	c.http.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u, Host: string(x.HostAs), Header: http.Header{}})
	if w.status != http.StatusOK {
		return false
	}
	x.Status = 200
	body := w.body.Bytes()
	if x.lane.answer(&reply{status: 200, reason: []byte("OK"), framing: framedLength, length: int64(len(body)), body: body, last: true,
		fields: []h1.Field{{Name: []byte("Content-Type"), Value: []byte("application/octet-stream")}}}) != nil {
		x.Err = ClientGone
	}
	return true
}

// kept is an answer of net/http's kind in memory.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// fullHosts are the hosts of an API that a certificate can be asked for: whole
// names of the public kind.
func fullHosts(hosts []string) (full []string) {
	for _, h := range hosts {
		h = strings.ToLower(h)
		if _, err := netip.ParseAddr(h); err != nil && !strings.Contains(h, "*") && strings.Contains(strings.Trim(h, "."), ".") {
			full = append(full, h)
		}
	}
	return full
}
