package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadTable(t *testing.T) {
	t.Parallel()
	js := `export const d = {type:'S2',languages:{0:'am',1:'de'},isSubset:false,ngrams:{' aM':{0:176,1:2},ab:{1:7},'b\' ':{0:1}}};`
	codes, grams, err := readTable(js, map[rune]byte{'a': 'a', 'b': 'b', ' ': ' ', 'M': 0x80, '\'': '\''})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"am", "de"}, codes); diff != "" {
		t.Errorf("languages differ:\n%s", diff)
	}
	var pairs [][]byte
	for _, g := range grams {
		pairs = append(pairs, g.pairs)
	}
	if diff := cmp.Diff([][]byte{{0, 176, 1, 2}, {1, 7}, {0, 1}}, pairs); diff != "" {
		t.Errorf("scores differ:\n%s", diff)
	}
	for _, bad := range []string{"", "languages:{0:'am'", js[:80], `languages:{} ngrams:{'x':{0:1}}`, `languages:{} ngrams:{a:{0:999}}`} {
		if _, _, err := readTable(bad, map[rune]byte{'a': 'a'}); err == nil {
			t.Errorf("table %q was accepted", bad)
		}
	}
}
