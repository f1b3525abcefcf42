package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// endless gives so many bytes that tell where they are, and holds those that
// come back to that.
type endless struct{ at, size int64 }

var pattern = func() []byte {
	b := make([]byte, 1<<16+251) // the offset in it shows what was lost or doubled
	for i := range b {
		b[i] = byte(i*7 ^ i>>8)
	}
	return b
}()

func (e *endless) Read(p []byte) (int, error) {
	if e.at == e.size {
		return 0, io.EOF
	}
	n := copy(p, pattern[e.at%int64(len(pattern)):])
	n = int(min(int64(n), e.size-e.at))
	e.at += int64(n)
	return n, nil
}

func (e *endless) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		want := pattern[e.at%int64(len(pattern)):]
		n := min(len(want), len(rest))
		if !bytes.Equal(rest[:n], want[:n]) {
			return 0, io.ErrUnexpectedEOF
		}
		e.at += int64(n)
		rest = rest[n:]
	}
	return len(p), nil
}

// TestABodyOfAGigabyteNeedsNoMemory goes through the gateway both ways at
// once: in the fast lane without TLS and with it, in HTTP/2, and to an
// upstream that speaks HTTP/2.
func TestABodyOfAGigabyteNeedsNoMemory(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.CopyBuffer(struct{ io.Writer }{w}, r.Body, make([]byte, 256<<10))
	})
	plain := httptest.NewServer(echo)
	defer plain.Close()
	h2 := httptest.NewUnstartedServer(echo)
	h2.Config.Protocols = new(http.Protocols)
	h2.Config.Protocols.SetUnencryptedHTTP2(true)
	h2.Start()
	defer h2.Close()
	g := newGate(t)
	ca, err := os.ReadFile(g.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := func(version int) *http.Client {
		p := new(http.Protocols)
		p.SetHTTP1(version == 1)
		p.SetHTTP2(version == 2)
		p.SetUnencryptedHTTP2(version == 2)
		tr := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, WriteBufferSize: 256 << 10, ReadBufferSize: 256 << 10,
			DialContext: (&net.Dialer{}).DialContext}
		t.Cleanup(tr.CloseIdleConnections)
		return &http.Client{Transport: tr}
	}
	published := ""
	for _, tc := range []struct {
		name, doc, url string
		version        int
		size           int64
	}{
		{"HTTP/1.1", everything(plain.URL), "http://" + g.clear, 1, 1 << 30},
		{"HTTP/1.1 with TLS", everything(plain.URL), "https://" + g.secure, 1, 128 << 20},
		{"HTTP/2 with TLS", everything(plain.URL), "https://" + g.secure, 2, 128 << 20},
		{"HTTP/2 on both sides", everything("h2c" + h2.URL[4:]), "http://" + g.clear, 2, 128 << 20},
	} {
		if tc.doc != published {
			g.publish(t, tc.doc)
			published = tc.doc
		}
		before, _ := g.RSS()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "POST", tc.url, &endless{size: tc.size})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := client(tc.version).Do(req)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		back := &endless{}
		_, err = io.CopyBuffer(struct{ io.Writer }{back}, resp.Body, make([]byte, 256<<10))
		_ = resp.Body.Close()
		if err != nil || back.at != tc.size || resp.StatusCode != 200 {
			t.Errorf("%s: %d of %d bytes came back with %d, %v", tc.name, back.at, tc.size, resp.StatusCode, err)
		}
		after, peak := g.RSS()
		t.Logf("%s: %d MB both ways in %s; RSS %d MB before, %d MB after, %d MB at most", tc.name, tc.size>>20, time.Since(began).Round(time.Millisecond), before>>20, after>>20, peak>>20)
		if grown := peak - before; grown > 64<<20 && tc.version == 1 || after-before > 64<<20 {
			t.Errorf("%s: memory grew from %d to %d MB, at most %d MB", tc.name, before>>20, after>>20, peak>>20)
		}
	}
}
