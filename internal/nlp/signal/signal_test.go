package signal

import (
	"slices"
	"testing"
)

func TestOfNamesWhatItSees(t *testing.T) {
	t.Parallel()
	s := Of(Input{Title: "Crash on start?", Text: "It crashes, no error shown.\n\tat foo.Bar(Baz.java:1)\nIs there a fix?", Lang: "en", Rating: 1})
	for _, want := range []string{"category.bug", "title category.bug", "stack trace", "ends with ?", "title asks", "1 star"} {
		if !slices.Contains(s.Doc.Extras, want) {
			t.Errorf("extras %q lack %q", s.Doc.Extras, want)
		}
	}
	if !s.Stack {
		t.Error("the stack trace was not seen")
	}
}

func TestCountSkipsNegatedAndRepeated(t *testing.T) {
	t.Parallel()
	s := Of(Input{Text: "crash, Crash, crash. Not one freeze.", Lang: "en"})
	n, first := s.Count("category", "bug")
	if n != 1 || first != "crash" {
		t.Errorf("Count = %d, %q; want the crash once and no negated freeze", n, first)
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"see ```go\nx\n```": true, "int a = 1;\nreturn a;\n}": true, "I bought it; it broke.": false, "": false,
	} {
		if got := hasCode(text); got != want {
			t.Errorf("hasCode(%q) = %v", text, got)
		}
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	if got, want := Sentence(" Title ", "body"), "Title. body"; got != want {
		t.Errorf("Sentence = %q, want %q", got, want)
	}
	if got := Prose("```\ncode only\n```"); got == "" {
		t.Error("Prose of pure code is empty, want the text itself")
	}
}
