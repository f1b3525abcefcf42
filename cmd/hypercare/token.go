package main

import (
	"context"
	"fmt"

	"github.com/hypercare/hypercare/internal/app"
	"github.com/hypercare/hypercare/internal/secret"
)

// token makes an API token straight in the records, whether or not a server
// runs on them: whoever owns the data folder may.
func token(ctx context.Context, args []string, io streams) error {
	cfg := app.Config{Version: version}
	fs := flags("token create", io)
	url := processFlags(fs, &cfg)
	role := fs.String("role", "", "owner, admin, lead, responder, viewer or intake (may only send feedback)")
	name := fs.String("name", "", "`name` to know the token by")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "create" || *role == "" || *name == "" {
		return fmt.Errorf("usage: hypercare token create --role admin --name ci [--data DIR | --database-url URL]")
	}
	cfg.DatabaseURL = secret.Text(*url)
	key, err := app.CreateToken(ctx, cfg, *name, *role)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, key.Reveal())
	return err
}
