// Package heads holds the trained heads that the engine ships. They are made
// by the command in the folder make; REPORT.md says from what, and how good
// they are on texts that they have not seen.
package heads

import (
	"embed"
	"fmt"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

//go:embed *.bin
var files embed.FS

// Names of the heads.
const (
	Genre           = "genre"
	SentimentTech   = "sentiment_tech"
	SentimentSocial = "sentiment_social"
	SentimentReview = "sentiment_review"
	Emotion         = "emotion"
	Category        = "category"
	Security        = "security"
)

// Load returns the head called name, decoding it at its first use.
func Load(name string) (*linear.Model, error) {
	once, _ := loaded.LoadOrStore(name, sync.OnceValues(func() (*linear.Model, error) { return decode(name) }))
	return once.(func() (*linear.Model, error))()
}

var loaded sync.Map // name -> func() (*linear.Model, error)

func decode(name string) (*linear.Model, error) {
	raw, err := files.ReadFile(name + ".bin")
	if err != nil {
		return nil, fmt.Errorf("read head %s: %w", name, err)
	}
	m, err := linear.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("head %s: %w", name, err)
	}
	return m, nil
}
