package app

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hypercare/hypercare/internal/gateway"
)

// GatewayTLS is the gateway's secure listener. The zero value is none.
type GatewayTLS struct {
	Listen       string   // address; none when empty
	Certificates []string // "cert.pem,key.pem", or one file with both
	Redirect     bool     // send whoever comes without TLS to it
	ClientCA     string   // PEM file of the authorities whose clients are trusted
	ACME         string   // e-mail address for the ACME authority; it is not used when empty
	Directory    string   // of that authority; Let's Encrypt's when empty
	ACMECA       string   // PEM file of who is believed to be the authority
}

func (t *GatewayTLS) options(data string) gateway.TLS {
	o := gateway.TLS{Redirect: t.Redirect, ClientCA: t.ClientCA}
	for _, c := range t.Certificates {
		cert, key, _ := strings.Cut(c, ",")
		o.Certificates = append(o.Certificates, gateway.CertificateFiles{Cert: cert, Key: key})
	}
	if t.ACME != "" {
		o.ACME = &gateway.ACME{Email: t.ACME, Directory: t.Directory, CAFile: t.ACMECA, Folder: filepath.Join(data, "acme")}
	}
	return o
}

// listenTraffic opens the gateway's addresses.
func (a *App) listenTraffic() (err error) {
	if a.gateway == nil {
		return nil
	}
	if a.cfg.Gateway != "" {
		if a.gatewayLn, err = net.Listen("tcp", a.cfg.Gateway); err != nil {
			return fmt.Errorf("listen on %s for the gateway (choose another address with --gateway, or none with --no-gateway): %w", a.cfg.Gateway, err)
		}
		a.cleanup = append(a.cleanup, a.gatewayLn.Close)
	}
	t := &a.cfg.GatewayTLS
	if t.Listen == "" {
		return nil
	}
	if a.gatewayTLS, err = net.Listen("tcp", t.Listen); err != nil {
		return fmt.Errorf("listen on %s for the gateway (choose another address with --gateway-tls): %w", t.Listen, err)
	}
	a.cleanup = append(a.cleanup, a.gatewayTLS.Close)
	o := t.options(a.cfg.Data)
	o.Addr = a.gatewayTLS.Addr()
	if err := a.gateway.SetTLS(o); err != nil {
		return fmt.Errorf("the gateway's TLS: %w", err)
	}
	return nil
}

// serveTraffic accepts on the gateway's addresses until they are closed.
func (a *App) serveTraffic(server *sync.WaitGroup, failed func(error)) {
	serve := func(ln net.Listener, accept func(net.Listener) error) {
		if ln == nil {
			return
		}
		server.Go(func() {
			if err := accept(ln); err != nil {
				failed(err)
			}
		})
	}
	serve(a.gatewayLn, a.gateway.Serve)
	serve(a.gatewayTLS, a.gateway.ServeTLS)
}

// closeTraffic lets nobody in any more.
func (a *App) closeTraffic() error {
	var failed error
	for _, ln := range []net.Listener{a.gatewayLn, a.gatewayTLS} {
		if ln == nil {
			continue
		}
		if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// GatewayTLSURL is where this machine reaches the gateway with TLS, "" without.
func (a *App) GatewayTLSURL() string {
	if a.gatewayTLS == nil {
		return ""
	}
	return strings.Replace(urlOf(a.gatewayTLS.Addr().String()), "http:", "https:", 1)
}
