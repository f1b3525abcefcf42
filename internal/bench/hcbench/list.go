package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/bench/wire"
)

// list measures every kind of list, facet, filter and search over generated
// feedback at growing sizes.
func list(ctx context.Context, fs *flag.FlagSet, c *common, args []string) error {
	sizes := fs.String("sizes", "100000,1000000", "how many feedback, smallest first, comma separated")
	rounds := fs.Int("rounds", 5, "how often each query is asked, after one round that is not counted")
	verbose := fs.Bool("v", false, "print every query's own figures")
	if err := fs.Parse(args); err != nil {
		return err
	}
	cfg, remove, err := c.config()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Printf("list, %s on %s, load average %s\n", c.database(), fileSystem(ctx, cfg.Data), loadAverage())
	var r report
	b := &listBench{cfg: cfg, report: &r, rounds: *rounds, verbose: *verbose}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < seedRows {
			return fmt.Errorf("size %q must be a number of at least %d", text, seedRows)
		}
		if err := b.size(ctx, n); err != nil {
			return err
		}
	}
	fmt.Printf("  load average after: %s\n", loadAverage())
	return r.err(c.strict)
}

type listBench struct {
	cfg     proc.Config
	report  *report
	rounds  int
	verbose bool

	token, launch string
	rows          int // loaded so far
	lastP95       time.Duration
}

func (b *listBench) size(ctx context.Context, n int) error {
	began := time.Now()
	if err := b.grow(ctx, n); err != nil {
		return fmt.Errorf("make %d feedback: %w", n, err)
	}
	made := time.Since(began)
	s, err := proc.Start(ctx, b.cfg)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	now, err := counts(ctx, s, b.token, b.launch)
	if err != nil {
		return err
	}
	if now.Counts.Feedback != n {
		return fmt.Errorf("the launch counts %d feedback, want %d", now.Counts.Feedback, n)
	}
	fmt.Printf(" %s feedback (made in %.0f s, load average %s)\n", thousands(float64(n)), made.Seconds(), loadAverage())
	b.report.line("start, until ready", ms(s.ReadyAfter)+" ms", "", true)
	queries, err := b.queries(ctx, s)
	if err != nil {
		return err
	}
	server, client, slowest, err := b.ask(ctx, s, queries)
	if err != nil {
		return err
	}
	target := 100 * time.Millisecond
	if n > 100_000 {
		target = 300 * time.Millisecond
	}
	text := server.String() // sorts
	p95 := server.at(95)
	b.report.line(fmt.Sprintf("%d queries x %d, at the server", len(queries), b.rounds), "p50 p95 p99 max "+text, fmt.Sprintf("p95 <= %d ms", target.Milliseconds()), p95 <= target)
	b.report.line("the same at the client", "p50 p95 p99 max "+client.String(), "", true)
	for _, q := range slowest {
		b.report.line("  slow: "+q.name, "median "+ms(q.median)+" ms", "", true)
	}
	_, peak := s.RSS()
	b.report.line("peak memory", fmt.Sprintf("%d MB", peak>>20), "", true)
	if b.lastP95 > 0 {
		b.report.line("growth of p95", fmt.Sprintf("x %.1f", float64(p95)/float64(b.lastP95)), "", true)
	}
	b.lastP95 = p95
	return nil
}

type query struct {
	name, path string
	median     time.Duration
}

// ask asks every query in turn, round by round, so that no query profits from
// having just been asked.
func (b *listBench) ask(ctx context.Context, s *proc.Server, queries []query) (server, client spread, slowest []query, err error) {
	conn := wire.New(s.Addr, 30*time.Second)
	defer conn.Close()
	own := make([]spread, len(queries))
	for round := range b.rounds + 1 {
		for i, q := range queries {
			if err := ctx.Err(); err != nil {
				return nil, nil, nil, err
			}
			sent := time.Now()
			res, err := conn.Do(wire.Request("GET", q.path, s.Addr, b.token, nil))
			took := time.Since(sent)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", q.path, err)
			}
			if res.Status != http.StatusOK {
				return nil, nil, nil, fmt.Errorf("%s: %d %s", q.path, res.Status, res.Body)
			}
			var answer struct {
				TookMS *float64 `json:"took_ms"`
			}
			if err := json.Unmarshal(res.Body, &answer); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", q.path, err)
			}
			at := took // an answer that does not say is judged by the client's clock
			if answer.TookMS != nil {
				at = time.Duration(*answer.TookMS * float64(time.Millisecond))
			}
			if round > 0 {
				server, client, own[i] = append(server, at), append(client, took), append(own[i], at)
			}
		}
	}
	for i := range queries {
		slices.Sort(own[i])
		queries[i].median = own[i].at(50)
	}
	slices.SortFunc(queries, func(a, b query) int { return int(b.median - a.median) })
	if b.verbose {
		return server, client, queries, nil
	}
	return server, client, queries[:min(4, len(queries))], nil
}

type facet struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// queries returns the fixed set: values are taken from the facets, the most
// and the least frequent, so that wide and narrow filters are both asked.
func (b *listBench) queries(ctx context.Context, s *proc.Server) ([]query, error) {
	base := "/api/v1/launches/" + b.launch + "/feedback"
	var first struct {
		Facets     map[string][]facet `json:"facets"`
		NextCursor string             `json:"next_cursor"`
	}
	if err := s.Call(ctx, b.token, "GET", base+"?facets=true&limit=50", nil, &first); err != nil {
		return nil, err
	}
	value := func(field string, rare bool) string {
		v := slices.DeleteFunc(slices.Clone(first.Facets[field]), func(f facet) bool { return f.Value == "" })
		slices.SortStableFunc(v, func(a, b facet) int { return b.Count - a.Count })
		switch {
		case len(v) == 0:
			return "none"
		case rare:
			return v[len(v)-1].Value
		default:
			return v[0].Value
		}
	}
	const limit = 50
	var list []query
	add := func(name string, pairs ...string) {
		p := url.Values{"limit": {fmt.Sprint(limit)}, "facets": {"true"}}
		for i := 0; i < len(pairs); i += 2 {
			p.Add(pairs[i], pairs[i+1])
		}
		list = append(list, query{name: name, path: base + "?" + p.Encode()})
	}
	day := func(n int) string { return time.Now().AddDate(0, 0, -n).UTC().Format(time.RFC3339) }
	add("everything")
	for _, sort := range []string{"-occurred", "occurred", "-received", "severity", "-alike", "rating"} {
		add("sorted by "+sort, "sort", sort)
	}
	for _, field := range []string{"category", "severity", "sentiment", "language", "channel", "area"} {
		add(field+", frequent", field, value(field, false))
		add(field+", rare", field, value(field, true))
	}
	add("version", "version", value("version", false))
	add("two categories", "category", value("category", false)+","+value("category", true))
	add("three filters", "category", value("category", false), "sentiment", "negative", "language", "en")
	add("five filters", "state", "new", "category", value("category", false), "severity", value("severity", false), "language", "en", "channel", value("channel", false))
	add("filters by severity", "state", "new", "language", "de", "sort", "severity")
	add("without an issue", "issue", "none", "sort", "severity")
	add("with an issue", "issue", "any")
	add("state", "state", "new", "sort", "-received")
	add("unsure, or about security", "flag", "unsure,security")
	add("last week", "from", day(7))
	add("a week in the past, negative", "from", day(60), "to", day(53), "sentiment", "negative")
	for name, q := range map[string]string{
		"search, one frequent word": "update", "search, one rare word": "webhook", "search, a prefix": "inv", "search, two words": "login slow",
		"search, a phrase": `"dark theme"`, "search, an error": "InvoiceBuilder", "search, three words": "calendar sync crashes",
		"search, nothing found": "zyzzyva", "search, German": "stürzt", "search, Japanese": "ログイン", "search, Russian": "оплаты",
	} {
		add(name, "q", q)
	}
	add("search and filter", "q", "payment", "category", value("category", false), "language", "en")
	add("search by severity", "q", "export", "sort", "severity")
	add("frequent search by rating", "q", "the", "sort", "rating", "sentiment", "negative")
	list = append(list,
		query{name: "no facets", path: base + "?limit=100"},
		query{name: "issues", path: "/api/v1/launches/" + b.launch + "/issues?limit=50&facets=true"},
		query{name: "issues, searched", path: "/api/v1/launches/" + b.launch + "/issues?limit=50&q=login"},
	)
	if first.NextCursor == "" {
		return nil, errors.New("the first page names no next page")
	}
	add("the second page", "cursor", first.NextCursor)
	slices.SortFunc(list, func(a, b query) int { return strings.Compare(a.name, b.name) })
	return list, nil
}
