package evidence

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Who is whoever reported, by all that is known of them.
type Who struct {
	Person   string
	Users    []string // ids as calls have them, and addresses, which may be such ids
	Emails   []string
	Sessions []string
	Traces   []call.ID // that the report names: of calls or traces
	Devices  []string
	Address  string // weak
	Agent    string
	Keys     []string // an application's, or what calls are known by
	Apps     []string

	others []string // sessions of the person before

	// What calls told: users of known sessions, sessions of known users, each
	// with the join that it was found by.
	userOf, sessionOf map[string]Join
}

// strong reports whether anything ties calls to the reporter for sure.
func (w *Who) strong() bool {
	return len(w.Users)+len(w.Emails)+len(w.Sessions)+len(w.others)+len(w.Traces)+len(w.Devices) > 0
}

// maxIdentities bounds how many identities of one kind are asked for.
const maxIdentities = 60

// attributes of reports that name calls, by whichever of the usual names.
var (
	traceAttrs   = []string{"trace_id", "trace_ids", "traceparent", "trace", "request_id", "request_ids", "x_request_id", "call_id", "call_ids", "correlation_id"}
	sessionAttrs = []string{"session_id", "session", "sid"}
	userAttrs    = []string{"user_id", "user", "uid", "customer_id", "account_id"}
	addressAttrs = []string{"client_address", "client_ip", "ip", "address", "remote_addr"}
	agentAttrs   = []string{"user_agent", "agent", "browser"}
	deviceAttrs  = []string{"device_id", "installation_id"}
	keyAttrs     = []string{"api_key_prefix", "key_prefix", "api_key"}
	appAttrs     = []string{"application", "app"}
)

var hexID = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b`)

// whoIs gathers what is known of whoever wrote a report. The caller has
// checked that its actor may read.
func whoIs(ctx context.Context, q db.Queryer, ws workspace.ID, f *feedback.Feedback) (*Who, error) {
	w := &Who{Person: f.Author.PersonID}
	if w.Person != "" {
		list, err := person.Identities(ctx, q, ws, w.Person)
		if err != nil {
			return nil, err
		}
		add := func(set *[]string, v string) {
			if len(*set) < maxIdentities { // the newest come first
				*set = append(*set, v)
			}
		}
		for _, k := range list {
			switch k.Kind {
			case person.UserID, person.ExternalID:
				add(&w.Users, k.Value)
			case person.Email:
				add(&w.Emails, k.Value)
			case person.SessionID:
				add(&w.others, k.Value)
			case person.DeviceID:
				add(&w.Devices, k.Value)
			}
		}
	}
	for _, k := range f.CameBy {
		switch k.Kind {
		case person.UserID, person.ExternalID:
			w.Users = append(w.Users, k.Value)
		case person.SessionID:
			w.Sessions = append(w.Sessions, k.Value)
		case person.DeviceID:
			w.Devices = append(w.Devices, k.Value)
		case person.Application:
			w.Apps = append(w.Apps, k.Value)
		case "address":
			w.Address = k.Value
		}
	}
	if f.Author.Email != "" {
		w.Emails = append(w.Emails, strings.ToLower(f.Author.Email))
	}
	w.attrs(f)
	for _, set := range []*[]string{&w.Users, &w.Emails, &w.Sessions, &w.Devices, &w.Keys, &w.Apps} {
		slices.Sort(*set)
		*set = slices.Compact(*set)
	}
	return w, nil
}

// attrs takes what the report itself says.
func (w *Who) attrs(f *feedback.Feedback) {
	folded := make(map[string]string, len(f.Attrs))
	for k, v := range f.Attrs {
		folded[strings.NewReplacer("-", "_", " ", "_", ".", "_").Replace(strings.ToLower(k))] = v
	}
	each := func(names []string, take func(string)) {
		for _, n := range names {
			for v := range strings.FieldsFuncSeq(folded[n], func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
				take(v)
			}
		}
	}
	for _, n := range traceAttrs {
		w.trace(folded[n])
	}
	w.trace(clip(f.Text, maxText))
	each(sessionAttrs, func(v string) { w.Sessions = append(w.Sessions, v) })
	// Whoever writes from a page may say that they are somebody: only what was
	// signed, or came by a key of the team's own, says who it is.
	if proof, named := folded["identity"]; f.Channel != "widget" && (!named || proof == "signed") {
		each(userAttrs, func(v string) { w.Users = append(w.Users, v) })
	}
	each(deviceAttrs, func(v string) { w.Devices = append(w.Devices, v) })
	each(keyAttrs, func(v string) { w.Keys = append(w.Keys, v) })
	for _, n := range appAttrs {
		if v := folded[n]; v != "" {
			w.Apps = append(w.Apps, v)
		}
	}
	each(addressAttrs, func(v string) { w.Address = v })
	for _, n := range agentAttrs {
		if v := folded[n]; v != "" {
			w.Agent = v
		}
	}
}

// trace takes the ids of calls and traces out of a text.
func (w *Who) trace(s string) {
	const most = 20
	for _, m := range hexID.FindAllString(strings.ReplaceAll(s, "-", " ")+" "+s, 2*most) {
		if id, err := call.ParseID(m); err == nil && id != (call.ID{}) && !slices.Contains(w.Traces, id) && len(w.Traces) < most {
			w.Traces = append(w.Traces, id)
		}
	}
}

// joinOf says by what a call is tied to somebody.
func (w *Who) joinOf(r *call.Record) Join {
	switch {
	case slices.Contains(w.Traces, r.Trace) || slices.Contains(w.Traces, r.ID):
		return ByTrace
	case r.Session != "" && slices.Contains(w.Sessions, r.Session):
		return BySession
	case r.User != "" && slices.Contains(w.Users, r.User), r.Session != "" && slices.Contains(w.others, r.Session):
		return ByUser
	case r.User != "" && slices.Contains(w.Emails, strings.ToLower(r.User)):
		return ByEmail
	case r.Session != "" && slices.Contains(w.Devices, r.Session):
		return ByDevice
	case r.Session != "" && w.sessionOf[r.Session] != "":
		return w.sessionOf[r.Session]
	case r.User != "" && w.userOf[r.User] != "":
		return w.userOf[r.User]
	case w.Address != "" && r.Client == w.Address:
		return ByAddress
	case r.Key != "" && slices.Contains(w.Keys, r.Key), r.Application != "" && slices.Contains(w.Apps, r.Application):
		return ByApplication
	}
	return ByTime
}
