package importer

import (
	"fmt"
	"maps"
	"math"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

// A Mapping says which column of a file is which field of a feedback. An
// empty column leaves the field out.
type Mapping struct {
	Text        string            `json:"text,omitempty" doc:"Column with what the person said."`
	Title       string            `json:"title,omitempty"`
	ExternalID  string            `json:"external_id,omitempty" doc:"Column with the row's own id; rows with an id that is here already are duplicates."`
	OccurredAt  string            `json:"occurred_at,omitempty"`
	AuthorName  string            `json:"author_name,omitempty"`
	AuthorEmail string            `json:"author_email,omitempty"`
	UserID      string            `json:"user_id,omitempty"`
	Rating      string            `json:"rating,omitempty"`
	Language    string            `json:"language,omitempty"`
	AppVersion  string            `json:"app_version,omitempty"`
	URL         string            `json:"url,omitempty"`
	Channel     string            `json:"channel,omitempty"`
	Attrs       map[string]string `json:"attrs,omitempty" doc:"Attribute name to column, at most 64."`

	DateOrder string  `json:"date_order,omitempty" enum:"dmy,mdy" doc:"How dates such as 03/04/2024 are meant, in the whole file."`
	RatingMax float64 `json:"rating_max,omitempty" doc:"Best rating of the file's scale, for example 5, 10 or 100; ratings are brought to 5."`
}

// columns returns the mapping's fields by name.
func (m *Mapping) columns() map[string]*string {
	return map[string]*string{
		fieldText: &m.Text, fieldTitle: &m.Title, fieldID: &m.ExternalID, fieldTime: &m.OccurredAt, fieldName: &m.AuthorName, fieldEmail: &m.AuthorEmail,
		fieldUser: &m.UserID, fieldRating: &m.Rating, fieldLanguage: &m.Language, fieldVersion: &m.AppVersion, fieldURL: &m.URL, fieldChannel: &m.Channel,
	}
}

// Set maps one field, named as in JSON ("text", "attrs.plan"), to a column;
// an empty column takes the field out.
func (m *Mapping) Set(field, column string) error {
	if name, ok := strings.CutPrefix(field, "attrs."); ok {
		m.Attrs = maps.Clone(m.Attrs)
		if m.Attrs == nil {
			m.Attrs = map[string]string{}
		}
		if m.Attrs[name] = column; column == "" {
			delete(m.Attrs, name)
		}
		return nil
	}
	switch field {
	case "date_order":
		m.DateOrder = column
		return nil
	case "rating_max":
		f, err := strconv.ParseFloat(column, 64)
		if err != nil {
			return errs.New(errs.Invalid, "rating_max is %q, which is no number; use the best rating of the file's scale, for example 10.", column)
		}
		m.RatingMax = f
		return nil
	}
	p, ok := m.columns()[field]
	if !ok {
		return errs.New(errs.Invalid, "%q is no field; use one of %s, or attrs.NAME.", field, strings.Join(slices.Sorted(maps.Keys(m.columns())), ", "))
	}
	*p = column
	return nil
}

// Validate refuses a mapping that can't work for a file with these columns.
func (m *Mapping) Validate(columns []string) error {
	var bad []errs.Field
	check := func(field, column string) {
		if column != "" && !slices.Contains(columns, column) {
			bad = append(bad, errs.Field{Location: "mapping." + field, Message: fmt.Sprintf("the file has no column %.80q", column)})
		}
	}
	fields := m.columns()
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		check(f, *fields[f])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attrs)) {
		check("attrs."+name, m.Attrs[name])
	}
	if m.Text == "" && m.Title == "" {
		bad = append(bad, errs.Field{Location: "mapping.text", Message: "no column is mapped to the text; choose the one with what people said"})
	}
	if len(m.Attrs) > feedback.MaxAttrs {
		bad = append(bad, errs.Field{Location: "mapping.attrs", Message: fmt.Sprintf("has %d entries, at most %d are kept", len(m.Attrs), feedback.MaxAttrs)})
	}
	if m.DateOrder != "" && m.DateOrder != string(orderDMY) && m.DateOrder != string(orderMDY) {
		bad = append(bad, errs.Field{Location: "mapping.date_order", Message: "must be dmy or mdy"})
	}
	if m.RatingMax != 0 && !(m.RatingMax >= 1 && m.RatingMax <= 1000) {
		bad = append(bad, errs.Field{Location: "mapping.rating_max", Message: "must lie between 1 and 1000"})
	}
	if len(bad) > 0 {
		return errs.WithFields("This mapping does not fit the file: "+bad[0].Location+" "+bad[0].Message+".", bad...)
	}
	return nil
}

// Options are what rows don't say themselves.
type Options struct {
	TimeZone *time.Location // of times that name no zone; nil: UTC
	Channel  string         // of rows that name none
}

// Apply makes a feedback of a row. The result is still to be validated; the
// error (errs.Invalid) names the field that can't be read.
func (m *Mapping) Apply(row Row, o Options) (feedback.Input, error) {
	get := func(column string) string {
		if column == "" {
			return ""
		}
		return row.Values[column]
	}
	short := func(column string) string {
		if v := strings.TrimSpace(get(column)); !placeholder(v) {
			return v
		}
		return ""
	}
	in := feedback.Input{Text: get(m.Text), Title: oneLine(get(m.Title)), ExternalID: short(m.ExternalID), AppVersion: short(m.AppVersion),
		URL: short(m.URL), Channel: o.Channel, Language: languageCode(short(m.Language))}
	if strings.TrimSpace(in.Text) == "" && m.Title != "" {
		in.Text, in.Title = get(m.Title), ""
	}
	if c := slug(short(m.Channel)); c != "" {
		in.Channel = c
	}
	var bad []errs.Field
	if v := short(m.OccurredAt); v != "" {
		t, ok := parseTime(v, dateOrder(m.DateOrder), o.TimeZone)
		if ok {
			t = t.UTC()
			in.OccurredAt = &t
		} else {
			bad = append(bad, errs.Field{Location: "occurred_at", Message: fmt.Sprintf("%.60q is not a date that can be read; write it as 2006-01-02 15:04:05", v)})
		}
	}
	if v := short(m.Rating); v != "" {
		r, err := parseRating(v, m.RatingMax)
		if err != nil {
			bad = append(bad, errs.Field{Location: "rating", Message: err.Error()})
		}
		in.Rating = &r
	}
	in.Author = author(short(m.AuthorName), short(m.AuthorEmail), short(m.UserID))
	if len(m.Attrs) > 0 {
		in.Attrs = make(map[string]string, len(m.Attrs))
		for name, column := range m.Attrs {
			if v := get(column); v != "" {
				in.Attrs[name] = cut(v, feedback.MaxShort-len("…"))
			}
		}
	}
	if len(bad) > 0 {
		return in, errs.WithFields(bad[0].Location+" "+bad[0].Message, bad...)
	}
	return in, nil
}

// placeholder reports whether s is how a tool writes "nothing".
func placeholder(s string) bool {
	switch strings.ToLower(s) {
	case "", "null", "none", "nil", "nan", "n/a", "na", "-", "--", "undefined", "(none)", "<null>", "\\n":
		return true
	}
	return false
}

func oneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\n", " ").Replace(s))
}

// author builds the sender from what a file has of them; nil for nothing.
func author(name, email, user string) *feedback.Author {
	if a, err := mail.ParseAddress(email); err == nil && strings.Contains(email, "<") { // Ann <ann@example.com>
		email, name = a.Address, first(name, a.Name)
	}
	if email == "<email>" || strings.EqualFold(email, "anonymous") { // masked by the publisher
		email = ""
	}
	if !strings.Contains(email, "@") { // a name or a handle stands in the column
		name, email = first(name, email), ""
	}
	if user == "" && name == "" && email == "" {
		return nil
	}
	return &feedback.Author{Name: cut(name, feedback.MaxShort-4), Email: email, UserID: user}
}

// slug makes a channel's name of free text.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(cut(b.String(), 60), "-…")
}

var languages = map[string]string{"english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es", "español": "es", "italian": "it",
	"italiano": "it", "portuguese": "pt", "português": "pt", "dutch": "nl", "nederlands": "nl", "polish": "pl", "polski": "pl", "russian": "ru", "русский": "ru",
	"turkish": "tr", "türkçe": "tr", "arabic": "ar", "chinese": "zh", "japanese": "ja", "korean": "ko", "hindi": "hi", "ukrainian": "uk", "czech": "cs", "swedish": "sv",
	"danish": "da", "norwegian": "no", "finnish": "fi", "greek": "el", "hungarian": "hu", "romanian": "ro", "indonesian": "id", "vietnamese": "vi", "thai": "th", "hebrew": "he"}

var reLanguage = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)

// languageCode returns the language of a code or a usual name; empty for
// what is neither: the reading finds the language by itself then.
func languageCode(s string) string {
	if code, ok := languages[strings.ToLower(s)]; ok {
		return code
	}
	if !reLanguage.MatchString(s) {
		return ""
	}
	return strings.ToLower(s[:strings.IndexAny(s+"-", "-_")])
}

var (
	reOutOf  = regexp.MustCompile(`^(\d+(?:[.,]\d+)?) ?(?:/|out of|of|von|sur|de|su|van|из) ?(\d+)\b`)
	reNumber = regexp.MustCompile(`^(-?\d+(?:[.,]\d+)?) ?(%|\p{L}*)\.?$`)
)

// parseRating reads "4", "4,5", "4/5", "8 out of 10", "5 stars", "80%" and
// "★★★☆☆" as stars from 0 to 5. best is the file's scale; 0 means 5.
func parseRating(s string, best float64) (float64, error) {
	if full, all := glyphs(s); all > 0 {
		return full * 5 / math.Max(5, all), nil
	}
	if g := reOutOf.FindStringSubmatch(strings.ToLower(s)); g != nil {
		if of := float64(atoi(g[2])); of > 0 {
			return checkRating(decimal(g[1]), of, s)
		}
	}
	g := reNumber.FindStringSubmatch(s)
	if g == nil {
		return 0, fmt.Errorf("%.40q is not a rating; write a number such as 4", s)
	}
	if g[2] == "%" {
		best = 100
	}
	if best == 0 {
		best = 5
	}
	return checkRating(decimal(g[1]), best, s)
}

func checkRating(v, best float64, s string) (float64, error) {
	if v < 0 || v > best {
		return 0, fmt.Errorf("%.40q lies outside the scale, which ends at %v", s, best)
	}
	return math.Round(v*500/best) / 100, nil
}

func decimal(s string) float64 {
	f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// glyphs counts stars: full ones (a half is .5), and all.
func glyphs(s string) (full, all float64) {
	for _, r := range s {
		switch r {
		case '★', '⭐', '🌟':
			full++
			all++
		case '☆', '✩':
			all++
		case '½':
			full += .5
		case ' ', '\uFE0F':
		default:
			return 0, 0
		}
	}
	return full, all
}

// isEmail reports whether s looks like one address.
func isEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) < 255 && strings.Contains(host, ".") && !strings.ContainsAny(s, " \t\n,;<>") && !strings.Contains(host, "@")
}
