package gateway

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORSPolicy lets pages of other origins call.
type CORSPolicy struct {
	Origins     []string `yaml:"origins" json:"origins" doc:"https://example.com, or * for any."`
	Methods     []string `yaml:"methods,omitempty" json:"methods,omitempty" doc:"GET, HEAD, POST, PUT, PATCH, DELETE when absent."`
	Headers     []string `yaml:"headers,omitempty" json:"headers,omitempty" doc:"What is asked for when absent."`
	Expose      []string `yaml:"expose,omitempty" json:"expose,omitempty"`
	Credentials bool     `yaml:"credentials,omitempty" json:"credentials,omitempty"`
	MaxAge      Duration `yaml:"max_age,omitempty" json:"max_age,omitempty" doc:"10m when absent."`
}

var corsKind = policyKind{
	name: "cors",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.CORS != nil {
			k.cors(path+".cors", *p.CORS)
		}
	},
	build: func(_ *building, p *Policies) policy {
		if p.CORS == nil {
			return nil
		}
		return compileCORS(*p.CORS)
	},
}

func (k *checker) cors(path string, c CORSPolicy) {
	if len(c.Origins) == 0 {
		k.fault(path+".origins", "name at least one origin, or * for any")
	}
	for i, o := range c.Origins {
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https") {
			k.fault(fmt.Sprintf("%s.origins[%d]", path, i), "%q is no origin; write it as https://example.com", o)
		}
		if o == "*" && c.Credentials {
			k.fault(path+".credentials", "any origin with credentials would open the API to every page; name the origins")
		}
	}
	for _, v := range slices.Concat(c.Headers, c.Expose, c.Methods) {
		if !headerForm.MatchString(v) {
			k.fault(path, "%q is neither a method nor a header", v)
		}
	}
	k.durations(path, map[string]Duration{"max_age": c.MaxAge})
}

func compileCORS(c CORSPolicy) *cors {
	out := &cors{origins: map[string]bool{}, credentials: c.Credentials, headers: strings.Join(c.Headers, ", "), expose: strings.Join(c.Expose, ", "),
		methods: cmp.Or(strings.Join(c.Methods, ", "), "GET, HEAD, POST, PUT, PATCH, DELETE"), age: strconv.Itoa(int(or(c.MaxAge, 10*time.Minute) / time.Second))}
	for _, o := range c.Origins {
		out.any = out.any || o == "*"
		out.origins[o] = true
	}
	return out
}

// cors answers browsers that ask whether another origin may call (Fetch
// standard, 3.2 CORS protocol).
type cors struct {
	origins     map[string]bool
	any         bool
	methods     string
	headers     string
	expose      string
	credentials bool
	age         string
}

func (p *cors) check(x *Exchange) *refusal {
	origin, ok := x.value("origin")
	if !ok {
		return nil
	}
	if !p.any && !p.origins[string(origin)] {
		if string(x.Method) == "OPTIONS" {
			if _, asks := x.value("access-control-request-method"); asks {
				return &refusal{status: 403, class: Refused, reason: "this origin may not call this API from a browser"}
			}
		}
		return nil // the browser keeps the answer from the page
	}
	allow := string(origin)
	if p.any && !p.credentials {
		allow = "*"
	} else {
		x.say("Vary", "Origin")
	}
	x.say("Access-Control-Allow-Origin", allow)
	if p.credentials {
		x.say("Access-Control-Allow-Credentials", "true")
	}
	if _, asks := x.value("access-control-request-method"); asks && string(x.Method) == "OPTIONS" {
		x.say("Access-Control-Allow-Methods", p.methods)
		if p.headers != "" {
			x.say("Access-Control-Allow-Headers", p.headers)
		} else if h, ok := x.value("access-control-request-headers"); ok && !bytes.ContainsAny(h, "\r\n") {
			x.say("Access-Control-Allow-Headers", string(h))
		}
		x.say("Access-Control-Max-Age", p.age)
		return &refusal{status: 204}
	}
	if p.expose != "" {
		x.say("Access-Control-Expose-Headers", p.expose)
	}
	return nil
}
