package seed

import (
	"slices"
	"testing"
)

func TestEnoughExamples(t *testing.T) {
	t.Parallel()
	perCategory, perLang := map[string]int{}, map[string]map[string]bool{}
	for _, e := range Categories() {
		perCategory[e.Labels[0]]++
		if perLang[e.Labels[0]] == nil {
			perLang[e.Labels[0]] = map[string]bool{}
		}
		perLang[e.Labels[0]][e.Lang] = true
		for _, l := range e.Labels {
			if !slices.Contains(categoryFiles, l) || l == "developer" {
				t.Errorf("unknown category %q of %q", l, e.Text)
			}
		}
	}
	for _, c := range categoryFiles[:11] {
		if perCategory[c] < 60 {
			t.Errorf("%d examples of %s, want at least 60", perCategory[c], c)
		}
		for _, l := range []string{"en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "ja", "zh"} {
			if !perLang[c][l] {
				t.Errorf("no example of %s in %s", c, l)
			}
		}
	}
	emotions := map[string]int{}
	for _, e := range Emotions() {
		emotions[e.Labels[0]]++
	}
	for _, name := range []string{"anger", "fear", "joy", "love", "sadness", "surprise", "none"} {
		if emotions[name] < 20 {
			t.Errorf("%d examples of %s, want at least 20", emotions[name], name)
		}
	}
}

func TestNoExampleTwice(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range Categories() {
		if seen[e.Title+e.Text] {
			t.Errorf("%q is there twice", e.Text)
		}
		seen[e.Title+e.Text] = true
	}
}

func TestParseRefusesBrokenLines(t *testing.T) {
	t.Parallel()
	if _, err := parse("# head\nen\tbug\n"); err == nil {
		t.Error("a line with two columns was accepted")
	}
	got, err := parse("en\tbug,data\tTitle // Body\\nmore\n")
	if err != nil || len(got) != 1 || got[0].Title != "Title" || got[0].Text != "Body\nmore" || len(got[0].Labels) != 2 {
		t.Errorf("parse = %+v, %v", got, err)
	}
}
