package nlp

import "github.com/hypercare/hypercare/internal/mask"

// Span marks personal data by byte offsets into Item.Text.
type Span = mask.Span

// Personal finds personal data and secrets in text, as non-overlapping spans
// in order. What there is of them, and how it is known, is in mask.
func Personal(text string) []Span { return mask.Find(text) }
