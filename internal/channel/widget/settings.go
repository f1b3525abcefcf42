package widget

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
)

// Settings are how the widget looks and what it asks for. The script gets
// them as they are.
type Settings struct {
	Kinds      []string `json:"kinds"`
	Languages  []string `json:"languages"` // those offered; all when empty
	Theme      string   `json:"theme"`
	Position   string   `json:"position"`
	Accent     string   `json:"accent,omitempty"`
	Label      string   `json:"label,omitempty"`
	Title      string   `json:"title,omitempty"`
	Email      string   `json:"email"`
	Consent    string   `json:"consent,omitempty"` // has to be ticked, where it is set
	Screenshot bool     `json:"screenshot"`
	Details    bool     `json:"details"`
	Mask       string   `json:"mask,omitempty"`
	Trace      []string `json:"trace,omitempty"` // origins whose calls carry the session; "self"
}

var (
	kinds     = []string{"problem", "idea", "question", "praise"}
	languages = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl"}
	themes    = []string{"auto", "light", "dark"}
	positions = []string{"bottom-right", "bottom-left", "top-right", "top-left", "none"}
	emails    = []string{"optional", "required", "off"}
	colour    = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// signing is the secret by which a page's server vouches for its users.
const signing = "signing"

var fields = []channel.Field{
	{Name: "position", Label: "Where the button is", Type: "select", Options: positions, Default: "bottom-right", Hint: "none: your page calls Hypercare.open() from a button of its own."},
	{Name: "theme", Label: "Theme", Type: "select", Options: themes, Default: "auto"},
	{Name: "accent", Label: "Colour", Type: "text", Placeholder: "#2f4fcb"},
	{Name: "kinds", Label: "Kinds of feedback", Type: "text", Default: "problem, idea, question, praise"},
	{Name: "languages", Label: "Languages", Type: "text", Hint: "Such as en, de; all eight when empty."},
	{Name: "email", Label: "E-mail address", Type: "select", Options: emails, Default: "optional"},
	{Name: "label", Label: "Words on the button", Type: "text", Hint: "Feedback, in the reader's language, when empty."},
	{Name: "title", Label: "Words above the form", Type: "text"},
	{Name: "consent", Label: "Consent to be ticked", Type: "area", Hint: "Nothing has to be ticked when empty."},
	{Name: "screenshot", Label: "Offer screenshots", Type: "bool", Default: true},
	{Name: "details", Label: "Offer technical details (last steps, errors, calls)", Type: "bool", Default: true},
	{Name: "mask", Label: "Never in a screenshot", Type: "text", Placeholder: ".balance, input", Hint: "A CSS selector; passwords, cards and [data-private] are left out anyway."},
	{Name: "trace", Label: "Calls that carry the session", Type: "text", Placeholder: "self, https://api.shop.example", Hint: "Origins whose calls get the header X-Hypercare-Session, so that the call log finds a reporter's calls. None when empty."},
	{Name: signing, Label: "Signing secret", Type: "secret", Hint: "Your server signs user ids with it; without a valid signature a user id is only what the page claims."},
}

// checkSettings refuses what can't be used, and writes the rest back in one
// form: lists that came as text are lists.
func checkSettings(m map[string]any) error {
	for _, name := range []string{"kinds", "languages", "trace"} {
		if text, ok := m[name].(string); ok {
			m[name] = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
		}
	}
	set, err := settingsOf(m)
	if err != nil {
		return err
	}
	bad := func(field, format string, args ...any) error {
		msg := fmt.Sprintf(format, args...)
		return errs.WithFields(msg, errs.Field{Location: "settings." + field, Message: msg})
	}
	for _, x := range []struct {
		field, value string
		of           []string
	}{{"theme", set.Theme, themes}, {"position", set.Position, positions}, {"email", set.Email, emails}} {
		if !slices.Contains(x.of, x.value) {
			return bad(x.field, "The %s %.40q is none of %s.", x.field, x.value, strings.Join(x.of, ", "))
		}
	}
	for _, x := range []struct {
		field string
		list  []string
		of    []string
	}{{"kinds", set.Kinds, kinds}, {"languages", set.Languages, languages}} {
		for _, v := range x.list {
			if !slices.Contains(x.of, v) {
				return bad(x.field, "There are no %s %.40q; use %s.", x.field, v, strings.Join(x.of, ", "))
			}
		}
	}
	if set.Accent != "" && !colour.MatchString(set.Accent) {
		return bad("accent", "Write the colour like #2f4fcb.")
	}
	for field, v := range map[string]string{"label": set.Label, "title": set.Title, "mask": set.Mask} {
		if len(v) > 200 {
			return bad(field, "This is %d bytes long, at most 200 are shown; shorten it.", len(v))
		}
	}
	if len(set.Consent) > 1000 {
		return bad("consent", "The consent is %d bytes long, at most 1000 are shown; shorten it and link the rest.", len(set.Consent))
	}
	for _, o := range set.Trace {
		u, err := url.Parse(o)
		if o != "self" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "") {
			return bad("trace", "%.100q is no origin; write self, or one like https://api.shop.example.", o)
		}
	}
	b, err := json.Marshal(set)
	if err != nil {
		return err
	}
	clear(m)
	return json.Unmarshal(b, &m)
}

// settingsOf reads what a channel keeps; what is missing is as it is by
// default.
func settingsOf(m map[string]any) (Settings, error) {
	set := Settings{Kinds: slices.Clone(kinds), Theme: "auto", Position: "bottom-right", Email: "optional", Screenshot: true, Details: true}
	b, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(b, &set)
	}
	if err != nil {
		return set, errs.New(errs.Invalid, "The settings of the widget can't be read: %v.", err)
	}
	if len(set.Kinds) == 0 {
		set.Kinds = slices.Clone(kinds)
	}
	if set.Languages == nil {
		set.Languages = []string{}
	}
	for i, o := range set.Trace {
		set.Trace[i] = strings.TrimSuffix(strings.TrimSpace(o), "/")
	}
	return set, nil
}
