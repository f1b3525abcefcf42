package feedback

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/nlp"
)

// secrets are personal data as people write them.
var secrets = []string{"anna.schmidt@example.de", "+49 171 2345678", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "192.168.17.44"}

func TestListsCoverPersonalData(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("The page spins. ", 17) // 272 characters
	for _, tc := range []struct{ name, title, text, summary, wantTitle, wantSnippet, wantSummary string }{
		{"address", "Write to anna@example.de", "Mail me at anna@example.de, please.", "Mail me at anna@example.de, please.",
			"Write to •••", "Mail me at •••, please.", "Mail me at •••, please."},
		{"phone", "", "Call me: +49 171 2345678 after six.", "Call me: +49 171 2345678 after six.", "", "Call me: ••• after six.", "Call me: ••• after six."},
		{"card", "Card 4111 1111 1111 1111 refused", "It says no.", "It says no.", "Card ••• refused", "It says no.", "It says no."},
		{"umlauts before it", "", "Größe füllt äöü: anna@example.de", "", "", "Größe füllt äöü: •••", ""},
		{"over the end of the snippet", "", long + "anna.schmidt@example.de wrote this, and more follows here.", "", "", long + "•••…", ""},
		{"behind the snippet", "", long + "Here is more: anna.schmidt@example.de", "", "", long + "Here is …", ""},
		{"summary that is no piece of the text", "", "x", "Reach anna@example.de or 4111 1111 1111 1111", "", "x", "Reach ••• or •••"},
		{"summary cut off in an address", "", "x", "Please write to anna.schmidt@exam…", "", "x", "Please write to •••…"},
		{"summary cut off in a number", "", "x", "My card is 4111 1111 11…", "", "x", "My card is •••…"},
		{"summary cut off in a word", "", "x", "Version 3.0 is slo…", "", "x", "Version 3.0 is slo…"},
		{"nothing personal", "Order 88-20431 of 3.0.4", "504 after 8 s at 14:12", "504 after 8 s at 14:12", "Order 88-20431 of 3.0.4", "504 after 8 s at 14:12", "504 after 8 s at 14:12"},
		{"nothing at all", "", "", "", "", "", ""},
	} {
		f := &Feedback{Title: tc.title, Summary: tc.summary}
		f.cover(tc.text)
		if f.Title != tc.wantTitle || f.Snippet != tc.wantSnippet || f.Summary != tc.wantSummary {
			t.Errorf("%s: title %q, snippet %q, summary %q\nwant %q, %q, %q", tc.name, f.Title, f.Snippet, f.Summary, tc.wantTitle, tc.wantSnippet, tc.wantSummary)
		}
	}
}

// TestListsShowTheBeginningOfTheCoveredText: what a list shows, found in the
// first few hundred characters alone, is how the whole text begins once all
// that is personal in it is covered.
func TestListsShowTheBeginningOfTheCoveredText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(append([]string{"pay", "the", "größer", "„bank“", "💳", "slow,", "order 88-20431", "😀😀😀😀😀😀😀"}, secrets...)), 0, 60).Draw(t, "words")
		text := strings.Join(words, " ")
		covered := cover(text, nlp.Personal(text), len(text))
		f := &Feedback{Title: text, Summary: rapid.SampledFrom([]string{"", text}).Draw(t, "summary")}
		whole := f.Summary == text
		f.cover(text)
		if f.Title != covered || !strings.HasPrefix(covered, strings.TrimSuffix(f.Snippet, "…")) {
			t.Errorf("%q is covered as %q\ntitle   %q\nsnippet %q", text, covered, f.Title, f.Snippet)
		}
		if whole && f.Summary != covered {
			t.Errorf("summary %q, want %q", f.Summary, covered)
		}
		if want := snippet(text); len(nlp.Personal(text)) == 0 && f.Snippet != want {
			t.Errorf("nothing is personal in %q, yet the snippet is %q", text, f.Snippet)
		}
	})
}

func BenchmarkCover(b *testing.B) {
	text := strings.Repeat("I pressed Pay, my bank app said approved at 14:02, and the page just kept spinning. ", 5)
	for b.Loop() {
		f := Feedback{Title: "Card payment spins and never finishes after 3-D Secure", Summary: "The page just kept spinning for ever."}
		f.cover(text)
	}
}
