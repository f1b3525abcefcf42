// Command wspeer is a WebSocket server that echoes, and the client that holds
// it to that: both unmodified coder/websocket.
//
//	wspeer serve ADDR
//	wspeer call URL [CA.pem]
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "wspeer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) >= 2 && args[0] == "call":
		return call(args[1], args[2:])
	}
	return errors.New("usage: wspeer serve ADDR | wspeer call URL [CA.pem]")
}

func serve(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening", ln.Addr())
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}, OriginPatterns: []string{"*"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(16 << 20)
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if string(b) == "bye" {
				c.Close(4001, "as you wish")
				return
			}
			if err := c.Write(r.Context(), kind, b); err != nil {
				return
			}
		}
	}))
}

func call(url string, ca []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	o := &websocket.DialOptions{Subprotocols: []string{"echo"}}
	if len(ca) > 0 {
		pem, err := os.ReadFile(ca[0])
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		o.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	}
	c, _, err := websocket.Dial(ctx, url, o)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	c.SetReadLimit(16 << 20)
	if c.Subprotocol() != "echo" {
		return fmt.Errorf("subprotocol is %q", c.Subprotocol())
	}
	for i, size := range []int{0, 1, 125, 126, 65535, 65536, 5 << 20} {
		kind := websocket.MessageBinary
		if i%2 == 0 {
			kind = websocket.MessageText
		}
		want := bytes.Repeat([]byte{byte('a' + i)}, size)
		if err := c.Write(ctx, kind, want); err != nil {
			return err
		}
		k, got, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if k != kind || !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes came back as %d", size, len(got))
		}
	}
	for i := range 1000 {
		want := fmt.Sprintf("message %d", i)
		if err := c.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			return err
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != want {
			return fmt.Errorf("%s came back as %s, %v", want, got, err)
		}
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("bye")); err != nil {
		return err
	}
	var closed websocket.CloseError
	if _, _, err := c.Read(ctx); !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "as you wish" {
		return fmt.Errorf("closed by %v", err)
	}
	fmt.Println("ok 1008 messages")
	return nil
}
