package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

// importRows measures an import as a person does it: `hypercare import FILE`
// into a running server, until every row has its first pass, and on until the
// sentence vectors that follow in the background are there.
func importRows(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	rows := fs.Int("rows", 100_000, "how many rows")
	format := fs.String("format", "csv", "csv or jsonl")
	limit := fs.Duration("limit", 20*time.Minute, "stop waiting for the background after this")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	name := filepath.Join(cfg.Data, "rows."+*format)
	if err := writeFile(name, *rows, 5); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	cfg.Data = filepath.Join(cfg.Data, "data")
	fmt.Printf("import of %s rows (%s, %d MB), %s, load average %s\n", thousands(float64(*rows)), *format, info.Size()>>20, c.database(), loadAverage())
	s, token, launch, err := setUp(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()

	began := time.Now()
	cmd := exec.CommandContext(ctx, cfg.Bin, "import", name, "--launch", launch, "--url", s.URL, "--token", token)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended := make(chan error, 1)
	go func() { ended <- cmd.Run() }()

	var r report
	w := waiter{s: s, token: token, launch: launch, rows: *rows, began: began, limit: *limit, ended: ended, out: &out}
	first, err := w.until(ctx, func(c launchCounts) bool { return c.Counts.Feedback == *rows && c.Counts.Waiting == 0 })
	if err != nil {
		return err
	}
	rate := float64(*rows) / first.Seconds()
	_, peak := s.RSS()
	scale := float64(*rows) / 100_000
	r.line("read, kept and first pass", fmt.Sprintf("%.1f s (%s rows/s), CPU %.0f s, %d MB", first.Seconds(), thousands(rate), s.CPU().Seconds(), peak>>20), fmt.Sprintf("<= %.0f s", 120*scale), first.Seconds() <= 120*scale)
	full, err := w.until(ctx, func(c launchCounts) bool { return c.Counts.Unread == 0 })
	figure := fmt.Sprintf("%.1f s, CPU %.0f s in all", full.Seconds(), s.CPU().Seconds())
	if errors.Is(err, errLimit) {
		figure, err = err.Error(), nil
	}
	if err != nil {
		return err
	}
	r.line("sentence vectors done", figure, fmt.Sprintf("<= %.0f s", 600*scale), full.Seconds() <= 600*scale)
	_, peak = s.RSS()
	r.line("peak memory", fmt.Sprintf("%d MB", peak>>20), "<= 800 MB", peak <= 800<<20)
	fmt.Printf("  load average after: %s\n", loadAverage())
	return r.err(c.strict)
}

var errLimit = errors.New("not done within the limit")

type waiter struct {
	s             *proc.Server
	token, launch string
	rows          int
	began         time.Time
	limit         time.Duration
	ended         <-chan error // of the import command; nil once it was read
	out           fmt.Stringer
}

// until polls the launch's counts; it returns the time since the start.
func (w *waiter) until(ctx context.Context, done func(launchCounts) bool) (time.Duration, error) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := counts(ctx, w.s, w.token, w.launch)
		if err != nil {
			return 0, err
		}
		took := time.Since(w.began)
		if done(c) {
			return took, nil
		}
		if took > w.limit {
			return took, fmt.Errorf("%w of %s: %+v", errLimit, w.limit, c.Counts)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-w.s.Done():
			return 0, fmt.Errorf("the server ended: %w\n%s", w.s.Err(), w.s.Log())
		case err := <-w.ended:
			if err != nil {
				return 0, fmt.Errorf("hypercare import: %w\n%s", err, w.out)
			}
			w.ended = nil
		case <-tick.C:
		}
	}
}
