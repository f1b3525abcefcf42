// Command distill trains the multilingual subword encoder of
// internal/nlp/static from LibreOffice's help and user interface
// translations (MPL-2.0). Its steps, each reading the folder the one before
// wrote (-dir, outside the repository), are
//
//	go run ./internal/nlp/assets/make/distill -dir D fetch   # Debian packages
//	go run ./internal/nlp/assets/make/distill -dir D pairs   # English <-> translation
//	go run ./internal/nlp/assets/make/distill -dir D teach   # sentence vectors of the English side
//	go run ./internal/nlp/assets/make/distill -dir D train   # writes internal/nlp/assets/static.bin
//
// Training runs on one core and is deterministic on one kind of processor.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	o := options{}
	flag.StringVar(&o.dir, "dir", "", "working folder, about 1 GB")
	flag.StringVar(&o.out, "out", "internal/nlp/assets/static.bin", "where train writes the asset")
	flag.StringVar(&o.test, "test", "", "tab-separated parallel sentences (first line: languages, en first) to report on")
	flag.IntVar(&o.rows, "rows", 400000, "features kept")
	flag.IntVar(&o.word, "word", 5, "how many times more a whole word counts when features are chosen")
	flag.IntVar(&o.dim, "dim", 96, "numbers per feature")
	flag.IntVar(&o.epochs, "epochs", 5, "passes over the pairs")
	flag.Float64Var(&o.rate, "rate", 0.05, "learning rate at the start")
	flag.Float64Var(&o.sharp, "sharp", 15, "sharpness of the similarity distributions that are matched")
	flag.Float64Var(&o.short, "short", 0.6, "share of the pairs under three words used per epoch")
	flag.Float64Var(&o.drop, "drop", 0, "share of a text's features left out at random in a step")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "distill:", err)
		os.Exit(1)
	}
}

type options struct {
	dir, out, test           string
	rows, word               int
	dim, epochs              int
	rate, sharp, short, drop float64
}

func (o options) run(ctx context.Context, step string) error {
	if o.dir == "" {
		return fmt.Errorf("name a working folder with -dir")
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make working folder: %w", err)
	}
	switch step {
	case "fetch":
		return o.fetch(ctx)
	case "pairs":
		return o.pairs()
	case "teach":
		return o.teach()
	case "train":
		return o.train()
	}
	return fmt.Errorf("unknown step %q: use fetch, pairs, teach or train", step)
}
