// Package nlp is the offline triage engine: it reads one piece of feedback
// and says its language, sentiment, emotion, categories, severity, area, key
// phrases and summary, with the reason for each. It needs no model server and
// no network, does no I/O after loading, and knows no other noun of the
// product: who stores, learns or shows its answers is above it.
package nlp

// Pass selects how much work a reading does.
type Pass int

const (
	// First reads words only: n-grams, cues and the static subword vector.
	First Pass = iota
	// Full adds the sentence vector (about ten times dearer, more accurate).
	Full
)

// Item is one piece of text to read.
type Item struct {
	ID    string
	Title string // may be empty
	Text  string
	// Rating is the reporter's stars on a scale of 1 to 5; 0 when there is none.
	Rating float64
	// Language is the person's known language (ISO 639-1), used when the text
	// is too short or ambiguous to tell; "" when unknown.
	Language string
}

// Result is everything the engine says about an item. Confidences and scores
// are in [0, 1] unless stated otherwise.
type Result struct {
	Version     string    `json:"version"`
	Pass        Pass      `json:"pass"`
	Language    Language  `json:"language"`
	Sentiment   Sentiment `json:"sentiment"`
	Emotion     Scored    `json:"emotion"`    // anger fear joy love sadness surprise none
	Categories  []Scored  `json:"categories"` // every category, best first
	Severity    Severity  `json:"severity"`
	Defect      Scored    `json:"defect"` // defect, user_error or unsure
	Security    Flag      `json:"security"`
	Spam        Flag      `json:"spam"`
	Personal    []Span    `json:"personal,omitempty"` // personal data, in Text (Title excluded)
	Area        Scored    `json:"area"`               // "" when none stands out
	KeyPhrases  []string  `json:"key_phrases"`
	Summary     string    `json:"summary"`
	Fingerprint string    `json:"fingerprint,omitempty"` // of an error or stack in the text
	Unsure      bool      `json:"unsure"`                // true: no head can be trusted for this text
	Reason      string    `json:"reason"`                // one sentence for the whole
	Static      []int8    `json:"-"`                     // cross-language vector, unit length x 127; nil when empty
	Sentence    []int8    `json:"-"`                     // English sentence vector (Full pass, English only), unit length x 127
}

// Language is an ISO 639-1 code or "unknown".
type Language struct {
	Code       string  `json:"code"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
}

// Sentiment is negative, neutral or positive; Score runs from -1 to 1.
type Sentiment struct {
	Label      string  `json:"label"`
	Score      float64 `json:"score"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
}

// Scored is a name with its confidence and what decided it.
type Scored struct {
	Name       string  `json:"name"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
}

// Severity is a suggestion from sev1 (critical) to sev4 (low).
type Severity struct {
	Level      string  `json:"level"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
}

// Flag is a yes or no with its confidence.
type Flag struct {
	Yes        bool    `json:"yes"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
}

// Categories are the names of the product's categories, in display order.
var Categories = []string{
	"bug", "performance", "usability", "feature_request", "integration", "data",
	"security", "documentation", "question", "praise", "other",
}
