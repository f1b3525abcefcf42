package main

import (
	"context"
	"errors"
	"os"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/eval"
	"github.com/hypercare/hypercare/internal/nlp/dup"
)

// one returns the only argument, "" for none.
func one(rest []string) (string, error) {
	switch len(rest) {
	case 0:
		return "", nil
	case 1:
		return rest[0], nil
	}
	return "", errors.New("give one file, or - for standard input")
}

func triageFile(ctx context.Context, args []string, io streams) error {
	fs := flags("triage", io)
	fast := fs.Bool("fast", false, "words only, without sentence vectors: ten times faster, less accurate")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	path, err := one(rest)
	if err != nil {
		return err
	}
	return app.WithFile(path, io.in, func(path string) error { return app.ReadFile(ctx, path, *fast, io.out) })
}

func duplicates(ctx context.Context, args []string, io streams) error {
	fs := flags("duplicates", io)
	top := fs.Int("top", 20, "candidates `N` a row at most")
	fast := fs.Bool("fast", false, "words only, without sentence vectors")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	path, err := one(rest)
	if err != nil {
		return err
	}
	return app.WithFile(path, io.in, func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		encoder, err := dup.LoadEncoder(!*fast)
		if err != nil {
			return err
		}
		return dup.RankFile(ctx, f, io.out, dup.FileOptions{Top: *top, Encoder: encoder})
	})
}

func evaluate(ctx context.Context, args []string, io streams) error {
	fs := flags("eval", io)
	data := fs.String("eval-data", "../shared/data", "`folder` of labelled sets; sets that are missing are skipped")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	return eval.Run(ctx, *data, rest, io.out)
}
