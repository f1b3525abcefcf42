package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/span"
)

// processFlags are the settings of a process on a data folder.
func processFlags(fs *flag.FlagSet, cfg *app.Config) *string {
	fs.StringVar(&cfg.Data, "data", "data", "data `folder`")
	return fs.String("database-url", "", "postgres:// `URL` of the records; they are in the data folder when absent")
}

// gatewayFlags are those of the gateway's TLS.
func gatewayFlags(fs *flag.FlagSet, cfg *app.Config) {
	t := &cfg.GatewayTLS
	fs.StringVar(&t.Listen, "gateway-tls", "", "`address` of the gateway for TLS, such as :8443; none when absent")
	fs.Func("gateway-cert", "certificate in PEM for --gateway-tls: `cert.pem,key.pem`, or one file with both; may be given several times, read anew when the files change", func(s string) error {
		t.Certificates = append(t.Certificates, s)
		return nil
	})
	fs.BoolVar(&t.Redirect, "gateway-redirect", false, "send who comes to --gateway to the same address with TLS")
	fs.StringVar(&t.ClientCA, "gateway-client-ca", "", "PEM `file` of the authorities whose certificates of clients are trusted")
	fs.StringVar(&t.ACME, "gateway-acme", "", "get certificates for published hosts by ACME, as this `e-mail` address; using it accepts the authority's terms")
	fs.StringVar(&t.Directory, "gateway-acme-directory", "", "`URL` of the ACME authority; Let's Encrypt's when absent")
	fs.StringVar(&t.ACMECA, "gateway-acme-ca", "", "PEM `file` of who is believed to be the ACME authority; the system's when absent")
	fs.StringVar(&cfg.Files, "gateway-files", "", "`folder` of the files that a gateway document may name; \"gateway\" in the data folder when absent")
}

func serve(ctx context.Context, args []string, io streams) error {
	cfg := app.Config{Version: version}
	fs := flags("serve", io)
	url := processFlags(fs, &cfg)
	fs.StringVar(&cfg.Listen, "listen", ":8080", "`address` of UI and API")
	fs.StringVar(&cfg.PublicURL, "public-url", "", "`URL` that people and senders find this hypercare at, such as https://care.example; the address of each request when absent")
	roles := roleFlags(fs, &cfg)
	gatewayFlags(fs, &cfg)
	key := fs.String("master-key", "", "`key` that seals secrets in the records, 32 bytes in base64, the same on every node; made in the data folder when absent")
	fs.Var(&cfg.PrivateNetworks, "allow-private-networks", "lets addresses that people give, such as a key set's, be in networks that are not public: all, or `networks` such as 10.0.0.0/8,127.0.0.1")
	on := fs.Bool("call-log", true, "keep a log of the gateway's calls")
	fs.IntVar(&cfg.Calls.Days, "call-log-days", app.DefaultCallDays, "`days` that calls are kept")
	size := fs.Int64("call-log-gb", app.DefaultCallBytes>>30, "gigabytes (2^30 bytes) that calls may take on disk; the oldest go first")
	retention := fs.String("metrics-retention", "15d", "how `long` metrics are kept")
	metricsSize := fs.Int64("metrics-size", 4096, "`MB` that metrics may take on disk; the oldest go first")
	fs.IntVar(&cfg.Metrics.MaxSeries, "metrics-series", 50_000, "`number` of active series that a workspace may have")
	callURL := fs.String("call-log-url", "", "`address` of a ClickHouse that all nodes keep their calls in, http://user:password@host:8123/database; the data folder when absent")
	fs.StringVar(&cfg.OTLP, "otlp", "", "`address` that OTLP is taken at beside --listen, such as :4318, where exporters send by default; none when absent")
	fs.StringVar(&cfg.SMTP.Listen, "smtp", "", "`address` that mail is taken at by SMTP, such as :25; none when absent")
	fs.StringVar(&cfg.SMTP.Domain, "smtp-domain", "", "`name` behind the @ in the addresses of mail channels, such as care.example; the host of --public-url, or this machine's name, when absent")
	fs.StringVar(&cfg.SMTP.Certificate, "smtp-cert", "", "certificate in PEM for STARTTLS at --smtp: `cert.pem,key.pem`, or one file with both; read anew when it changes")
	fs.IntVar(&cfg.Spans.Days, "spans-days", span.DefaultDays, "`days` that spans and log records are kept")
	fs.Int64Var(&cfg.Spans.Rows, "spans-rows", span.DefaultRows, "`number` of spans, and of log records, that are kept of a workspace; the oldest go first")
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
	if cfg.Spans.Days < 1 || cfg.Spans.Rows < 1 {
		return errors.New("--spans-days and --spans-rows must be 1 or more")
	}
	if err := roles(); err != nil {
		return err
	}
	cfg.Calls.Off, cfg.Calls.Bytes = !*on, *size<<30
	cfg.DatabaseURL, cfg.MasterKey = secret.Text(*url), secret.Text(*key)
	if err := cfg.Metrics.Keep(*retention, *metricsSize); err != nil {
		return err
	}
	cfg.Calls.URL = secret.Text(*callURL)
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
	log.Info("ready", "url", a.URL(), "gateway", a.GatewayURL(), "gateway_tls", a.GatewayTLSURL(), "otlp", a.OTLPURL(), "smtp", a.SMTPAddr(), "data", cfg.Data, "version", version)
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

// roleFlags are those that say which roles a process has. What it returns
// checks them once they are read.
func roleFlags(fs *flag.FlagSet, cfg *app.Config) func() error {
	const usual = ":8000"
	fs.StringVar(&cfg.Gateway, "gateway", usual, "`address` of the gateway, which the product's traffic passes through; empty beside --gateway-tls: TLS only")
	off := fs.Bool("no-gateway", false, "serve UI and API only; traffic goes through other nodes")
	fs.BoolVar(&cfg.GatewayOnly, "gateway-only", false, "serve traffic only; --listen then has /healthz, /readyz and /metrics")
	proxies := fs.String("trusted-proxies", "", "`networks` of proxies in front of the gateway, such as 10.0.0.0/8, whose X-Forwarded-For is believed")
	return func() error {
		switch {
		case *off && cfg.GatewayOnly:
			return errors.New("--no-gateway and --gateway-only leave nothing to serve; use one of them")
		case *off && (cfg.Gateway != usual || cfg.GatewayTLS.Listen != ""):
			return errors.New("--no-gateway leaves no use for --gateway and --gateway-tls; use one of them")
		case *off:
			cfg.Gateway = ""
		case cfg.Gateway == "" && cfg.GatewayTLS.Listen == "":
			return errors.New("--gateway needs an address such as :8000; --no-gateway serves without one")
		}
		for s := range strings.SplitSeq(*proxies, ",") {
			if s = strings.TrimSpace(s); s == "" {
				continue
			}
			p, err := gateway.Network(s)
			if err != nil {
				return fmt.Errorf("--trusted-proxies: %q is neither an address nor a network such as 10.0.0.0/8", s)
			}
			cfg.TrustedProxies = append(cfg.TrustedProxies, p)
		}
		return nil
	}
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
	log := slog.New(mask.NewHandler(h))
	slog.SetDefault(log)
	return log, nil
}
