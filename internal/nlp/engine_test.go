package nlp

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var engine = New()

func top(r Result) string { return r.Categories[0].Name }

func TestReadCategories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"Whenever I tap on share, the whole thing crashes and I'm back on the home screen.", "bug"},
		{"Opening a folder takes nearly a minute now, unbearably slow.", "performance"},
		{"It would be great to have a night theme, please add it.", "feature_request"},
		{"How can I change the address on my account?", "question"},
		{"Absolutely love it, thank you for this wonderful app!", "praise"},
		{"There is a typo in the installation guide, and the tutorial is out of date.", "documentation"},
		{"I can read other customers' messages by changing the id in the URL, this is a security hole.", "security"},
		{"Nach dem Update stürzt die App beim Öffnen immer ab.", "bug"},
		{"¿Cómo puedo cambiar la dirección de mi cuenta?", "question"},
		{"L'application est vraiment très lente depuis la mise à jour.", "performance"},
		{"アプリが重くて読み込みが遅いです。", "performance"},
		{"希望可以增加夜间模式。", "feature_request"},
		{"Приложение постоянно вылетает.", "bug"},
		{"Proszę dodać możliwość sortowania.", "feature_request"},
		{"De koppeling met onze boekhouding werkt niet meer, de webhook komt niet aan.", "integration"},
	} {
		r := engine.Read(Item{Text: c.text}, Full)
		if top(r) != c.want {
			t.Errorf("%q: category %s (%s), want %s", c.text, top(r), r.Reason, c.want)
		}
	}
}

func TestReadSentiment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		stars float64
		want  string
	}{
		{"This is terrible, the worst update ever.", 0, "negative"},
		{"Thanks a lot, works perfectly now!", 0, "positive"},
		{"The file is stored in the project folder.", 0, "neutral"},
		{"Das ist leider eine Katastrophe.", 0, "negative"},
		{"¡Me encanta, es excelente!", 0, "positive"},
		{"最悪です。全然使えない。", 0, "negative"},
		{"Świetna aplikacja, polecam!", 0, "positive"},
		{"It is an app.", 1, "negative"},
		{"😡😡", 0, "negative"},
	} {
		r := engine.Read(Item{Text: c.text, Rating: c.stars}, Full)
		if r.Sentiment.Label != c.want {
			t.Errorf("%q: sentiment %+v, want %s", c.text, r.Sentiment, c.want)
		}
		if (r.Sentiment.Score > 0.3 && c.want == "negative") || (r.Sentiment.Score < -0.3 && c.want == "positive") {
			t.Errorf("%q: score %v against label %s", c.text, r.Sentiment.Score, c.want)
		}
	}
}

func TestReadSeverity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"The whole site is down, no customer can order, everyone is affected.", "sev1"},
		{"I cannot log in since this morning, it fails with an error every time.", "sev2"},
		{"There is a small typo in the footer.", "sev4"},
		{"Please add a dark mode, everyone would love it.", "sev4"},
		{"Der Server ist ausgefallen, niemand kann arbeiten.", "sev1"},
	} {
		r := engine.Read(Item{Text: c.text}, First)
		if r.Severity.Level != c.want {
			t.Errorf("%q: %+v, want %s", c.text, r.Severity, c.want)
		}
		if r.Severity.Reason == "" {
			t.Errorf("%q: severity without a reason", c.text)
		}
	}
}

func TestReadFlags(t *testing.T) {
	t.Parallel()
	if r := engine.Read(Item{Text: "SQL injection in the search form: an attacker can read every password."}, Full); !r.Security.Yes || r.Security.Reason == "" {
		t.Errorf("security not flagged: %+v", r.Security)
	}
	if r := engine.Read(Item{Text: "Congratulations you have won! Click here to claim your free money http://win.example"}, First); !r.Spam.Yes {
		t.Errorf("spam not flagged: %+v", r.Spam)
	}
	if r := engine.Read(Item{Text: "I get an error when I click here: https://example.com/cart, please fix the crash"}, First); r.Spam.Yes {
		t.Errorf("a bug report with a link was flagged as spam: %+v", r.Spam)
	}
	if r := engine.Read(Item{Text: "Never mind, my mistake, I typed the wrong password."}, First); r.Defect.Name != "user_error" {
		t.Errorf("defect = %+v, want user_error", r.Defect)
	}
	if r := engine.Read(Item{Text: "mail bob@example.com about it"}, First); len(r.Personal) != 1 {
		t.Errorf("personal = %+v, want the address", r.Personal)
	}
}

func TestReadArea(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"The app crashes when I open the settings page": "settings",
		"Ich kann mich nicht anmelden, Passwort falsch": "login",
		"支付失败，信用卡被扣了两次":                                 "payment",
		"Search does not find my notes":                 "search",
	} {
		if r := engine.Read(Item{Text: text}, First); r.Area.Name != want {
			t.Errorf("%q: area %+v, want %s", text, r.Area, want)
		}
	}
}

func TestReadInheritsLanguage(t *testing.T) {
	t.Parallel()
	if r := engine.Read(Item{Text: "ok", Language: "de"}, First); r.Language.Code != "de" {
		t.Errorf("language of a short text = %+v, want the person's", r.Language)
	}
}

func TestReadHindiInLatinLetters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"bhai yeh app bahut accha hai": "hi", "abhi tak login nahi ho raha, kya karu": "hi",
		"The app is bad": "en", "Das ist der Tag mit mein Kaffee und Brot": "de",
	} {
		if r := engine.Read(Item{Text: text}, First); r.Language.Code != want {
			t.Errorf("%q: language %+v, want %s", text, r.Language, want)
		}
	}
}

func TestReadSaysUnsure(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "   ", "lorem ipsum dolor sit amet", "bla blub fasel gnarf"} {
		r := engine.Read(Item{Text: text}, Full)
		if r.Categories[0].Confidence > 0.5 {
			t.Errorf("%q: confident about %+v, want unsure", text, r.Categories[0])
		}
	}
	if r := engine.Read(Item{}, Full); !r.Unsure || len(r.Categories) != len(Categories) || r.Reason == "" {
		t.Errorf("empty item: %+v, want unsure with every category", r)
	}
}

func TestReadIsDeterministic(t *testing.T) {
	t.Parallel()
	items := []Item{{Title: "Crash", Text: "It crashes on start, card 4111 1111 1111 1111"}, {Text: "登录不了"}, {Text: "Wie geht das?"}}
	other := New()
	for _, it := range items {
		for _, p := range []Pass{First, Full} {
			if d := cmp.Diff(engine.Read(it, p), other.Read(it, p)); d != "" {
				t.Errorf("two engines read %+v differently: %s", it, d)
			}
		}
	}
}

func TestReadConcurrently(t *testing.T) {
	t.Parallel()
	e := New()
	want := e.Read(Item{Text: "The app crashes on start"}, Full)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := e.Read(Item{Text: "The app crashes on start"}, Full); !cmp.Equal(got, want) {
				t.Error("concurrent readings differ")
			}
		})
	}
	wg.Wait()
}

func TestReadHugeText(t *testing.T) {
	t.Parallel()
	text := "The app crashes. " + strings.Repeat("\x00\xff log line 0x1f at foo.bar(Baz.java:12)\n", 250_000) + " call +49 30 901820"
	engine.Read(Item{Text: "warm"}, Full)
	start := time.Now()
	r := engine.Read(Item{Text: text}, Full)
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("10 MB took %v", d)
	}
	last := r.Personal[len(r.Personal)-1]
	if got := text[last.Start:last.End]; got != "+49 30 901820" {
		t.Errorf("span in the tail is %q, want the phone", got)
	}
}

func checkResult(t *testing.T, it Item, r Result) {
	t.Helper()
	if len(r.Categories) != len(Categories) {
		t.Fatalf("%d categories, want %d", len(r.Categories), len(Categories))
	}
	for i, c := range r.Categories {
		if c.Confidence < 0 || c.Confidence > 1 || i > 0 && c.Confidence > r.Categories[i-1].Confidence {
			t.Fatalf("categories not sorted or out of range: %+v", r.Categories)
		}
	}
	for _, s := range []string{r.Summary, r.Reason, r.Area.Name, r.Emotion.Name, strings.Join(r.KeyPhrases, " ")} {
		if !utf8.ValidString(s) {
			t.Fatalf("invalid UTF-8 in %q", s)
		}
	}
	if !slices.Contains([]string{"sev1", "sev2", "sev3", "sev4"}, r.Severity.Level) || !slices.Contains(sentiments, r.Sentiment.Label) {
		t.Fatalf("unknown label in %+v", r)
	}
	for _, s := range r.Personal {
		if s.Start < 0 || s.End > len(it.Text) || s.End <= s.Start {
			t.Fatalf("bad span %+v", s)
		}
	}
	if r.Reason == "" {
		t.Fatal("no reason")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Title", "The app crashes 😡 at foo(Bar.java:1)", 1.0, true)
	f.Add("", "\x00\xff\xfe崩溃 password: x1 \u202e", -5.0, false)
	f.Add("[Bug]", "### Issue type\n\nBug\n```\ncode", 9.0, true)
	f.Fuzz(func(t *testing.T, title, text string, rating float64, full bool) {
		p := First
		if full {
			p = Full
		}
		it := Item{Title: title, Text: text, Rating: rating}
		checkResult(t, it, engine.Read(it, p))
	})
}

func FuzzSummarise(f *testing.F) {
	f.Add("Title", "One sentence. Two! Three? 四。", "en")
	f.Fuzz(func(t *testing.T, title, text, lang string) {
		title, text = clean(title), clean(text)
		s := summarise(title, text, lang, nil)
		if n := utf8.RuneCountInString(s); n > summaryRunes || !utf8.ValidString(s) {
			t.Fatalf("summary of %d characters: %q", n, s)
		}
		for _, p := range keyPhrases(title, text, lang, 5) {
			if p == "" || !utf8.ValidString(p) {
				t.Fatalf("bad key phrase %q", p)
			}
		}
	})
}

const forty = "Since the last update the application crashes every time I try to open the settings page on my phone. I have already reinstalled it twice and cleared the cache but nothing helps, and our whole team is blocked by this."

func BenchmarkFirst(b *testing.B) {
	engine.Read(Item{Text: forty}, First)
	for b.Loop() {
		engine.Read(Item{Text: forty}, First)
	}
}

func BenchmarkFull(b *testing.B) {
	engine.Read(Item{Text: forty}, Full)
	for b.Loop() {
		engine.Read(Item{Text: forty}, Full)
	}
}
