// Package signature verifies and makes HTTP Message Signatures (RFC 9421) of
// requests with a shared secret (hmac-sha256), and checks Content-Digest
// (RFC 9530). It does no I/O and knows no route.
//
// Of RFC 9421 it takes: the algorithm hmac-sha256; the derived components
// @method, @target-uri, @authority, @scheme, @request-target, @path, @query
// and @query-param; fields by name, several of one name joined by ", "; the
// parameters created, expires, nonce, keyid, alg and tag. The parameters sf,
// key, bs, tr and req of components are refused.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"
)

// Message is a request as it came.
type Message struct {
	Method    string
	Scheme    string // http or https
	Authority string // Host as it came
	Target    string // path and query
	// Field returns the values of a field by its name in lower case, in their
	// order.
	Field func(lower string) []string
}

// Signature is one of a request, not verified yet.
type Signature struct {
	Label   string
	KeyID   string
	Nonce   string
	Tag     string
	Created time.Time // zero: it does not say
	Expires time.Time

	items  []item
	params []param
	mac    []byte
}

// Algorithm is the one that is taken.
const Algorithm = "hmac-sha256"

// maxSignatures bounds those of one request.
const maxSignatures = 4

// Parse reads the signatures of a request; none when it has no such fields.
func Parse(m *Message) ([]Signature, error) {
	in, out := m.Field("signature-input"), m.Field("signature")
	if len(in) == 0 && len(out) == 0 {
		return nil, nil
	}
	inputs, err := dictionary(strings.Join(in, ", "))
	if err != nil {
		return nil, fmt.Errorf("Signature-Input can't be read: %w", err)
	}
	macs, err := dictionary(strings.Join(out, ", "))
	if err != nil {
		return nil, fmt.Errorf("Signature can't be read: %w", err)
	}
	if len(inputs) == 0 || len(inputs) > maxSignatures {
		return nil, fmt.Errorf("there are %d signatures; send one", len(inputs))
	}
	byLabel := map[string][]byte{}
	for _, s := range macs {
		if s.inner {
			return nil, errors.New("Signature holds no bytes")
		}
		byLabel[s.label] = s.bytes
	}
	var list []Signature
	for _, i := range inputs {
		if !i.inner {
			return nil, errors.New("Signature-Input holds no list")
		}
		s := Signature{Label: i.label, items: i.items, params: i.params, mac: byLabel[i.label]}
		if s.mac == nil {
			return nil, fmt.Errorf("there is no signature %s", i.label)
		}
		if err := s.read(); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// read takes the parameters out (RFC 9421 2.3).
func (s *Signature) read() error {
	for _, p := range s.params {
		text, isText := p.value.(string)
		n, isNumber := p.value.(int64)
		ok := true
		switch p.name {
		case "keyid":
			s.KeyID, ok = text, isText
		case "nonce":
			s.Nonce, ok = text, isText
		case "tag":
			s.Tag, ok = text, isText
		case "created":
			s.Created, ok = time.Unix(n, 0), isNumber && n > 0
		case "expires":
			s.Expires, ok = time.Unix(n, 0), isNumber && n > 0
		case "alg":
			if !isText || text != Algorithm {
				return fmt.Errorf("the algorithm is %s, not what this signature says", Algorithm)
			}
		default:
			return fmt.Errorf("the parameter %s is not understood", p.name)
		}
		if !ok {
			return fmt.Errorf("the parameter %s can't be read", p.name)
		}
	}
	return nil
}

// Covers reports whether a component is signed.
func (s *Signature) Covers(name string) bool {
	for _, i := range s.items {
		if i.name == name && len(i.params) == 0 {
			return true
		}
	}
	return false
}

// CoversTarget reports whether the whole address is signed: as @target-uri, or
// in its parts.
func (s *Signature) CoversTarget(query bool) bool {
	if s.Covers("@target-uri") {
		return true
	}
	if !s.Covers("@authority") {
		return false
	}
	return s.Covers("@request-target") || s.Covers("@path") && (!query || s.Covers("@query"))
}

// Verify reports whether the signature is of this request, made with the
// secret.
func (s *Signature) Verify(m *Message, secret []byte) (bool, error) {
	base, err := s.base(m)
	if err != nil {
		return false, err
	}
	return hmac.Equal(mac(secret, base), s.mac), nil
}

func mac(secret []byte, base string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(base))
	return h.Sum(nil)
}

// base is what is signed (RFC 9421 2.5).
func (s *Signature) base(m *Message) (string, error) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, it := range s.items {
		id := writeItem(it)
		if seen[id] {
			return "", fmt.Errorf("%s is signed twice", it.name)
		}
		seen[id] = true
		v, err := m.component(it)
		if err != nil {
			return "", err
		}
		b.WriteString(id + ": " + v + "\n")
	}
	b.WriteString(`"@signature-params": ` + writeInner(s.items, s.params))
	return b.String(), nil
}

// component returns the value of one (RFC 9421 2.1, 2.2).
func (m *Message) component(it item) (string, error) {
	path, query, has := strings.Cut(m.Target, "?")
	if it.name == "@query-param" {
		return queryParam(it, query)
	}
	if len(it.params) > 0 {
		return "", fmt.Errorf("the parameters of the component %s are not understood", it.name)
	}
	if path == "" {
		path = "/"
	}
	switch it.name {
	case "@method":
		return m.Method, nil
	case "@scheme":
		return m.Scheme, nil
	case "@authority":
		return m.authority(), nil
	case "@target-uri":
		return m.Scheme + "://" + m.authority() + m.Target, nil
	case "@request-target":
		return m.Target, nil
	case "@path":
		return path, nil
	case "@query":
		if !has {
			return "?", nil
		}
		return "?" + query, nil
	}
	if it.name == "" || it.name[0] == '@' || strings.ToLower(it.name) != it.name {
		return "", fmt.Errorf("the component %.50q is not understood", it.name)
	}
	values := m.Field(it.name)
	if len(values) == 0 {
		return "", fmt.Errorf("the field %.50s is signed, but it is not there", it.name)
	}
	for i, v := range values {
		values[i] = strings.Trim(v, " \t")
	}
	return strings.Join(values, ", "), nil
}

// authority is the host in lower case without the scheme's own port (2.2.3).
func (m *Message) authority() string {
	a := strings.ToLower(m.Authority)
	if m.Scheme == "https" {
		return strings.TrimSuffix(a, ":443")
	}
	return strings.TrimSuffix(a, ":80")
}

// queryParam is one parameter of the query, decoded and encoded again (2.2.8).
func queryParam(it item, query string) (string, error) {
	name, ok := "", len(it.params) == 1 && it.params[0].name == "name"
	if ok {
		name, ok = it.params[0].value.(string)
	}
	if !ok {
		return "", errors.New("@query-param needs a name")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the query can't be read")
	}
	want, err := url.QueryUnescape(name)
	if err != nil || len(values[want]) != 1 {
		return "", fmt.Errorf("the parameter %.50s of the query has to be there once", name)
	}
	return strings.ReplaceAll(url.QueryEscape(values[want][0]), "+", "%20"), nil
}

// Sign returns the fields Signature-Input and Signature of a request, for
// clients and tests.
func Sign(m *Message, s Signature, components []string, secret []byte) (input, sig string, err error) {
	for _, c := range components {
		s.items = append(s.items, item{name: c})
	}
	s.params = nil
	if !s.Created.IsZero() {
		s.params = append(s.params, param{"created", s.Created.Unix()})
	}
	if !s.Expires.IsZero() {
		s.params = append(s.params, param{"expires", s.Expires.Unix()})
	}
	for _, p := range []param{{"nonce", s.Nonce}, {"alg", Algorithm}, {"keyid", s.KeyID}, {"tag", s.Tag}} {
		if p.value != "" {
			s.params = append(s.params, p)
		}
	}
	base, err := s.base(m)
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	writeParams(&b, []param{{"x", mac(secret, base)}})
	return s.Label + "=" + writeInner(s.items, s.params), s.Label + strings.TrimPrefix(b.String(), ";x"), nil
}

// Digest is what a body has to be (RFC 9530): fed with it, then asked.
type Digest struct {
	hash.Hash
	want []byte
}

// ParseDigest reads Content-Digest; the stronger of sha-512 and sha-256 is
// held against the body.
func ParseDigest(values []string) (*Digest, error) {
	list, err := dictionary(strings.Join(values, ", "))
	if err != nil {
		return nil, fmt.Errorf("Content-Digest can't be read: %w", err)
	}
	var d *Digest
	for _, m := range list {
		switch {
		case m.label == "sha-512" && len(m.bytes) == sha512.Size:
			return &Digest{sha512.New(), m.bytes}, nil
		case m.label == "sha-256" && len(m.bytes) == sha256.Size:
			d = &Digest{sha256.New(), m.bytes}
		}
	}
	if d == nil {
		return nil, errors.New("Content-Digest has neither sha-256 nor sha-512")
	}
	return d, nil
}

// Holds reports whether what was written is what was announced.
func (d *Digest) Holds() bool { return hmac.Equal(d.Sum(nil), d.want) }

// WriteDigest returns the Content-Digest of a body.
func WriteDigest(body []byte) string {
	sum := sha256.Sum256(body)
	var b strings.Builder
	writeParams(&b, []param{{"sha-256", sum[:]}})
	return strings.TrimPrefix(b.String(), ";")
}
