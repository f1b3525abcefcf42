package widget

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/secret"
)

const (
	maxAttr = 500 // bytes of an attribute
	maxIDs  = 12  // of requests and traces
)

// reference is what the reporter is told and the team finds the report by: it
// follows from the report, so that a repeat is told the same.
func reference(channelID, id string) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford: none that are mistaken for others
	sum := sha256.Sum256([]byte(channelID + "/" + id))
	ref := []byte("W-00000000")
	for i := range 8 {
		ref[2+i] = alphabet[sum[i]&31]
	}
	return string(ref)
}

// read implements feedback.Handler: one delivery of the script is one report.
func (s *Service) read(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	r, err := decode(d.ContentType, d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	in := feedback.Input{Text: r.Text, Channel: Name, ExternalID: reference(d.ChannelID, r.ID), Language: clip(r.Language, 16), AppVersion: clip(r.Release, 200),
		URL: clip(r.Page.URL, 2000), Attrs: map[string]string{}}
	at := r.when(r.At, d.ReceivedAt)
	in.OccurredAt = &at
	attr := func(name, value string) {
		if value = clip(strings.ToValidUTF8(value, ""), maxAttr); value != "" {
			in.Attrs[name] = value
		}
	}
	if slices.Contains(kinds, r.Kind) {
		attr("kind", r.Kind)
	}
	attr("page_title", r.Page.Title)
	attr("details", map[bool]string{true: "yes", false: "no"}[r.Details])
	key, err := s.signingKey(ctx, d)
	if err != nil {
		return feedback.Outcome{}, err
	}
	in.Author = r.author(key, d.ReceivedAt, attr)
	out := []feedback.Incoming{{NaturalKey: "report:" + d.ChannelID + ":" + r.ID}}
	if r.Details {
		session := in.Author.SessionID
		browser, system := agent(r.Env.Agent)
		attr("browser", browser)
		attr("os", system)
		attr("viewport", r.Env.Viewport)
		attr("locale", r.Env.Locale)
		attr("time_zone", r.Env.Zone)
		attr("session", session)
		r.calls(attr)
		f, err := s.crumbFile(r, session, d.ReceivedAt)
		if err != nil {
			return feedback.Outcome{}, err
		}
		if f != nil {
			out[0].Files = append(out[0].Files, *f)
		}
	}
	if a := in.Author; a.Email+a.UserID+a.SessionID+a.Name == "" {
		in.Author = nil
	}
	for _, f := range r.files {
		stored, err := s.Feedback.PutFile(f.name, f.contentType, f.data)
		if err != nil {
			return feedback.Outcome{}, err
		}
		out[0].Files = append(out[0].Files, stored)
	}
	if err := in.Validate(s.now()); err != nil {
		return feedback.Outcome{}, err
	}
	out[0].Input = in
	return feedback.Outcome{Apply: func(context.Context, *db.Tx) ([]feedback.Incoming, error) { return out, nil }}, nil
}

// signingKey is what the channel's users are vouched for with; "" without one,
// or when the channel is gone: then nobody is vouched for.
func (s *Service) signingKey(ctx context.Context, d *feedback.Raw) (secret.Text, error) {
	c, err := s.Channels.ByID(ctx, d.Workspace, d.ChannelID)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return s.Channels.Secret(c, signing)
}

// when turns a time of the sender's clock into ours: it was so long before
// the sending, and the sending is when it came.
func (r *report) when(t, received time.Time) time.Time {
	if t.IsZero() {
		return received
	}
	if !r.sent.IsZero() {
		t = received.Add(t.Sub(r.sent))
	}
	if t.After(received) || received.Sub(t) > 30*24*time.Hour {
		return received
	}
	return t.UTC()
}

// author says who reports. A user id is one only when the page's server
// vouches for it; else it is noted as what the page claims.
func (r *report) author(key secret.Text, at time.Time, attr func(name, value string)) *feedback.Author {
	a := &feedback.Author{Email: address(r.Email)}
	if session := strings.ToLower(r.Session); r.Details && sessionForm.MatchString(session) {
		a.SessionID = session
	}
	u := r.User
	if u == nil || u.ID == "" && u.Email == "" && u.Name == "" {
		return a
	}
	is := verify(key, u.ID, u.Token, at)
	attr("identity", is)
	if is != signed {
		attr("claimed_user_id", u.ID)
		attr("claimed_email", u.Email)
		attr("claimed_name", u.Name)
		return a
	}
	a.UserID, a.Name = u.ID, clip(u.Name, 200)
	if a.Email == "" {
		a.Email = address(u.Email)
	}
	n := 0
	for k, v := range u.Attrs {
		if k = clip(k, 60); k != "" && v != "" && n < 20 {
			if a.Attrs == nil {
				a.Attrs = map[string]string{}
			}
			a.Attrs[k] = clip(v, 200)
			n++
		}
	}
	return a
}

var (
	sessionForm   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	requestIDForm = regexp.MustCompile(`^[0-9A-Za-z_.:-]{8,36}$`)
	traceForm     = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`) // W3C Trace Context
	addressForm   = regexp.MustCompile(`^[^@\s<>]{1,64}@[^@\s<>]{1,250}$`)
)

// address returns an e-mail address, or "" for what is none: a typing error
// must not lose a report.
func address(s string) string {
	if s = strings.TrimSpace(s); addressForm.MatchString(s) {
		return s
	}
	return ""
}

// calls notes what the report is joined to calls by: ids of requests and
// traces, those that failed first, then the newest.
func (r *report) calls(attr func(name, value string)) {
	var requests, traces, failed, journey []string
	lastError := ""
	for _, bad := range []bool{true, false} {
		for _, c := range slices.Backward(r.Crumbs) {
			if c.Kind != "http" || (c.Status == 0 || c.Status >= 400) != bad {
				continue
			}
			if id := c.RequestID; requestIDForm.MatchString(id) && !slices.Contains(requests, id) {
				requests = append(requests, id)
			}
			if m := traceForm.FindStringSubmatch(c.TraceParent); m != nil && !slices.Contains(traces, m[1]) {
				traces = append(traces, m[1])
			}
			if bad {
				failed = append(failed, clip(c.Method, 10)+" "+clip(c.URL, 100)+" "+strconv.Itoa(c.Status))
			}
		}
	}
	for _, c := range r.Crumbs {
		switch c.Kind {
		case "error":
			lastError = c.Message
		case "console":
			if c.Level == "error" && lastError == "" {
				lastError = c.Message
			}
		case "event":
			journey = append(journey, clip(c.Name, 60))
		}
	}
	attr("request_ids", strings.Join(requests[:min(len(requests), maxIDs)], " "))
	attr("trace_ids", strings.Join(traces[:min(len(traces), maxIDs)], " "))
	attr("failed_calls", strings.Join(failed[:min(len(failed), 5)], "; "))
	attr("last_error", lastError)
	attr("journey", strings.Join(journey[max(0, len(journey)-12):], " > "))
}

// step is a crumb as it is kept, by our clock.
type step struct {
	At          time.Time `json:"at"`
	Kind        string    `json:"kind"`
	Method      string    `json:"method,omitempty"`
	URL         string    `json:"url,omitempty"`
	Status      *int      `json:"status,omitempty"`
	MS          *int      `json:"ms,omitempty"`
	RequestID   string    `json:"request_id,omitempty"`
	TraceParent string    `json:"traceparent,omitempty"`
	Level       string    `json:"level,omitempty"`
	Message     string    `json:"message,omitempty"`
	Source      string    `json:"source,omitempty"`
	Target      string    `json:"target,omitempty"`
	Name        string    `json:"name,omitempty"`
	Props       string    `json:"props,omitempty"`
}

// crumbFile stores the last steps as a file of the report; nil without any.
func (s *Service) crumbFile(r *report, session string, received time.Time) (*feedback.StoredFile, error) {
	if len(r.Crumbs) == 0 {
		return nil, nil
	}
	steps := make([]step, 0, len(r.Crumbs))
	for _, c := range r.Crumbs {
		x := step{At: r.when(time.UnixMilli(c.T), received), Kind: clip(c.Kind, 20), Method: clip(c.Method, 10), URL: clip(c.URL, 500), RequestID: clip(c.RequestID, 100),
			TraceParent: clip(c.TraceParent, 60), Level: clip(c.Level, 10), Message: clip(c.Message, 500), Source: clip(c.Source, 500), Target: clip(c.Target, 200),
			Name: clip(c.Name, 60), Props: clip(c.Props, 300)}
		if c.Kind == "http" {
			x.Status, x.MS = &c.Status, &c.MS
		}
		steps = append(steps, x)
	}
	b, err := json.MarshalIndent(map[string]any{"session": session, "release": clip(r.Release, 200), "agent": clip(r.Env.Agent, 400), "crumbs": steps}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write steps: %w", err)
	}
	f, err := s.Feedback.PutFile("breadcrumbs.json", "application/json", b)
	return &f, err
}

var browsers = []struct{ name, mark string }{
	{"Edge", "Edg/"}, {"Opera", "OPR/"}, {"Samsung Internet", "SamsungBrowser/"}, {"Firefox", "Firefox/"}, {"Firefox", "FxiOS/"}, {"Chrome", "CriOS/"}, {"Chrome", "Chrome/"}, {"Safari", "Version/"},
}

var systems = []struct{ name, mark string }{
	{"Android", "Android"}, {"iOS", "iPhone"}, {"iPadOS", "iPad"}, {"Windows", "Windows"}, {"macOS", "Mac OS X"}, {"ChromeOS", "CrOS"}, {"Linux", "Linux"},
}

// agent reads browser and system out of a user agent, as far as they say.
func agent(ua string) (browser, system string) {
	for _, b := range browsers {
		if _, rest, ok := strings.Cut(ua, b.mark); ok {
			version, _, _ := strings.Cut(rest, ".")
			browser = b.name + " " + clip(version, 8)
			break
		}
	}
	for _, o := range systems {
		if strings.Contains(ua, o.mark) {
			return browser, o.name
		}
	}
	return browser, ""
}
