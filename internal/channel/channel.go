// Package channel is the ways in: what a launch listens to, each with a key,
// limits and health. The packages below it know one format of others each:
// they hand in a Kind, take requests at addresses of their own, let Enter
// check the key, and put what comes, raw, into the ledger with Accept. What
// it is, they say later, as the ledger's Handler (feedback.Handle).
package channel

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Channel is one way in.
type Channel struct {
	ID       string         `json:"id"`
	Number   int64          `json:"number" doc:"Counts up in the workspace; the project in a Sentry DSN."`
	LaunchID string         `json:"launch_id"`
	Kind     string         `json:"kind" example:"widget"`
	Name     string         `json:"name"`
	Key      string         `json:"key" doc:"Stands in addresses and pages: it tells the channel, and protects nothing but that."`
	Settings map[string]any `json:"settings" doc:"What the kind asks for."`
	Secrets  []string       `json:"secrets" nullable:"false" doc:"Names of the secrets that are set; they can't be read again."`
	Origins  []string       `json:"origins" nullable:"false" doc:"Origins of pages that may send, such as https://shop.example or https://*.shop.example; all when empty."`
	Limit    int            `json:"per_minute" doc:"How much it takes a minute on a node, twice that at once."`
	Enabled  bool           `json:"enabled"`
	State    string         `json:"state" enum:"waiting,receiving,failing,off" doc:"waiting: nothing came yet. failing: it can't work, or what came last was refused."`
	Received int64          `json:"received"`
	Refused  int64          `json:"refused"`
	Dead     int            `json:"dead" doc:"Deliveries that could not be read; only when one channel is asked for."`
	FirstAt  *time.Time     `json:"first_at,omitempty"`
	LastAt   *time.Time     `json:"last_at,omitempty"`
	// What was refused last, and why.
	LastRefusedAt *time.Time `json:"last_refused_at,omitempty"`
	LastRefusal   string     `json:"last_refusal,omitempty"`
	Trouble       string     `json:"trouble,omitempty" doc:"What keeps it from working."`
	TroubleAt     *time.Time `json:"trouble_at,omitempty"`
	OldKeyUntil   *time.Time `json:"old_key_until,omitempty" doc:"Until then the key before this one is taken too."`
	CreatedAt     time.Time  `json:"created_at"`
	Setup         []Step     `json:"setup" nullable:"false" doc:"What to put where, to make it receive."`

	Workspace workspace.ID      `json:"-"`
	oldKey    string            // taken until OldKeyUntil
	secrets   map[string]string // sealed
}

// Step is one thing to do on the sender's side, with a text to copy.
type Step struct {
	Title    string `json:"title"`
	Language string `json:"language" enum:"html,sh,yaml,js,python,go,text,json"`
	Text     string `json:"text"`
}

// The states of a channel.
const (
	Waiting   = "waiting"
	Receiving = "receiving"
	Failing   = "failing"
	Off       = "off"
)

// Kind is one format of others. Everything but Name and Label is optional.
type Kind struct {
	Name  string // in channels, deliveries and feedback
	Label string
	// Limit is how many requests a minute a channel takes unless told
	// otherwise; 600 when 0. PerSender bounds one client's address; 0: not.
	Limit, PerSender int
	// Prefix of keys; they end in 32 hexadecimal digits.
	Prefix string
	// Secrets names what may be set besides the settings: passwords, what
	// requests are signed with.
	Secrets []string
	// Fields describes settings and secrets for a form, in order.
	Fields []Field
	// Note says in one sentence what comes by such a channel.
	Note string
	// Check refuses settings that can't be used, and fills in the rest.
	Check func(settings map[string]any) error
	// Setup says what to do on the sender's side. base is where senders find
	// hypercare, without a slash at its end.
	Setup func(c *Channel, base string) []Step
}

// Field is one setting or secret as a form shows it.
type Field struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Hint        string   `json:"hint,omitempty"`
	Type        string   `json:"type" enum:"text,area,number,bool,select,secret" doc:"secret: one of the kind's secrets, all others are settings."`
	Options     []string `json:"options,omitempty" doc:"Of select."`
	Default     any      `json:"default,omitempty"`
	Placeholder string   `json:"placeholder,omitempty"`
	Required    bool     `json:"required,omitempty"`
}

// Input is a channel to be made.
type Input struct {
	Kind     string            `json:"kind" maxLength:"40" example:"widget"`
	Name     string            `json:"name,omitempty" maxLength:"120" doc:"Name of the kind when absent."`
	Settings map[string]any    `json:"settings,omitempty"`
	Secrets  map[string]string `json:"secrets,omitempty" doc:"Write only."`
	Origins  []string          `json:"origins,omitempty" maxItems:"50"`
	Limit    int               `json:"per_minute,omitempty" minimum:"0" maximum:"1000000"`
}

// Change is what may change; absent fields stay.
type Change struct {
	Name     *string           `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Settings map[string]any    `json:"settings,omitempty" doc:"Replaces all of them."`
	Secrets  map[string]string `json:"secrets,omitempty" doc:"Changes those it names; an empty one is removed."`
	Origins  *[]string         `json:"origins,omitempty" maxItems:"50"`
	Limit    *int              `json:"per_minute,omitempty" minimum:"1" maximum:"1000000"`
	Enabled  *bool             `json:"enabled,omitempty"`
}

const (
	maxChannels  = 200 // of a launch
	defaultLimit = 600
	maxSettings  = 64 << 10 // bytes
)

// check tidies a channel, or refuses it.
func (c *Channel) check(k *Kind) error {
	c.Name = cmp.Or(strings.TrimSpace(c.Name), k.Label)
	if c.Limit == 0 {
		c.Limit = cmp.Or(k.Limit, defaultLimit)
	}
	if c.Settings == nil {
		c.Settings = map[string]any{}
	}
	origins := []string{}
	for _, o := range c.Origins {
		if o = strings.TrimSuffix(strings.TrimSpace(strings.ToLower(o)), "/"); o == "" {
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
			return errs.New(errs.Invalid, "%.100q is no origin; write it like https://shop.example.", o)
		}
		origins = append(origins, o)
	}
	c.Origins = slices.Compact(origins)
	if k.Check != nil {
		return k.Check(c.Settings)
	}
	return nil
}

// seal keeps the secrets that are given.
func (c *Channel) seal(k *Kind, box *secret.Box, given map[string]string) error {
	for name, v := range given {
		if !slices.Contains(k.Secrets, name) {
			return errs.New(errs.Invalid, "A channel of kind %s has no secret %.40q; it takes %s.", k.Name, name, cmp.Or(strings.Join(k.Secrets, ", "), "none"))
		}
		if v == "" {
			delete(c.secrets, name)
			continue
		}
		c.secrets[name] = box.Seal(secret.Text(v), c.place(name))
	}
	return nil
}

func (c *Channel) place(name string) string {
	return fmt.Sprintf("channel/%s/%s/%s", c.Workspace, c.ID, name)
}

// allows reports whether a page of an origin may send.
func (c *Channel) allows(origin string) bool {
	if len(c.Origins) == 0 {
		return true
	}
	origin = strings.ToLower(origin)
	return slices.ContainsFunc(c.Origins, func(o string) bool {
		scheme, host, ok := strings.Cut(o, "://*.")
		if !ok {
			return o == origin
		}
		rest, ok := strings.CutPrefix(origin, scheme+"://")
		return ok && strings.HasSuffix(rest, "."+host)
	})
}

// finish fills in what follows from the rest.
func (c *Channel) finish() {
	switch {
	case !c.Enabled:
		c.State = Off
	case c.Trouble != "" || c.LastRefusedAt != nil && (c.LastAt == nil || c.LastRefusedAt.After(*c.LastAt)):
		c.State = Failing
	case c.LastAt == nil:
		c.State = Waiting
	default:
		c.State = Receiving
	}
	c.Secrets = []string{}
	for name := range c.secrets {
		c.Secrets = append(c.Secrets, name)
	}
	slices.Sort(c.Secrets)
}
