package lang

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/nlp/assets"
	"pgregory.net/rapid"
)

// One everyday sentence a language, written for this test.
var sentences = map[string]string{
	"ar": "لا أستطيع تسجيل الدخول إلى حسابي منذ أمس",
	"bg": "Не мога да вляза в профила си от вчера и никой не отговаря",
	"ca": "No puc entrar al meu compte des d'ahir i ningú no em respon",
	"cs": "Od včerejška se nemohu přihlásit ke svému účtu a nikdo neodpovídá",
	"da": "Jeg kan ikke logge ind på min konto siden i går, og ingen svarer",
	"de": "Seit gestern kann ich mich nicht mehr in mein Konto einloggen",
	"el": "Δεν μπορώ να συνδεθώ στον λογαριασμό μου από χθες",
	"en": "I have not been able to sign in to my account since yesterday",
	"es": "No puedo entrar en mi cuenta desde ayer y nadie me contesta",
	"fa": "از دیروز نمی\u200cتوانم وارد حساب کاربری خود شوم",
	"fi": "En ole päässyt kirjautumaan tililleni eilisen jälkeen",
	"fr": "Je n'arrive plus à me connecter à mon compte depuis hier",
	"he": "אני לא מצליח להתחבר לחשבון שלי מאתמול",
	"hi": "मैं कल से अपने खाते में लॉग इन नहीं कर पा रहा हूँ",
	"hu": "Tegnap óta nem tudok bejelentkezni a fiókomba",
	"id": "Saya tidak bisa masuk ke akun saya sejak kemarin",
	"it": "Non riesco più ad accedere al mio account da ieri",
	"ja": "昨日からアカウントにログインできません",
	"ko": "어제부터 계정에 로그인할 수 없습니다",
	"nb": "Jeg får ikke logget inn på kontoen min etter oppdateringen i går",
	"nl": "Ik kan sinds gisteren niet meer inloggen op mijn account",
	"pl": "Od wczoraj nie mogę zalogować się na swoje konto",
	"pt": "Não consigo entrar na minha conta desde ontem",
	"ro": "Nu mă pot conecta la contul meu de ieri și nimeni nu răspunde",
	"ru": "Со вчерашнего дня не могу войти в свою учётную запись",
	"sv": "Jag kan inte logga in på mitt konto sedan igår",
	"th": "ฉันไม่สามารถเข้าสู่ระบบได้ตั้งแต่เมื่อวาน",
	"tr": "Dünden beri hesabıma giriş yapamıyorum",
	"uk": "Від учора не можу увійти до свого облікового запису",
	"vi": "Tôi không thể đăng nhập vào tài khoản của mình từ hôm qua",
	"zh": "从昨天开始我无法登录我的账户",
}

func TestDetectEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, want := range Default() {
		got, conf, reason := Detect(sentences[want], Options{})
		if got != want || conf < 0.6 || reason == "" {
			t.Errorf("Detect(%q) = %s, %.2f, %q, want %s, at least 0.6 and a reason", sentences[want], got, conf, reason, want)
		}
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		o          Options
		want       string
	}{
		{"nothing", "", Options{}, Unknown},
		{"digits and signs", "404 :-) 12.5 %", Options{}, Unknown},
		{"emoji with a hint", "👍👍", Options{Hint: "de"}, "de"},
		{"a hint that is not allowed", "👍", Options{Hint: "de", Languages: []string{"en"}}, Unknown},
		{"one ambiguous word", "Problem", Options{Hint: "de"}, "de"},
		{"a regional hint", "Problem", Options{Hint: "de-AT"}, "de"},
		{"a clear text beats the hint", sentences["fr"], Options{Hint: "de"}, "fr"},
		{"restricted", "Jeg kan ikke logge ind", Options{Languages: []string{"nb", "en"}}, "nb"},
		{"none of the allowed", sentences["ru"], Options{Languages: []string{"en", "zh"}}, Unknown},
		{"Chinese under an English template", "Issue Type: Bug\n\n保存后自动撤销之前的所有操作\n\nVS Code version: Code 1.80.0\nOS version: Windows_NT x64", Options{}, "zh"},
		{"German around English messages", "Beim Speichern erscheint die Meldung \"Could not write file, please try again later\" und danach ist alles weg.", Options{}, "de"},
		{"English with a foreign name", "The label of the button 设置 is cut off on small screens, please make it wider so that it can be read.", Options{}, "en"},
		{"Portuguese over a log", "O aplicativo fecha sozinho quando abro as fotos\n2024-05-01 10:00:01 ERROR Failed to open the file because it does not exist\n2024-05-01 10:00:02 ERROR Giving up now", Options{}, "pt"},
		{"only a stack trace", "\tat com.example.Main.run(Main.java:42)\n\tat com.example.Main.main(Main.java:7)", Options{Languages: []string{"ja"}}, Unknown},
		{"Kanji with kana", "画面が真っ白になります", Options{}, "ja"},
	} {
		if got, conf, reason := Detect(c.text, c.o); got != c.want {
			t.Errorf("%s: Detect(%q) = %s (%.2f, %s), want %s", c.name, c.text, got, conf, reason, c.want)
		}
	}
}

func TestShortTextsAreLessCertain(t *testing.T) {
	t.Parallel()
	_, short, _ := Detect("menu", Options{})
	_, long, _ := Detect(sentences["en"], Options{})
	if short >= long || long < 0.9 {
		t.Errorf("confidence of one word = %.2f, of a sentence = %.2f, want less and at least 0.9", short, long)
	}
}

// check holds for every input.
func check(t interface{ Errorf(string, ...any) }, text string) {
	o := Options{Languages: []string{"en", "ja", "fr"}}
	code, conf, reason := Detect(text, o)
	if code != Unknown && !slices.Contains(o.Languages, code) || conf < 0 || conf > 1 || reason == "" {
		t.Errorf("Detect(%q) = %q, %v, %q", text, code, conf, reason)
	}
	if again, _, _ := Detect(text, o); again != code {
		t.Errorf("Detect(%q) = %q, then %q", text, code, again)
	}
}

func TestDetectAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.String().Draw(t, "text")) })
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"", "a\x00\xff", "bonjour à tous", "設定", strings.Repeat("x'", 500), strings.Repeat("\x94", 2000), "İI", "ﷺ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestDetectCapsItsWork(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, unit := range []string{"a", "la casa es grande. ", "設", "x\n", "`'"} {
		Detect(strings.Repeat(unit, 1<<20/len(unit)), Options{})
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("five texts of 1 MB took %v", d)
	}
}

func TestReadTableRefusesDamage(t *testing.T) {
	t.Parallel()
	b := assets.ELD()
	swapped := slices.Clone(b)
	swapped[len(swapped)-2] = 200 // a language that does not exist
	for _, bad := range [][]byte{nil, b[:8], b[:50], b[:len(b)/2], b[:len(b)-1], swapped} {
		if _, err := readTable(bad); err == nil {
			t.Errorf("a table of %d bytes was accepted", len(bad))
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	for _, c := range []string{"en", "ja"} {
		b.Run(c, func(b *testing.B) {
			text := sentences[c] + ". " + sentences[c]
			for b.Loop() {
				Detect(text, Options{})
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := newDetector(assets.ELD()); err != nil {
			b.Fatal(err)
		}
	}
}
