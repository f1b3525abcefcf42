package triage

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
)

func grammarOf(tb testing.TB) *grammar {
	tb.Helper()
	g, err := newGrammar()
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func sample() *facts {
	rating := 2.0
	return &facts{
		f: &feedback.Feedback{ID: "f1", Title: "Rechnung", Text: "ÄRGER: the Invoice is wrong, order AB-123", Channel: "email", Language: "de", Category: "bug", CategoryConfidence: .8,
			Sentiment: "negative", SentimentScore: -.6, Emotion: "anger", Severity: "sev2", Area: "billing", Rating: &rating, AppVersion: "2.1.0", URL: "https://shop.example/pay",
			Attrs: map[string]string{"plan": "gold"}, Tags: []string{"vip"}, Author: feedback.AuthorRef{Name: "Ada", Email: "ada@bank.example"}, Security: true, Alike: 3, ImportID: "imp",
			OccurredAt: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), ReceivedAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)},
		attrs: map[string]string{"tier": "enterprise"},
	}
}

func TestConditionsMatch(t *testing.T) {
	t.Parallel()
	g := grammarOf(t)
	for _, tc := range []struct {
		when string
		want bool
	}{
		{`true`, true},
		{`text.contains("Invoice")`, true},
		{`text.contains("invoice")`, false},
		{`text.lower().contains("ärger")`, true},
		{`title.lower() == "rechnung"`, true},
		{`text.matches("AB-[0-9]{3}")`, true},
		{`text.matches("^AB")`, false},
		{`category == "bug" && category_confidence > 0.7`, true},
		{`sentiment == "negative" && sentiment_score < 0`, true},
		{`emotion in ["anger", "fear"]`, true},
		{`severity == "sev1"`, false},
		{`area == "billing" && language == "de" && channel == "email"`, true},
		{`rating > 0 && rating <= 2`, true}, // whole numbers compare with stars
		{`app_version.startsWith("2.")`, true},
		{`url.endsWith("/pay")`, true},
		{`attrs["plan"] == "gold" && attrs.plan == "gold"`, true},
		{`attrs["region"] == "eu"`, false}, // not there: no failure
		{`attrs["region"] != "eu"`, false},
		{`!("region" in attrs)`, true},
		{`has(attrs.region) || has(attrs.plan)`, true},
		{`"vip" in tags`, true},
		{`tags.exists(t, t.startsWith("vi"))`, true},
		{`author.email.endsWith("@bank.example")`, true},
		{`author.attrs.tier == "enterprise"`, true},
		{`author.attrs["none"] == "x"`, false},
		{`security && !unsure && imported && alike >= 3`, true},
		{`occurred_at < received_at`, true},
		{`occurred_at >= timestamp("2026-11-21T00:00:00Z")`, true},
		{`received_at - occurred_at > duration("2h")`, false},
		{`occurred_at.getHours("Europe/Berlin") == 9`, true},
	} {
		c, err := g.compile(tc.when)
		if err != nil {
			t.Errorf("compile(%s): %v", tc.when, err)
			continue
		}
		if got, err := c.match(t.Context(), sample()); err != nil || got != tc.want {
			t.Errorf("%s = %v, %v; want %v", tc.when, got, err, tc.want)
		}
	}
}

func TestBadConditionsAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	g := grammarOf(t)
	for _, tc := range []struct{ when, want string }{
		{``, "is empty"},
		{`text.contains("x"`, "line 1, column 18"},
		{"category == \"bug\" &&\n  colour == 1", "line 2, column 3: undeclared reference to 'colour'"},
		{`rating + 1.0`, "answers double"},
		{`text`, "answers string"},
		{`text == 1`, "line 1, column 6"},
		{`text.matches("(a")`, "line 1, column 14"},
		{`text.matches("a{300}b{300}")`, "line 1, column 14: the regular expression has"},
		{`text.matches("(a{1000}){1000}")`, "line 1, column 14"},
		{`text.matches(title + "x")`, "written out"},
		{`matches(text, dyn("x"))`, "written out"},
		{`occurred_at > timestamp("yesterday")`, "line 1, column 25"},
		{`text.nope()`, "undeclared reference to 'nope'"},
		{`true ` + strings.Repeat(" ", maxCondition), "bytes long"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "line 1"},
		{`[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))`, "nesting"},
		{"\"\x00\" == text", "not text"},
		{"\xff", "not text"},
	} {
		_, err := g.compile(tc.when)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("compile(%.60q) = %v, want invalid with %q", tc.when, err, tc.want)
			continue
		}
		msg := errs.Message(err)
		if strings.Contains(msg, "\n") || !strings.HasSuffix(msg, ".") || len(msg) > 420 {
			t.Errorf("compile(%.60q) says %q, want one short sentence", tc.when, msg)
		}
	}
}

func TestConditionsStopAtTheirCost(t *testing.T) {
	t.Parallel()
	g := grammarOf(t)
	long := sample()
	long.f.Text = strings.Repeat("waiting for the page to load ", feedback.MaxText/29)
	ten := "[" + strings.Repeat("1,", 99) + "1]"
	for _, when := range []string{
		ten + `.all(a, ` + ten + `.all(b, text.lower().contains("never") == false))`,
		ten + `.all(a, ` + ten + `.all(b, a == b || a != b))`,
		`text.matches("(a.{80}w|e.{80}a|i.{80}i|o.{80}t)*zzz")`,
	} {
		c, err := g.compile(when)
		if err != nil {
			t.Fatalf("compile(%.80s): %v", when, err)
		}
		if _, err := c.match(t.Context(), long); !errors.Is(err, errCost) {
			t.Errorf("match(%.80s) = %v, want the cost limit", when, err)
		}
	}
	for _, when := range []string{`text.lower().contains("never")`, `text.matches("(?i)never|ever again")`, `text.contains("a") && title.contains("b")`} {
		c, err := g.compile(when)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.match(t.Context(), long); err != nil {
			t.Errorf("match(%s) over the longest text = %v", when, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`true`, `text.contains("x")`, `tags.exists(t, t == "a")`, `attrs["a"] == author.attrs["b"]`, `text.matches("a+b")`, `rating > 1`,
		`{"a": [1, 2]}["a"].map(x, x * 2).size() > 1`, `timestamp("2026-01-01T00:00:00Z") < occurred_at`, `"\u00e4" + r"\d"`, `-1 % 0 == 1`, `dyn(1) == 1u`, `[[[]]]`} {
		f.Add(s)
	}
	g := grammarOf(f)
	f.Fuzz(func(t *testing.T, when string) {
		c, err := g.compile(when)
		if err != nil {
			if !errs.Is(err, errs.Invalid) || strings.Contains(errs.Message(err), "\n") {
				t.Errorf("compile(%q) = %v, want one sentence for its author", when, err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := c.match(ctx, sample()); err != nil && ctx.Err() != nil {
			t.Errorf("match(%q) ran until its time was over", when)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	g := grammarOf(b)
	c, err := g.compile(`category == "bug" && text.lower().contains("refund") || "vip" in tags && rating < 3.0`)
	if err != nil {
		b.Fatal(err)
	}
	v := sample()
	for b.Loop() {
		if _, err := c.match(b.Context(), v); err != nil {
			b.Fatal(err)
		}
	}
}
