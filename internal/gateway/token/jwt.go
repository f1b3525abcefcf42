package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// VerifierConfig is what a JSON Web Token has to be.
type VerifierConfig struct {
	Config
	Algorithms []jose.SignatureAlgorithm
	Types      []string // typ, in lower case; empty: JWT, at+jwt or none
}

// Verifier verifies JSON Web Tokens of one issuer.
type Verifier struct {
	cfg   VerifierConfig
	keys  *KeySet
	cache cache[*Token]
}

// maxToken bounds a token's length.
const maxToken = 16 << 10

// Verify returns the token if it holds. The error says whether it does not, or
// whether that can't be told at the moment.
func (v *Verifier) Verify(raw []byte, now time.Time) (*Token, *Error) {
	if len(raw) > maxToken {
		return nil, invalid("the token is too long")
	}
	sum := sha256.Sum256(raw)
	if t, ok := v.cache.get(sum); ok && t.gen == v.keys.generation() {
		if err := v.cfg.timely(t, now); err != nil {
			return nil, err
		}
		return t, nil
	}
	t, err := v.verify(string(raw), now)
	if err != nil {
		return nil, err
	}
	until := t.Expires
	if until.IsZero() {
		until = now.Add(time.Hour)
	}
	v.cache.put(sum, t, now, until)
	return t, nil
}

func (v *Verifier) verify(raw string, now time.Time) (*Token, *Error) {
	// The algorithm is one of the list before anything is done with it.
	sig, err := jose.ParseSignedCompact(raw, v.cfg.Algorithms)
	if err != nil || len(sig.Signatures) != 1 {
		if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
			return nil, invalid("the token is signed in a way that this API does not take")
		}
		return nil, invalid("this is no signed JSON Web Token")
	}
	h := sig.Signatures[0].Protected
	if h.ExtraHeaders["crit"] != nil || h.ExtraHeaders["b64"] != nil {
		return nil, invalid("the token has a critical header that is not understood")
	}
	if !v.takes(h) {
		return nil, invalid("the token is of a type that this API does not take")
	}
	keys, gen, terr := v.keys.find(h.KeyID, jose.SignatureAlgorithm(h.Algorithm))
	if terr != nil {
		return nil, terr
	}
	var payload []byte
	for _, k := range keys {
		if payload, err = sig.Verify(k.Key); err == nil {
			break
		}
	}
	if err != nil {
		return nil, invalid("the token's signature is wrong")
	}
	claims, err := claimsOf(payload)
	if err != nil {
		return nil, invalid("the token holds no claims")
	}
	t, terr := v.cfg.take(claims, now)
	if terr != nil {
		return nil, terr
	}
	t.gen = gen
	return t, nil
}

// takes looks at the type that a token says it is (RFC 8725 3.11): what an
// issuer signs for another purpose is no access token.
func (v *Verifier) takes(h jose.Header) bool {
	typ, _ := h.ExtraHeaders["typ"].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if len(v.cfg.Types) > 0 {
		for _, t := range v.cfg.Types {
			if typ == t {
				return true
			}
		}
		return false
	}
	return typ == "" || typ == "jwt" || typ == "at+jwt"
}

// claimsOf reads one JSON object and nothing behind it.
func claimsOf(b []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || claims == nil {
		return nil, errors.New("not one object")
	}
	return claims, nil
}
