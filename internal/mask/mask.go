// Package mask is the one place that knows what secrets and personal data
// look like (Find), and how they are covered: in texts, in JSON, in forms and
// queries, in header fields, by a Policy. It does no I/O, knows no noun of the
// product, and reads everything in time proportional to its length.
//
// A Masker finds by name, wherever the name stands, and by what a value looks
// like. In messages it would rather cover too much than too little, and what
// it can't read it leaves out.
package mask

import (
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
)

// Spec says what is covered, beyond what always is.
type Spec struct {
	// Fields are names ("iban", at any depth, whatever their case), or paths
	// from the top ("user.address.*"; arrays are passed through).
	Fields []string `yaml:"fields,omitempty" json:"fields,omitempty" doc:"Names at any depth, or paths from the top such as user.address.*; of JSON, forms, queries and XML."`
	// Headers are covered although they are kept.
	Headers []string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"Names of header fields whose values are covered."`
	// Patterns are regular expressions for values.
	Patterns []string `yaml:"patterns,omitempty" json:"patterns,omitempty" doc:"RE2 regular expressions of what is covered in any text."`
	// Keep are kinds of what values look like that are left alone.
	Keep []string `yaml:"keep,omitempty" json:"keep,omitempty" doc:"Kinds that are not covered by what they look like: email, phone, ip, name, iban, id."`
}

// Bounds of a specification.
const (
	maxNames    = 200
	maxPatterns = 20
)

// What stands where something was covered.
const (
	hidden  = "[masked]"
	leftOut = "[left out: not valid %s]"
)

// always are the names of fields that are covered whatever is said.
var always = []string{"password", "passwd", "pwd", "passphrase", "secret", "client_secret", "clientsecret", "token", "access_token", "accesstoken", "refresh_token", "refreshtoken",
	"id_token", "idtoken", "auth_token", "authtoken", "api_key", "apikey", "x_api_key", "authorization", "private_key", "privatekey", "credential", "credentials", "session_token", "otp", "pin",
	"cvv", "cvc", "cvv2", "card_number", "cardnumber", "pan", "ssn", "social_security_number"}

// headersAlways are header fields whose values are never kept.
var headersAlways = []string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token", "x-amz-security-token", "www-authenticate", "proxy-authenticate"}

// optional are the kinds that may be left alone: cards and secrets may not.
var optional = []string{Email, Phone, IP, Name, IBAN, ID}

// Masker covers by one specification. It is used by many goroutines.
type Masker struct {
	names    map[string]bool
	paths    [][]string
	headers  map[string]bool
	patterns []*regexp.Regexp
	want     set // kinds that are covered
	seal     set // of these, whose originals are handed out
	drop     set // of these, that leave no word of what they were
}

// Compile checks a specification and makes it ready.
func Compile(s Spec) (*Masker, error) {
	if len(s.Fields)+len(s.Headers) > maxNames || len(s.Patterns) > maxPatterns {
		return nil, fmt.Errorf("at most %d names and %d patterns can be masked", maxNames, maxPatterns)
	}
	return CompileAll(s)
}

// CompileAll is Compile for several specifications that were checked and put
// together.
func CompileAll(s Spec) (*Masker, error) {
	m := &Masker{names: map[string]bool{}, headers: map[string]bool{}, want: all}
	for _, n := range always {
		m.names[n] = true
	}
	for _, h := range append(slices.Clone(headersAlways), s.Headers...) {
		m.headers[strings.ToLower(strings.TrimSpace(h))] = true
	}
	for _, f := range s.Fields {
		f = strings.TrimPrefix(strings.TrimSpace(f), "$.")
		switch {
		case f == "" || strings.Contains(f, ".."):
			return nil, fmt.Errorf("%q is no name of a field; write it like iban, or user.address.street", f)
		case strings.Contains(f, "."):
			m.paths = append(m.paths, strings.Split(fold(f), "."))
		default:
			m.names[fold(f)] = true
		}
	}
	for _, p := range s.Patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, fmt.Errorf("%q is no regular expression (RE2): %w", p, err)
		}
		m.patterns = append(m.patterns, re)
	}
	for _, k := range s.Keep {
		if !slices.Contains(optional, k) {
			return nil, fmt.Errorf("%q can't be kept; those that can are %s", k, strings.Join(optional, ", "))
		}
		m.want &^= bit(k)
	}
	return m, nil
}

// fold brings a name into the form that names are compared in: accessToken,
// Access-Token and access_token are three ways to write one thing.
func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// named reports whether the value of a field is covered by its name or path.
func (m *Masker) named(path []string) bool {
	if len(path) == 0 {
		return false
	}
	last := path[len(path)-1]
	if m.names[last] || m.names[strings.ReplaceAll(last, "_", "")] {
		return true
	}
	return slices.ContainsFunc(m.paths, func(p []string) bool {
		if len(p) != len(path) {
			return false
		}
		for i, seg := range p {
			if seg != "*" && seg != path[i] {
				return false
			}
		}
		return true
	})
}

// Header returns the value of a header field as it may be kept.
func (m *Masker) Header(name, value string) string {
	if low := strings.ToLower(name); m.headers[low] || m.names[fold(low)] {
		return hidden
	}
	return m.Text(value)
}

// Body returns a body as it may be kept. cut says that it is the beginning of
// a longer one: what its end may be a part of is left out.
func (m *Masker) Body(contentType string, body []byte, cut bool) []byte {
	if len(body) == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "application/x-ndjson" || kind == "text/json":
		return m.json(body, cut)
	case kind == "application/x-www-form-urlencoded":
		return m.form(body, cut)
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml") || kind == "text/html":
		return []byte(m.xml(textBefore(string(body), cut)))
	}
	return []byte(m.Text(textBefore(string(body), cut)))
}

// Query returns the query of an address as it may be kept.
func (m *Masker) Query(query string) string { return string(m.form([]byte(query), false)) }

// textBefore drops the last word of a text that was cut: half a card number
// looks like none.
func textBefore(s string, cut bool) string {
	if !cut {
		return s
	}
	// A number may have spaces within, so all that could be part of one goes.
	s = strings.TrimRight(s, " -0123456789")
	if i := strings.LastIndexAny(s, " \t\r\n,;<>\"'"); i >= 0 {
		return s[:i+1]
	}
	return ""
}
