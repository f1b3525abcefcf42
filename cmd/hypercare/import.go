package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/channel/importer"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

// importFlags are what one import is told.
type importFlags struct {
	cfg          app.Config
	url, token   string
	database     *string
	launch       string
	createLaunch string
	mapping      []string
	dryRun       bool
	wait         string
}

func (o *importFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&o.launch, "launch", "", "`launch` that the feedback belongs to: its id or name")
	fs.StringVar(&o.createLaunch, "create-launch", "", "make a launch of this `name` if there is none")
	fs.Func("map", "`field=column`, in place of the guess; repeat it. Fields: text title external_id occurred_at author_name author_email user_id rating language app_version url channel attrs.NAME date_order rating_max; an empty column leaves a field out", func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("write it as field=column")
		}
		o.mapping = append(o.mapping, s)
		return nil
	})
	fs.BoolVar(&o.dryRun, "dry-run", false, "read the whole file and say what would be kept; keep nothing")
	fs.StringVar(&o.wait, "wait", "first", "`until` the first reading is through, the full one with sentence vectors (full), or not at all (none)")
	fs.StringVar(&o.url, "url", "", "`URL` of a running hypercare; the data folder's own when absent")
	fs.StringVar(&o.token, "token", "", "API `token`, with --url")
	o.database = processFlags(fs, &o.cfg)
}

func (o *importFlags) check(files []string) error {
	switch {
	case len(files) != 1:
		return errors.New("usage: hypercare import FILE --launch L (hypercare import -h lists the flags)")
	case o.launch == "" && o.createLaunch == "":
		return errors.New("say which launch the feedback belongs to: --launch ID or NAME, or --create-launch NAME for a new one")
	case o.wait != "full" && o.wait != "first" && o.wait != "none":
		return fmt.Errorf("--wait must be full, first or none, not %q", o.wait)
	case o.url != "" && o.token == "":
		return errors.New("--url needs --token; make one with: hypercare token create --role lead --name import")
	case o.url == "" && o.token != "":
		return errors.New("--token needs --url")
	}
	return nil
}

// importFile sends a file to a hypercare, has it imported and says what
// became of it.
func importFile(ctx context.Context, args []string, io streams) (err error) {
	o := importFlags{cfg: app.Config{Version: version}}
	fs := flags("import", io)
	o.define(fs)
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if err := o.check(files); err != nil {
		return err
	}
	file, err := os.Open(files[0])
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	c := &client{base: strings.TrimSuffix(o.url, "/") + web.Prefix, token: secret.Text(o.token)}
	if o.url == "" {
		o.cfg.DatabaseURL = secret.Text(*o.database)
		base, token, stop, err := app.Local(ctx, o.cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		c.base, c.token = base+web.Prefix, token
	}
	l, err := o.findLaunch(ctx, c)
	if err != nil {
		return err
	}
	return o.run(ctx, c, l, file, io)
}

// findLaunch returns the launch named by the flags, made if need be.
func (o *importFlags) findLaunch(ctx context.Context, c *client) (launch.View, error) {
	var list struct{ Items []launch.View }
	if err := c.call(ctx, http.MethodGet, "/launches", nil, &list); err != nil {
		return launch.View{}, err
	}
	want := o.launch
	if want == "" {
		want = o.createLaunch
	}
	var names []string
	var found []launch.View
	for _, l := range list.Items {
		if l.ID == want {
			return l, nil
		}
		if strings.EqualFold(l.Name, want) {
			found = append(found, l)
		}
		names = append(names, fmt.Sprintf("  %s  %s", l.ID, l.Name))
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return launch.View{}, fmt.Errorf("%d launches are called %q; give the id of one:\n%s", len(found), want, strings.Join(names, "\n"))
	case o.createLaunch != "":
		var l launch.View
		err := c.call(ctx, http.MethodPost, "/launches", launch.Input{Name: o.createLaunch}, &l)
		return l, err
	case len(names) == 0:
		return launch.View{}, fmt.Errorf("there is no launch yet; make one with --create-launch %q", want)
	}
	return launch.View{}, fmt.Errorf("there is no launch %q; the launches are\n%s", want, strings.Join(names, "\n"))
}

// run uploads, previews, starts, waits and reports.
func (o *importFlags) run(ctx context.Context, c *client, l launch.View, file *os.File, io streams) error {
	p := newProgress(io.err)
	defer p.end()
	var i importer.Import
	if err := c.upload(ctx, "/launches/"+url.PathEscape(l.ID)+"/imports", file, p, &i); err != nil {
		return err
	}
	mapping := i.Mapping
	for _, m := range o.mapping {
		field, column, _ := strings.Cut(m, "=")
		if err := mapping.Set(field, column); err != nil {
			return errors.Join(err, c.call(ctx, http.MethodPost, "/imports/"+i.ID+"/cancel", struct{}{}, nil))
		}
	}
	explain(io, &i, mapping)
	body := map[string]any{"mapping": mapping}
	if o.dryRun {
		p.say("reading the whole file")
		body["dry_run"] = true
		err := c.call(ctx, http.MethodPost, "/imports/"+i.ID+"/preview", body, &i)
		err = errors.Join(err, c.call(ctx, http.MethodPost, "/imports/"+i.ID+"/cancel", struct{}{}, nil))
		p.end()
		if err != nil {
			return err
		}
		return reportDryRun(io, i.DryRun)
	}
	if err := c.call(ctx, http.MethodPost, "/imports/"+i.ID+"/start", body, &i); err != nil {
		return errors.Join(err, c.call(context.WithoutCancel(ctx), http.MethodPost, "/imports/"+i.ID+"/cancel", struct{}{}, nil))
	}
	if o.wait == "none" {
		_, err := fmt.Fprintf(io.out, "import %s goes on in the background\n", i.ID)
		return err
	}
	if err := o.follow(ctx, c, &i, p); err != nil {
		return err
	}
	p.end()
	return o.report(ctx, c, l, &i, file.Name(), io)
}

// explain says how the file is going to be read.
func explain(io streams, i *importer.Import, m importer.Mapping) {
	_, _ = fmt.Fprintf(io.err, "%s: %s, %d columns\n", i.FileName, i.Format, len(i.Columns))
	for _, n := range i.Notes {
		_, _ = fmt.Fprintln(io.err, "  note:", n)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return
	}
	var fields map[string]any
	if json.Unmarshal(b, &fields) != nil {
		return
	}
	for _, f := range []string{"text", "title", "external_id", "occurred_at", "author_name", "author_email", "user_id", "rating", "language", "app_version", "url", "channel"} {
		if column, ok := fields[f]; ok {
			_, _ = fmt.Fprintf(io.err, "  %-13s %v\n", f, column)
		}
	}
}

func reportDryRun(io streams, d *importer.DryRun) error {
	if d == nil {
		return errors.New("the server did not try the file; is it of an older version?")
	}
	for _, e := range d.Errors {
		_, _ = fmt.Fprintf(io.err, "row %d %s\n", e.Row, e.Reason)
	}
	_, err := fmt.Fprintf(io.out, "dry run: %d rows, %d good, %d duplicates, %d bad; nothing was kept\n", d.Rows, d.Good, d.Duplicates, d.Bad)
	return err
}

// follow waits until the import is through.
func (o *importFlags) follow(ctx context.Context, c *client, i *importer.Import, p *progress) error {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	failures := 0
	for {
		switch i.State {
		case importer.Failed:
			return errors.New(i.Error)
		case importer.Cancelled, importer.Undoing, importer.Undone:
			return fmt.Errorf("the import was stopped: it is %s", i.State)
		case importer.Finished:
			if o.wait == "first" {
				return nil
			}
			all, err := o.readFully(ctx, c, i)
			if err != nil || all {
				return err
			}
			p.show("sentence vectors", i.Progress.Embedded, i.Progress.Accepted)
		default:
			p.percent(i.Progress)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped waiting; import %s goes on where it was as long as the server runs, or when it runs again", i.ID)
		case <-tick.C:
		}
		if err := c.call(ctx, http.MethodGet, "/imports/"+i.ID, nil, i); err != nil && ctx.Err() == nil {
			if failures++; failures > 20 { // a restart takes seconds
				return err
			}
		} else {
			failures = 0
		}
	}
}

// readFully reports whether the background reading is through. Rows that
// could not be made into feedback never get there, so the launch has the say.
func (o *importFlags) readFully(ctx context.Context, c *client, i *importer.Import) (bool, error) {
	if i.Progress.Embedded >= i.Progress.Accepted {
		return true, nil
	}
	var l launch.View
	err := c.call(ctx, http.MethodGet, "/launches/"+url.PathEscape(i.LaunchID), nil, &l)
	return l.Counts.Unread == 0 && l.Counts.Waiting == 0, err
}

// report prints what became of the file, and keeps the bad rows beside it.
func (o *importFlags) report(ctx context.Context, c *client, l launch.View, i *importer.Import, name string, io streams) error {
	p := i.Progress
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows: %d accepted, %d duplicates, %d bad\n", p.RowsRead, p.Accepted, p.Duplicates, p.Bad)
	if p.Bad > 0 {
		errorFile := filepath.Base(name) + ".errors.csv"
		if err := c.download(ctx, "/imports/"+i.ID+"/errors", errorFile); err != nil {
			return err
		}
		fmt.Fprintf(&b, "the bad rows are in %s, with the reason beside each\n", errorFile)
	}
	var list struct {
		Facets map[string][]struct {
			Value string
			Count int
		}
	}
	if err := c.call(ctx, http.MethodGet, "/launches/"+url.PathEscape(l.ID)+"/feedback?facets=true&limit=1&import="+i.ID, nil, &list); err != nil {
		return err
	}
	for _, f := range list.Facets["category"] {
		fmt.Fprintf(&b, "  %7d  %s\n", f.Count, f.Value)
	}
	if o.wait == "first" && p.Embedded < p.Accepted {
		b.WriteString("sentence vectors follow in the background while hypercare runs\n")
	}
	fmt.Fprintf(&b, "import %s\n", i.ID)
	_, err := io.out.Write([]byte(b.String()))
	return err
}
