// Package dup finds feedback that tells the same thing as other feedback:
// duplicates and related items of one launch, by words (BM25 over title, body
// and error, the rarer the word the more it says), by meaning (vectors made
// elsewhere) and by error (fingerprints of exceptions and stack traces). It
// suggests with a reason and a confidence and never merges. It keeps
// everything in memory, does no I/O and knows nothing of the store.
package dup

import "time"

// A Doc is one item to index or to look up. Text may be anything a person or
// a machine wrote; invalid UTF-8 is skipped.
type Doc struct {
	ID    string // unique in the index
	Title string // may be empty: then a short first line of Text is taken
	Text  string
	// Language is ISO 639-1, "" when unknown; it only chooses the stemmer.
	Language string
	// At is when the item was made, compared with Options.Before.
	At time.Time
	// Static and Sentence are vectors of the text, of unit length times 127,
	// nil when there are none (yet). Static ones compare across languages,
	// Sentence ones are better between English texts.
	Static, Sentence []int8
}

// A Candidate is an item that may be the same as the one looked up.
type Candidate struct {
	ID string
	// Score orders candidates of one look-up and of different ones.
	Score float64
	// Confidence is the calibrated belief in [0, 1] that this is the same
	// problem: from Duplicate on call it a duplicate, from Related on related.
	Confidence float64
	// Reason is one plain sentence: what is shared and how strong that is.
	Reason string
	// Lexical is the share of the looked-up text's informative words found in
	// the candidate, Meaning the cosine of their vectors (0 when unknown).
	Lexical, Meaning float64
	// SameError says that both report an error of the same fingerprint.
	SameError bool
}

// Confidence thresholds.
const (
	Duplicate = 0.75
	Related   = 0.55
)

// Scan is which vectors a look-up scans, all documents' of a kind: the dearest
// part of it.
type Scan int

// The scans.
const (
	ScanAll  Scan = iota // sentence and static
	ScanBest             // sentence where the looked-up text has one, else static
	ScanNone
)

// Options narrow a look-up. The zero value returns the ten best.
type Options struct {
	K       int       // candidates returned at most; 10 when 0
	Before  time.Time // when set, only items made before it
	Exclude string    // an id to leave out; the looked-up Doc's own id always is
	Keep    func(id string) bool
	// Pool is how many candidates, the best by words, are compared closely;
	// 400 when 0. With a smaller one only the words that say most look for
	// candidates: faster, and it misses little but paraphrases.
	Pool int
	// Scan says which vectors are scanned for candidates beside those found by
	// words and errors. Vectors of candidates count in any case.
	Scan Scan
	// MinConfidence drops weaker candidates.
	MinConfidence float64

	// older, when above 0, admits only the first documents added: ties in At
	// fall by order there.
	older uint32
}
