package main

import (
	"bufio"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A pair is an English text and its translation.
type pair struct{ en, other string }

// pairs writes pairs/CODE.tsv per language: English, tab, translation.
func (o options) pairs() error {
	all := map[string]map[pair]bool{}
	put := func(lang string, p pair) {
		if all[lang] == nil {
			all[lang] = map[pair]bool{}
		}
		all[lang][p] = true
	}
	english, err := o.help("en-us")
	if err != nil {
		return err
	}
	for _, l := range helpLanguages {
		other, err := o.help(l)
		if err != nil {
			return err
		}
		for id, t := range other {
			if e, ok := english[id]; ok && e != t {
				for _, p := range alignSentences(e, t) {
					put(code(l), p)
				}
			}
		}
	}
	for _, l := range uiLanguages {
		if err := o.catalogue(l, func(p pair) { put(code(l), p) }); err != nil {
			return err
		}
	}
	dir := filepath.Join(o.dir, "pairs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make pairs folder: %w", err)
	}
	for _, lang := range slices.Sorted(maps.Keys(all)) {
		ps := slices.SortedFunc(maps.Keys(all[lang]), func(a, b pair) int {
			return strings.Compare(a.en+"\t"+a.other, b.en+"\t"+b.other)
		})
		lex := lexicon(ps)
		if err := writePairs(filepath.Join(dir, lang+".tsv"), append(ps, lex...)); err != nil {
			return err
		}
		fmt.Println(lang, len(ps), "texts", len(lex), "words")
	}
	return nil
}

func writePairs(path string, ps []pair) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write pairs: %w", err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for _, p := range ps {
		fmt.Fprintf(w, "%s\t%s\n", p.en, p.other)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}

var (
	paragraph = regexp.MustCompile(`(?s)<(?:p|h[1-6])\s[^>]*id="((?:par|hd)_id\w+)"[^>]*>(.*?)</(?:p|h[1-6])>`)
	tag       = regexp.MustCompile(`<[^>]+>`)
	blanks    = regexp.MustCompile(`\s+`)
	letters   = regexp.MustCompile(`[A-Za-z]{2}`)
	enStop    = regexp.MustCompile(`[.!?]\s+`)
	anyStop   = regexp.MustCompile(`[.!?]\s+|[。！？।]\s*`)
	marker    = regexp.MustCompile(`<[^>]{1,200}>|&[a-z]+;|\$\([A-Z0-9]+\)|%\w+|\$\{[^}]*\}|\{[^}]{0,40}\}|\\[nt]`)
	shortcut  = regexp.MustCompile(`\([_&~]?[A-Z]\)`)
)

// help returns the paragraphs of a language's help pages by page and id.
func (o options) help(suffix string) (map[string]string, error) {
	out := map[string]string{}
	page := func(path string) bool {
		return strings.HasSuffix(path, ".html") && strings.Contains(path, "/text/") && !strings.Contains(path, "valencia")
	}
	err := o.unpack("libreoffice-help-"+suffix, page, func(path string, b []byte) error {
		_, key, _ := strings.Cut(path, "/text/")
		for _, m := range paragraph.FindAllSubmatch(b, -1) {
			text := tag.ReplaceAllString(string(m[2]), "")
			text = strings.TrimSpace(blanks.ReplaceAllString(html.UnescapeString(text), " "))
			id := key + "#" + string(m[1])
			if _, seen := out[id]; !seen && text != "" {
				out[id] = text
			}
		}
		return nil
	})
	return out, err
}

// alignSentences splits both sides into sentences when they have equally many.
func alignSentences(e, t string) []pair {
	es, ts := split(e, enStop), split(t, anyStop)
	if len(es) != len(ts) {
		es, ts = []string{e}, []string{t}
	}
	var out []pair
	for i := range es {
		if p := (pair{es[i], ts[i]}); usable(p) {
			out = append(out, p)
		}
	}
	return out
}

// split cuts after each match's first rune, the full stop.
func split(s string, stop *regexp.Regexp) []string {
	var out []string
	from := 0
	for _, m := range stop.FindAllStringIndex(s, -1) {
		_, n := utf8.DecodeRuneInString(s[m[0]:])
		out = append(out, s[from:m[0]+n])
		from = m[1]
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

func usable(p pair) bool {
	return len(p.en) >= 2 && len(p.en) <= 260 && p.other != "" && len(p.other) <= 700 &&
		p.en != p.other && letters.MatchString(p.en) && !strings.ContainsAny(p.en+p.other, "\t\n")
}

// catalogue yields the user interface strings of a language.
func (o options) catalogue(suffix string, yield func(pair)) error {
	mo := func(path string) bool {
		return strings.HasSuffix(path, ".mo") && !strings.Contains(path, "valencia")
	}
	return o.unpack("libreoffice-l10n-"+suffix, mo, func(_ string, b []byte) error {
		return readMO(b, func(id, text string) {
			p := pair{cleanUI(id), cleanUI(text)}
			if usable(p) {
				yield(p)
			}
		})
	})
}

// cleanUI removes what a reader of the interface does not see: context,
// plural forms, shortcut markers, placeholders and tags.
func cleanUI(s string) string {
	if _, after, ok := strings.Cut(s, "\x04"); ok {
		s = after
	}
	s, _, _ = strings.Cut(s, "\x00")
	s = shortcut.ReplaceAllString(s, "")
	s = marker.ReplaceAllString(s, " ")
	s = strings.NewReplacer("_", "", "~", "", "&", "").Replace(s)
	return strings.TrimSpace(blanks.ReplaceAllString(s, " "))
}
