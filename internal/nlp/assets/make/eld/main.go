// Command eld converts the n-gram tables of Nito-ELD "large" (Apache-2.0)
// from their npm package into internal/nlp/assets/eld.bin, a read-only hash
// table that package lang searches in place. Run it from the repository's
// root:
//
//	go run ./internal/nlp/assets/make/eld
package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/assets/make/npmtar"
	"github.com/hypercare/hypercare/internal/nlp/lang"
)

// source pins what is converted.
var source = npmtar.Package{
	Spec:   "eld@2.1.0",
	SHA256: "fe66b63efcd1b7315a7ae79964dbee17f27294d831833c72ef5e58a7ac9e3e57",
}

func main() {
	tgz := flag.String("tgz", "", "the npm package as a file (default: fetch it with npm pack)")
	size := flag.String("size", "large", "which table: extrasmall, small, medium or large")
	out := flag.String("out", "internal/nlp/assets/eld.bin", "where to write the asset")
	flag.Parse()
	if err := run(context.Background(), *tgz, *size, *out); err != nil {
		fmt.Fprintln(os.Stderr, "eld:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tgz, size, out string) error {
	files, err := source.Read(ctx, tgz)
	if err != nil {
		return err
	}
	bytesOf, err := readDictionary(string(files["src/dictionary.js"]))
	if err != nil {
		return err
	}
	codes, grams, err := readTable(string(files["src/ngrams/"+size+".js"]), bytesOf)
	if err != nil {
		return err
	}
	b, err := encode(codes, grams)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, b, 0o644); err != nil {
		return fmt.Errorf("write asset: %w", err)
	}
	fmt.Println("wrote", out, len(b), "bytes,", len(grams), "n-grams,", len(codes), "languages")
	return nil
}

// readDictionary returns the byte that each stand-in character means: the
// tables write UTF-8 bytes from 0x80 as other characters. Lower-case letters,
// apostrophe and backquote stand for themselves.
func readDictionary(js string) (map[rune]byte, error) {
	_, js, ok := strings.Cut(js, "dictionary = [")
	if !ok {
		return nil, errors.New("no dictionary in dictionary.js")
	}
	s := scanner{s: js}
	bytesOf := map[rune]byte{}
	for i := 0; ; i++ {
		s.skip()
		if s.peek() == ']' {
			if i != 256 {
				return nil, fmt.Errorf("dictionary has %d entries, want 256", i)
			}
			break
		}
		r := []rune(s.word())
		if len(r) != 1 || s.err != nil {
			return nil, fmt.Errorf("dictionary entry %d is %q", i, string(r))
		}
		if _, taken := bytesOf[r[0]]; r[0] != ' ' && i >= 0x80 && !taken {
			bytesOf[r[0]] = byte(i)
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		bytesOf[rune(c)] = c
	}
	bytesOf['\''], bytesOf['`'], bytesOf[' '] = '\'', '`', ' '
	return bytesOf, nil
}

// gram is an n-gram and its score per language, both as hashed and stored.
type gram struct {
	hash  uint64
	pairs []byte // language, score, language, score ...
}

// readTable reads the languages and n-grams of an ngrams/*.js file.
func readTable(js string, bytesOf map[rune]byte) ([]string, []gram, error) {
	_, list, ok1 := strings.Cut(js, "languages:{")
	_, table, ok2 := strings.Cut(js, "ngrams:{")
	if !ok1 || !ok2 {
		return nil, nil, errors.New("no languages or ngrams in the table")
	}
	var codes []string
	for s := (scanner{s: list}); s.skip() != '}' && s.err == nil; {
		s.word()
		codes = append(codes, s.word())
	}
	var grams []gram
	s := scanner{s: table}
	for s.skip() != '}' && s.err == nil {
		var raw []byte
		for _, r := range s.word() {
			b, ok := bytesOf[r]
			if !ok {
				return nil, nil, fmt.Errorf("n-gram %d has unknown character %q", len(grams), r)
			}
			raw = append(raw, b)
		}
		g := gram{hash: lang.Hash(raw)}
		if s.skip() != '{' {
			return nil, nil, fmt.Errorf("n-gram %d has no scores", len(grams))
		}
		s.at++
		for s.skip() != '}' && s.err == nil {
			l, err1 := strconv.ParseUint(s.word(), 10, 8)
			score, err2 := strconv.ParseUint(s.word(), 10, 8)
			if err := errors.Join(err1, err2); err != nil {
				return nil, nil, fmt.Errorf("n-gram %d: %w", len(grams), err)
			}
			g.pairs = append(g.pairs, byte(l), byte(score))
		}
		s.at++
		grams = append(grams, g)
	}
	return codes, grams, s.err
}

// encode lays the asset out as package lang reads it: magic, languages, then
// per upper 16 bits of the 40-bit hash how many n-grams, then their lower 24
// bits, their numbers of languages and the languages with scores.
func encode(codes []string, grams []gram) ([]byte, error) {
	slices.SortFunc(grams, func(a, b gram) int { return cmp.Compare(a.hash, b.hash) })
	counts := make([]byte, 1<<16)
	var low, sizes, pairs []byte
	for i, g := range grams {
		if i > 0 && g.hash == grams[i-1].hash {
			return nil, fmt.Errorf("two n-grams hash to %x", g.hash)
		}
		bucket := g.hash >> 24
		if counts[bucket] == 255 || len(g.pairs) > 510 {
			return nil, fmt.Errorf("bucket %d is too full", bucket)
		}
		counts[bucket]++
		low = append(low, byte(g.hash), byte(g.hash>>8), byte(g.hash>>16))
		sizes = append(sizes, byte(len(g.pairs)/2))
		pairs = append(pairs, g.pairs...)
	}
	b := []byte(lang.Magic)
	b = append(b, byte(len(codes)))
	for _, c := range codes {
		b = append(b, byte(len(c)))
		b = append(b, c...)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(grams)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs)))
	return slices.Concat(b, counts, low, sizes, pairs), nil
}
