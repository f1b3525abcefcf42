package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/demo"
	"github.com/hypercare/hypercare/internal/web"
)

// demoAccount is who a demo's folder belongs to. It is kept in the folder,
// which is by that known to be a demo's.
type demoAccount struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

const demoMark = "demo.json"

func demonstrate(ctx context.Context, args []string, io streams) error {
	cfg := app.Config{Version: version}
	fs := flags("demo", io)
	fs.StringVar(&cfg.Data, "data", "demo-data", "data `folder` of the demo; one that another hypercare made is not touched")
	fs.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "`address` of UI and API")
	fs.StringVar(&cfg.Gateway, "gateway", "127.0.0.1:8000", "`address` of the gateway")
	pace := fs.Duration("pace", 3*time.Second, "how `long` a minute of the story takes")
	seed := fs.Uint64("seed", 1, "`number` of the first story")
	replace := fs.Bool("replace-gateway", false, "with --url: what is published on its gateway may be replaced")
	at := fs.String("url", "", "`address` of a running hypercare that gets the sample launch, instead of one of the demo's own")
	token := fs.String("token", "", "API `token` of an admin there")
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return fmt.Errorf("demo takes no argument %q", rest[0])
	}
	if *pace < 100*time.Millisecond {
		return errors.New("--pace must be 100ms or more: people need time to read what they write about")
	}
	show := &demo.Show{Seed: *seed, Pace: demo.Pace(*pace), Replace: *replace, Out: io.out}
	if *at != "" {
		return demoThere(ctx, fs, show, *at, *token, io)
	}
	who, err := demoFolder(cfg.Data)
	if err != nil {
		return err
	}
	log, err := logger(io, "text", "warn")
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		return fmt.Errorf("%w; choose other addresses with --listen and --gateway if these are taken", err)
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // the story ends first, then the server
	defer stop()
	done := make(chan error, 1)
	go func() { done <- a.Run(serving) }()
	err = demoHere(ctx, a, cfg, who, show, io, done)
	stop()
	return errors.Join(err, <-done)
}

// demoThere adds the sample launch to a hypercare that runs elsewhere.
func demoThere(ctx context.Context, fs *flag.FlagSet, show *demo.Show, at, token string, io streams) error {
	var mixed error
	fs.Visit(func(f *flag.Flag) {
		if f.Name == "data" || f.Name == "listen" || f.Name == "gateway" {
			mixed = fmt.Errorf("--%s is of a demo with a hypercare of its own, and --url names another; use one of them", f.Name)
		}
	})
	if mixed != nil {
		return mixed
	}
	if token == "" {
		return errors.New("--url needs --token: make one there with `hypercare token create --role admin --name demo`")
	}
	show.API = demo.NewAPI(at, token)
	_, _ = fmt.Fprintf(io.out, "\n  The launch \"Checkout 3.0 (demo)\" is on %s. Ctrl-C ends its traffic; the launch and what the gateway publishes stay.\n\n", at)
	return show.Play(ctx)
}

// demoFolder refuses a folder that may hold real work. It marks a new one as
// a demo's and returns who it belongs to.
func demoFolder(dir string) (who demoAccount, err error) {
	mark := filepath.Join(dir, demoMark)
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return who, fmt.Errorf("look into the data folder: %w", err)
	}
	b, err := os.ReadFile(mark)
	switch {
	case err == nil:
		if err := json.Unmarshal(b, &who); err != nil {
			return who, fmt.Errorf("read %s: %w", mark, err)
		}
		return who, nil
	case len(list) > 0:
		return who, fmt.Errorf("the folder %s holds something that no demo made, and is left alone; name another with --data, or add the sample launch to a running hypercare with --url and --token", dir)
	}
	who = demoAccount{Email: "lead@shop.example", Password: rand.Text()[:12]}
	if b, err = json.Marshal(who); err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(mark, b, 0o600))
	}
	if err != nil {
		return who, fmt.Errorf("make the demo's folder: %w", err)
	}
	return who, nil
}

// demoHere plays on a hypercare of the demo's own.
func demoHere(ctx context.Context, a *app.App, cfg app.Config, who demoAccount, show *demo.Show, io streams, ended <-chan error) error {
	if err := who.setUp(ctx, a); err != nil {
		return err
	}
	key, err := app.CreateToken(ctx, cfg, "demo", "admin")
	if err != nil {
		return err
	}
	show.API, show.Replace = demo.NewAPI(a.URL(), key.Reveal()), true
	_, _ = fmt.Fprintf(io.out, `
  A shop with faults, and people who report them, is on %[1]s

    sign in as  %[2]s
    password    %[3]s

  Look at     Inbox        what people write, read and sorted, with their own failed calls beside it
              Issues       what a team made of it; the cause that the reports have in common
              Calls        the traffic of the shop (its API is on %[4]s)
              Command      how the launch is, hour by hour
              Channels     what the shop's own programs send: traces, crashes, alerts

  Records are in %[5]s; delete it to forget the demo. Ctrl-C ends it all.

`, a.URL(), who.Email, who.Password, a.GatewayURL(), cfg.Data)
	playing, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- show.Play(playing) }()
	select {
	case err := <-failed:
		return err
	case err := <-ended: // the server stopped by itself
		stop()
		return errors.Join(err, <-failed)
	}
}

// setUp makes the owner, unless an earlier demo in this folder did.
func (who demoAccount) setUp(ctx context.Context, a *app.App) error {
	link, err := a.SetupURL(ctx)
	if err != nil || link == "" {
		return err
	}
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	in, err := json.Marshal(map[string]string{"token": u.Query().Get("token"), "workspace_name": "Shop", "name": "Sam Lead", "email": who.Email, "password": who.Password})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL()+web.Prefix+"/setup", bytes.NewReader(in))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("make the demo's owner: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("make the demo's owner: %s", resp.Status)
	}
	return nil
}
