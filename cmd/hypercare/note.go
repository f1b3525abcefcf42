package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

const noteUsage = `usage: hypercare note "what you see" [--launch L], or hypercare note - to read it from standard input`

// takeNote sends what somebody of the team sees as a report.
func takeNote(ctx context.Context, args []string, io streams) (err error) {
	var r remote
	fs := flags("note", io)
	name := fs.String("launch", "", "`launch` that it is about: its id or name; the only one that is on when absent")
	r.define(fs)
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	text, err := noteText(rest, io.in)
	if err != nil {
		return err
	}
	c, stop, err := r.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	l, err := theLaunch(ctx, c, *name)
	if err != nil {
		return err
	}
	var me workspace.Me
	if err := c.call(ctx, http.MethodGet, "/me", nil, &me); err != nil {
		return err
	}
	in := feedback.Input{Channel: "note", Text: text, Author: &feedback.Author{Name: me.Name, Email: me.Email}}
	var got feedback.Receipt
	if err := c.call(ctx, http.MethodPost, "/launches/"+url.PathEscape(l.ID)+"/feedback", in, &got); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "noted in %s as %s\n", l.Name, got.ID)
	return err
}

// noteText is the argument, several as one, or standard input for "-".
func noteText(rest []string, in io.Reader) (string, error) {
	text := strings.Join(rest, " ")
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(in, feedback.MaxText+1))
		if err != nil {
			return "", fmt.Errorf("read standard input: %w", err)
		}
		text = string(b)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", errors.New(noteUsage)
	}
	return text, nil
}

// theLaunch finds the launch that is named, or the only one.
func theLaunch(ctx context.Context, c *client, name string) (launch.View, error) {
	if name != "" {
		o := importFlags{launch: name}
		return o.findLaunch(ctx, c)
	}
	var list struct{ Items []launch.View }
	if err := c.call(ctx, http.MethodGet, "/launches", nil, &list); err != nil {
		return launch.View{}, err
	}
	var on []launch.View
	var names []string
	for _, l := range list.Items {
		if l.State == launch.Active {
			on = append(on, l)
			names = append(names, "  "+l.ID+"  "+l.Name)
		}
	}
	switch len(on) {
	case 0:
		return launch.View{}, errors.New("there is no launch yet; make one in the browser")
	case 1:
		return on[0], nil
	}
	return launch.View{}, fmt.Errorf("there are %d launches; say which with --launch:\n%s", len(on), strings.Join(names, "\n"))
}
