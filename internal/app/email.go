package app

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"

	"github.com/hypercare/hypercare/internal/channel/email"
)

// SMTP is where mail is taken. The zero value is none.
type SMTP struct {
	Listen      string // address; none when empty
	Domain      string // behind the @ of channels' addresses; the public URL's host, or the machine's name, when empty
	Certificate string // "cert.pem,key.pem", or one file with both; no TLS when empty
}

// buildEmail makes what reads mailboxes, takes mail and sends answers.
func (a *App) buildEmail() {
	domain := ""
	if a.cfg.SMTP.Listen != "" {
		host := ""
		if u, err := url.Parse(a.cfg.PublicURL); err == nil {
			host = u.Hostname()
		}
		machine, _ := os.Hostname()
		domain = cmp.Or(a.cfg.SMTP.Domain, host, machine, "localhost")
	}
	a.email = email.NewService(email.Deps{DB: a.db, Log: a.log.With("component", "email"), Box: a.box, Channels: a.channels, Feedback: a.feedback, Notices: a.notices,
		Notes: a.notes, Members: a.workspaces, Privacy: a.privacy, Outbound: a.outbound, Domain: domain})
}

// listenSMTP binds the port that takes mail, where that is wanted.
func (a *App) listenSMTP() (err error) {
	if a.cfg.SMTP.Listen == "" || a.cfg.GatewayOnly {
		return nil
	}
	if a.smtp, err = a.email.NewListener(a.cfg.SMTP.Certificate); err != nil {
		return err
	}
	if a.smtpLn, err = net.Listen("tcp", a.cfg.SMTP.Listen); err != nil {
		return fmt.Errorf("listen for mail on %s: %w", a.cfg.SMTP.Listen, err)
	}
	a.cleanup = append(a.cleanup, a.smtpLn.Close)
	return nil
}

// SMTPAddr is where mail is taken; "" when it is not.
func (a *App) SMTPAddr() string {
	if a.smtpLn == nil {
		return ""
	}
	return a.smtpLn.Addr().String()
}

func (a *App) runSMTP(server *sync.WaitGroup, failed func(error)) {
	if a.smtp == nil {
		return
	}
	server.Go(func() {
		if err := a.smtp.Serve(a.smtpLn); err != nil {
			failed(err)
		}
	})
}

func (a *App) drainSMTP(ctx context.Context) error {
	if a.smtp == nil {
		return nil
	}
	return a.smtp.Shutdown(ctx)
}
