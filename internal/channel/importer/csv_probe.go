package importer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
)

// probeCSV finds separator, header and columns in text, the decoded head of
// the file; whole says that there is no more of it.
func probeCSV(p Plan, text []byte, whole bool) (Plan, error) {
	syntax := csvSyntax{eol: '\n'}
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		syntax.eol, p.CR = '\r', true
	}
	at, before := skipBlank(text, 0, syntax.eol)
	if line := firstLine(text[at:], syntax.eol); len(line) == len("sep=;") && strings.EqualFold(line[:4], "sep=") {
		// Excel's own way to name the separator.
		syntax.delim = line[4]
		at += bytes.IndexByte(text[at:], syntax.eol) + 1
		before++
	} else {
		syntax.delim = sniffDelimiter(text[at:], syntax.eol, whole)
	}
	if syntax.delim != 0 {
		p.Delimiter = string(syntax.delim)
	}

	recs := syntax.sample(text[at:], whole)
	if len(recs) == 0 {
		return p, errs.New(errs.Unprocessable, "The file's first row is longer than %d kB or has a quote that is never closed; close it, or export the file again.", len(text)>>10)
	}
	width := commonWidth(recs)
	for width > 1 && len(recs) > 1 && len(recs[0].fields) != width && len(recs[0].fields) < 2 {
		at += recs[0].size
		before += recs[0].lines
		recs = recs[1:]
		p.Notes = append(p.Notes, fmt.Sprintf("Row %d above the header was left out.", before))
	}
	for _, r := range recs {
		p.Quotes = p.Quotes || r.quoted
	}
	p.Header = looksLikeHeader(recs)
	if p.Header {
		p.Columns = columnNames(recs[0].fields)
		at += recs[0].size
		before += recs[0].lines
	} else {
		p.Columns = columnNames(make([]string, width))
		p.Notes = append(p.Notes, "The first row looks like data, not like a header; the columns are numbered.")
	}
	p.Start += int64(at)
	p.Before = before
	return p, nil
}

func skipBlank(text []byte, at int, eol byte) (int, int64) {
	lines := int64(0)
	for {
		i := bytes.IndexByte(text[at:], eol)
		if i < 0 || len(bytes.TrimSpace(text[at:at+i])) > 0 {
			return at, lines
		}
		at += i + 1
		lines++
	}
}

func firstLine(text []byte, eol byte) string {
	if i := bytes.IndexByte(text, eol); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSpace(string(text))
}

// sampleRecord is a record of the file's head.
type sampleRecord struct {
	fields []string
	size   int
	lines  int64 // rows it counts for: itself and blank lines before it
	quoted bool
}

// sample reads the first good records of text.
func (c csvSyntax) sample(text []byte, whole bool) []sampleRecord {
	var recs []sampleRecord
	for at := 0; at < len(text) && len(recs) < 200; {
		fields, n, quoted, st := c.record(text[at:], whole, nil)
		if st == csvMore {
			break
		}
		if st != csvOK { // go on behind the line that is wrong
			i := bytes.IndexByte(text[at+n:], c.eol)
			if i < 0 {
				break
			}
			at += n + i + 1
			continue
		}
		at += n
		if len(fields) == 1 && strings.TrimSpace(fields[0]) == "" {
			if len(recs) > 0 {
				recs[len(recs)-1].size += n
				recs[len(recs)-1].lines++
			}
			continue
		}
		recs = append(recs, sampleRecord{fields, n, 1, quoted})
	}
	return recs
}

// sniffDelimiter chooses the separator by which most records have the same
// number of fields; 0 when none divides anything.
func sniffDelimiter(text []byte, eol byte, whole bool) byte {
	best, bestScore := byte(0), 0.0
	for _, d := range []byte(",;\t|") {
		c := csvSyntax{delim: d, eol: eol}
		recs := c.sample(text[:min(len(text), 64<<10)], whole && len(text) <= 64<<10)
		if len(recs) == 0 {
			continue
		}
		width, same, named := commonWidth(recs), 0, 0
		if first := recs[0].fields; len(first) > 1 && !slices.ContainsFunc(first, func(f string) bool { return !known(f) }) {
			width = len(first) // a header beyond doubt, whatever became of the rows
		}
		if width < 2 {
			continue
		}
		for _, r := range recs {
			if len(r.fields) == width {
				same++
			}
		}
		if len(recs[0].fields) == width {
			for _, f := range recs[0].fields {
				if known(f) {
					named++
				}
			}
		}
		// Agreement decides; among equals known header names, then width.
		score := float64(same)/float64(len(recs)) + float64(min(named, 5))*.1 + float64(min(width, 20))*.005
		if score > bestScore+1e-9 {
			best, bestScore = d, score
		}
	}
	if bestScore < .5 && best != 0 {
		// Rows that don't agree are divided by nothing, unless the header is.
		first := csvSyntax{delim: best, eol: eol}.sample(text, whole)[0].fields
		if slices.ContainsFunc(first, func(f string) bool { return !known(f) }) {
			return 0
		}
	}
	return best
}

// commonWidth returns the number of fields that most records have; the first
// record counts three times, for it is the header in nearly all files.
func commonWidth(recs []sampleRecord) int {
	count := map[int]int{}
	for i, r := range recs {
		if i == 0 {
			count[len(r.fields)] += 2
		}
		count[len(r.fields)]++
	}
	best := 0
	for w, n := range count {
		if n > count[best] || n == count[best] && w > best {
			best = w
		}
	}
	return best
}

// looksLikeHeader reports whether the first record names columns.
func looksLikeHeader(recs []sampleRecord) bool {
	head := recs[0].fields
	named, twice, seen := 0, false, map[string]bool{}
	for _, f := range head {
		f = strings.TrimSpace(f)
		if known(f) {
			named++
		}
		if looksLikeValue(f) || utf8.RuneCountInString(f) > 60 {
			return false
		}
		twice = twice || f != "" && seen[f]
		seen[f] = true
	}
	if named > 0 {
		return true
	}
	if len(recs) == 1 || twice {
		return false
	}
	if slices.ContainsFunc(head, func(f string) bool { return len(strings.Fields(f)) > 4 }) {
		return false
	}
	// No known name: a header differs from what stands below it.
	for col, name := range head {
		values, length, n := 0, 0, 0
		for _, r := range recs[1:] {
			if col >= len(r.fields) || r.fields[col] == "" {
				continue
			}
			n++
			length += len(r.fields[col])
			if looksLikeValue(r.fields[col]) {
				values++
			}
		}
		if n > 0 && (values*10 >= n*9 || length/n > 3*len(name)+10) {
			return true
		}
	}
	return false
}

// looksLikeValue reports whether s is a number, date, address or link: what
// no column is called.
func looksLikeValue(s string) bool {
	s = strings.TrimSpace(s)
	if s == "" {
		return false
	}
	if _, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64); err == nil {
		return true
	}
	if strings.Contains(s, "://") || isEmail(s) {
		return true
	}
	_, ok := parseTime(s, orderDMY, nil)
	return ok
}

// columnNames makes a header's fields usable as names: not empty, each once.
func columnNames(fields []string) []string {
	names, seen := make([]string, len(fields)), map[string]bool{}
	for i, f := range fields {
		f = strings.Join(strings.Fields(cut(f, 200)), " ")
		if f == "" {
			f = fmt.Sprintf("column %d", i+1)
		}
		name := f
		for n := 2; seen[name]; n++ {
			name = fmt.Sprintf("%s %d", f, n)
		}
		seen[name] = true
		names[i] = name
	}
	return names
}
