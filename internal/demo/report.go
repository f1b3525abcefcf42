package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Report is one that somebody wrote, and what is true of it.
type Report struct {
	ID       string    `json:"id"` // of the feedback
	Channel  string    `json:"channel"`
	Identity string    `json:"identity"` // what it says of who wrote it: user, session, trace, email, stranger or none
	Clock    string    `json:"clock"`    // what it says of when: exact, absent, rough, wrong or morning
	Language string    `json:"language"`
	Text     string    `json:"text"`
	Vague    bool      `json:"vague"`
	Sent     time.Time `json:"sent"`
	Fault    string    `json:"fault,omitempty"` // that it is about; empty: about something else
	Kind     Kind      `json:"kind,omitempty"`
	Calls    []string  `json:"calls"` // the person's calls that the fault failed: any of them is right
	Session  string    `json:"session,omitempty"`
	User     string    `json:"user"`

	story string
}

// Identified reports whether the report can be tied to its calls by who wrote it.
func (r *Report) Identified() bool { return r.Identity != "stranger" && r.Identity != "none" }

// channels by how often people use them.
var channels = []string{"widget", "widget", "widget", "api", "api", "email", "email", "email", "phone", "review"}

// writes decides whether somebody who met a fault writes of it.
func (p *play) writes(c *Call, r *rand.Rand) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, one := p.sc.Fault(c.Fault), p.people[c.Person]
	if one.writing || p.written[f.ID] >= f.Reports || r.IntN(100) >= 60 {
		return false
	}
	one.writing = true
	p.written[f.ID]++
	return true
}

// report writes of a call that a fault failed.
func (p *play) report(ctx context.Context, v *Visit, c *Call, r *rand.Rand) error {
	f := p.sc.Fault(c.Fault)
	rep := &Report{Channel: pick(r, channels), Language: v.Person.Language, Fault: f.ID, Kind: f.Kind, Session: v.Session, User: v.Person.ID}
	delay := map[string]Minutes{"widget": between(r, 0.1, 0.8), "api": between(r, 0.2, 2), "email": between(r, 1, 7), "phone": between(r, 1, 6), "review": between(r, 2, 9)}[rep.Channel]
	if !p.rest(ctx, p.pace.Of(delay)) {
		return nil
	}
	s := story{route: c.Route, symptom: f.Symptom, status: c.Status, name: v.Person.Name, formal: rep.Channel == "email"}
	if f.Kind == MemoryLeak && c.Status >= 500 {
		s.symptom = Broken
	}
	s.vague = r.IntN(100) < 20 && (s.symptom != Wrong || r.IntN(2) == 0)
	return p.write(ctx, rep, v.Person, s, c, r)
}

// chat writes of something else.
func (p *play) chat(ctx context.Context, i int, ch Chat) error {
	r := rand.New(rand.NewPCG(p.sc.Seed, uint64(1000+i))) //nolint:gosec // a story, not a secret
	one := ch.Person
	p.mu.Lock()
	if ch.During { // somebody who is in the shop just now, if anybody is
		from := r.IntN(len(p.sc.People))
		for i := range p.sc.People {
			v := p.sc.People[(from+i)%len(p.sc.People)]
			if st := p.people[v]; st.session != "" && !st.writing && len(st.calls) > 3 {
				one = v
				break
			}
		}
	}
	st := p.people[one]
	st.writing = true // what they write stays about this
	session := st.session
	p.mu.Unlock()
	rep := &Report{Channel: pick(r, channels), Language: one.Language, Session: session, User: one.ID}
	if session == "" && rep.Channel == "widget" {
		rep.Channel = "email"
	}
	return p.write(ctx, rep, one, story{name: one.Name, formal: rep.Channel == "email"}, nil, r)
}

// clock chooses what a report says of when it happened.
func (p *play) clock(rep *Report, c *Call, r *rand.Rand) (at time.Time) {
	met := time.Now()
	if c != nil {
		met = c.At
	}
	odds := map[string][3]int{"widget": {0, 0, 0}, "api": {25, 12, 5}, "email": {10, 20, 15}, "phone": {45, 30, 15}, "review": {0, 0, 10}}[rep.Channel] // rough, wrong, morning
	switch n := r.IntN(100); {
	case rep.Channel == "widget":
		rep.Clock, at = "exact", time.Now()
	case n < odds[0]:
		rep.Clock, at = "rough", met.Add(p.pace.Of(between(r, -3, 2)))
	case n < odds[0]+odds[1]:
		// Half of the wrong times are wrong by minutes of the story, where the
		// person made other calls, and half by real minutes, where nobody did.
		rep.Clock = "wrong"
		if r.IntN(2) == 0 {
			at = met.Add(-p.pace.Of(between(r, 5, 40)))
		} else {
			at = met.Add(-time.Duration(5+r.IntN(55)) * time.Minute)
		}
	case n < odds[0]+odds[1]+odds[2]:
		rep.Clock = "morning"
	default:
		rep.Clock = "absent"
	}
	return at
}

// write sends a report by its channel; c is the call it is about, nil for none.
func (p *play) write(ctx context.Context, rep *Report, one *Person, s story, c *Call, r *rand.Rand) error {
	w := words(one.Language, p.sc.Held)
	at := p.clock(rep, c, r)
	s.morning = rep.Clock == "morning" && c != nil
	rep.Vague = s.vague
	in := map[string]any{"channel": rep.Channel, "external_id": fmt.Sprintf("demo-%d-%s-%d", p.sc.Seed, one.ID, time.Now().UnixNano())}
	if c == nil {
		rep.Text = sentence(pick(r, w.chatter))
		if rep.Channel == "email" {
			rep.Text = pick(r, w.greeting) + "\n\n" + rep.Text + "\n\n" + one.Name
		}
	} else {
		var title string
		if title, rep.Text = w.tell(r, s); title != "" {
			in["title"] = title
		}
	}
	in["text"] = rep.Text
	if !at.IsZero() {
		in["occurred_at"] = at.UTC()
	}
	p.sign(rep, in, one, c, r)
	var done struct {
		ID string `json:"id"`
	}
	if err := p.API.Call(ctx, "POST", "/launches/"+p.Launch+"/feedback", in, &done); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("send a report: %w", err)
	}
	rep.ID, rep.Sent, rep.story = done.ID, time.Now(), fmt.Sprint(p.sc.Seed, " ")
	if p.Wrote != nil {
		defer p.Wrote(rep)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c != nil {
		for _, x := range p.people[one].calls {
			if x.Fault == rep.Fault {
				rep.Calls = append(rep.Calls, x.ID)
			}
		}
	}
	p.rec.Reports = append(p.rec.Reports, rep)
	return nil
}

// sign says who wrote, as far as the channel knows.
func (p *play) sign(rep *Report, in map[string]any, one *Person, c *Call, r *rand.Rand) {
	author := map[string]any{}
	switch rep.Channel {
	case "api":
		rep.Identity = "user"
		author["user_id"], author["name"] = one.ID, one.Name
		if r.IntN(2) == 0 && rep.Session != "" {
			author["session_id"] = rep.Session
		}
		if r.IntN(2) == 0 {
			in["app_version"] = one.Version
		}
		if r.IntN(3) == 0 {
			author["attrs"] = map[string]string{"region": one.Region, "device": one.Device}
		}
	case "widget":
		p.steps(rep, in, author, one, c, r)
	case "email":
		rep.Identity = "stranger"
		if one.Known {
			rep.Identity = "email"
		}
		author["email"], author["name"] = one.Email, one.Name
	case "phone":
		rep.Identity = "none"
		author["name"] = one.Name
	default:
		rep.Identity = "none"
		in["rating"] = 1 + r.IntN(2)
	}
	if len(author) > 0 {
		in["author"] = author
	}
}

// steps is what the widget adds: who the page says it is, and, where the
// person agreed to send technical details, the session and the last calls.
func (p *play) steps(rep *Report, in, author map[string]any, one *Person, c *Call, r *rand.Rand) {
	attrs := map[string]string{"details": "no"}
	rep.Identity = "none"
	in["app_version"] = one.Version
	in["url"] = "https://" + hostOf(one.Region) + pick(r, []string{"/", "/cart", "/checkout", "/account", "/products/p1200"})
	switch n := r.IntN(10); {
	case n < 5: // vouched for by the page's server
		attrs["identity"], author["user_id"], rep.Identity = "signed", one.ID, "user"
	case n < 7:
		attrs["identity"], attrs["claimed_user_id"] = "claimed", one.ID
	}
	if r.IntN(5) > 0 {
		attrs["details"], author["session_id"], attrs["session"], rep.Identity = "yes", rep.Session, rep.Session, "session"
		if c != nil && r.IntN(3) > 0 { // the page lets it read the ids that the gateway answers
			rep.Identity = "trace"
			var requests, traces, failed []string
			for _, bad := range []bool{true, false} {
				for _, x := range slices.Backward(p.callsOf(one, rep.Session)) {
					if (x.Status >= 400) != bad {
						continue
					}
					requests, traces = append(requests, x.ID), append(traces, x.Trace)
					if bad {
						failed = append(failed, fmt.Sprintf("%s %s %d", operationOf(x.Route).method, x.Path, x.Status))
					}
				}
			}
			attrs["request_ids"] = strings.Join(requests[:min(len(requests), 12)], " ")
			attrs["trace_ids"] = strings.Join(traces[:min(len(traces), 12)], " ")
			attrs["failed_calls"] = strings.Join(failed[:min(len(failed), 5)], "; ")
		}
	}
	in["attrs"] = attrs
}

// callsOf are the last calls of a visit.
func (p *play) callsOf(one *Person, session string) []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*Call
	for _, c := range p.people[one].calls {
		if c.Session == session {
			list = append(list, c)
		}
	}
	return list[max(0, len(list)-25):]
}

// introduce tells hypercare which e-mail address and which user are one
// person, as a customer list would.
func (p *play) introduce(ctx context.Context) error {
	return p.Senders.introduce(ctx, slices.DeleteFunc(slices.Clone(p.sc.People), func(one *Person) bool { return !one.Known }))
}
