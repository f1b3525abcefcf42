// Command sentrypeer sends what a server of a shop sends, with sentry-go.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/getsentry/sentry-go"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dsn string) error {
	if err := sentry.Init(sentry.ClientOptions{Dsn: dsn, Release: "shop@1.0.0", Environment: "production", AttachStacktrace: true}); err != nil {
		return err
	}
	sentry.ConfigureScope(func(s *sentry.Scope) { s.SetUser(sentry.User{ID: "go-7", Email: "gus@shop.example"}) })
	charge()
	sentry.CaptureMessage("the till is open")
	if !sentry.Flush(10 * time.Second) {
		return errors.New("not everything was sent")
	}
	return nil
}

func charge() {
	defer func() { sentry.CurrentHub().Recover(recover()) }()
	var cards map[string]int
	cards["visa"]++ // panics: it was never made
}
