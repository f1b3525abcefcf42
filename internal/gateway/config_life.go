package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The states of a version of an API.
const (
	StateDraft      = "draft"      // seen with its preview key only
	StatePublished  = "published"  // the state when none is named
	StateDeprecated = "deprecated" // serves, and says that it will end
	StateRetired    = "retired"    // answers 410
)

// Life is where a version of an API stands between its first draft and its
// end.
func (a *API) Life() string {
	if a.State == "" {
		return StatePublished
	}
	return a.State
}

// PreviewHeader carries the key with which a draft is called. It is never
// passed on.
const PreviewHeader = "X-Preview-Key"

var previewForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// life checks what a document says of the life of an API's version.
func (k *checker) life(path string, a API) {
	switch a.State {
	case "", StatePublished, StateDeprecated, StateDraft, StateRetired:
	default:
		k.fault(path+".state", "there is no state %q; use draft, published, deprecated or retired", a.State)
	}
	since := k.date(path+".deprecated", a.Deprecated)
	ends := k.date(path+".sunset", a.Sunset)
	if !since.IsZero() && !ends.IsZero() && ends.Before(since) {
		k.fault(path+".sunset", "it can't end on %s, before it is deprecated on %s (RFC 9745)", a.Sunset, a.Deprecated)
	}
	if a.Docs != "" && !isLink(a.Docs) {
		k.fault(path+".docs", "%q is no address of a page; write it as https://example.com/changes", a.Docs)
	}
	if a.PreviewKey != "" && !previewForm.MatchString(a.PreviewKey) {
		k.fault(path+".preview_key", "this is no hash of a key; write sha256: and 64 digits, or let the server make one")
	}
}

func (k *checker) date(path, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		k.fault(path, "%q is no date; write it as 2027-03-31", s)
	}
	return d
}

// isLink reports whether s can stand in a Link header.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.ContainsAny(s, "<>\"\r\n ") && len(s) < 1000
}

// lifeHeaders tell of an end that is coming: Deprecation (RFC 9745), Sunset
// (RFC 8594) and where there is more to read.
func lifeHeaders(a API, r RouteC) []setHeader {
	var out []setHeader
	since := a.Deprecated
	if r.Deprecated != "" && (since == "" || r.Deprecated < since) {
		since = r.Deprecated
	}
	if d, err := time.Parse(time.DateOnly, since); err == nil {
		out = append(out, setHeader{"Deprecation", fmt.Sprintf("@%d", d.Unix())})
		if a.Docs != "" {
			out = append(out, setHeader{"Link", "<" + a.Docs + `>; rel="deprecation"; type="text/html"`})
		}
	}
	if d, err := time.Parse(time.DateOnly, a.Sunset); err == nil {
		out = append(out, setHeader{"Sunset", d.UTC().Format(http.TimeFormat)})
		if a.Docs != "" {
			out = append(out, setHeader{"Link", "<" + a.Docs + `>; rel="sunset"; type="text/html"`})
		}
	}
	return out
}

// farewell is what a retired version answers.
func farewell(a API) string {
	s := strings.TrimSpace("version "+a.Version) + " of " + a.Name
	if a.Version == "" {
		s = a.Name
	}
	if a.Sunset != "" {
		s += " ended on " + a.Sunset
	} else {
		s += " has ended"
	}
	if a.Docs != "" {
		return s + "; what to use now is said at " + a.Docs
	}
	return s + "; ask its owner what to use now"
}
