package mask

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

// sealing seals every kind.
var sealing = func() *Masker {
	p := Policy{}
	for _, k := range Kinds {
		p[k] = Rule{Storage: Seal}
	}
	return p.ForStorage()
}()

func TestOriginalsStandWhereTheirPlaceholdersDo(t *testing.T) {
	t.Parallel()
	text := "Card 4111 1111 1111 1111, then [card] as I typed it, mail ada@example.com; password: Hunter2!x and Hunter2!x again"
	got, list := sealing.Cover(text)
	if want := "Card [card], then [card] as I typed it, mail [email]; password: [password] and [password] again"; got != want {
		t.Errorf("Cover = %q, want %q", got, want)
	}
	if back := restore(got, list); back != text {
		t.Errorf("the originals make %q, want %q", back, text)
	}
}

// restore puts originals back.
func restore(s string, list []Original) string {
	var b strings.Builder
	at := 0
	for _, o := range list {
		b.WriteString(s[at:o.At])
		b.WriteString(o.Value)
		at = o.At + len(Placeholder(o.Kind))
	}
	return b.String() + s[at:]
}

func TestAPolicySaysWhatIsCovered(t *testing.T) {
	t.Parallel()
	text := "Card 4111 1111 1111 1111 of ada@example.com, IBAN DE89370400440532013000, from 192.168.17.44"
	p := Default()
	p[IBAN] = Rule{Storage: Drop}
	for name, tc := range map[string]struct{ got, want string }{
		"storage": {Text(p, text), "Card [card] of ada@example.com, IBAN [removed], from 192.168.17.44"},
		"exports": {p.ForExport().Text(text), "Card [card] of [email], IBAN [removed], from 192.168.17.44"},
		"models":  {p.ForModel().Text(text), "Card [card] of [email], IBAN [removed], from 192.168.17.44"},
		"nothing": {Text(Policy{}, "a@b.co 4111111111111111"), "a@b.co [card]"},
		"keep":    {Text(Policy{Card: {Storage: Keep}}, "4111111111111111"), "4111111111111111"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", name, tc.got, tc.want)
		}
	}
	if got := string(JSON(p, []byte(`{"phone":5551234567,"ssn":"219-09-9999","a":[{"card":"4111111111111111"}]}`))); got != `{"phone":5551234567,"ssn":"[masked]","a":[{"card":"[card]"}]}` {
		t.Errorf("JSON = %s", got)
	}
	if got := p.ForModel().Field("phone", "5551234567"); got != "[phone]" {
		t.Errorf("a field called phone = %q", got)
	}
	for _, bad := range []Policy{{"x": {Storage: Keep}}, {Card: {Storage: "x"}}} {
		if bad.Validate() == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestLogLinesShowNoSecret(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	log := slog.New(NewHandler(slog.NewJSONHandler(&b, nil))).With("url", "https://bob:S3cretPw@db.example.com/x").WithGroup("g")
	log.Info("call with ghp_16C7e42F292c6912E7710c838347Ae178B4a", "err", errText("card 4111111111111111 refused"), "password", "abc", "n", 4, slog.Group("h", "authorization", "Bearer a8f5f167f44f4964e6c998de"))
	for _, s := range []string{"S3cretPw", "ghp_", "4111", "abc", "a8f5"} {
		if strings.Contains(b.String(), s) {
			t.Errorf("the log shows %q: %s", s, b.String())
		}
	}
	if !strings.Contains(b.String(), "db.example.com") || !strings.Contains(b.String(), `"n":4`) {
		t.Errorf("the log lost what is no secret: %s", b.String())
	}
}

type errText string

func (e errText) Error() string { return string(e) }

// FuzzCover holds that covering is done with after one time, makes nothing
// much longer, hides what it found, and can be taken back with the originals.
func FuzzCover(f *testing.F) {
	for _, s := range []string{
		"call +49 30 901820, a@b.co 4111 1111 1111 1111 DE89370400440532013000 ::1 eyJ", "password: hunter2 and hunter2, https://a:b1c2d3@h.co/x",
		"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "my name is Ada Lovelace; PIN: 1234 [card] pin: [pin]", "密码是abc12345 12345678Z QQ 12 34 56 C", "a@b.co4111111111111111 token=abc123def456 4111111111111111@b.co",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "[") {
			t.Skip() // what looks like a placeholder can't be told from one
		}
		got, list := sealing.Cover(text)
		if again, more := sealing.Cover(got); again != got {
			t.Fatalf("%q\nbecame %q\nand then %q (%v)", text, got, again, more)
		}
		if len(got) > 2*len(text)+16 {
			t.Fatalf("%q became as long as %q", text, got)
		}
		if back := restore(got, list); back != text {
			t.Fatalf("%q became %q, and back %q", text, got, back)
		}
		for _, o := range list[:min(len(list), maxEchoes)] {
			if len(o.Value) < minEcho || digit(o.Value[0]) || digit(o.Value[len(o.Value)-1]) || strings.Contains("[password][removed]", o.Value) {
				continue
			}
			if strings.Contains(got, o.Value) {
				t.Fatalf("%q is still in %q", o.Value, got)
			}
		}
		doc, err := json.Marshal(map[string]string{"a": text})
		if err != nil {
			t.Skip()
		}
		if out := sealing.JSON(doc); !json.Valid(out) {
			t.Fatalf("%s became %s", doc, out)
		}
	})
}
