package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/calllog"
)

const callsUsage = "usage: hypercare calls [QUERY] [--from 1h] [--limit 50] [--follow] [--json]\n" +
	"       hypercare calls export [QUERY] --format csv|jsonl [-o FILE]\n" +
	"       hypercare calls erase --user ID"

// calls searches the call log, follows it, writes it into a file, or forgets
// somebody.
func calls(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("calls", io)
	r.define(fs)
	query := fs.String("q", "", "`search`, as tokens: status:5xx ms>1000; for one that begins with a minus")
	from := fs.String("from", "", "calls since `then`: RFC 3339, or how long ago (1h, 7d)")
	to := fs.String("to", "", "calls before `then`")
	limit := fs.Int("limit", 50, "`calls` at most; of export a million when it is not given")
	follow := fs.Bool("follow", false, "go on as calls come")
	asJSON := fs.Bool("json", false, "one JSON a line")
	format := fs.String("format", "csv", "of export: csv or jsonl")
	columns := fs.String("columns", "", "of export: `fields`, such as time,status,path,ms")
	payload := fs.Bool("payload", false, "of export as jsonl: with what was captured")
	file := fs.String("o", "", "of export: `file`; standard output when absent")
	user := fs.String("user", "", "of erase: `id` of a user")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	verb := ""
	if len(rest) > 0 && (rest[0] == "export" || rest[0] == "erase") {
		verb, rest = rest[0], rest[1:]
	}
	words := strings.Join(append(rest, *query), " ")
	if verb == "erase" && (*user == "" || strings.TrimSpace(words) != "") {
		return errors.New(callsUsage)
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	v := url.Values{"q": {strings.TrimSpace(words)}}
	set := func(key, value string) {
		if value != "" {
			v.Set(key, value)
		}
	}
	set("from", *from)
	set("to", *to)
	switch {
	case verb == "erase":
		return eraseCalls(ctx, c, *user, io.out)
	case verb == "export":
		set("format", *format)
		set("columns", *columns)
		if *payload {
			v.Set("payload", "true")
		}
		if given(fs, "limit") {
			v.Set("limit", strconv.Itoa(*limit))
		}
		return exportCalls(ctx, c, v, *file, io.out)
	case *follow:
		v.Set("backlog", strconv.Itoa(min(*limit, 500)))
		return followCalls(ctx, c, v, *asJSON, io.out)
	}
	return listCalls(ctx, c, v, *limit, *asJSON, io.out)
}

// listCalls prints calls, newest first.
func listCalls(ctx context.Context, c *client, v url.Values, most int, asJSON bool, out goio.Writer) error {
	for n := 0; n < most; {
		v.Set("limit", strconv.Itoa(min(most-n, 1000)))
		var page calllog.Page
		if err := c.call(ctx, http.MethodGet, "/calls?"+v.Encode(), nil, &page); err != nil {
			return err
		}
		for i := range page.Items {
			if err := printCall(out, &page.Items[i], asJSON); err != nil {
				return err
			}
		}
		n += len(page.Items)
		if page.NextCursor == "" {
			return nil
		}
		v.Set("cursor", page.NextCursor)
	}
	return nil
}

// printCall prints one call as a line.
func printCall(out goio.Writer, c *calllog.Call, asJSON bool) error {
	if asJSON {
		b, err := json.Marshal(c)
		if err != nil {
			return err
		}
		_, err = out.Write(append(b, '\n'))
		return err
	}
	var more []string
	for _, p := range [][2]string{{"route", c.Route}, {"app", c.Application}, {"user", c.User}, {"error", c.Error}, {"policy", c.Policy}} {
		if p[1] != "" {
			more = append(more, p[0]+":"+printable(p[1]))
		}
	}
	_, err := fmt.Fprintf(out, "%s %3d %-6s %9.1f ms  %s%s  %s  %s\n", c.At.Format("2006-01-02T15:04:05.000Z"), c.Status, cmp.Or(printable(c.Method), "-"),
		float64(c.Latency)/1000, printable(c.Host), cmp.Or(printable(c.Path), "(no request)"), strings.Join(more, " "), c.ID)
	return err
}

// printable keeps what came from outside from speaking to the terminal.
func printable(s string) string {
	if q := strconv.Quote(s); len(q) != len(s)+2 {
		return q[1 : len(q)-1]
	}
	return s
}

// followCalls prints calls as they come, until ctx ends.
func followCalls(ctx context.Context, c *client, v url.Values, asJSON bool, out goio.Writer) error {
	resp, err := c.send(ctx, http.MethodGet, "/calls/tail?"+v.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	in := bufio.NewScanner(resp.Body)
	in.Buffer(make([]byte, 64<<10), 16<<20)
	name := []byte(nil)
	for in.Scan() {
		if ev, ok := bytes.CutPrefix(in.Bytes(), []byte("event: ")); ok {
			name = append(name[:0], ev...)
			continue
		}
		data, ok := bytes.CutPrefix(in.Bytes(), []byte("data: "))
		if !ok || string(name) != "calls" {
			continue
		}
		var batch calllog.Tailed
		if err := json.Unmarshal(data, &batch); err != nil {
			return fmt.Errorf("read the live tail: %w", err)
		}
		for i := range batch.Items {
			if err := printCall(out, &batch.Items[i], asJSON); err != nil {
				return err
			}
		}
		if batch.Skipped > 0 && !asJSON {
			_, _ = fmt.Fprintf(out, "... %d more\n", batch.Skipped)
		}
	}
	if ctx.Err() != nil {
		return nil // stopped by who watched
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("the live tail broke off: %w", err)
	}
	return errors.New("the server ended the live tail; start it again")
}

// exportCalls writes a file, or to standard output.
func exportCalls(ctx context.Context, c *client, v url.Values, name string, out goio.Writer) (err error) {
	resp, err := c.send(ctx, http.MethodGet, "/calls/export?"+v.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if name != "" {
		f, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	if _, err := goio.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("the export broke off, what is written is not all: %w", err)
	}
	return nil
}

// eraseCalls forgets a user.
func eraseCalls(ctx context.Context, c *client, user string, out goio.Writer) error {
	var n calllog.Counted
	if err := c.call(ctx, http.MethodDelete, "/calls?"+url.Values{"user": {user}}.Encode(), nil, &n); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d calls erased.\n", n.Count)
	return err
}

// given reports whether a flag was set.
func given(fs *flag.FlagSet, name string) (yes bool) {
	fs.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}
