package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// TLS is what the gateway's secure listener is made of. One of Certificates
// and ACME at least has to be there.
type TLS struct {
	Certificates []CertificateFiles
	ACME         *ACME
	// Redirect sends whoever comes without TLS to the same address with it.
	Redirect bool
	// Addr is where the secure listener is, so that Redirect knows it before
	// ServeTLS is called; nil: until then who comes without TLS is put off.
	Addr net.Addr
	// ClientCA is a PEM file of the authorities whose certificates of clients
	// are Trusted; "" for none. With it every client is asked for one, without
	// it those of hosts that a policy wants it from.
	ClientCA string
}

// secure is the gateway's side of TLS.
type secure struct {
	certs    *certStore
	acme     *acmeClient // nil: none
	clientCA *x509.CertPool
	config   *tls.Config
	asking   *tls.Config // the same, and asks for a certificate
	failed   atomic.Uint64
	complain complaints
	redirect bool
	port     atomic.Int32 // of the listener
}

// SetTLS says how the secure listener is to be served; it goes before ServeTLS
// and is not to be repeated.
func (g *Gateway) SetTLS(o TLS) error {
	s := &secure{redirect: o.Redirect}
	s.listens(o.Addr)
	var err error
	if s.certs, err = newCertStore(o.Certificates, g.log); err != nil {
		return err
	}
	if o.ACME != nil {
		if s.acme, err = newACME(*o.ACME, g); err != nil {
			return err
		}
	}
	if len(o.Certificates) == 0 && s.acme == nil {
		return errors.New("TLS needs a certificate: name files, or an authority to get one from by ACME")
	}
	if o.ClientCA != "" {
		pem, err := os.ReadFile(o.ClientCA)
		if err != nil {
			return fmt.Errorf("read the authorities of clients: %w", err)
		}
		s.clientCA = x509.NewCertPool()
		if !s.clientCA.AppendCertsFromPEM(pem) {
			return fmt.Errorf("there is no certificate in PEM in %s", o.ClientCA)
		}
	}
	s.config = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		GetCertificate:     s.certificate,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return g.configFor(hello) },
	}
	if s.acme != nil {
		s.config.NextProtos = append(s.config.NextProtos, acmeALPN)
	}
	s.asking = s.config.Clone()
	// Any is taken, if its key is there: whether it is believed is for the
	// policy that wants it, which can say so in an answer.
	s.asking.ClientAuth = tls.RequestClientCert
	s.asking.ClientCAs = s.clientCA
	s.asking.GetConfigForClient = nil
	g.tls.Store(s)
	if s.acme != nil {
		g.bg.Go(func() { s.acme.run(g.ctx) })
	}
	return nil
}

// configFor asks for a certificate where somebody wants to see it. Session
// tickets are those of the first configuration in both cases.
func (g *Gateway) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	s := g.tls.Load()
	if s.clientCA != nil || g.snap.Load().wantsCertificate(strings.ToLower(hello.ServerName)) {
		return s.asking, nil
	}
	return nil, nil //nolint:nilnil // as crypto/tls has it: the configuration stays
}

// certificate chooses by the name that the client asks for.
func (s *secure) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.acme != nil && len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmeALPN {
		return s.acme.proof(hello)
	}
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if c := s.certs.find(name, hello); c != nil {
		return c, nil
	}
	if s.acme != nil {
		if c := s.acme.find(name); c != nil {
			return c, nil
		}
	}
	if c := s.certs.first(hello); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("there is no certificate for %q", name)
}

// listens notes the port that clients are sent to.
func (s *secure) listens(at net.Addr) {
	if a, ok := at.(*net.TCPAddr); ok {
		s.port.Store(int32(a.Port)) //nolint:gosec // a port
	}
}

// instead answers a request without TLS in place of its route: an ACME
// authority's question, or with the address that speaks TLS.
func (s *secure) instead(g *Gateway, x *Exchange) bool {
	if s.acme != nil && string(x.Method) == http.MethodGet && bytes.HasPrefix(x.Path, []byte(challengePath)) && s.acme.answer(x) {
		return true
	}
	if !s.redirect || len(x.Host) == 0 {
		return false
	}
	port := s.port.Load()
	if port == 0 {
		x.retryAfter(time.Second)
		g.reject(x, 503, NoRoute, "only TLS is spoken here, and its port is about to be opened; try again in a moment")
		return true
	}
	to := "https://" + string(x.Host)
	if port != 443 {
		to += ":" + strconv.Itoa(int(port))
	}
	x.say("Location", to+string(x.Target))
	x.Status = http.StatusPermanentRedirect
	if x.lane.answer(&reply{status: x.Status, reason: []byte("Permanent Redirect"), framing: framedLength, last: true}) != nil {
		x.Err = ClientGone
	}
	return true
}

// ServeTLS is Serve for a listener whose clients speak TLS. Those that choose
// HTTP/1.1 go in the fast lane, HTTP/2 in the other.
func (g *Gateway) ServeTLS(ln net.Listener) error {
	if g.tls.Load() == nil {
		return errors.New("SetTLS goes before ServeTLS")
	}
	g.tls.Load().listens(ln.Addr())
	g.handoff.setAddr(ln.Addr())
	return g.accept(ln, func(c net.Conn) *h1Conn {
		hc := newH1Conn(g, tls.Server(c, g.tls.Load().config), c)
		hc.secure = true
		return hc
	})
}

// handshake goes before the first request. It reports what is spoken from
// here on: "" when the connection is to be closed.
func (g *Gateway) handshake(c *h1Conn) string {
	s := g.tls.Load()
	t, _ := c.c.(*tls.Conn)
	ctx, cancel := context.WithTimeout(g.ctx, g.limits.Head)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		defer s.failed.Add(1) // when all is said
		if ctx.Err() != nil && !g.draining.Load() {
			err = errors.New("the handshake took too long")
		}
		var plain tls.RecordHeaderError
		if errors.As(err, &plain) && plain.Conn != nil && looksHTTP(plain.RecordHeader) {
			_ = plain.Conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(plain.Conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 42\r\nConnection: close\r\n\r\nThis port speaks HTTPS; use https:// here.")
		}
		if !errors.Is(err, io.EOF) {
			s.complain.say(g.log, "TLS handshake", "client", c.peer, "err", err)
		}
		return ""
	}
	state := t.ConnectionState()
	if c.client = newClientCertificate(&state, s.clientCA); state.NegotiatedProtocol == "" {
		return "http/1.1"
	} else if state.NegotiatedProtocol == acmeALPN {
		return ""
	}
	return state.NegotiatedProtocol
}

func looksHTTP(b [5]byte) bool {
	switch string(b[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH", "PRI *":
		return true
	}
	return false
}

// TLSFailures counts handshakes that came to nothing.
func (g *Gateway) TLSFailures() uint64 {
	if s := g.tls.Load(); s != nil {
		return s.failed.Load()
	}
	return 0
}
