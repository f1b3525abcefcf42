// Package token verifies the tokens that callers carry: JSON Web Tokens
// (RFC 7519) with the keys of their issuer, and opaque ones by asking the
// issuer (RFC 7662). What was verified is remembered until it expires, so that
// the next request costs a hash and a look-up; what is fetched is fetched
// once, with a bound in time and rate, and no request waits for another's.
//
// It knows no route and no policy.
package token

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Token is one that holds.
type Token struct {
	Claims  map[string]any // numbers are json.Number
	Scopes  []string       // of scope or scp (RFC 8693 4.2, RFC 9068)
	Expires time.Time      // zero: never
	User    string         // by the claim that Config names
	Session string
	Client  string // who the token was issued to, by the claim that Config names
	Thumb   string // x5t#S256 of the certificate that it is bound to (RFC 8705 3.1)
	// Lines are header lines of claims for the upstream, ready to be sent.
	Lines []byte

	notBefore time.Time
	gen       uint64 // of the key set that it was verified with
}

// Error is why a token does not hold.
type Error struct {
	Reason string // one clause, in lower case, without a stop
	// Unavailable: it can't be told at the moment, since the issuer does not
	// answer.
	Unavailable bool
	After       time.Duration // then it is worth another try
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

func invalid(reason string) *Error { return &Error{Reason: reason} }

// unavailable is the answer while nothing can be known.
func unavailable(after time.Duration) *Error {
	return &Error{Reason: "the issuer of this token does not answer at the moment; try again", Unavailable: true, After: max(after, time.Second)}
}

// Config is what a token has to be, whoever verifies it.
type Config struct {
	Issuer    string // iss; "" for any
	Audiences []string
	Leeway    time.Duration // of clocks
	NoExpiry  bool          // tokens without exp are taken
	User      []string      // claims; the first that is there
	Session   []string
	Client    []string
	Headers   []Header
}

// Header is a claim that the upstream is told.
type Header struct{ Name, Claim string }

// take reads the claims and holds them against the configuration.
func (c *Config) take(claims map[string]any, now time.Time) (*Token, *Error) {
	t := &Token{Claims: claims}
	if c.Issuer != "" {
		if iss, _ := claims["iss"].(string); iss != c.Issuer {
			return nil, invalid("the token is of another issuer")
		}
	}
	if len(c.Audiences) > 0 && !slices.ContainsFunc(stringsOf(claims["aud"]), func(a string) bool { return slices.Contains(c.Audiences, a) }) {
		return nil, invalid("the token is for another audience")
	}
	var bad bool
	if t.Expires, bad = date(claims, "exp"); bad || t.Expires.IsZero() && !c.NoExpiry {
		return nil, invalid("the token does not say when it expires")
	}
	if t.notBefore, bad = date(claims, "nbf"); bad {
		return nil, invalid("the token's nbf is no time")
	}
	if err := c.timely(t, now); err != nil {
		return nil, err
	}
	t.Scopes = append(strings.Fields(text(claims["scope"])), strings.Fields(text(claims["scp"]))...)
	for _, list := range []any{claims["scope"], claims["scp"]} {
		if _, ok := list.([]any); ok {
			t.Scopes = append(t.Scopes, stringsOf(list)...)
		}
	}
	t.User, t.Session, t.Client = t.first(c.User), t.first(c.Session), t.first(c.Client)
	if cnf, ok := claims["cnf"].(map[string]any); ok {
		t.Thumb = text(cnf["x5t#S256"])
	}
	for _, h := range c.Headers {
		if v, ok := t.Text(h.Claim); ok {
			t.Lines = append(t.Lines, h.Name+": "+v+"\r\n"...)
		}
	}
	return t, nil
}

// timely holds the times of a token against the clock (RFC 7519 4.1.4, 4.1.5).
func (c *Config) timely(t *Token, now time.Time) *Error {
	switch {
	case !t.Expires.IsZero() && !now.Before(t.Expires.Add(c.Leeway)):
		return invalid("the token has expired")
	case !t.notBefore.IsZero() && now.Before(t.notBefore.Add(-c.Leeway)):
		return invalid("the token is not valid yet")
	}
	return nil
}

// Claim returns a claim by its name, or by the names on the way to it with
// dots between them.
func (t *Token) Claim(name string) (any, bool) {
	if v, ok := t.Claims[name]; ok {
		return v, v != nil
	}
	var at any = t.Claims
	for part := range strings.SplitSeq(name, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		at = m[part]
	}
	return at, at != nil
}

// maxText bounds a claim that goes into a header or a log.
const maxText = 1024

// Text returns a claim as one line: a text, number or truth value, or a list
// of them with commas. Whatever can't stand in a header is not there.
func (t *Token) Text(name string) (string, bool) {
	v, ok := t.Claim(name)
	if !ok {
		return "", false
	}
	var s string
	if list, ok := v.([]any); ok {
		parts := make([]string, 0, len(list))
		for _, x := range list {
			p := text(x)
			if p == "" || strings.Contains(p, ",") {
				return "", false // a reader could not tell where it ends
			}
			parts = append(parts, p)
		}
		s = strings.Join(parts, ",")
	} else {
		s = text(v)
	}
	if s == "" || len(s) > maxText || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.TrimSpace(s) != s {
		return "", false
	}
	return s, true
}

func (t *Token) first(names []string) string {
	for _, n := range names {
		if s, ok := t.Text(n); ok {
			return s
		}
	}
	return ""
}

// Holds reports whether a claim is a value, or a list that has it.
func (t *Token) Holds(name, value string) bool {
	v, ok := t.Claim(name)
	if !ok {
		return false
	}
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(x any) bool { return text(x) == value })
	}
	return text(v) == value
}

// HasScope reports whether the token has a scope.
func (t *Token) HasScope(s string) bool { return slices.Contains(t.Scopes, s) }

func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

// stringsOf reads one text or a list of them, as aud is (RFC 7519 4.1.3).
func stringsOf(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		out := make([]string, 0, len(x))
		for _, e := range x {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// date reads a NumericDate, which may have a fraction.
func date(claims map[string]any, name string) (t time.Time, bad bool) {
	v, ok := claims[name]
	if !ok || v == nil {
		return time.Time{}, false
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, true
	}
	f, err := n.Float64()
	if err != nil || f < 1 || f > 253402300799 { // the year 9999
		return time.Time{}, true
	}
	return time.UnixMilli(int64(f * 1000)), false
}
