package heads

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

func TestHeadsLoad(t *testing.T) {
	t.Parallel()
	total := 0
	for _, name := range []string{Genre, SentimentTech, SentimentSocial, SentimentReview, Emotion, Category, Security} {
		raw, err := files.ReadFile(name + ".bin")
		if err != nil {
			t.Errorf("head %s: %v", name, err)
			continue
		}
		total += len(raw)
		m, err := Load(name)
		if err != nil {
			t.Errorf("head %s: %v", name, err)
			continue
		}
		if again, _ := Load(name); again != m {
			t.Errorf("head %s was decoded twice", name)
		}
		p := m.Predict(linear.Extract(linear.Text{Body: "The app crashes when I open settings"}), nil)
		if len(p) != len(m.Labels) {
			t.Errorf("head %s: %d probabilities for %d labels", name, len(p), len(m.Labels))
		}
	}
	if total > 3<<20 {
		t.Errorf("the heads take %d bytes, want at most 3 MB", total)
	}
	if len(Version) != 8 {
		t.Errorf("version %q", Version)
	}
}

func TestReportIsOfTheseHeads(t *testing.T) {
	t.Parallel()
	if !strings.Contains(report, Version) {
		t.Errorf("REPORT.md is not of version %s; run go run ./internal/nlp/heads/make", Version)
	}
}

func TestLoadUnknown(t *testing.T) {
	t.Parallel()
	if _, err := Load("no such head"); err == nil {
		t.Error("an unknown head was loaded")
	}
}
