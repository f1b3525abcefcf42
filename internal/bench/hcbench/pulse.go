package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/db"
)

const pulseIssues = 10_000

// pulse measures the command centre over a month of generated feedback and
// issues: every range, the present and the past, and what happened.
func pulse(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	sizes := fs.String("sizes", "100000,1000000", "how many feedback, smallest first, comma separated")
	rounds := fs.Int("rounds", 20, "how often each question is asked, after one round that is not counted")
	verbose := fs.Bool("v", false, "print every question's own figures")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Printf("pulse, %s on %s, load average %s\n", c.database(), fileSystem(ctx, cfg.Data), loadAverage())
	var r report
	b := &listBench{cfg: cfg, report: &r, rounds: *rounds, verbose: *verbose}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < seedRows {
			return fmt.Errorf("size %q must be a number of at least %d", text, seedRows)
		}
		if err := b.pulseSize(ctx, n); err != nil {
			return err
		}
	}
	return r.err(c.strict)
}

func (b *listBench) pulseSize(ctx context.Context, n int) error {
	if err := b.grow(ctx, n); err != nil {
		return fmt.Errorf("make %d feedback: %w", n, err)
	}
	if err := b.spreadOut(ctx); err != nil {
		return fmt.Errorf("spread %d feedback over a month: %w", n, err)
	}
	s, err := proc.Start(ctx, b.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	began := time.Now()
	for tries := 0; ; tries++ { // loads the columns; a request waits for that 20 seconds at most
		if _, err := counts(ctx, s, b.token, b.launch); err == nil {
			break
		} else if tries == 5 || ctx.Err() != nil {
			return err
		}
	}
	fmt.Printf(" %s feedback, %s issues (columns loaded in %s ms, load average %s)\n", thousands(float64(n)), thousands(pulseIssues), ms(time.Since(began)), loadAverage())
	base := "/api/v1/launches/" + b.launch
	var queries []query
	for _, span := range []string{"6h", "24h", "7d", "launch"} {
		queries = append(queries, query{name: "now, " + span, path: base + "/pulse?range=" + span})
	}
	for _, days := range []int{1, 7, 20} {
		at := time.Now().UTC().AddDate(0, 0, -days).Format(time.RFC3339)
		queries = append(queries, query{name: fmt.Sprintf("as of %d days ago", days), path: base + "/pulse?at=" + url.QueryEscape(at)})
	}
	server, client, slowest, err := b.ask(ctx, s, queries)
	if err != nil {
		return err
	}
	text := server.String() // sorts
	p95 := server.at(95)
	b.report.line(fmt.Sprintf("pulse, %d questions x %d, server", len(queries), b.rounds), "p50 p95 p99 max "+text, "p95 <= 300 ms", p95 <= 300*time.Millisecond)
	b.report.line("the same at the client", "p50 p95 p99 max "+client.String(), "", true)
	for _, q := range slowest {
		b.report.line("  slow: "+q.name, "median "+ms(q.median)+" ms", "", true)
	}
	activity := []query{{name: "what happened", path: base + "/activity"}, {name: "what arrived", path: base + "/activity?source=feedback"}}
	took, _, _, err := b.ask(ctx, s, activity)
	if err != nil {
		return err
	}
	text = took.String()
	b.report.line("activity, first page, client", "p50 p95 p99 max "+text, "p95 <= 100 ms", took.at(95) <= 100*time.Millisecond)
	if b.lastP95 > 0 {
		b.report.line("growth of p95", fmt.Sprintf("x %.1f", float64(p95)/float64(b.lastP95)), "", true)
	}
	b.lastP95 = p95
	return nil
}

// spreadOut makes a month of what was made within minutes: reports received
// evenly, every third ignored after a while, issues made and mostly closed.
func (b *listBench) spreadOut(ctx context.Context) error {
	d, err := db.Open(ctx, db.Config{Dir: b.cfg.Data, URL: b.cfg.DatabaseURL})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	const month = 28 * 24 * time.Hour
	start := time.Now().Add(-month)
	from := db.Micros(start)
	var ws string
	var first, rows int64
	if err := d.QueryRowContext(ctx, `SELECT workspace_id, MIN(num), COUNT(*) FROM feedback WHERE launch_id = $1 GROUP BY workspace_id`, b.launch).Scan(&ws, &first, &rows); err != nil {
		return err
	}
	step := month.Microseconds() / rows
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE launch SET starts_at = $3 WHERE workspace_id = $1 AND id = $2`, ws, b.launch, from); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE feedback SET received_at = $3 + (num - $4) * $5, occurred_at = $3 + (num - $4) * $5,
				state = CASE WHEN num % 3 = 0 THEN 'ignored' ELSE 'new' END, triaged_at = CASE WHEN num % 3 = 0 THEN $3 + (num - $4) * $5 + (num % 97) * 120000000 ELSE 0 END
			WHERE workspace_id = $1 AND launch_id = $2`, ws, b.launch, from, first, step); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM issue WHERE workspace_id = $1 AND launch_id = $2`, ws, b.launch); err != nil {
			return err
		}
		var issues [][]any
		for k := range int64(pulseIssues) {
			made := from + k*month.Microseconds()/pulseIssues
			closed, stage := int64(0), "analysis"
			if k%20 != 0 && made+k%50*3_600_000_000 < db.Micros(time.Now()) {
				closed, stage = made+k%50*3_600_000_000+1, "closure"
			}
			issues = append(issues, []any{ws, db.NewID(), k + 1, b.launch, fmt.Sprint("Issue ", k), "", stage, made, fmt.Sprintf("sev%d", 1+min(k%41, 3)), "bug", "", "", "", 0, "", made, made, closed, float64(k % 100)})
		}
		return db.Insert(ctx, tx, `INSERT INTO issue (workspace_id, id, num, launch_id, title, description, stage, stage_entered_at, severity, category, area, owner_id, tags, urgency_set, urgency_by,
			created_at, updated_at, closed_at, priority)`, "", issues)
	})
}
