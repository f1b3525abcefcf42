// Examine plays scenarios whose truth is known, each on a hypercare of its
// own, and prints what evidence made of them. `make eval-evidence` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "examine:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("examine", flag.ContinueOnError)
	bin := fs.String("bin", "bin/hypercare", "the `binary` to examine")
	text := fs.String("seeds", "101-105", "`seeds` of the scenarios; from 101 on texts use phrases that nothing was tuned on")
	pace := fs.Duration("pace", 2500*time.Millisecond, "how `long` a minute of the story takes")
	people := fs.Int("people", demo.Usual.People, "who uses the shop")
	misses := fs.Bool("misses", false, "print what was not right, too")
	truth := fs.Bool("truth", false, "hold the truth against the call log, and ask for nothing")
	plan := fs.Bool("plan", false, "print what would happen, and play nothing")
	if err := fs.Parse(args); err != nil {
		return err
	}
	seeds, err := seedsOf(*text)
	if err != nil {
		return err
	}
	size := demo.Usual
	size.People = *people
	if *plan {
		for _, s := range seeds {
			demo.NewScenario(s, size).Print(os.Stdout)
		}
		return nil
	}
	began := time.Now()
	_, _ = fmt.Fprintf(os.Stderr, "playing %d scenarios of %.0f s at once ...\n", len(seeds), demo.Pace(*pace).Of(size.Length).Seconds())
	results, err := demo.Run(ctx, seeds, size, demo.Pace(*pace), !*truth, func(ctx context.Context) (*demo.API, func() error, error) { return start(ctx, *bin) })
	if *truth {
		demo.PrintTruth(os.Stdout, results)
		return err
	}
	if len(results) > 0 {
		if *misses {
			demo.PrintMisses(os.Stdout, results)
		}
		demo.Print(os.Stdout, results)
		fmt.Printf("\n  took %.0f s\n", time.Since(began).Seconds())
	}
	return err
}

// start runs the binary on a passing folder.
func start(ctx context.Context, bin string) (_ *demo.API, _ func() error, err error) {
	dir, err := os.MkdirTemp("", "hcexamine")
	if err != nil {
		return nil, nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	cfg := proc.Config{Bin: bin, Data: filepath.Join(dir, "data")}
	ready, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s, err := proc.Start(ready, cfg)
	if err != nil {
		return nil, nil, err
	}
	token, err := s.NewToken(ctx, "admin", "examine")
	if err != nil {
		return nil, nil, errors.Join(err, s.Stop())
	}
	return demo.NewAPI(s.URL, token), func() error { return errors.Join(s.Stop(), remove()) }, nil
}

// seedsOf reads 101-105 or 1,4,9.
func seedsOf(s string) ([]uint64, error) {
	var list []uint64
	for part := range strings.SplitSeq(s, ",") {
		from, to, span := strings.Cut(strings.TrimSpace(part), "-")
		if !span {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 32)
		b, err2 := strconv.ParseUint(to, 10, 32)
		if err1 != nil || err2 != nil || b < a || b-a > 100 {
			return nil, fmt.Errorf("-seeds has %q; write them as 101-105 or 1,4,9", part)
		}
		for ; a <= b; a++ {
			list = append(list, a)
		}
	}
	return list, nil
}
