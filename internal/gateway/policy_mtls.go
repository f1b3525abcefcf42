package gateway

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// MTLSPolicy asks for a client certificate. The listener verifies it against
// its authorities; this says which of them may call.
type MTLSPolicy struct {
	Subjects     []string `yaml:"subjects,omitempty" json:"subjects,omitempty" doc:"Whole subject as RFC 4514 writes it, such as CN=shop,O=Example; * stands for anything but a comma."`
	Names        []string `yaml:"names,omitempty" json:"names,omitempty" doc:"Alternative names: DNS, e-mail or URI; * stands for one part, as in *.example.com or spiffe://example.com/*."`
	Fingerprints []string `yaml:"fingerprints,omitempty" json:"fingerprints,omitempty" doc:"SHA-256 of the certificate in hex; colons are passed over."`
	User         string   `yaml:"user,omitempty" json:"user,omitempty" doc:"What of the certificate is the user: subject, cn or name; absent: nothing."`
	Application  string   `yaml:"application,omitempty" json:"application,omitempty" doc:"What of it is the id or name of an application: cn or name; absent: nothing."`
}

var mtlsKind = policyKind{
	name: "mtls",
	auth: true,
	once: true,
	check: func(k *checker, at string, p *Policies) {
		if p.MTLS == nil {
			return
		}
		m, at := *p.MTLS, at+".mtls"
		for i, f := range m.Fingerprints {
			if _, err := fingerprintOf(f); err != nil {
				k.fault(fmt.Sprintf("%s.fingerprints[%d]", at, i), "%q is no SHA-256 in hex", f)
			}
		}
		for i, s := range slices.Concat(m.Subjects, m.Names) {
			if _, err := path.Match(s, "x"); err != nil || s == "" {
				k.fault(at, "pattern %d, %q, can't be read; * stands for anything", i+1, s)
			}
		}
		if !slices.Contains([]string{"", "subject", "cn", "name"}, m.User) {
			k.fault(at+".user", "%q is nothing of a certificate; use subject, cn or name", m.User)
		}
		if !slices.Contains([]string{"", "cn", "name"}, m.Application) {
			k.fault(at+".application", "%q is nothing of a certificate; use cn or name", m.Application)
		}
	},
	build: func(b *building, p *Policies) policy {
		m := p.MTLS
		if m == nil {
			return nil
		}
		out := &mtls{authentication: b.authentication(p), subjects: m.Subjects, names: m.Names, user: m.User, app: m.Application}
		for _, f := range m.Fingerprints {
			if sum, err := fingerprintOf(f); err == nil {
				out.prints = append(out.prints, sum)
			}
		}
		return out
	},
}

func fingerprintOf(s string) (sum [sha256.Size]byte, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(b) != len(sum) {
		return sum, fmt.Errorf("%q is no fingerprint", s)
	}
	return [sha256.Size]byte(b), nil
}

type mtls struct {
	authentication
	subjects, names []string
	prints          [][sha256.Size]byte
	user, app       string
}

func (p *mtls) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	cert := x.verified()
	// 403, not 401: there is no challenge that asks for a certificate.
	if cert == nil {
		return p.absent(x, &refusal{status: 403, class: Refused, reason: "this API asks for a client certificate; connect by TLS with one"})
	}
	if !p.takes(cert) {
		return &refusal{status: 403, class: Refused, reason: "this client certificate gives no access to this API"}
	}
	if p.app != "" {
		var c *Consumer
		sure := true
		if id := partOf(cert, p.app); p.g.applications != nil && id != "" {
			c, sure = p.g.applications.Application(p.workspace, id)
		}
		switch {
		case c == nil && !sure:
			return &refusal{status: 503, class: Refused, reason: "the certificate's application can't be looked up at the moment; try again", after: 5 * time.Second}
		case c == nil:
			return &refusal{status: 403, class: Refused, reason: "the application of this client certificate is not known here"}
		}
		if no := p.admit(x, c); no != nil {
			return no
		}
	}
	if p.user != "" {
		x.User = partOf(cert, p.user)
		x.Proven = x.User != ""
	}
	p.found(x)
	return nil
}

// wantsClientCertificate implements certificatePolicy.
func (p *mtls) wantsClientCertificate() {}

// takes reports whether one of the lists has the certificate; without lists
// every one that the listener verified.
func (p *mtls) takes(c *x509.Certificate) bool {
	if len(p.subjects)+len(p.names)+len(p.prints) == 0 {
		return true
	}
	if len(p.prints) > 0 && slices.Contains(p.prints, sha256.Sum256(c.Raw)) {
		return true
	}
	if subject := c.Subject.String(); len(p.subjects) > 0 {
		for _, s := range p.subjects {
			// path.Match's * stops at /, which is what a comma is here.
			if ok, err := path.Match(swap(s), swap(subject)); ok && err == nil {
				return true
			}
		}
	}
	return slices.ContainsFunc(p.names, func(pattern string) bool {
		return slices.ContainsFunc(altNames(c), func(n string) bool {
			if strings.Contains(n, "://") {
				ok, err := path.Match(pattern, n)
				return ok && err == nil
			}
			ok, err := path.Match(strings.ReplaceAll(strings.ToLower(pattern), ".", "/"), strings.ReplaceAll(strings.ToLower(n), ".", "/"))
			return ok && err == nil
		})
	})
}

// swap makes the parts of a subject what the parts of a path are.
func swap(s string) string { return strings.NewReplacer(",", "/", "/", ",").Replace(s) }

// altNames are the alternative names of a certificate.
func altNames(c *x509.Certificate) []string {
	list := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, u := range c.URIs {
		list = append(list, u.String())
	}
	return list
}

func partOf(c *x509.Certificate, what string) string {
	switch what {
	case "subject":
		return oneLine(c.Subject.String())
	case "name":
		if list := altNames(c); len(list) > 0 {
			return oneLine(list[0])
		}
		return ""
	}
	return oneLine(c.Subject.CommonName)
}
