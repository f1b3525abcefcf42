package gateway

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"
)

// BasicPolicy asks for an application's id or name and one of its keys, as
// user name and password (RFC 7617).
type BasicPolicy struct {
	Realm string `yaml:"realm,omitempty" json:"realm,omitempty" doc:"What a browser shows; the API's name when absent."`
}

var basicKind = policyKind{
	name: "basic",
	auth: true,
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Basic != nil && len(p.Basic.Realm) > 100 {
			k.fault(path+".basic.realm", "a realm has at most 100 characters")
		}
	},
	build: func(b *building, p *Policies) policy {
		if p.Basic == nil {
			return nil
		}
		out := &basic{authentication: b.authentication(p)}
		if p.Basic.Realm != "" {
			out.realm = p.Basic.Realm
		}
		return out
	},
}

type basic struct{ authentication }

func (p *basic) strips() []string { return []string{"authorization"} }

func (p *basic) check(x *Exchange) *refusal {
	if p.settled(x) {
		return nil
	}
	v, _ := x.value("authorization")
	user, password, is := basicOf(v)
	if !is {
		return p.absent(x, p.refuse("this API asks for an application and its key, as user name and password"))
	}
	if p.g.keys == nil {
		return &refusal{status: 503, class: NoUpstream, reason: "keys can't be checked at the moment; try again", after: 5 * time.Second}
	}
	c, sure := p.g.keys.Find(sha256.Sum256(password))
	if c == nil && !sure {
		return &refusal{status: 503, class: Refused, reason: "this password can't be checked at the moment; try again", after: 5 * time.Second}
	}
	// The key alone tells who it is; the name must not contradict it.
	if c == nil || c.Workspace != p.workspace || c.expired(x.Start) ||
		subtle.ConstantTimeCompare(user, []byte(c.Application))|subtle.ConstantTimeCompare(user, []byte(c.Name)) == 0 {
		return p.refuse("the user name or the password is wrong, or not valid any more")
	}
	return p.admit(x, c)
}

func (p *basic) refuse(reason string) *refusal {
	return &refusal{status: 401, class: Refused, reason: reason, challenge: challenge("Basic", p.realm, "charset", "UTF-8")}
}

var basicScheme = []byte("basic ")

// maxBasic bounds the credentials of RFC 7617, encoded.
const maxBasic = 1024

// basicOf reads the credentials of RFC 7617 section 2; is reports whether the
// field is of that scheme and well formed.
func basicOf(v []byte) (user, password []byte, is bool) {
	if len(v) < len(basicScheme) || !bytes.EqualFold(v[:len(basicScheme)], basicScheme) {
		return nil, nil, false
	}
	v = bytes.TrimSpace(v[len(basicScheme):])
	if len(v) > maxBasic {
		return nil, nil, false
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(v)))
	n, err := base64.StdEncoding.Strict().Decode(out, v)
	if err != nil {
		return nil, nil, false
	}
	user, password, is = bytes.Cut(out[:n], []byte(":"))
	return user, password, is && len(user) > 0 && len(password) > 0
}
