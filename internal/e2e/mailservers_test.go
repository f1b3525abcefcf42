package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

// mailServers are a Postfix and a Dovecot of a test's own, on free ports, with
// a certificate of an authority of its own.
type mailServers struct {
	dir        string
	ca         string // PEM file
	smtp, imap string // addresses
	boxes      string // folder of mailboxes
}

const nobody = 65534

// newMailServers starts them. Mail to care.example goes on to hypercare, mail
// to reporters.example into mailboxes, mail to gone.example comes back.
func newMailServers(t *testing.T, hypercare string) *mailServers {
	t.Helper()
	dir, err := os.MkdirTemp("", "hcmail")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := &mailServers{dir: dir, ca: filepath.Join(dir, "ca.pem"), boxes: filepath.Join(dir, "boxes")}
	for _, d := range []string{m.boxes, filepath.Join(dir, "dovecot"), filepath.Join(dir, "postfix"), filepath.Join(dir, "queue"), filepath.Join(dir, "state")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	chown := func(path string, id int) {
		if err := os.Chown(path, id, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	chown(m.boxes, nobody)
	m.certificate(t)
	lmtp := freeAddr(t)
	m.imap, m.smtp = freeAddr(t), freeAddr(t)
	m.dovecot(t, lmtp)
	m.postfix(t, lmtp, hypercare)
	for _, addr := range []string{m.imap, m.smtp} {
		waitFor(t, 30*time.Second, "a mail server at "+addr, func() (bool, string) {
			c, err := net.DialTimeout("tcp", addr, time.Second)
			if err != nil {
				return false, err.Error()
			}
			return true, fmt.Sprint(c.Close())
		})
	}
	return m
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func (m *mailServers) certificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail of a test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	m.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func (m *mailServers) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(strings.NewReplacer("DIR", m.dir).Replace(text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (m *mailServers) dovecot(t *testing.T, lmtp string) {
	t.Helper()
	m.write(t, "dovecot.conf", fmt.Sprintf(`
protocols = imap lmtp
listen = 127.0.0.1
base_dir = DIR/dovecot/run
state_dir = DIR/dovecot/state
log_path = DIR/dovecot/log
ssl = yes
ssl_cert = <DIR/ca.pem
ssl_key = <DIR/key.pem
auth_username_format = %%Ln
recipient_delimiter = +
mail_location = maildir:DIR/boxes/%%n
mail_uid = %d
mail_gid = %d
first_valid_uid = 1
postmaster_address = postmaster@reporters.example
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=%d gid=%d home=DIR/boxes/%%n allow_all_users=yes
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = %s
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %s
  }
}
`, nobody, nobody, nobody, nobody, portOf(m.imap), portOf(lmtp)))
	cmd := exec.Command("dovecot", "-F", "-c", filepath.Join(m.dir, "dovecot.conf"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		m.logOf(t, "dovecot/log")
	})
}

func (m *mailServers) logOf(t *testing.T, name string) {
	if b, err := os.ReadFile(filepath.Join(m.dir, name)); err == nil && t.Failed() {
		t.Logf("%s:\n%.8000s", name, b)
	}
}

func (m *mailServers) postfix(t *testing.T, lmtp, hypercare string) {
	t.Helper()
	m.write(t, "postfix/main.cf", fmt.Sprintf(`
compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/state
maillog_file = DIR/postfix.log
maillog_file_prefixes = DIR
myhostname = mx.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
recipient_delimiter = +
message_size_limit = 60000000
mailbox_size_limit = 0
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_reject_unlisted_recipient = no
smtpd_tls_cert_file = DIR/ca.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = may
transport_maps = inline:{ {care.example=smtp:[127.0.0.1]:%s}, {reporters.example=lmtp:inet:%s}, {gone.example=error:5.1.1 no such user} }
`, portOf(hypercare), lmtp))
	m.write(t, "postfix/master.cf", fmt.Sprintf(`
%s inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`, m.smtp))
	for _, f := range []string{"postfix/main.cf", "postfix/master.cf"} {
		if err := os.Chmod(filepath.Join(m.dir, f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	owner, err := exec.Command("id", "-u", "postfix").Output()
	if err != nil {
		t.Fatal(err)
	}
	var uid int
	if _, err := fmt.Sscan(string(owner), &uid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(m.dir, "state"), uid, -1); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(m.dir, "postfix")
	t.Cleanup(func() {
		_ = exec.Command("/usr/sbin/postfix", "-c", conf, "stop").Run()
		m.logOf(t, "postfix.log")
	})
	if out, err := exec.Command("/usr/sbin/postfix", "-c", conf, "start").CombinedOutput(); err != nil {
		t.Fatalf("postfix: %v: %s", err, out)
	}
}

// box returns the mails in somebody's mailbox.
func (m *mailServers) box(t *testing.T, user string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.boxes, user, "*", "[0-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && filepath.Base(filepath.Dir(f)) != "tmp" {
			out = append(out, string(b))
		}
	}
	return out
}

// swaks sends a mail.
func swaks(t *testing.T, server string, args ...string) {
	t.Helper()
	if out, err := runPeer(t, "swaks", append([]string{"--server", server, "--helo", "reporters.example", "--hide-all"}, args...)...); err != nil {
		t.Fatalf("swaks %v: %v: %s", args, err, out)
	}
}
