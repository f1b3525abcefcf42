package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// CreateToken makes an API token straight in the records of a data folder or
// database. It works beside a running server.
func CreateToken(ctx context.Context, cfg Config, name, role string) (secret.Text, error) {
	return createToken(ctx, cfg, workspace.NewToken{Name: name, Role: workspace.Role(role)})
}

func createToken(ctx context.Context, cfg Config, in workspace.NewToken) (_ secret.Text, err error) {
	cfg.fill()
	if cfg.DatabaseURL == "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return "", fmt.Errorf("make the data folder: %w", err)
		}
	}
	d, err := db.Open(ctx, db.Config{Dir: cfg.Data, URL: cfg.DatabaseURL.Reveal()})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s := workspace.NewService(d, event.New())
	a, err := s.Local(ctx)
	if err != nil {
		return "", err
	}
	_, key, err := s.CreateToken(workspace.As(ctx, a), in)
	return key, err
}

// Local gives the command line an API on a data folder: of the server that
// runs there, or of one that runs inside this process until close is called.
// The token ends after an hour.
func Local(ctx context.Context, cfg Config) (url string, token secret.Text, stop func() error, err error) {
	cfg.fill()
	ends := time.Now().Add(time.Hour)
	mint := func() error {
		token, err = createToken(ctx, cfg, workspace.NewToken{Name: "command line", Role: workspace.Admin, ExpiresAt: &ends})
		return err
	}
	cfg.Listen = "127.0.0.1:0"
	a, err := New(ctx, cfg, slog.New(slog.DiscardHandler))
	if errs.Is(err, errs.Conflict) {
		held, ierr := readInstance(cfg.Data)
		if ierr != nil {
			return "", "", nil, err
		}
		err = mint()
		return held.URL, token, func() error { return nil }, err
	}
	if err != nil {
		return "", "", nil, err
	}
	run, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(run) }()
	stop = func() error {
		cancel()
		return <-done
	}
	if err := mint(); err != nil {
		return "", "", nil, errors.Join(err, stop())
	}
	return a.URL(), token, stop, nil
}

// Document builds the product in a passing folder to describe its API.
func Document(ctx context.Context, version string) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "hypercare-openapi")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a, err := New(ctx, Config{Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data"), Version: version}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return json.MarshalIndent(a.OpenAPI(), "", "  ")
}
