package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// TLSUp says how the targets of an upstream are trusted, and how we show who
// we are. Files are named without a folder: they are read from the folder of
// the gateway's files, so that a document reaches nothing else on the machine.
type TLSUp struct {
	CA       string `yaml:"ca,omitempty" json:"ca,omitempty" doc:"Certificates of the authorities that are believed, in PEM; those of the system when absent."`
	CAFile   string `yaml:"ca_file,omitempty" json:"ca_file,omitempty" doc:"The same from a file in the folder of the gateway's files (--gateway-files)."`
	Name     string `yaml:"server_name,omitempty" json:"server_name,omitempty" doc:"That the certificate has to be for; the target's host when absent."`
	Insecure bool   `yaml:"insecure,omitempty" json:"insecure,omitempty" doc:"Believe any certificate: whoever sits in between can read and change everything."`
	CertFile string `yaml:"certificate_file,omitempty" json:"certificate_file,omitempty" doc:"Our certificate for the target, in PEM, in the same folder."`
	KeyFile  string `yaml:"key_file,omitempty" json:"key_file,omitempty" doc:"Its key; in the same file when absent."`
}

func (k *checker) tlsUp(path string, u Upstream) {
	t := u.TLS
	if t == nil {
		return
	}
	path += ".tls"
	secure := false
	for _, g := range u.Targets {
		secure = secure || strings.HasPrefix(g.URL, "https://")
	}
	if !secure {
		k.fault(path, "no target of this upstream begins with https://")
	}
	if t.CA != "" && t.CAFile != "" {
		k.fault(path+".ca_file", "name either ca or ca_file")
	}
	if t.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.CA)) {
		k.fault(path+".ca", "there is no certificate in PEM in it")
	}
	for _, f := range [][2]string{{"ca_file", t.CAFile}, {"certificate_file", t.CertFile}, {"key_file", t.KeyFile}} {
		if f[1] != "" && !plainFile(f[1]) {
			k.fault(path+"."+f[0], "%q has to be the name of a file in the folder of the gateway's files, without a path", f[1])
		}
	}
	if t.KeyFile != "" && t.CertFile == "" {
		k.fault(path+".key_file", "a key needs its certificate_file")
	}
	if t.Insecure && (t.CA != "" || t.CAFile != "") {
		k.fault(path+".insecure", "either a certificate is checked against ca, or it is not checked at all")
	}
}

func plainFile(s string) bool { return filepath.Base(s) == s && s[0] != '.' }

// tlsTarget is how a target is spoken to over TLS. Its files are read when it
// is published and again whenever they change.
type tlsTarget struct {
	way   connectionWay
	files string
	log   *slog.Logger

	mu     sync.Mutex
	config *tls.Config
	err    error  // why there is no configuration
	stamp  string // of the files that were read
}

func newTLSTarget(way connectionWay, files string, log *slog.Logger) *tlsTarget {
	t := &tlsTarget{way: way, files: files, log: log, stamp: "unread"}
	if way.tls.Insecure {
		log.Warn("TLS CERTIFICATES OF THIS TARGET ARE NOT CHECKED: whoever sits in between can read and change everything; name its authority with ca in the place of insecure", "target", way.addr)
	}
	t.refresh()
	return t
}

func (t *tlsTarget) handshake(ctx context.Context, c net.Conn) (*tls.Conn, error) {
	t.mu.Lock()
	config, err := t.config, t.err
	t.mu.Unlock()
	if config == nil {
		return nil, err
	}
	s := tls.Client(c, config)
	if err := s.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with %s: %w", t.way.addr, err)
	}
	if t.way.h2 && s.ConnectionState().NegotiatedProtocol != "h2" {
		return nil, fmt.Errorf("TLS with %s: the target does not speak HTTP/2", t.way.addr)
	}
	return s, nil
}

// refresh reads the files anew when they have changed. What can't be read
// leaves what was there, and is said once.
func (t *tlsTarget) refresh() {
	u := &t.way.tls
	stamp := fileStamps(t.path(u.CAFile), t.path(u.CertFile), t.path(u.KeyFile))
	t.mu.Lock()
	defer t.mu.Unlock()
	if stamp == t.stamp {
		return
	}
	t.stamp = stamp
	config, err := t.load()
	if err != nil {
		t.err = err
		t.log.Error("TLS of a target can't be set up", "target", t.way.addr, "err", err, "old_kept", t.config != nil)
		return
	}
	t.config, t.err = config, nil
}

func (t *tlsTarget) path(name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(t.files, name)
}

func (t *tlsTarget) load() (*tls.Config, error) {
	u := &t.way.tls
	if t.files == "" && (u.CAFile != "" || u.CertFile != "") {
		return nil, errors.New("this gateway has no folder of files; start it with --gateway-files")
	}
	host, _, _ := net.SplitHostPort(t.way.addr)
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(64)}
	if t.way.h2 {
		c.NextProtos = []string{"h2"}
	}
	if u.Name != "" {
		c.ServerName = u.Name
	}
	c.InsecureSkipVerify = u.Insecure //nolint:gosec // the document says so, and it was warned of
	roots := []byte(u.CA)
	if u.CAFile != "" {
		var err error
		if roots, err = os.ReadFile(t.path(u.CAFile)); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
	}
	if len(roots) > 0 {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(roots) {
			return nil, errors.New("there is no certificate in PEM in ca_file")
		}
	}
	if u.CertFile != "" {
		pair, err := readPair(t.path(u.CertFile), t.path(u.KeyFile))
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{*pair}
	}
	return c, nil
}
