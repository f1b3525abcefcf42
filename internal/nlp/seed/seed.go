// Package seed holds example texts written for the project, in some fifteen
// languages, with their categories or emotions. They train the heads where no
// data set with a clean licence exists, and they are the neighbours that a
// text in any language is compared with.
package seed

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed *.tsv
var files embed.FS

// Example is one labelled text.
type Example struct {
	Lang   string   // ISO 639-1
	Labels []string // the first is the main one
	Title  string   // may be empty
	Text   string
}

// categoryFiles are the files of examples: one per category, and issues as
// developers write them.
var categoryFiles = []string{"bug", "performance", "usability", "feature_request", "integration", "data", "security", "documentation", "question", "praise", "other", "developer"}

// Categories returns the examples labelled with categories.
var Categories = sync.OnceValue(func() []Example {
	var out []Example
	for _, f := range categoryFiles {
		out = append(out, read(f+".tsv")...)
	}
	return out
})

// Emotions returns the examples labelled with one emotion each.
var Emotions = sync.OnceValue(func() []Example { return read("emotion.tsv") })

func read(file string) []Example {
	raw, err := files.ReadFile(file)
	if err != nil {
		panic("seed: " + err.Error())
	}
	out, err := parse(string(raw))
	if err != nil {
		panic("seed: " + file + ": " + err.Error())
	}
	return out
}

func parse(raw string) ([]Example, error) {
	var out []Example
	for n, line := range strings.Split(raw, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
			return nil, fmt.Errorf("line %d: want language, labels and text between tabs", n+1)
		}
		e := Example{Lang: parts[0], Labels: strings.Split(parts[1], ","), Text: strings.ReplaceAll(parts[2], `\n`, "\n")}
		if title, text, ok := strings.Cut(e.Text, " // "); ok {
			e.Title, e.Text = title, text
		}
		out = append(out, e)
	}
	return out, nil
}
