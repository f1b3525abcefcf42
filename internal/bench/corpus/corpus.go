// Package corpus makes feedback that looks like what a product receives: a mix
// of languages, about forty words each, some of it about the same trouble in
// other words. It exists to load and measure the product, never to train or
// to judge it. The same seed gives the same rows on every machine.
package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Author is who wrote an item.
type Author struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Item is one feedback in the form that the intake API takes.
type Item struct {
	ExternalID string            `json:"external_id"`
	Title      string            `json:"title,omitempty"`
	Text       string            `json:"text"`
	Channel    string            `json:"channel"`
	OccurredAt time.Time         `json:"occurred_at"`
	Author     Author            `json:"author"`
	Rating     int               `json:"rating,omitempty"`
	AppVersion string            `json:"app_version,omitempty"`
	Attrs      map[string]string `json:"attrs,omitempty"`
}

// Generator makes items one after another. It is not safe for concurrent use.
type Generator struct {
	r   *rand.Rand
	n   int
	end time.Time
}

// New returns a generator whose items occurred in the 90 days before end.
func New(seed uint64, end time.Time) *Generator {
	return &Generator{r: rand.New(rand.NewPCG(seed, 0x68797065)), end: end}
}

func (g *Generator) pick(list []string) string { return list[g.r.IntN(len(list))] }

// skewed picks early entries more often than late ones, as trouble does.
func (g *Generator) skewed(list []string) string {
	x := g.r.Float64()
	return list[int(x*x*float64(len(list)))]
}

var (
	channels = []string{"app", "email", "web", "store", "chat", "survey"}
	versions = []string{"3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.0.4", "2.9.8", "2.9.7", "3.1.0-beta.2"}
	devices  = []string{"Pixel 8", "iPhone 15", "Galaxy S23", "ThinkPad T14", "MacBook Air", "iPad 10", "Moto G54", "Surface Pro 9", "Xperia 5", "Fairphone 5"}
	systems  = []string{"Android 14", "iOS 17.5", "Windows 11", "macOS 14.4", "Ubuntu 24.04", "ChromeOS 126"}
	plans    = []string{"free", "team", "business", "enterprise"}
	regions  = []string{"eu", "us", "apac", "latam"}
	given    = []string{"Ana", "Ben", "Chloe", "Daan", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Mika", "Noor", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Vera", "Wei", "Yuki", "Zoe"}
	family   = []string{"Almeida", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kowalski", "Lopez", "Moreau", "Nowak", "Okafor", "Petrov", "Rossi", "Schmidt", "Tanaka", "Umarov", "Vogel", "Wang", "Yilmaz", "Zhang"}
)

// Next returns the next item.
func (g *Generator) Next() Item {
	g.n++
	l := g.language()
	name := g.pick(given) + " " + g.pick(family)
	it := Item{
		ExternalID: fmt.Sprintf("gen-%d", g.n),
		Text:       g.text(l),
		Channel:    g.skewed(channels),
		OccurredAt: g.end.Add(-time.Duration(g.r.Int64N(int64(90 * 24 * time.Hour)))).Truncate(time.Second).UTC(),
		AppVersion: g.skewed(versions),
		Attrs:      map[string]string{"plan": g.skewed(plans), "region": g.pick(regions)},
		Author: Author{
			Name:  name,
			Email: fmt.Sprintf("%s.%d@example.com", strings.ToLower(strings.ReplaceAll(name, " ", ".")), g.r.IntN(2000)),
		},
	}
	if g.r.IntN(3) == 0 {
		it.Rating = 1 + g.r.IntN(5)
	}
	if g.r.IntN(2) == 0 {
		it.Title = g.fill(g.skewed(l.subjects)+l.join+g.skewed(l.troubles), l)
	}
	return it
}

func (g *Generator) language() *language {
	x := g.r.IntN(100)
	for i := range languages {
		if x -= languages[i].share; x < 0 {
			return &languages[i]
		}
	}
	return &languages[0]
}

func (g *Generator) text(l *language) string {
	var b strings.Builder
	say := func(s string) {
		if b.Len() > 0 && !l.dense {
			b.WriteByte(' ')
		}
		b.WriteString(sentence(g.fill(s, l)))
	}
	switch g.r.IntN(10) {
	case 0: // praise
		say(g.pick(l.praise))
		say(g.pick(l.closings))
	case 1: // a wish
		say(g.pick(l.wishes))
		say(g.pick(l.effects))
		say(g.pick(l.closings))
	default:
		if g.r.IntN(2) == 0 {
			say(g.pick(l.openings))
		}
		say(g.skewed(l.subjects) + l.join + g.skewed(l.troubles) + l.stop)
		say(g.pick(l.moments))
		if g.r.IntN(4) != 0 {
			say(g.pick(l.effects))
		}
		if g.r.IntN(3) != 0 {
			say(g.pick(l.closings))
		}
		if g.r.IntN(12) == 0 {
			fmt.Fprintf(&b, "\n\nERROR E%d in %s: code %d, request %08x", 1000+g.r.IntN(60), g.pick(modules), 400+g.r.IntN(120), g.r.Uint32())
		}
	}
	return b.String()
}

// sentence begins with a capital, as people's sentences often do.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

var modules = []string{"SyncWorker", "CheckoutService", "AuthGuard", "ExportJob", "TileRenderer", "PushGateway", "SearchIndexer", "InvoiceBuilder", "MediaUploader", "CalendarBridge"}

// fill puts details where the sentence has room for them.
func (g *Generator) fill(s string, l *language) string {
	if !strings.Contains(s, "{") {
		return s
	}
	return strings.NewReplacer(
		"{device}", g.pick(devices), "{system}", g.pick(systems), "{version}", g.skewed(versions),
		"{n}", fmt.Sprint(2+g.r.IntN(40)), "{id}", fmt.Sprint(10000+g.r.IntN(900000)),
		"{subject}", g.skewed(l.subjects),
	).Replace(s)
}
