package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
	"github.com/hypercare/hypercare/internal/gateway/gatewaytest"
)

// pebble is an ACME authority that runs: Let's Encrypt's own for tests.
type pebble struct {
	directory string
	ca        string // file of who issued the authority's own certificate
	stop      func()
	log       *lockedBuffer
	roots     func(t *testing.T) *x509.CertPool // of the certificates that it issues
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// newPebble starts an authority that asks for proofs at these addresses of
// 127.0.0.1, whatever the host.
func newPebble(t *testing.T, httpPort, tlsPort string) *pebble {
	t.Helper()
	dir := t.TempDir()
	own := gatewaytest.NewAuthority(t, "ACME's own CA")
	cert, key := own.Issue("127.0.0.1")
	p := &pebble{ca: filepath.Join(dir, "ca.pem"), log: &lockedBuffer{}}
	gatewaytest.Write(t, p.ca, own.PEM)
	gatewaytest.Write(t, filepath.Join(dir, "cert.pem"), cert)
	gatewaytest.Write(t, filepath.Join(dir, "key.pem"), key)
	var addr [4]string
	for i := range addr {
		var err error
		if addr[i], err = proc.FreeAddr(); err != nil {
			t.Fatal(err)
		}
	}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": addr[0], "managementListenAddress": addr[1], "certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": json.Number(httpPort), "tlsPort": json.Number(tlsPort), "retryAfter": map[string]int{"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"default": map[string]any{"description": "default", "validityPeriod": 7776000}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	gatewaytest.Write(t, filepath.Join(dir, "config.json"), config)
	run := func(name string, args ...string) func() {
		cmd := exec.Command(peer(t, name), args...)
		cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
		cmd.Stdout, cmd.Stderr = p.log, p.log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := sync.OnceFunc(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		t.Cleanup(stop)
		return stop
	}
	run("pebble-challtestsrv", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-dnsserver", addr[2], "-management", addr[3])
	p.stop = run("pebble", "-config", filepath.Join(dir, "config.json"), "-dnsserver", addr[2])
	p.directory = "https://" + addr[0] + "/dir"
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: own.Pool(), MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	get := func(url string) ([]byte, error) {
		resp, err := client.Get(url) //nolint:noctx // the client has its own time-out
		if err != nil {
			return nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		return io.ReadAll(resp.Body)
	}
	waitFor(t, 20*time.Second, "the authority to answer", func() (bool, string) {
		_, err := get(p.directory)
		return err == nil, fmt.Sprint(err)
	})
	p.roots = func(t *testing.T) *x509.CertPool {
		t.Helper()
		pem, err := get("https://" + addr[1] + "/roots/0")
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		return roots
	}
	return p
}

// TestCertificatesByACME: gateways get certificates for what they publish from
// a real authority, one proving itself over TLS (TLS-ALPN-01), the other over
// HTTP (HTTP-01), keep them over a restart without the authority, and never
// ask for what a client names.
func TestCertificatesByACME(t *testing.T) {
	t.Parallel()
	skipOnPostgres(t, fresh(t))
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	defer up.Close()
	var clear, secure [2]string
	for i := range clear {
		for _, p := range []*string{&clear[i], &secure[i]} {
			var err error
			if *p, err = proc.FreeAddr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The authority finds the first by TLS and the second by HTTP.
	ca := newPebble(t, portOf(clear[1]), portOf(secure[0]))
	hosts := [2]string{"alpn.acme.example", "http.acme.example"}
	var gates [2]world
	for i := range gates {
		cfg := fresh(t)
		cfg.Args = []string{"--gateway", clear[i], "--gateway-tls", secure[i], "--gateway-redirect",
			"--gateway-acme", "ops@acme.example", "--gateway-acme-directory", ca.directory, "--gateway-acme-ca", ca.ca}
		gates[i] = world{Server: start(t, cfg), token: newToken(t, cfg, "admin")}
		doc := fmt.Sprintf("gateway: 1\nupstreams:\n  - {name: up, targets: [{url: %q}]}\napis:\n  - {name: a, hosts: [%s, \"*.wild.example\"], upstream: up, keep_host: true, routes: [{name: all, prefix: /}]}\n", up.URL, hosts[i])
		if err := gates[i].Call(t.Context(), gates[i].token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
			t.Fatal(err)
		}
	}
	roots := ca.roots(t)
	shown := func(addr, host string) (string, error) {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12})
		if err != nil {
			return "", err
		}
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
		b, _ := io.ReadAll(c)
		if !strings.HasSuffix(string(b), host) {
			return "", fmt.Errorf("answer is %q", b)
		}
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
	}
	// What nobody publishes is asked for all the time, before and after.
	if _, err := shown(secure[0], "evil.acme.example"); err == nil {
		t.Error("there is a certificate for a host that is not published")
	}
	var serials [2]string
	for i, host := range hosts {
		waitFor(t, 60*time.Second, "a certificate for "+host, func() (bool, string) {
			s, err := shown(secure[i], host)
			serials[i] = s
			return err == nil, fmt.Sprint(err)
		})
		if !strings.Contains(gates[i].Log(), "certificate from the ACME authority") {
			t.Error("the log says nothing of the certificate")
		}
	}
	for _, host := range []string{"evil.acme.example", "a.wild.example", "127.0.0.1"} {
		if _, err := shown(secure[0], host); err == nil {
			t.Errorf("there is a certificate for %s", host)
		}
	}
	if log := ca.log.String(); strings.Contains(log, "evil") || strings.Contains(log, "wild.example") {
		t.Errorf("the authority was asked for what it must not be: %s", log)
	}
	// HTTP-01's path is an ordinary one for tokens that are not ours.
	if out, err := runPeer(t, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "-H", "Host: "+hosts[1], "http://"+clear[1]+"/.well-known/acme-challenge/x"); err != nil || out != "308 https://"+hosts[1]+":"+portOf(secure[1])+"/.well-known/acme-challenge/x" {
		t.Errorf("a token that nobody asked for: %q, %v", out, err)
	}
	ca.stop()
	if err := gates[0].Stop(); err != nil {
		t.Fatal(err)
	}
	start(t, gates[0].Config)
	waitFor(t, 20*time.Second, "the kept certificate", func() (bool, string) {
		s, err := shown(secure[0], hosts[0])
		return err == nil && s == serials[0], fmt.Sprintf("%s, %v; before it was %s", s, err, serials[0])
	})
}
