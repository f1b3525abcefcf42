package gateway

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// CertificateFiles are a certificate with its chain and its key, in PEM; Key
// is "" when both are in one file.
type CertificateFiles struct{ Cert, Key string }

// certStore has the certificates from files. They are read anew when the
// files change: connections that are there go on, new ones see the new
// certificate, and what can't be read leaves the old one in place.
type certStore struct {
	log *slog.Logger

	mu    sync.Mutex
	files []*certFile
	set   atomic.Pointer[certSet]
}

type certFile struct {
	CertificateFiles
	stamp  string
	pair   *tls.Certificate
	warned time.Time
}

// certSet is what is in force; immutable.
type certSet struct {
	all    []*tls.Certificate
	byName map[string][]*tls.Certificate // "*.example.com" as it stands there
}

func newCertStore(files []CertificateFiles, log *slog.Logger) (*certStore, error) {
	s := &certStore{log: log}
	for _, f := range files {
		c := &certFile{CertificateFiles: f, stamp: fileStamps(f.Cert, f.Key)}
		var err error
		if c.pair, err = readPair(f.Cert, f.Key); err != nil {
			return nil, err
		}
		log.Info("certificate", "file", f.Cert, "names", namesOf(c.pair.Leaf), "until", c.pair.Leaf.NotAfter)
		s.files = append(s.files, c)
	}
	s.publish()
	return s, nil
}

// refresh reads what has changed.
func (s *certStore) refresh(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, f := range s.files {
		if stamp := fileStamps(f.Cert, f.Key); stamp != f.stamp {
			f.stamp = stamp
			pair, err := readPair(f.Cert, f.Key)
			if err != nil {
				// Also while a certificate is new and its key is not yet: the next
				// change brings the rest.
				s.log.Error("a new certificate can't be used; the old one stays", "file", f.Cert, "err", err, "until", f.pair.Leaf.NotAfter)
				continue
			}
			f.pair, f.warned, changed = pair, time.Time{}, true
			s.log.Info("certificate", "file", f.Cert, "names", namesOf(pair.Leaf), "until", pair.Leaf.NotAfter)
		}
		if left := f.pair.Leaf.NotAfter.Sub(now); left < expiresSoon && now.Sub(f.warned) > 24*time.Hour {
			f.warned = now
			s.log.Warn("a certificate runs out; put a new one in its place", "file", f.Cert, "names", namesOf(f.pair.Leaf), "until", f.pair.Leaf.NotAfter)
		}
	}
	if changed {
		s.publish()
	}
}

// expiresSoon is how long before its end a certificate is warned of.
const expiresSoon = 14 * 24 * time.Hour

func (s *certStore) publish() {
	set := &certSet{byName: map[string][]*tls.Certificate{}}
	for _, f := range s.files {
		set.all = append(set.all, f.pair)
		for _, n := range namesOf(f.pair.Leaf) {
			n = strings.ToLower(n)
			set.byName[n] = append(set.byName[n], f.pair)
		}
	}
	s.set.Store(set)
}

// find returns the certificate for a name, nil when there is none: one for
// just that name before one for all of a domain.
func (s *certStore) find(name string, hello *tls.ClientHelloInfo) *tls.Certificate {
	set := s.set.Load()
	if c := fitting(set.byName[name], hello); c != nil {
		return c
	}
	if _, domain, ok := strings.Cut(name, "."); ok {
		return fitting(set.byName["*."+domain], hello)
	}
	return nil
}

// has reports whether there is one for a name.
func (s *certStore) has(name string) bool {
	set := s.set.Load()
	if len(set.byName[name]) > 0 {
		return true
	}
	_, domain, _ := strings.Cut(name, ".")
	return len(set.byName["*."+domain]) > 0
}

// first is for clients that name no host, or one that nobody knows.
func (s *certStore) first(hello *tls.ClientHelloInfo) *tls.Certificate {
	return fitting(s.set.Load().all, hello)
}

// fitting prefers one that the client can check: there may be one with an
// elliptic curve and one with RSA.
func fitting(list []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, c := range list {
		if hello.SupportsCertificate(c) == nil {
			return c
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// namesOf are the hosts that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, cmp.Or(c.Subject.CommonName, fmt.Sprintf("serial %x", c.SerialNumber)))
	}
	return names
}
