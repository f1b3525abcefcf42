package outbound

import (
	"crypto/tls"
	"crypto/x509"
)

// TLS is what may be set of it: never that certificates are not checked.
type TLS struct {
	Roots *x509.CertPool // authorities beside which none counts; nil: the machine's
}

func (t *TLS) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t != nil {
		c.RootCAs = t.Roots
	}
	return c
}
