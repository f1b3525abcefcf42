package main

import (
	"context"

	"github.com/hypercare/hypercare/internal/app"
)

func openapi(ctx context.Context, args []string, io streams) error {
	if _, err := parse(flags("openapi", io), args); err != nil {
		return err
	}
	// The version is left out, so that the document changes only with the API.
	b, err := app.Document(ctx, "1")
	if err != nil {
		return err
	}
	_, err = io.out.Write(append(b, '\n'))
	return err
}
