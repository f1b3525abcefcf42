package dup

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func tokens(text, lang string) []string {
	var a analyser
	a.add(text, lang, fieldBody)
	var out []string
	for _, t := range a.toks {
		out = append(out, string(t.term))
	}
	return out
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Crashes, crashed, crashing: a crash":    "crash crash crash crash",
		"failure fails failed":                   "fail fail fail",
		"getBlockSize() in DataNode.java":        "getblocks get block siz in datanod data nod java",
		"HTTPServer2 user_id":                    "httpserver2 http server2 user_id user id",
		"don't, User's":                          "dont user",
		"Café CAFÉ cafe":                         "caf caf caf",
		"v2.3.1 3.14 x":                          "v2.3.1 3.14",
		"550e8400e29b41d4a716446655440000 00042": "00042",
		"0x80070005 ORA-00942":                   "0x80070005 ora 00942",
		"登录失败":                                   "登录 录失 失败",
	} {
		if diff := cmp.Diff(strings.Fields(want), tokens(text, "en")); diff != "" {
			t.Errorf("tokens of %q (-want +got):\n%s", text, diff)
		}
	}
}

func TestStemsOfOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, pair := range []struct{ lang, a, b string }{
		{"es", "factura", "facturas"}, {"de", "Rechnung", "Rechnungen"}, {"ru", "ошибка", "ошибки"}, {"fr", "commande", "commandes"}, {"pt", "página", "pagina"},
	} {
		if a, b := tokens(pair.a, pair.lang), tokens(pair.b, pair.lang); !cmp.Equal(a, b) {
			t.Errorf("%s: %s -> %v, %s -> %v; want the same", pair.lang, pair.a, a, pair.b, b)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range append(vocabulary, javaTrace, "\x00\xff\xc3", "a'b'c don't", "ภาษา ไทย 登", "'", ".", "1.", "_a_") {
		f.Add(s, "en")
		f.Add(s, "de")
	}
	f.Fuzz(func(t *testing.T, s, lang string) {
		var a analysis
		a.read(Doc{Title: s, Text: s + "\n" + s, Language: lang})
		if len(a.toks) > maxTokens {
			t.Fatalf("%d tokens, want %d at most", len(a.toks), maxTokens)
		}
		for _, tok := range a.toks {
			if len(tok.term) == 0 || len(tok.term) > maxTermLen && !isUnspacedTerm(tok.term) {
				t.Fatalf("term %q has %d bytes", tok.term, len(tok.term))
			}
			if !utf8.Valid(tok.term) {
				t.Fatalf("term %q is not UTF-8", tok.term)
			}
		}
	})
}

func isUnspacedTerm(b []byte) bool {
	r, _ := utf8.DecodeRune(b)
	return isUnspaced(r)
}
