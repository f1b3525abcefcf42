package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// secureName is what the certificates of the shop's secure services are for.
const secureName = "shipping.shop.example"

// issuer makes the certificates of the shop.
type issuer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the shop's authority: %w", err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Shop authority"}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the shop's authority: %w", err)
	}
	if t, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("read the shop's authority: %w", err)
	}
	return &issuer{key: key, cert: t, pem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, nil
}

// certificate makes one that ends at a moment, which may have passed.
func (is *issuer) certificate(end time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a certificate of the shop: %w", err)
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(end.UnixNano()), Subject: pkix.Name{CommonName: secureName}, DNSNames: []string{secureName},
		NotBefore: end.AddDate(0, -3, 0), NotAfter: end, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, t, is.cert, &key.PublicKey, is.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate of the shop: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
