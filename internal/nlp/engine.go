package nlp

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/nlp/dup"
	"github.com/hypercare/hypercare/internal/nlp/heads"
	"github.com/hypercare/hypercare/internal/nlp/lang"
	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/signal"
	"github.com/hypercare/hypercare/internal/nlp/static"
	"github.com/hypercare/hypercare/internal/nlp/use"
	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// rules counts changes of everything in this package that is not a head.
const rules = "2"

// Version names the engine: it changes when a head or a rule changes, so that
// stored readings can be told from newer ones.
const Version = "nlp-" + rules + "-" + heads.Version

// What is read of a text: the beginning and the end. The rest of a very long
// one is logs.
const (
	headBytes = 20 << 10
	tailBytes = 4 << 10
	// titleBytes and proseBytes bound the parts that every step reads.
	titleBytes = 1 << 10
	proseBytes = 6 << 10
)

// Engine reads feedback. It is safe for concurrent use.
type Engine struct {
	models func() (*models, error)
	encode func() (*use.Encoder, error)
}

// models are the parts that both passes need, loaded at the first reading.
type models struct {
	genre, emotion, category, security *linear.Model
	sentiment                          map[string]*linear.Model // by genre
	static                             *static.Encoder          // nil when it could not be read
	staticErr                          error
	seeds                              *neighbours
}

// New returns an engine. It costs nothing until the first reading; the
// sentence encoder loads at the first Full reading.
func New() *Engine {
	return &Engine{models: sync.OnceValues(loadModels), encode: sync.OnceValues(use.Load)}
}

func loadModels() (*models, error) {
	m := &models{sentiment: map[string]*linear.Model{}}
	var err error
	load := func(name string) *linear.Model {
		h, e := heads.Load(name)
		if e != nil && err == nil {
			err = e
		}
		return h
	}
	m.genre, m.emotion, m.category, m.security = load(heads.Genre), load(heads.Emotion), load(heads.Category), load(heads.Security)
	m.sentiment["tech"], m.sentiment["social"], m.sentiment["review"] = load(heads.SentimentTech), load(heads.SentimentSocial), load(heads.SentimentReview)
	if err != nil {
		return nil, err
	}
	// Without the table the engine still reads: only neighbours in meaning and
	// Static are missing. Load tells.
	m.static, m.staticErr = static.Load()
	m.seeds = newNeighbours(m.static)
	return m, nil
}

// Load loads everything that a reading in pass p needs, which is otherwise done
// by the first one. It fails only when the program was built with broken
// assets.
func (e *Engine) Load(p Pass) error {
	m, err := e.models()
	if err != nil {
		return err
	}
	if m.staticErr != nil {
		return m.staticErr
	}
	if p == Full {
		_, err := e.encode()
		return err
	}
	return nil
}

// reading is what the steps of one Read share.
type reading struct {
	m        *models
	it       Item // cut to what is read
	pass     Pass
	prose    string
	lang     string // "" when unknown
	sig      *signal.Signal
	static   []float32
	sentence []float32
	category []float32 // probability of every category, in the order of Categories
	hits     int       // cues for categories or sentiment
	near     []neighbour
}

// Read judges one item. It never fails: what cannot be read is answered with
// "unsure".
func (e *Engine) Read(it Item, p Pass) Result {
	m, err := e.models()
	if err != nil {
		return broken(p, err)
	}
	r := &reading{m: m, pass: p, it: it}
	r.it.Title = clipBytes(clean(it.Title), titleBytes)
	r.it.Text = clean(excerpt(it.Text))
	r.prose = clipBytes(signal.Prose(r.it.Text), proseBytes)

	out := Result{Version: Version, Pass: p}
	out.Language = r.language()
	r.sig = signal.Of(signal.Input{Title: r.it.Title, Text: clipBytes(r.it.Text, proseBytes), Lang: r.lang, Rating: r.it.Rating})
	for _, h := range r.sig.Hits {
		if h.Kind == "category" || h.Kind == "sentiment" {
			r.hits++
		}
	}
	text := signal.Sentence(r.it.Title, r.prose)
	if m.static != nil {
		if r.static = m.static.Encode(text, r.lang); r.static != nil {
			out.Static = vector.Quantize(r.static)
		}
	}
	if p == Full && r.lang == "en" {
		if enc, err := e.encode(); err == nil {
			if r.sentence = enc.Encode(text); r.sentence != nil {
				out.Sentence = vector.Quantize(r.sentence)
			}
		}
	}
	r.near = m.seeds.nearest(r.static)

	out.Sentiment = r.sentiment()
	out.Emotion = r.emotion(out.Sentiment)
	out.Categories = r.categories()
	out.Security = r.security()
	out.Spam = r.spam()
	out.Severity = r.severity(out)
	out.Defect = r.defect()
	out.Personal = personalOf(it.Text)
	out.Area = r.area()
	out.KeyPhrases = keyPhrases(r.it.Title, r.prose, r.lang, 6)
	out.Summary = r.summary()
	out.Fingerprint = dup.Fingerprint(r.it.Title + "\n" + r.it.Text)
	out.Unsure = r.unsure(out)
	if out.Unsure {
		r.doubt(&out)
	}
	out.Reason = r.reason(out)
	return out
}

// broken is the answer of an engine whose assets cannot be read.
func broken(p Pass, err error) Result {
	r := Result{Version: Version, Pass: p, Unsure: true, Reason: "not read: " + err.Error()}
	r.Language = Language{Code: lang.Unknown}
	r.Sentiment.Label = "neutral"
	r.Emotion.Name = "none"
	r.Severity.Level = "sev3"
	r.Defect.Name = "unsure"
	for _, c := range Categories {
		r.Categories = append(r.Categories, Scored{Name: c})
	}
	return r
}

// language asks the detector; a short or ambiguous text inherits the person's
// language.
func (r *reading) language() Language {
	code, conf, why := lang.Detect(r.it.Title+"\n"+r.it.Text, lang.Options{Hint: r.it.Language})
	if conf < 0.6 && r.it.Language != "" && code != r.it.Language {
		code, conf, why = r.it.Language, 0.5, "too little text to tell; the person's language"
	}
	if words, ok := hindiInLatin(r.it.Title + " " + r.it.Text); ok && code != "hi" {
		code, conf, why = "hi", 0.7, quoteList(words)+" are Hindi in Latin letters"
	}
	if code != lang.Unknown {
		r.lang = code
	}
	return Language{Code: code, Confidence: round(conf), Reason: why}
}

// excerpt is the part of a text that is read.
func excerpt(s string) string {
	if len(s) <= headBytes+tailBytes {
		return s
	}
	return clipBytes(s, headBytes) + "\n" + strings.ToValidUTF8(s[len(s)-tailBytes:], "")
}

// clipBytes cuts s to at most n bytes at the end of a character.
func clipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// clean makes s valid UTF-8 without control characters.
func clean(s string) string {
	bad := !utf8.ValidString(s)
	for i := 0; i < len(s) && !bad; i++ {
		bad = s[i] < ' ' && s[i] != '\n' && s[i] != '\t' && s[i] != '\r' || s[i] == 0x7f
	}
	if !bad {
		return s
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, " "))
}

// personalOf finds personal data in the parts of text that are read, with
// offsets into the whole.
func personalOf(text string) []Span {
	if len(text) <= headBytes+tailBytes {
		return Personal(text)
	}
	out := Personal(clipBytes(text, headBytes))
	off := len(text) - tailBytes
	for off < len(text) && !utf8.RuneStart(text[off]) {
		off++
	}
	for _, s := range Personal(text[off:]) {
		out = append(out, Span{Start: s.Start + off, End: s.End + off, Kind: s.Kind})
	}
	return out
}

// round keeps three digits: more would pretend.
func round(x float64) float64 {
	if x < 0 {
		return -round(-x)
	}
	return float64(int(x*1000+0.5)) / 1000
}
