package e2e

import (
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// needMailServers skips where they are not, or can't be started.
func needMailServers(t *testing.T) {
	t.Helper()
	for _, p := range []string{"dovecot", "/usr/lib/dovecot/lmtp", "/usr/sbin/postfix", "swaks"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed (scripts/setup.sh installs Debian's packages)", p)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("Postfix and Dovecot are started by root only")
	}
}

type channelBody struct {
	ID       string `json:"id"`
	Key      string `json:"key"`
	State    string `json:"state"`
	Trouble  string `json:"trouble"`
	Received int    `json:"received"`
}

type messageBody struct {
	Direction string `json:"direction"`
	Text      string `json:"text"`
	Quoted    string `json:"quoted"`
	State     string `json:"state"`
	Reason    string `json:"reason"`
}

func (w world) mailChannel(t *testing.T, settings map[string]any, secrets map[string]string) (c channelBody) {
	t.Helper()
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/launches/"+w.launch+"/channels", map[string]any{"kind": "email", "settings": settings, "secrets": secrets}, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w world) thread(t *testing.T, id string) []messageBody {
	t.Helper()
	var th struct {
		Items []messageBody `json:"items"`
	}
	w.get(t, "/api/v1/feedback/"+id+"/messages", &th)
	return th.Items
}

type mailReport struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Text        string `json:"text"`
	ExternalID  string `json:"external_id"`
	Attachments []struct {
		Name string `json:"name"`
		Size int64  `json:"size"`
	} `json:"attachments"`
}

// report waits for the report made of a mail.
func (w world) report(t *testing.T, messageID string) (r mailReport) {
	t.Helper()
	waitFor(t, time.Minute, "the report of "+messageID, func() (bool, string) {
		var seen []string
		for _, f := range w.feedback(t) {
			w.get(t, "/api/v1/feedback/"+f.ID, &r)
			if r.ExternalID == messageID {
				return true, ""
			}
			seen = append(seen, r.ExternalID)
		}
		return false, fmt.Sprint(seen)
	})
	return r
}

func (w world) reply(t *testing.T, id, text string) {
	t.Helper()
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/feedback/"+id+"/messages", map[string]any{"text": text}, nil); err != nil {
		t.Fatal(err)
	}
}

// TestMailBothWays: mail by SMTP and from a mailbox becomes reports; answers
// arrive, and what comes back finds its thread. The servers and the sender are
// Debian's Postfix, Dovecot and swaks.
func TestMailBothWays(t *testing.T) {
	t.Parallel()
	needMailServers(t)
	cfg := fresh(t)
	skipOnPostgres(t, cfg)
	listen := freeAddr(t)
	m := newMailServers(t, listen)
	cfg.Args = append(cfg.Args, "--allow-private-networks", "--smtp", listen, "--smtp-domain", "care.example", "--smtp-cert", m.ca+","+filepath.Join(m.dir, "key.pem"))
	cfg.Env = append(cfg.Env, "SSL_CERT_FILE="+m.ca)
	w := world{Server: start(t, cfg)}
	w.token = newToken(t, w.Config, "admin")
	w.launch = newLaunch(t, w.Server, w.token)
	host, port, _ := net.SplitHostPort(m.smtp)
	direct := w.mailChannel(t, map[string]any{"address": "feedback@care.example", "sender": "Care team", "smtp_host": host, "smtp_port": port, "smtp_tls": "starttls"}, nil)
	box := w.mailChannel(t, map[string]any{"imap_host": host, "imap_port": portOf(m.imap), "imap_tls": "tls", "imap_user": "support@reporters.example"}, map[string]string{"imap_password": "secret"})
	key := direct.Key + "@care.example"
	to := func(server, from, rcpt, id, subject, body string, more ...string) {
		t.Helper()
		swaks(t, server, append([]string{"--from", from, "--to", rcpt, "--header", "Message-Id: " + id, "--header", "Subject: " + subject, "--body", body}, more...)...)
	}

	// A mail with 25 MB of files, with STARTTLS, and one to somebody who is gone.
	large := filepath.Join(m.dir, "dump.bin")
	if err := os.WriteFile(large, []byte(strings.Repeat("0123456789abcdef", 25<<16)), 0o600); err != nil {
		t.Fatal(err)
	}
	to(listen, "ann@reporters.example", key, "<a1@reporters.example>", "Checkout fails", "It says 502.", "--tls", "--attach-type", "application/octet-stream", "--attach", "@"+large)
	to(listen, "bob@gone.example", key, "<g1@gone.example>", "Login", "No way in.")
	ann, gone := w.report(t, "<a1@reporters.example>"), w.report(t, "<g1@gone.example>")
	if ann.Title != "Checkout fails" || ann.Text != "It says 502." || len(ann.Attachments) != 1 || ann.Attachments[0].Size != 25<<20 || ann.Attachments[0].Name != "dump.bin" {
		t.Errorf("%+v", ann)
	}
	w.reply(t, ann.ID, "We fixed it — try again.") // both go out in half a minute
	w.reply(t, gone.ID, "Which user?")

	// Meanwhile: a mailbox, the same mail in both, a list, somebody on holiday.
	to(m.smtp, "eve@reporters.example", "support@reporters.example", "<e1@reporters.example>", "Cart", "It is empty.")
	box1 := w.report(t, "<e1@reporters.example>")
	to(listen, "eve@reporters.example", key, "<e1@reporters.example>", "Cart", "It is empty.")
	to(listen, "dan@reporters.example", key, "<d1@reporters.example>", "Slow", "Very slow.")
	to(m.smtp, "dan@reporters.example", "support@reporters.example", "<d1@reporters.example>", "Slow", "Very slow.")
	to(listen, "news@reporters.example", key, "<l1@reporters.example>", "News", "Much.", "--header", "List-Id: <news.reporters.example>")
	to(m.smtp, "ann@reporters.example", "support@reporters.example", "<v1@reporters.example>", "Abwesenheitsnotiz: Cart", "Bin weg.", "--header", "Auto-Submitted: auto-replied", "--header", "In-Reply-To: <e1@reporters.example>")
	w.report(t, "<d1@reporters.example>")

	var reply *mail.Message
	waitFor(t, 90*time.Second, "the answer in Ann's mailbox", func() (bool, string) {
		for _, raw := range m.box(t, "ann") {
			got, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if reply = got; reply.Header.Get("In-Reply-To") == ann.ExternalID {
				return true, ""
			}
		}
		return false, fmt.Sprint(w.thread(t, ann.ID))
	})
	h := reply.Header
	from, err := mail.ParseAddress(h.Get("From"))
	if err != nil || from.Name != "Care team" || !strings.HasPrefix(from.Address, "feedback+") || h.Get("Reply-To") != from.Address || h.Get("Subject") != "Re: Checkout fails" ||
		h.Get("References") != ann.ExternalID || !strings.HasPrefix(h.Get("Message-Id"), "<hc.") || h.Get("Auto-Submitted") != "" || !strings.Contains(h.Get("Return-Path"), from.Address) {
		t.Errorf("%v %+v", err, h)
	}

	// Ann answers, by way of Postfix, to the address with the token.
	to(m.smtp, "ann@reporters.example", from.Address, "<a2@reporters.example>", "Re: Checkout fails", "Still 502.\\n\\nOn Fri, 27 Nov 2026, Care team <feedback@care.example> wrote:\\n> We fixed it\\n",
		"--header", "In-Reply-To: "+h.Get("Message-Id"), "--header", "References: "+ann.ExternalID+" "+h.Get("Message-Id"))
	waitFor(t, time.Minute, "the answer in the thread", func() (bool, string) {
		th := w.thread(t, ann.ID)
		return len(th) == 2 && th[1].Direction == "in" && th[1].Text == "Still 502." && strings.Contains(th[1].Quoted, "> We fixed it"), fmt.Sprintf("%+v", th)
	})
	// Postfix says that nobody is there.
	waitFor(t, time.Minute, "the bounce", func() (bool, string) {
		th := w.thread(t, gone.ID)
		return th[0].State == "failed" && strings.HasPrefix(th[0].Reason, "The mail did not arrive at bob@gone.example: "), fmt.Sprintf("%+v", th)
	})
	waitFor(t, time.Minute, "all mail taken in, and nothing made of the rest", func() (bool, string) {
		var d, b channelBody
		w.get(t, "/api/v1/channels/"+direct.ID, &d)
		w.get(t, "/api/v1/channels/"+box.ID, &b)
		n := len(w.feedback(t))
		return n == 4 && d.Received == 7 && b.Received == 3 && d.Trouble+b.Trouble == "" && len(w.thread(t, box1.ID)) == 0, fmt.Sprintf("%d reports, %+v, %+v", n, d, b)
	})
}
