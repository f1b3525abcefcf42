package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// KeySource is where the keys of an issuer are: exactly one of them.
type KeySource struct {
	Workspace string // keeps those of tenants apart
	URL       string // of a JWK set (RFC 7517)
	Issuer    string // that says itself where its set is
	Static    []string
	Secret    string // shared, for HMAC
}

// KeySet holds the keys of one issuer and follows their rotation. While the
// issuer does not answer, the keys that are known stay.
type KeySet struct {
	sources *Sources
	fetch   func(ctx context.Context) (body []byte, fresh time.Duration, err error) // nil: they never change
	name    string

	state atomic.Pointer[keyState]

	mu      sync.Mutex
	flight  *flight
	tried   time.Time // when the last fetch began
	last    []byte    // what it brought
	failing bool
}

type keyState struct {
	keys []jose.JSONWebKey
	gen  uint64 // counts sets that differ
	due  time.Time
}

const (
	maxKeys    = 100
	maxKeySet  = 512 << 10
	leastFresh = time.Minute
	mostFresh  = time.Hour
)

func (s *Sources) keySet(src KeySource) (*KeySet, error) {
	switch {
	case src.Secret != "":
		return fixed([]jose.JSONWebKey{{Key: []byte(src.Secret)}}), nil
	case len(src.Static) > 0:
		keys, err := ParseKeys(src.Static)
		return fixed(keys), err
	}
	id := src.Workspace + " " + src.URL + " " + src.Issuer
	s.mu.Lock()
	if set := s.keySets[id]; set != nil {
		s.mu.Unlock()
		return set, nil
	}
	set := &KeySet{sources: s, name: src.URL + src.Issuer}
	where := func(context.Context) (string, error) { return src.URL, nil }
	if src.URL == "" {
		d := &discovery{issuer: src.Issuer}
		where = func(ctx context.Context) (string, error) {
			m, err := d.find(ctx, s.client)
			if err == nil && m.Keys == "" {
				err = fmt.Errorf("discover %s: it names no key set", src.Issuer)
			}
			return m.Keys, err
		}
	}
	set.fetch = func(ctx context.Context) ([]byte, time.Duration, error) {
		url, err := where(ctx)
		if err != nil {
			return nil, 0, err
		}
		body, h, err := s.client.Get(ctx, url, maxKeySet)
		return body, freshFor(h, s.limits.Refresh), err
	}
	s.keySets[id] = set
	s.mu.Unlock()
	set.begin() // before the first token asks
	return set, nil
}

// freshFor is how long an answer says that it may be kept (RFC 9111 5.2.2.1).
func freshFor(h http.Header, otherwise time.Duration) time.Duration {
	for part := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "max-age="); ok {
			if n, err := strconv.Atoi(v); err == nil && n >= 0 {
				return min(max(time.Duration(n)*time.Second, leastFresh), mostFresh)
			}
		}
	}
	return otherwise
}

func fixed(keys []jose.JSONWebKey) *KeySet {
	s := &KeySet{}
	s.state.Store(&keyState{keys: keys, gen: 1})
	return s
}

// generation changes with the keys; 0: there are none yet.
func (s *KeySet) generation() uint64 {
	if st := s.state.Load(); st != nil {
		return st.gen
	}
	return 0
}

// find returns the keys that a token with a kid may be signed with. For one
// that is not known the set is fetched, unless that was done a moment ago.
func (s *KeySet) find(kid string, alg jose.SignatureAlgorithm) ([]jose.JSONWebKey, uint64, *Error) {
	if keys, gen := s.fit(kid, alg); len(keys) > 0 {
		return keys, gen, nil
	}
	if s.fetch != nil {
		f, failing := s.again()
		if f != nil {
			if !f.wait(s.sources.limits.Wait) {
				return nil, 0, unavailable(0)
			}
			failing = f.err != nil
		}
		if keys, gen := s.fit(kid, alg); len(keys) > 0 {
			return keys, gen, nil
		}
		if failing {
			return nil, 0, unavailable(s.sources.limits.Again)
		}
	}
	return nil, 0, invalid("the token is signed with a key that its issuer does not have")
}

// fit returns the keys that are there for a token.
func (s *KeySet) fit(kid string, alg jose.SignatureAlgorithm) (list []jose.JSONWebKey, gen uint64) {
	st := s.state.Load()
	if st == nil {
		return nil, 0
	}
	for _, k := range st.keys {
		if kid != "" && k.KeyID != "" && k.KeyID != kid || k.Algorithm != "" && k.Algorithm != string(alg) || !fits(k.Key, alg) {
			continue
		}
		list = append(list, k)
	}
	return list, st.gen
}

// again begins a fetch for a token whose key is not known. It returns nil when
// the last one began too short a time ago: inventing keys must not have the
// issuer asked each time.
func (s *KeySet) again() (f *flight, failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		return s.flight, false
	}
	if time.Since(s.tried) < s.sources.limits.Again {
		return nil, s.failing
	}
	return s.beginLocked(), s.failing
}

// refresh begins a fetch when the set is due.
func (s *KeySet) refresh(now time.Time) {
	if s.fetch == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state.Load()
	due := st == nil || s.failing || !now.Before(st.due)
	if s.flight == nil && due && now.Sub(s.tried) >= s.sources.limits.Again {
		s.beginLocked()
	}
}

func (s *KeySet) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == nil {
		s.beginLocked()
	}
}

func (s *KeySet) beginLocked() *flight {
	f := &flight{done: make(chan struct{})}
	s.tried = time.Now()
	if !s.sources.spawn(func(ctx context.Context) { s.load(ctx, f) }) {
		f.err = context.Canceled
		close(f.done)
		return f
	}
	s.flight = f
	return f
}

// load fetches the set and puts it in place of the one before.
func (s *KeySet) load(ctx context.Context, f *flight) {
	body, fresh, err := s.fetch(ctx)
	var keys []jose.JSONWebKey
	if err == nil {
		keys, err = parseSet(body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.state.Load()
	if err == nil {
		next := &keyState{keys: keys, gen: 1, due: time.Now().Add(fresh)}
		if old != nil {
			next.gen = old.gen
			if !bytes.Equal(body, s.last) {
				next.gen++
			}
		}
		s.last = body
		s.state.Store(next)
	}
	switch {
	case err != nil && !s.failing:
		s.sources.log.Warn("fetch the keys of an issuer; those that are known stay", "from", s.name, "known", old != nil, "err", err)
	case err == nil && s.failing:
		s.sources.log.Info("the keys of an issuer are there again", "from", s.name)
	}
	s.failing = err != nil
	f.err = err
	s.flight = nil
	close(f.done)
}

// parseSet reads a JWK set. Keys of kinds that nobody here can use are passed
// over (RFC 7517 section 5), and so are those that are not for signatures.
func parseSet(body []byte) ([]jose.JSONWebKey, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	if len(raw.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set has %d keys, more than %d", len(raw.Keys), maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, b := range raw.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(b, &k) != nil || k.Use != "" && k.Use != "sig" {
			continue
		}
		if k = k.Public(); !k.Valid() { // a set of private keys still verifies; one of secrets does not
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key for signatures")
	}
	return keys, nil
}

// ParseKeys reads public keys that stand in a document: each PEM (a public key
// or a certificate), a JWK or a JWK set.
func ParseKeys(list []string) ([]jose.JSONWebKey, error) {
	var out []jose.JSONWebKey
	for i, s := range list {
		s = strings.TrimSpace(s)
		var keys []jose.JSONWebKey
		var err error
		if strings.HasPrefix(s, "{") {
			if !strings.Contains(s, `"keys"`) {
				s = `{"keys":[` + s + `]}`
			}
			keys, err = parseSet([]byte(s))
		} else {
			keys, err = parsePEM([]byte(s))
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		out = append(out, keys...)
	}
	if len(out) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, more than %d", len(out), maxKeys)
	}
	return out, nil
}

func parsePEM(b []byte) ([]jose.JSONWebKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("it is neither PEM nor a JWK")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = c.PublicKey
		}
	default:
		return nil, fmt.Errorf("%q is no public key", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return []jose.JSONWebKey{{Key: key}}, nil
}

// Algorithms are those that may be asked for (RFC 7518 3.1, RFC 8037); none
// is not among them.
var Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"}

// curves of the algorithms over them (RFC 7518 3.4).
var curves = map[jose.SignatureAlgorithm]elliptic.Curve{jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521()}

// minRSA is the least size of a key, in bits (RFC 7518 3.3).
const minRSA = 2048

// fits reports whether a key is of an algorithm's kind: a public key must
// never be taken for the secret of an HMAC (RFC 8725 2.1).
func fits(key crypto.PublicKey, alg jose.SignatureAlgorithm) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return slices.Contains([]jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}, alg) && k.N.BitLen() >= minRSA
	case *ecdsa.PublicKey:
		return curves[alg] != nil && k.Curve == curves[alg]
	case ed25519.PublicKey:
		return alg == jose.EdDSA
	case []byte:
		return slices.Contains([]jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}, alg)
	}
	return false
}
