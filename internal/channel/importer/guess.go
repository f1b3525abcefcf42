package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
)

// A candidate is one possible answer to "what is this column".
type candidate struct {
	field  string
	column int
	score  float64
	reason string
}

// Guess proposes which column is what, by name and by content, and says why,
// by field. Columns that are no field become attributes.
func Guess(columns []string, sample []Row) (Mapping, map[string]string) {
	return guess(columns, sample, time.Now())
}

func guess(columns []string, sample []Row, now time.Time) (Mapping, map[string]string) {
	stats := make([]*columnStats, len(columns))
	var all []candidate
	for i, c := range columns {
		stats[i] = measure(c, sample)
		if !foreignGroup(c, columns) {
			all = append(all, stats[i].candidates(i)...)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.column, b.column), cmp.Compare(a.field, b.field))
	})
	var m Mapping
	reasons := map[string]string{}
	fields := m.columns()
	taken := map[int]string{}
	for _, c := range all {
		if *fields[c.field] != "" || taken[c.column] != "" {
			continue
		}
		*fields[c.field], taken[c.column] = columns[c.column], c.field
		reasons[c.field] = c.reason
	}
	if m.Text == "" && m.Title != "" { // a list of subjects is a list of texts
		m.Text, reasons[fieldText] = m.Title, reasons[fieldTitle]+"; no other column holds text"
		m.Title = ""
		delete(reasons, fieldTitle)
	}
	if i := slices.Index(columns, m.Rating); m.Rating != "" {
		m.RatingMax = stats[i].scale()
		if m.RatingMax != 5 {
			reasons[fieldRating] += fmt.Sprintf("; read as a scale up to %v and brought to 5 stars", m.RatingMax)
		}
	}
	if i := slices.Index(columns, m.OccurredAt); m.OccurredAt != "" {
		order, why := guessOrder(stats[i].values, now)
		if why != "" {
			m.DateOrder = string(order)
			reasons[fieldTime] += "; " + why
		}
	}
	m.Attrs = attrs(columns, taken)
	if n := len(columns) - len(taken); n > len(m.Attrs) {
		reasons["attrs"] = fmt.Sprintf("%d further columns were left out: a feedback holds %d attributes", n-len(m.Attrs), feedback.MaxAttrs)
	}
	return m, reasons
}

// attrs maps the columns that are no field to attributes of their name.
func attrs(columns []string, taken map[int]string) map[string]string {
	out := map[string]string{}
	for i, c := range columns {
		if taken[i] == "" && len(out) < feedback.MaxAttrs {
			out[cut(c, feedback.MaxShort-4)] = c
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// foreignGroup reports whether a column describes another thing than the row:
// issue_title beside issue_id, in a file whose rows have an id of their own.
func foreignGroup(column string, columns []string) bool {
	prefix, rest, ok := strings.Cut(plain(column), "_")
	if !ok || rest == "" {
		return false
	}
	own, theirs := false, false
	for _, c := range columns {
		switch plain(c) {
		case "id", "uuid":
			own = true
		case prefix + "_id", prefix + "_number", prefix + "_key":
			theirs = true
		}
	}
	switch prefix { // these describe the row or who wrote it
	case "user", "author", "customer", "requester", "reporter", "reviewer", "account", "review", "feedback", "ticket", "comment", "external", "response", "message", "client", "member", "contact", "person", "device":
		return false
	}
	return own && theirs
}

// columnStats are what the sample says of one column.
type columnStats struct {
	name                                                      string
	values                                                    []string // not empty ones
	distinct                                                  map[string]int
	n                                                         float64
	length, words                                             float64 // means
	numeric, whole, dates, emails, links, codes, glyph, lower float64 // shares of values
	min, max                                                  float64
}

func measure(column string, sample []Row) *columnStats {
	s := &columnStats{name: column, distinct: map[string]int{}, min: math.Inf(1), max: math.Inf(-1)}
	for _, r := range sample {
		v := strings.TrimSpace(r.Values[column])
		if placeholder(v) {
			continue
		}
		s.values = append(s.values, v)
		s.distinct[v]++
		s.length += float64(len([]rune(v)))
		s.words += float64(len(strings.Fields(v)))
		s.look(v)
	}
	s.n = float64(len(s.values))
	for _, p := range []*float64{&s.length, &s.words, &s.numeric, &s.whole, &s.dates, &s.emails, &s.links, &s.codes, &s.glyph, &s.lower} {
		*p /= math.Max(1, s.n)
	}
	return s
}

// look classifies one value.
func (s *columnStats) look(v string) {
	if len(v) > 300 {
		return
	}
	if f, err := strconv.ParseFloat(strings.Replace(strings.TrimSuffix(v, "%"), ",", ".", 1), 64); err == nil {
		s.numeric++
		s.min, s.max = math.Min(s.min, f), math.Max(s.max, f)
		if f == math.Trunc(f) {
			s.whole++
		}
	}
	if _, all := glyphs(v); all > 0 || reOutOf.MatchString(strings.ToLower(v)) || strings.HasSuffix(strings.ToLower(v), "stars") {
		s.glyph++
	}
	if _, ok := parseTime(v, orderDMY, nil); ok {
		s.dates++
	} else if _, ok := parseTime(v, orderMDY, nil); ok {
		s.dates++
	}
	if isEmail(v) || strings.HasSuffix(v, ">") && strings.Contains(v, "@") || v == "<email>" {
		s.emails++
	}
	if strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "www.") {
		s.links++
	}
	if code := languageCode(v); code != "" && (isoCodes[code] || languages[strings.ToLower(v)] != "") {
		s.codes++
		if v[0] >= 'a' {
			s.lower++
		}
	}
}

// isoCodes are the languages of ISO 639-1 that people write feedback in.
var isoCodes = func() map[string]bool {
	m := map[string]bool{}
	for c := range strings.FieldsSeq("af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko ky la lb lo lt lv " +
		"mg mi mk ml mn mr ms mt my nb ne nl nn no or pa pl ps pt ro ru rw sd si sk sl sn so sq sr st su sv sw ta te tg th tk tl tn tr ts tt ug uk ur uz vi xh yi yo zh zu") {
		m[c] = true
	}
	return m
}()

// unique reports whether the values tell rows apart; a few rows may stand
// twice in a file.
func (s *columnStats) unique() bool {
	return len(s.values)-len(s.distinct) <= max(1, len(s.values)/50) && len(s.distinct) > 1 || len(s.values) == 1
}

// scale returns the best value of the rating scale that the values show.
func (s *columnStats) scale() float64 {
	switch {
	case s.max <= 5 || math.IsInf(s.max, -1):
		return 5
	case s.max <= 10:
		return 10
	}
	return 100
}

// candidates returns what the column may be: by name where the content does
// not contradict, and by content alone.
func (s *columnStats) candidates(column int) []candidate {
	var out []candidate
	add := func(field string, score float64, format string, args ...any) {
		out = append(out, candidate{field, column, score, fmt.Sprintf(format, args...)})
	}
	for _, a := range named(s.name) {
		if ok, what := s.fits(a.field); ok {
			score := a.score
			if a.field == fieldText {
				score += math.Min(s.length, 400) / 10 // of several such names the one with most text
			}
			if s.n == 0 {
				score *= .2
			}
			add(a.field, score, "named %q%s", s.name, what)
		}
	}
	if s.n == 0 {
		return out
	}
	if s.isProse() {
		add(fieldText, 20+math.Min(s.length, 400)/10, "%q holds the longest texts, %.0f characters on average", s.name, s.length)
	}
	switch {
	case s.emails > .8:
		add(fieldEmail, 40, "the values of %q are e-mail addresses", s.name)
	case s.links > .9:
		add(fieldURL, 35, "the values of %q are links", s.name)
	case s.dates > .95 && s.numeric < .5:
		add(fieldTime, 35, "the values of %q are dates", s.name)
	case s.lower > .95 && len(s.distinct) > 2 && s.n >= 10:
		add(fieldLanguage, 35, "the values of %q are language codes", s.name)
	case s.glyph > .9:
		add(fieldRating, 40, "the values of %q are ratings such as %q", s.name, s.values[0])
	case s.whole > .98 && s.min >= 1 && s.max <= 5 && len(s.distinct) >= 4 && s.n >= 20 && !s.ranksOther():
		add(fieldRating, 10, "the values of %q are whole numbers from 1 to 5", s.name)
	}
	return out
}

// ranksOther reports whether small numbers under this name are no rating.
func (s *columnStats) ranksOther() bool {
	p := plain(s.name)
	for _, w := range []string{"severity", "sev", "priority", "prio", "level", "urgency", "impact", "count", "votes", "likes", "helpful", "attempt", "tier", "page", "day", "week", "month", "label", "class", "version", "id", "cluster", "rank"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return false
}

func (s *columnStats) isProse() bool {
	return s.length >= 12 && s.words >= 2.5 && s.numeric+s.dates+s.emails+s.links+s.glyph < .3 && (s.n < 10 || float64(len(s.distinct)) > s.n*.3) && !strings.HasPrefix(s.values[0], "{")
}

// fits reports whether the content allows the column to be field, and what
// in it speaks for that.
func (s *columnStats) fits(field string) (bool, string) {
	if s.n == 0 {
		return true, "; it is empty in the sample"
	}
	switch field {
	case fieldText, fieldTitle:
		// Numbers, dates and short codes are no text, whatever their name.
		coded := s.words < 1.5 && s.n >= 10 && float64(len(s.distinct)) < s.n*.3
		return s.numeric < .5 && s.dates < .5 && s.emails < .5 && s.links < .5 && !coded, fmt.Sprintf("; its values are %.0f characters long on average", s.length)
	case fieldID:
		return s.unique() && s.length <= 128 && s.words < 3, "; its values tell the rows apart"
	case fieldTime:
		return s.dates > .8, "; its values are dates"
	case fieldEmail:
		return s.emails > .5, "; its values are e-mail addresses"
	case fieldName:
		return s.words < 5 && s.dates < .5 && s.emails < .5 && s.links < .5 && s.length < 80, ""
	case fieldUser:
		return s.words < 2 && s.length < 128, ""
	case fieldRating:
		switch {
		case s.glyph > .8:
			return true, fmt.Sprintf("; its values are ratings such as %q", s.values[0])
		case s.numeric > .9 && s.min >= 0 && s.max <= 10, s.numeric > .9 && s.min >= 0 && s.max <= 100 && s.max > 50:
			return true, fmt.Sprintf("; its values are numbers from %v to %v", s.min, s.max)
		}
		return false, ""
	case fieldLanguage:
		return s.codes > .8, "; its values are languages"
	case fieldURL:
		return s.links > .3 || strings.HasPrefix(s.values[0], "/"), ""
	case fieldVersion:
		return s.length <= 40 && s.words < 4 && s.dates < .5, ""
	case fieldChannel:
		return s.length <= 30 && s.words < 4 && s.numeric < .5 && len(s.distinct) <= 30 && channelLike(s.distinct), "; its values are ways in"
	}
	return false, ""
}

// channelWords are what the names of ways in are made of.
var channelWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("e mail email web website site chat live livechat phone call telephone telefon voice twitter x facebook instagram whatsapp telegram slack teams discord reddit " +
		"app in store appstore play google apple playstore widget api form survey sms review reviews forum community social media portal mobile desktop intercom zendesk trustpilot kiosk letter help center") {
		m[w] = true
	}
	return m
}()

// channelLike reports whether most values are usual ways in, since "source"
// and "platform" may be anything.
func channelLike(distinct map[string]int) bool {
	hits := 0
	for v := range distinct {
		if !slices.ContainsFunc(strings.Split(plain(v), "_"), func(w string) bool { return !channelWords[w] }) {
			hits++
		}
	}
	return hits*2 > len(distinct)
}
