package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hypercare/hypercare/internal/channel/accesslog"
	"github.com/hypercare/hypercare/internal/channel/accesslog/tail"
)

// tailFile follows an access log and sends its lines, until it is ended.
func tailFile(ctx context.Context, args []string, io streams) error {
	fs := flags("tail", io)
	file := fs.String("file", "", "the `log` to follow, through rotation")
	url := fs.String("url", "http://localhost:8080", "`URL` of the hypercare")
	key := fs.String("key", "", "`key` of an access log channel")
	format := fs.String("format", "", "what wrote the lines: nginx, traefik, envoy, kong, apinto or json; what the channel says when absent")
	state := fs.String("state", "", "`file` that notes how far it came; the log's name with .tail when absent")
	end := fs.Bool("from-end", false, "begin a log that is new to it at its end")
	level := fs.String("log-level", "info", "debug, info, warn or error")
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return fmt.Errorf("tail takes no argument %q; give the log as --file", rest[0])
	}
	if *file == "" {
		return errors.New("say which log to follow: --file /var/log/nginx/access.json")
	}
	path, err := filepath.Abs(*file)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	s, err := accesslog.NewSender(*url, *key, *format, host+":"+path)
	if err != nil {
		return err
	}
	log, err := logger(io, "text", *level)
	if err != nil {
		return err
	}
	f := &tail.Follower{Path: path, State: cmp.Or(*state, path+".tail"), Log: log, FromEnd: *end, Send: func(ctx context.Context, b tail.Batch) error {
		ans, err := s.Send(ctx, b)
		if err != nil {
			return err
		}
		log.DebugContext(ctx, "sent", "lines", b.Count, "accepted", ans.Accepted, "known", ans.Known, "rejected", ans.Rejected)
		if ans.Rejected > 0 {
			log.WarnContext(ctx, "lines could not be read", "rejected", ans.Rejected, "first", ans.Errors[0].Error)
		}
		return nil
	}}
	log.InfoContext(ctx, "following", "file", path, "url", *url)
	return f.Run(ctx)
}
