// Hcbench measures the real binary and prints each figure beside its target.
// The make targets bench-* run it; it changes nothing but temporary folders.
//
//	hcbench intake  -bin bin/hypercare [-postgres]
//	hcbench list    -bin bin/hypercare [-postgres] [-sizes 100000,1000000]
//	hcbench pulse   -bin bin/hypercare [-postgres] [-sizes 100000,1000000]
//	hcbench import  -bin bin/hypercare [-rows 100000]
//	hcbench triage  -bin bin/hypercare
//	hcbench calls   [-records 10000000] [-days 30] [-payloads 1000000]
//	hcbench evidence -bin bin/hypercare [-records 10000000] [-spans 1000000]
//	hcbench spans   [-spans 1000000] [-postgres]
//	hcbench metrics [-routes 1000] [-hours 3]
//	hcbench gateway -bin bin/hypercare [-reps 3]    beside Debian's nginx
//	hcbench gen     -rows N [-format jsonl|csv]     generated feedback on standard output
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hcbench:", err)
		os.Exit(1)
	}
}

// common are the flags that every measurement has.
type common struct {
	bin      string
	postgres bool
	strict   bool
	keep     bool
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to measure: intake, list, pulse, import, triage, calls, spans, evidence, metrics, gateway, or gen for generated feedback")
	}
	fs := flag.NewFlagSet("hcbench "+args[0], flag.ContinueOnError)
	var c common
	fs.StringVar(&c.bin, "bin", "bin/hypercare", "the `binary` to measure")
	fs.BoolVar(&c.postgres, "postgres", false, "keep the records in the PostgreSQL named by TEST_POSTGRES")
	fs.BoolVar(&c.strict, "strict", false, "fail when a target is missed")
	fs.BoolVar(&c.keep, "keep", false, "keep the data folder and say where it is")
	what := map[string]func(context.Context, *flag.FlagSet, *common, []string) error{
		"intake": intake, "list": list, "pulse": pulse, "import": importRows, "triage": triage, "calls": calls, "spans": spans, "evidence": evidence, "metrics": metrics, "gateway": gatewayBench, "gen": gen,
	}[args[0]]
	if what == nil {
		return fmt.Errorf("%q can't be measured; try intake, list, pulse, import, triage, calls, spans, evidence, metrics, gateway or gen", args[0])
	}
	return what(ctx, fs, &c, args[1:])
}

// config returns a binary on fresh records, and what removes them.
func (c *common) config() (proc.Config, func(), error) {
	cfg := proc.Config{Bin: c.bin}
	if c.postgres {
		cfg.DatabaseURL = os.Getenv("TEST_POSTGRES")
		if cfg.DatabaseURL == "" {
			return cfg, nil, errors.New("TEST_POSTGRES is not set; run this under scripts/with-postgres.sh --durable")
		}
	}
	abs, err := filepath.Abs(c.bin)
	if err != nil {
		return cfg, nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return cfg, nil, fmt.Errorf("the binary to measure is missing, run make build: %w", err)
	}
	cfg.Bin = abs
	// The system's temporary folder may be memory; a commit must reach a disk.
	base := filepath.Join(filepath.Dir(abs), "bench")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return cfg, nil, err
	}
	if cfg.Data, err = os.MkdirTemp(base, "data-"); err != nil {
		return cfg, nil, err
	}
	return cfg, func() {
		if c.keep {
			fmt.Printf("  data kept in %s\n", cfg.Data)
			return
		}
		_ = os.RemoveAll(cfg.Data)
	}, nil
}

func (c *common) database() string {
	if c.postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// setUp starts the binary with an admin's token and one launch.
func setUp(ctx context.Context, cfg proc.Config) (s *proc.Server, token, launch string, err error) {
	if s, err = proc.Start(ctx, cfg); err != nil {
		return nil, "", "", err
	}
	if token, err = cfg.NewToken(ctx, "admin", "bench"); err == nil {
		launch, err = newLaunch(ctx, s, token)
	}
	if err != nil {
		return nil, "", "", errors.Join(err, s.Stop())
	}
	return s, token, launch, nil
}

func newLaunch(ctx context.Context, s *proc.Server, token string) (string, error) {
	var l struct {
		ID string `json:"id"`
	}
	err := s.Call(ctx, token, "POST", "/api/v1/launches", map[string]any{"name": "Bench"}, &l)
	return l.ID, err
}

// launchCounts are the figures of a launch that are waited for.
type launchCounts struct {
	Counts struct {
		Feedback int `json:"feedback"`
		Waiting  int `json:"waiting"` // accepted, without a first reading
		Unread   int `json:"unread"`  // without sentence vectors
	} `json:"counts"`
}

func counts(ctx context.Context, s *proc.Server, token, launch string) (launchCounts, error) {
	var c launchCounts
	err := s.Call(ctx, token, "GET", "/api/v1/launches/"+launch, nil, &c)
	return c, err
}

// loadAverage is printed with every figure: who else used the cores matters.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(b))
	return strings.Join(f[:min(3, len(f))], " ")
}

// fileSystem names what a folder lies on, because a commit's cost is the disk's.
func fileSystem(ctx context.Context, dir string) string {
	out, err := exec.CommandContext(ctx, "df", "--output=fstype", dir).Output()
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(out))
	return f[len(f)-1]
}
