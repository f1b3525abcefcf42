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
)

// triage measures the language engine alone on one core: `hypercare triage`
// over generated rows, its start and the decoding of the file included.
func triage(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	fast := fs.Int("fast", 20_000, "rows for the first pass")
	full := fs.Int("full", 3_000, "rows for the pass with sentence vectors")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Printf("triage, one core (GOMAXPROCS=1), about 40 words a row, load average %s\n", loadAverage())
	var r report
	for _, m := range []struct {
		name   string
		flags  []string
		rows   int
		target float64
	}{
		{"first pass", []string{"--fast"}, *fast, 1000},
		{"with sentence vectors", nil, *full, 150},
	} {
		name := filepath.Join(cfg.Data, "rows.jsonl")
		if err := writeFile(name, m.rows, 3); err != nil {
			return err
		}
		wall, cpu, peak, lines, err := runTriage(ctx, cfg.Bin, name, m.flags)
		if err != nil {
			return err
		}
		if lines != m.rows {
			return fmt.Errorf("%d rows in, %d lines out", m.rows, lines)
		}
		// The processor's time is what one core does; the wall clock says how
		// much of a core this machine gave.
		rate := float64(m.rows) / max(cpu, wall).Seconds()
		r.line(m.name, fmt.Sprintf("%s items/s (%s in %.1f s, CPU %.1f s, peak %d MB)", thousands(rate), thousands(float64(m.rows)), wall.Seconds(), cpu.Seconds(), peak>>20),
			">= "+thousands(m.target)+"/s", rate >= m.target)
	}
	return r.err(c.strict)
}

func runTriage(ctx context.Context, bin, file string, flags []string) (wall, cpu time.Duration, peak int64, lines int, err error) {
	cmd := exec.CommandContext(ctx, bin, append(append([]string{"triage"}, flags...), file)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out lineCounter
	var errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, 0, 0, errors.Join(fmt.Errorf("hypercare triage: %w", err), errors.New(errOut.String()))
	}
	wall = time.Since(began)
	cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return wall, cpu, maxRSS(cmd.ProcessState), out.n, nil
}

type lineCounter struct{ n int }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.n += bytes.Count(p, []byte("\n"))
	return len(p), nil
}
