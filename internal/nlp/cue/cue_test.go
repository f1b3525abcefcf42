package cue

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

func find(text, lang string) string {
	var out []string
	for _, h := range Load().Find(linear.SplitWords(text), lang) {
		s := h.Kind + "." + h.Name + "=" + h.Text
		if h.Negated {
			s = "not " + s
		}
		out = append(out, s)
	}
	return strings.Join(out, "|")
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, lang, want string }{
		{"The app CRASHES on launch", "en", "category.bug=CRASHES"},
		{"memory leak in the handler", "en", "category.performance=memory leak"},
		{"Приложение вылетает", "ru", "category.bug=вылетает"},
		{"希望增加深色模式", "zh", "category.feature_request=希望"},
		{"앱이 너무 느리고", "ko", "category.performance=느리고"},
		{"il n'y a pas de crash", "fr", "not category.bug=crash"},
		{"Stürzt ab", "fr", ""},
	} {
		got := find(c.text, c.lang)
		for _, w := range strings.Split(c.want, "|") {
			if c.want == "" && got != "" || !strings.Contains(got, w) {
				t.Errorf("Find(%q, %q) = %q, want %q in it", c.text, c.lang, got, w)
			}
		}
	}
}

func TestLongestWins(t *testing.T) {
	t.Parallel()
	if got := find("a memory leak", "en"); strings.Contains(got, "category.bug") {
		t.Errorf("the shorter cue \"leak\" counted beside \"memory leak\": %s", got)
	}
}

func TestChineseNegation(t *testing.T) {
	t.Parallel()
	if got := find("这个不好", "zh"); !strings.Contains(got, "sentiment.negative=不好") || strings.Contains(got, "positive") {
		t.Errorf("got %q, want the negative cue only", got)
	}
}

func TestParseRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"no colon", "category en: x", "a.b en: x; ; y"} {
		if _, err := parse(text); err == nil {
			t.Errorf("parse(%q) succeeded", text)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	words := linear.SplitWords(strings.Repeat("the app crashes when i open the settings page and i cannot log in ", 3))
	s := Load()
	for b.Loop() {
		s.Find(words, "en")
	}
}
