package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"net/http"
	"os"
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

// apply publishes a document on the gateway, or says what it would change.
func apply(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("apply", io)
	file := fs.String("f", "", "`file` with the document; - for standard input")
	note := fs.String("note", "", "`what` changes and why")
	diff := fs.Bool("diff", false, "say what would change, and change nothing")
	r.define(fs)
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 || *file == "" {
		return errors.New("usage: hypercare apply -f gateway.yaml (hypercare apply -h lists the flags)")
	}
	doc, err := readDocument(*file, io.in)
	if err != nil {
		return err
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var check publication.Check
	if err := c.call(ctx, http.MethodPost, "/gateway/check", map[string]string{"document": string(doc)}, &check); err != nil {
		return err
	}
	if !check.Valid {
		for _, f := range check.Faults {
			_, _ = fmt.Fprintf(io.err, "%s: %s\n", *file, f.Error())
		}
		return fmt.Errorf("%d faults; nothing was published", len(check.Faults))
	}
	for _, ch := range check.Changes {
		line := map[string]string{"added": "+ ", "removed": "- ", "changed": "~ "}[ch.Kind] + ch.What
		if ch.Note != "" {
			line += " (" + ch.Note + ")"
		}
		_, _ = fmt.Fprintln(io.out, line)
	}
	switch {
	case len(check.Changes) == 0:
		_, err = fmt.Fprintln(io.out, "Nothing would change.")
		return err
	case *diff:
		return nil
	}
	var p publication.Publication
	if err := c.call(ctx, http.MethodPost, "/gateway/publications", publication.Input{Document: string(doc), Note: *note}, &p); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "Published as number %d.\n", p.Number)
	return err
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
