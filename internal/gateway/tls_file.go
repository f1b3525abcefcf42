package gateway

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
)

// fileStamps says how files are (size and time of the last change), so that a
// change is seen without reading them. A file that is not there is a change
// as well.
func fileStamps(paths ...string) string {
	var b strings.Builder
	for _, p := range paths {
		if p == "" {
			continue
		}
		if i, err := os.Stat(p); err != nil {
			b.WriteString("absent;")
		} else {
			fmt.Fprintf(&b, "%d,%d;", i.Size(), i.ModTime().UnixNano())
		}
	}
	return b.String()
}

// readPair reads a certificate and its key from PEM files; key is "" when both
// are in one.
func readPair(cert, key string) (*tls.Certificate, error) {
	chain, err := os.ReadFile(cert)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	secret := chain
	if key != "" {
		if secret, err = os.ReadFile(key); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
	}
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", cert, err)
	}
	return &pair, nil
}
