package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/hypercare/hypercare/internal/channel/importer"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

// client speaks to a hypercare's API.
type client struct {
	base  string // with web.Prefix
	token secret.Text
}

// send makes a request and returns the answer if it is a success.
func (c *client) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s is no address: %w", c.base, err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("no answer from %s: %w", strings.TrimSuffix(c.base, web.Prefix), err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var p web.Problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p); err != nil || p.Detail == "" {
		return nil, fmt.Errorf("%s answered %s; is it a hypercare?", strings.TrimSuffix(c.base, web.Prefix), resp.Status)
	}
	return nil, errors.New(p.Detail)
}

// call sends in as JSON, if it is not nil, and reads the answer into out.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	kind := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body, kind = bytes.NewReader(b), "application/json"
	}
	resp, err := c.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// upload streams a file as a form, never holding it.
func (c *client) upload(ctx context.Context, path string, file *os.File, p *progress, out any) error {
	st, err := file.Stat()
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	done := make(chan struct{})
	go func() {
		defer close(done)
		part, err := form.CreateFormFile("file", filepath.Base(file.Name()))
		if err == nil {
			_, err = io.Copy(part, &countReader{file, func(n int64) { p.show("upload", n, st.Size()) }, 0})
		}
		_ = w.CloseWithError(errors.Join(err, form.Close())) // nil ends the body well
	}()
	resp, err := c.send(ctx, http.MethodPost, path, form.FormDataContentType(), r)
	_ = r.CloseWithError(errors.New("no longer wanted")) // whoever writes still, stops
	<-done
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer to the upload: %w", err)
	}
	return nil
}

// download writes an answer to a file.
func (c *client) download(ctx context.Context, path, name string) (err error) {
	resp, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("keep the bad rows: %w", err)
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}

type countReader struct {
	r    io.Reader
	tell func(int64)
	n    int64
}

func (c *countReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}

// progress is a bar on a terminal and a line now and then elsewhere.
type progress struct {
	w     io.Writer
	bar   bool
	last  time.Time
	drawn bool
	now   func() time.Time
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	// The first line comes when something takes long.
	return &progress{w: w, bar: ok && isatty.IsTerminal(f.Fd()), last: time.Now(), now: time.Now}
}

// show says that n of total are through.
func (p *progress) show(what string, n, total int64) {
	share := 1.0
	if total > 0 {
		share = min(1, float64(n)/float64(total))
	}
	p.draw(what, share, fmt.Sprintf("%d of %d", n, total))
}

// percent shows how far an import is.
func (p *progress) percent(i importer.Progress) {
	p.draw("import", i.Percent/100, fmt.Sprintf("%d rows read, %d triaged, %d duplicates, %d bad", i.RowsRead, i.Processed, i.Duplicates, i.Bad))
}

// say shows a step that has no measure.
func (p *progress) say(what string) {
	p.end()
	_, _ = fmt.Fprintln(p.w, what)
}

func (p *progress) draw(what string, share float64, detail string) {
	const width = 30
	every := 5 * time.Second
	if p.bar {
		every = 100 * time.Millisecond
	}
	if now := p.now(); now.Sub(p.last) >= every {
		p.last = now
	} else {
		return
	}
	if !p.bar {
		_, _ = fmt.Fprintf(p.w, "%s %3.0f %%: %s\n", what, 100*share, detail)
		return
	}
	full := int(share * width)
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%-16s %s%s %3.0f %%  %s", what, strings.Repeat("█", full), strings.Repeat("░", width-full), 100*share, detail)
	p.drawn = true
}

// end leaves the bar's line.
func (p *progress) end() {
	if p.drawn {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
