package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

// request is what Slack sends, in any of its forms.
type request struct {
	Challenge   string // of url_verification
	SSLCheck    bool
	Command     string // of a slash command
	Text        string
	TriggerID   string
	EventID     string
	ResponseURL string
	Team        team
	Channel     place
	User        user // who asks
	Message     *message
}

type team struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
}

type place struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type user struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

// message is a message in Slack.
type message struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	User        string `json:"user"`
	BotID       string `json:"bot_id"`
	Username    string `json:"username"` // of a bot
	Text        string `json:"text"`
	TS          string `json:"ts"`
	ThreadTS    string `json:"thread_ts"`
	Channel     string `json:"channel"`      // of an event
	ChannelType string `json:"channel_type"` // of an event
	Profile     struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
	} `json:"user_profile"`
	Attachments []struct {
		Fallback string `json:"fallback"`
		Text     string `json:"text"`
	} `json:"attachments"`
	Files []struct {
		Name string `json:"name"`
	} `json:"files"`
}

// read reads the body of a request: a form of a slash command, a form whose
// payload is JSON (a shortcut), or JSON (an event).
func read(contentType string, body []byte) (*request, error) {
	if !isForm(contentType) {
		return readEvent(body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body is no form as its header says.")
	}
	if p := form.Get("payload"); p != "" {
		return readShortcut([]byte(p))
	}
	r := &request{SSLCheck: form.Get("ssl_check") == "1", Command: form.Get("command"), Text: form.Get("text"), TriggerID: form.Get("trigger_id"), ResponseURL: form.Get("response_url"),
		Team: team{form.Get("team_id"), form.Get("team_domain")}, Channel: place{form.Get("channel_id"), form.Get("channel_name")},
		User: user{ID: form.Get("user_id"), Name: form.Get("user_name")}}
	if r.Command == "" && !r.SSLCheck {
		return nil, errs.New(errs.Invalid, "The form is neither a slash command nor a shortcut; give this address to those of the app in Slack.")
	}
	return r, nil
}

func readShortcut(body []byte) (*request, error) {
	var p struct {
		Type        string  `json:"type"`
		TriggerID   string  `json:"trigger_id"`
		ResponseURL string  `json:"response_url"`
		Team        team    `json:"team"`
		Channel     place   `json:"channel"`
		User        user    `json:"user"`
		Message     message `json:"message"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The payload of the form is no JSON of Slack.")
	}
	r := &request{TriggerID: p.TriggerID, ResponseURL: p.ResponseURL, Team: p.Team, Channel: p.Channel, User: p.User}
	if p.Type != "message_action" {
		return nil, errs.New(errs.Invalid, "Interactions of type %.40q are not taken; use a shortcut on messages.", p.Type)
	}
	r.Message = &p.Message
	return r, nil
}

func readEvent(body []byte) (*request, error) {
	var p struct {
		Type      string  `json:"type"`
		Challenge string  `json:"challenge"`
		EventID   string  `json:"event_id"`
		TeamID    string  `json:"team_id"`
		Event     message `json:"event"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body is no JSON of Slack.")
	}
	switch p.Type {
	case "url_verification":
		if p.Challenge == "" {
			return nil, errs.New(errs.Invalid, "The verification of the address has no challenge.")
		}
		return &request{Challenge: p.Challenge}, nil
	case "event_callback":
		r := &request{EventID: p.EventID, Team: team{ID: p.TeamID}, Channel: place{ID: p.Event.Channel}, User: user{ID: p.Event.User}}
		e := &p.Event
		direct := e.Type == "message" && e.ChannelType == "im" && e.Subtype == ""
		if (e.Type == "app_mention" || direct) && e.BotID == "" { // what bots say, we may have said
			r.Message = e
		}
		return r, nil
	case "app_rate_limited":
		return &request{}, nil
	}
	return nil, errs.New(errs.Invalid, "Requests of type %.40q are not taken; send events to this address.", p.Type)
}

// key names the request: Slack sends it again with the same one when it got
// no answer in time (X-Slack-Retry-Num).
func (r *request) key(channelID string) string {
	if id := cmp.Or(r.EventID, r.TriggerID); id != "" {
		return clip("slack:"+channelID+":"+id, 500)
	}
	return ""
}

// report is what a request says; nil for what is none. A message is one
// report, however many people use the shortcut on it.
func (r *request) report() (*feedback.Incoming, error) {
	in := feedback.Input{Channel: Kind, Attrs: map[string]string{}}
	put := func(name, v string) {
		if v != "" {
			in.Attrs[name] = clip(v, 512)
		}
	}
	put("slack_team", cmp.Or(r.Team.Domain, r.Team.ID))
	put("slack_channel", cmp.Or(r.Channel.Name, r.Channel.ID))
	by, name := r.User.ID, cmp.Or(r.User.Name, r.User.Username)
	key, text := "", ""
	switch m := r.Message; {
	case m != nil:
		key, text = "slack:message:"+r.Team.ID+":"+r.Channel.ID+":"+m.TS, m.words()
		who := cmp.Or(m.User, m.BotID)
		if who != "" && who != by {
			put("noted_by", cmp.Or(name, by))
			by, name = who, cmp.Or(m.Profile.DisplayName, m.Profile.RealName, m.Username)
		}
		if at, ok := when(m.TS); ok {
			in.OccurredAt = &at
		}
		put("slack_thread", m.ThreadTS)
		in.URL = r.Team.link(r.Channel.ID, m.TS)
	case r.Command != "":
		key, text = "slack:command:"+r.TriggerID, plain(r.Text)
		put("slack_command", r.Command)
		in.URL = r.Team.link(r.Channel.ID, "")
	default:
		return nil, nil //nolint:nilnil // an event that says nothing is no report and no error
	}
	if in.Text = clip(strings.TrimSpace(text), feedback.MaxText); in.Text == "" {
		return nil, errs.New(errs.Invalid, "The message of Slack has no text.")
	}
	if by != "" {
		in.Author = &feedback.Author{Name: clip(name, 200), ExternalID: clip("slack:"+r.Team.ID+":"+by, 200)}
	}
	return &feedback.Incoming{NaturalKey: clip(key, 500), Input: in}, nil
}

// words is what a message says.
func (m *message) words() string {
	text := m.Text
	if m.Type == "app_mention" { // "@hypercare the checkout hangs": whom it is said to says nothing
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), "<@"); ok {
			if _, after, ok := strings.Cut(rest, ">"); ok {
				text = after
			}
		}
	}
	parts := []string{plain(text)}
	if strings.TrimSpace(text) == "" {
		for _, a := range m.Attachments {
			parts = append(parts, plain(cmp.Or(a.Text, a.Fallback)))
		}
	}
	for _, f := range m.Files {
		if f.Name != "" {
			parts = append(parts, fmt.Sprintf("[file: %s]", f.Name))
		}
	}
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

// link is where Slack shows a message, or a channel when ts is empty.
func (t team) link(channelID, ts string) string {
	if t.Domain == "" || channelID == "" || strings.ContainsAny(t.Domain, "/:@?# ") {
		return ""
	}
	u := url.URL{Scheme: "https", Host: t.Domain + ".slack.com", Path: "/archives/" + channelID}
	if ts != "" {
		u.Path += "/p" + strings.ReplaceAll(ts, ".", "")
	}
	return clip(u.String(), 2000)
}

// when reads the time in a message's id, such as 1355517523.000005.
func when(ts string) (time.Time, bool) {
	sec, _, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || n < 946684800 || n > 1<<33 { // before the year 2000, or nonsense
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// clip brings a text to at most n bytes of valid UTF-8 without NUL.
func clip(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
