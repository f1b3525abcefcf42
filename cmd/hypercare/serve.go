package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/secret"
)

// processFlags are the settings of a process on a data folder.
func processFlags(fs *flag.FlagSet, cfg *app.Config) *string {
	fs.StringVar(&cfg.Data, "data", "data", "data `folder`")
	return fs.String("database-url", "", "postgres:// `URL` of the records; they are in the data folder when absent")
}

func serve(ctx context.Context, args []string, io streams) error {
	cfg := app.Config{Version: version}
	fs := flags("serve", io)
	url := processFlags(fs, &cfg)
	fs.StringVar(&cfg.Listen, "listen", ":8080", "`address` of UI and API")
	fs.StringVar(&cfg.Gateway, "gateway", "", "`address` of the gateway, such as :8000, which the product's traffic passes through; none when absent")
	fs.Var(&cfg.PrivateNetworks, "allow-private-networks", "lets addresses that people give, such as a key set's, be in networks that are not public: all, or `networks` such as 10.0.0.0/8,127.0.0.1")
	on := fs.Bool("call-log", true, "keep a log of the gateway's calls")
	fs.IntVar(&cfg.Calls.Days, "call-log-days", app.DefaultCallDays, "`days` that calls are kept")
	size := fs.Int64("call-log-gb", app.DefaultCallBytes>>30, "gigabytes (2^30 bytes) that calls may take on disk; the oldest go first")
	callURL := fs.String("call-log-url", "", "`address` of a ClickHouse that all nodes keep their calls in, http://user:password@host:8123/database; the data folder when absent")
	format := fs.String("log-format", "text", "text or json")
	level := fs.String("log-level", "info", "debug, info, warn or error")
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return fmt.Errorf("serve takes no argument %q", rest[0])
	}
	if cfg.Calls.Days < 1 || *size < 1 {
		return errors.New("--call-log-days and --call-log-gb must be 1 or more; --call-log=false keeps nothing")
	}
	cfg.Calls.Off, cfg.Calls.Bytes = !*on, *size<<30
	cfg.Calls.URL = secret.Text(*callURL)
	cfg.DatabaseURL = secret.Text(*url)
	log, err := logger(io, *format, *level)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	link, err := a.SetupURL(ctx)
	if err != nil {
		return err
	}
	log.Info("ready", "url", a.URL(), "gateway", a.GatewayURL(), "data", cfg.Data, "version", version)
	if link != "" {
		if _, err := fmt.Fprintf(io.out, "\n  Nobody has an account yet. Open this link, which works once, to make the owner:\n\n    %s\n\n", link); err != nil {
			return err
		}
	}
	if err := a.Run(ctx); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

func logger(io streams, format, level string) (*slog.Logger, error) {
	var opts slog.HandlerOptions
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", level)
	}
	opts.Level = l
	var h slog.Handler
	switch format {
	case "text":
		h = slog.NewTextHandler(io.err, &opts)
	case "json":
		h = slog.NewJSONHandler(io.err, &opts)
	default:
		return nil, fmt.Errorf("--log-format must be text or json, not %q", format)
	}
	log := slog.New(h)
	slog.SetDefault(log)
	return log, nil
}
