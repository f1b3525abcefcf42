package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

// remote are the flags of commands that speak to a hypercare: a running one by
// URL and token, or that of a data folder.
type remote struct {
	cfg        app.Config
	url, token string
	database   *string
}

func (r *remote) define(fs *flag.FlagSet) {
	r.cfg.Version = version
	fs.StringVar(&r.url, "url", "", "`URL` of a running hypercare; the data folder's own when absent")
	fs.StringVar(&r.token, "token", "", "API `token`, with --url")
	r.database = processFlags(fs, &r.cfg)
}

// dial returns a client and what ends it.
func (r *remote) dial(ctx context.Context) (*client, func() error, error) {
	switch {
	case r.url != "" && r.token == "":
		return nil, nil, errors.New("--url needs --token; make one with: hypercare token create --role lead --name gateway")
	case r.url == "" && r.token != "":
		return nil, nil, errors.New("--token needs --url")
	case r.url != "":
		return &client{strings.TrimSuffix(r.url, "/") + web.Prefix, secret.Text(r.token)}, func() error { return nil }, nil
	}
	r.cfg.DatabaseURL = secret.Text(*r.database)
	url, token, stop, err := app.Local(ctx, r.cfg)
	if err != nil {
		return nil, nil, err
	}
	return &client{url + web.Prefix, token}, stop, nil
}

// apply publishes a document on the gateway, or an API out of an OpenAPI
// document, or says what it would change.
func apply(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("apply", io)
	file := fs.String("f", "", "`file` with the document; - for standard input")
	note := fs.String("note", "", "`what` changes and why")
	diff := fs.Bool("diff", false, "say what would change, and change nothing")
	text := fs.Bool("text", false, "show the changes of the document line by line too")
	var imp importing
	imp.define(fs)
	r.define(fs)
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 || (*file == "") == (imp.openapi == "") {
		return errors.New("usage: hypercare apply -f gateway.yaml, or hypercare apply --openapi openapi.yaml --upstream http://host:port (hypercare apply -h lists the flags)")
	}
	var doc []byte
	if *file != "" {
		if doc, err = readDocument(*file, io.in); err != nil {
			return err
		}
	} else if err := imp.read(io.in); err != nil {
		return err
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	in := publication.Input{Document: string(doc), Note: *note}
	name := *file
	if imp.openapi != "" {
		if in, err = imp.preview(ctx, c, io, *diff); err != nil {
			return err
		}
		in.Note, name = cmp.Or(*note, in.Note), imp.openapi
	}
	var check publication.Check
	if err := c.call(ctx, http.MethodPost, "/gateway/check", map[string]string{"document": in.Document}, &check); err != nil {
		return err
	}
	if !check.Valid {
		for _, f := range check.Faults {
			_, _ = fmt.Fprintf(io.err, "%s: %s\n", name, f.Error())
		}
		return fmt.Errorf("%d faults; nothing was published", len(check.Faults))
	}
	if err := printChanges(io.out, check, *text); err != nil || len(check.Changes) == 0 || *diff {
		return err
	}
	if in.Base == nil {
		in.Base = &check.Number // what others publish from here on is not undone unseen
	}
	return publish(ctx, c, io, "/gateway/publications", in)
}

func printChanges(w goio.Writer, check publication.Check, text bool) error {
	if len(check.Changes) == 0 {
		_, err := fmt.Fprintln(w, "Nothing would change.")
		return err
	}
	for _, ch := range check.Changes {
		line := map[string]string{"added": "+ ", "removed": "- ", "changed": "~ "}[ch.Kind] + ch.What
		if ch.Note != "" {
			line += " (" + ch.Note + ")"
		}
		_, _ = fmt.Fprintln(w, line)
	}
	if !text {
		return nil
	}
	_, err := goio.WriteString(w, check.Text)
	return err
}

func publish(ctx context.Context, c *client, io streams, path string, in any) error {
	var p publication.Publication
	if err := c.call(ctx, http.MethodPost, path, in, &p); err != nil {
		return err
	}
	_, err := fmt.Fprintf(io.out, "Published as number %d.\n", p.Number)
	return err
}

// importing are the flags of an OpenAPI document that becomes an API.
type importing struct {
	openapi, api, version, upstream, hosts, base string
	strip, draft, breaking                       bool
	in                                           publication.Import
}

func (m *importing) define(fs *flag.FlagSet) {
	fs.StringVar(&m.openapi, "openapi", "", "OpenAPI document, a `file` or URL: its operations become the routes of an API")
	fs.StringVar(&m.upstream, "upstream", "", "with --openapi: where requests go, `http://host:port` or an upstream's name; the document's server when absent")
	fs.StringVar(&m.api, "api", "", "with --openapi: `name` of the API; made of the title when absent")
	fs.StringVar(&m.version, "api-version", "", "with --openapi: `version`, such as v2, beside others")
	fs.StringVar(&m.hosts, "hosts", "", "with --openapi: `hosts` that it is published on, such as api.example.com,*.example.com; any when absent")
	fs.StringVar(&m.base, "base", "", "with --openapi: `path` in front of all others; that of the document's server when absent, / for none")
	fs.BoolVar(&m.strip, "strip-base", false, "with --openapi: cut base off before the upstream sees the path")
	fs.BoolVar(&m.draft, "draft", false, "with --openapi: a new version begins as a draft")
	fs.BoolVar(&m.breaking, "breaking", false, "with --openapi: publish though callers by the old document may break")
}

// read fills what is asked of the server.
func (m *importing) read(in goio.Reader) error {
	m.in = publication.Import{API: m.api, Upstream: m.upstream, Strip: m.strip}
	if m.version != "" {
		m.in.Version = &m.version
	}
	if m.base != "" {
		m.in.Base = &m.base
	}
	if m.hosts != "" {
		m.in.Hosts = strings.Split(m.hosts, ",")
	}
	if m.draft {
		m.in.State = "draft"
	}
	if strings.HasPrefix(m.openapi, "http://") || strings.HasPrefix(m.openapi, "https://") {
		m.in.URL = m.openapi
		return nil
	}
	b, err := readDocument(m.openapi, in)
	m.in.Document = string(b)
	return err
}

// preview asks what an import would publish, tells what callers would see of
// it, and returns what is to be published.
func (m *importing) preview(ctx context.Context, c *client, io streams, only bool) (publication.Input, error) {
	var got publication.Imported
	if err := c.call(ctx, http.MethodPost, "/gateway/openapi", m.in, &got); err != nil {
		return publication.Input{}, err
	}
	for _, note := range got.Notes {
		_, _ = fmt.Fprintln(io.err, "note: "+note)
	}
	for _, d := range got.Differences {
		if d.Breaking || d.Kind == "changed" {
			_, _ = fmt.Fprintf(io.out, "%s%s: %s\n", map[bool]string{true: "BREAKING "}[d.Breaking], d.Operation, d.What)
		}
	}
	if got.Breaking > 0 && !m.breaking && !only {
		return publication.Input{}, fmt.Errorf("%d differences break who calls; nothing was published. Publish it as another version with --api-version, or all the same with --breaking", got.Breaking)
	}
	name := strings.TrimSpace(got.API + " " + got.Version)
	return publication.Input{Document: got.Document, Base: &got.Number, Note: fmt.Sprintf("%s from OpenAPI %q", name, got.OpenAPI.Title)}, nil
}

// rollback brings an earlier publication into force again.
func rollback(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("rollback", io)
	note := fs.String("note", "", "`why`")
	r.define(fs)
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	in := map[string]any{}
	if len(rest) > 0 {
		n, err := strconv.ParseInt(rest[0], 10, 64)
		if err != nil || n < 1 || len(rest) > 1 {
			return errors.New("usage: hypercare rollback [NUMBER]: the publication to go back to; the one before the present when absent")
		}
		in["to"] = n
	}
	if *note != "" {
		in["note"] = *note
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return publish(ctx, c, io, "/gateway/roll-back", in)
}

func readDocument(name string, in goio.Reader) ([]byte, error) {
	const most = 8 << 20
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	b, err := goio.ReadAll(goio.LimitReader(in, most+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("%s is larger than %d MB", name, most>>20)
	}
	return b, err
}

// export prints what is published.
func export(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("export", io)
	number := fs.Int64("number", 0, "`number` of an earlier publication; the one in force when absent")
	r.define(fs)
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return fmt.Errorf("export takes no argument %q", rest[0])
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	path := "/gateway"
	if *number != 0 {
		path = fmt.Sprintf("/gateway/publications/%d", *number)
	}
	var p publication.Publication
	if err := c.call(ctx, http.MethodGet, path, nil, &p); err != nil {
		return err
	}
	if p.Number == 0 {
		return errors.New("nothing is published yet; publish a document with: hypercare apply -f gateway.yaml")
	}
	_, err = goio.WriteString(io.out, p.Document)
	return err
}
