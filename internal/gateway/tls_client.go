package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"time"
)

// ClientCertificate is what a client has shown of itself in the handshake. It
// has proven that it holds the key; who stands behind the certificate is only
// known where Trusted says so, or Verify does.
type ClientCertificate struct {
	Leaf    *x509.Certificate
	Subject string   // distinguished name (RFC 2253)
	Names   []string // of the SANs, with their kind: DNS:a.example, IP:10.0.0.1, URI:spiffe://a/b, email:a@b.example
	SHA256  [sha256.Size]byte
	Trusted bool // issued by an authority of the process (--gateway-client-ca)

	others []*x509.Certificate
	mu     sync.Mutex
	known  map[*x509.CertPool]error
}

// ClientCertificate is what the client has shown; nil when it has shown none,
// or was not asked.
func (x *Exchange) ClientCertificate() *ClientCertificate { return x.client }

// verified is the client's certificate, where an authority of the process
// stands behind it and it has not expired since; nil otherwise.
func (x *Exchange) verified() *x509.Certificate {
	if c := x.client; c != nil && c.Trusted && x.Start.Before(c.Leaf.NotAfter) {
		return c.Leaf
	}
	return nil
}

func newClientCertificate(state *tls.ConnectionState, ca *x509.CertPool) *ClientCertificate {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	c := &ClientCertificate{Leaf: leaf, Subject: leaf.Subject.String(), SHA256: sha256.Sum256(leaf.Raw), others: state.PeerCertificates[1:]}
	for _, n := range leaf.DNSNames {
		c.Names = append(c.Names, "DNS:"+n)
	}
	for _, n := range leaf.IPAddresses {
		c.Names = append(c.Names, "IP:"+n.String())
	}
	for _, n := range leaf.URIs {
		c.Names = append(c.Names, "URI:"+n.String())
	}
	for _, n := range leaf.EmailAddresses {
		c.Names = append(c.Names, "email:"+n)
	}
	c.Trusted = ca != nil && c.Verify(ca) == nil
	return c
}

// errExpired is why a certificate is not believed any more that was.
var errExpired = errors.New("the certificate has expired")

// Verify reports whether authorities stand behind the certificate, for use by
// a client (RFC 5280). The answer is kept as long as the connection lasts.
func (c *ClientCertificate) Verify(ca *x509.CertPool) error {
	if time.Now().After(c.Leaf.NotAfter) {
		return errExpired
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err, ok := c.known[ca]; ok {
		return err
	}
	others := x509.NewCertPool()
	for _, o := range c.others {
		others.AddCert(o)
	}
	_, err := c.Leaf.Verify(x509.VerifyOptions{Roots: ca, Intermediates: others, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if c.known == nil {
		c.known = map[*x509.CertPool]error{}
	}
	if len(c.known) >= maxKnownPools { // publications come and go while a connection stays
		clear(c.known)
	}
	c.known[ca] = err
	return err
}

const maxKnownPools = 64

// certificatePolicy is a policy that looks at the certificate of clients: they
// are asked for one where it holds.
type certificatePolicy interface{ wantsClientCertificate() }

// wantCertificate has the clients of hosts asked, "" for those of any.
func (s *snapshot) wantCertificate(route *Route, hosts []string) {
	for i := range route.policies {
		if _, ok := route.policies[i].policy.(certificatePolicy); !ok {
			continue
		}
		if s.certHosts == nil {
			s.certHosts = map[string]bool{}
		}
		for _, h := range hosts {
			s.certHosts[h] = true
		}
		return
	}
}

// wantsCertificate reports whether a client that asks for a host by TLS is to
// show a certificate.
func (s *snapshot) wantsCertificate(host string) bool {
	if len(s.certHosts) == 0 {
		return false
	}
	if s.certHosts[""] || s.certHosts[host] {
		return true
	}
	for {
		_, rest, ok := strings.Cut(host, ".")
		if !ok {
			return false
		}
		if host = rest; s.certHosts["*."+host] {
			return true
		}
	}
}
