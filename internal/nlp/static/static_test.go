package static

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hypercare/hypercare/internal/nlp/assets"
	"pgregory.net/rapid"
)

func load(t testing.TB) *Encoder {
	t.Helper()
	e, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// Complaints of one kind in several languages, written for this test.
var kinds = [][]string{
	{"The file cannot be opened", "Die Datei kann nicht geöffnet werden", "Le fichier ne peut pas être ouvert", "No se puede abrir el archivo", "O ficheiro não pode ser aberto", "Не удаётся открыть файл", "无法打开文件", "ファイルを開けません"},
	{"I forgot my password", "Ich habe mein Passwort vergessen", "J'ai oublié mon mot de passe", "He olvidado mi contraseña", "Esqueci a minha senha", "Я забыл пароль", "我忘记了密码", "パスワードを忘れました"},
	{"The picture does not print", "Das Bild wird nicht gedruckt", "L'image ne s'imprime pas", "La imagen no se imprime", "A imagem não é impressa", "Изображение не печатается", "图片无法打印", "画像が印刷されません"},
	{"The search is slow", "Die Suche ist langsam", "La recherche est lente", "La búsqueda es lenta", "A pesquisa é lenta", "Поиск работает медленно", "搜索很慢", "検索が遅いです"},
}

func TestTranslationsFindTheirTwin(t *testing.T) {
	t.Parallel()
	e := load(t)
	right, n := 0, 0
	for kind, texts := range kinds {
		for _, text := range texts[1:] {
			v := e.Encode(text, "")
			best, top := -1, -2.0
			for k, other := range kinds {
				if c := dot(v, e.Encode(other[0], "en")); c > top {
					best, top = k, c
				}
			}
			n++
			if best == kind {
				right++
			} else {
				t.Logf("%q is nearest to %q", text, kinds[best][0])
			}
		}
	}
	if right < n-2 {
		t.Errorf("%d of %d translations are nearest to their English twin, want at least %d", right, n, n-2)
	}
}

func TestEncodeGivesUnitVectorsOrNone(t *testing.T) {
	t.Parallel()
	e := load(t)
	for _, s := range []string{"", " \n", "!?", "\xff\x00", "😀"} {
		if v := e.Encode(s, ""); v != nil {
			t.Errorf("Encode(%q) is a vector, want nil", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"file", "Datei", "ouvrir", "печать", "无法", "x\xffy", "9"}), 1, 20).Draw(t, "words")
		v := e.Encode(strings.Join(words, " "), "")
		if v == nil {
			return
		}
		if n := dot(v, v); len(v) != Dim || math.Abs(n-1) > 1e-5 {
			t.Errorf("vector of %q has %d numbers and square %v, want %d and 1", words, len(v), n, Dim)
		}
	})
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	word := Features("Über", nil)
	if got := len(word); got != 1+4+3+2 { // the word, then n-grams of <über>
		t.Errorf("%d features of a word of 4 letters, want 10", got)
	}
	if diff := cmp.Diff(word, Features(" U\u0308BER!", nil)); diff != "" {
		t.Errorf("features differ between forms of one word:\n%s", diff)
	}
	if word[0]&1 != 1 || slices.ContainsFunc(word[1:], func(h uint32) bool { return h&1 == 1 }) {
		t.Errorf("features %v: want only the first marked as a whole word", word)
	}
	if got := len(Features("検索が", nil)); got != 3+2+1 {
		t.Errorf("%d features of three signs, want 6", got)
	}
	if a, b := Features("l'image", nil), Features("l image", nil); !slices.Equal(a, b) {
		t.Error("an apostrophe does not part words")
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	t.Parallel()
	b := assets.Static()
	if _, err := decode(b); err != nil {
		t.Fatal(err)
	}
	counts := slices.Clone(b)
	counts[20]++
	for _, bad := range [][]byte{nil, b[:8], b[:1000], b[:len(b)-1], append(slices.Clone(b), 0), counts} {
		if _, err := decode(bad); err == nil {
			t.Errorf("an asset of %d bytes was accepted", len(bad))
		}
	}
}

func FuzzFeatures(f *testing.F) {
	for _, s := range []string{"", "a\x00b\xff", "支払い ok", strings.Repeat("word", 50), "ﷺ İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := len(Features(s, nil))
		// NFKC makes one sign into at most 18; each gives at most 4 features.
		if limit := 4*18*min(len(s), maxBytes) + 8; n > limit {
			t.Errorf("%d features of %d bytes, want at most %d", n, len(s), limit)
		}
	})
}

func TestFeaturesCapTheirWork(t *testing.T) {
	t.Parallel()
	if n := len(Features(strings.Repeat("wordsand ", 1<<17), nil)); n > 8*maxBytes {
		t.Errorf("%d features of 1 MB, want at most %d", n, 8*maxBytes)
	}
}

func BenchmarkEncode(b *testing.B) {
	e := load(b)
	for name, text := range map[string]string{
		"German40Words": "Ich benutze diese Anwendung seit zwei Jahren und seit der letzten Aktualisierung funktioniert der Abgleich nicht mehr. Immer wenn ich die Liste der Projekte öffne, erscheint eine leere Seite und ich muss mich ab- und wieder anmelden, das nervt.",
		"Chinese":       "从昨天开始我无法登录我的账户，每次打开设置页面应用就崩溃，请尽快修复。",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				e.Encode(text, "")
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := decode(assets.Static()); err != nil {
			b.Fatal(err)
		}
	}
}
