package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/calllog"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// CallLog says how calls are kept. The zero value of each field is good.
type CallLog struct {
	Off   bool
	Days  int   // 30 when 0
	Bytes int64 // on disk; 20 GB when 0
	// URL is a ClickHouse that all nodes share, http://user:password@host:8123/database;
	// empty: each node keeps its own calls in its data folder.
	URL secret.Text
}

// What is kept where nothing else is said.
const (
	DefaultCallDays  = 30
	DefaultCallBytes = 20 << 30
)

// callFolder is where calls are, in the data folder.
const callFolder = "calls"

// buildCalls opens the call log. A node without a gateway shows what an
// earlier one has written, and makes none of its own.
func (a *App) buildCalls() error {
	dir := filepath.Join(a.cfg.Data, callFolder)
	log := a.log.With("component", "calls")
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var store calllog.Log
	_, err = os.Stat(dir)
	if !a.cfg.Calls.Off && (a.cfg.Gateway != "" || a.cfg.GatewayTLS.Listen != "" || a.cfg.Calls.URL != "" || !errors.Is(err, fs.ErrNotExist)) {
		l, err := openCalls(a.cfg.Calls, call.Config{Dir: dir, Log: log, Retention: call.Retention{
			Age: time.Duration(cmp.Or(a.cfg.Calls.Days, DefaultCallDays)) * 24 * time.Hour, Bytes: cmp.Or(a.cfg.Calls.Bytes, DefaultCallBytes)}})
		if err != nil {
			return fmt.Errorf("open the call log: %w", err)
		}
		a.cleanup = append(a.cleanup, l.Close)
		store, a.callLog = l, l
	}
	a.calls = calllog.NewService(calllog.Deps{DB: a.db, Log: log, Node: host, Done: a.streams, Each: a.workspaces.Each, Cover: a.exportCover}, store)
	return nil
}

// exportCover is what the workspace's privacy policy covers in exports.
func (a *App) exportCover(ctx context.Context, ws workspace.ID) (*mask.Masker, error) {
	c, err := a.privacy.Cover(ctx, ws, "")
	if err != nil {
		return nil, err
	}
	return c.Export, nil
}

// openLog is what both kinds of call log can do.
type openLog interface {
	calllog.Log
	Close() error
}

func openCalls(of CallLog, cfg call.Config) (openLog, error) {
	if of.URL == "" {
		return call.Open(cfg)
	}
	cfg.Dir = filepath.Join(cfg.Dir, "cluster") // beside what the node kept for itself
	return call.OpenCluster(cfg, of.URL)
}

// logged makes of a gateway's options some by which calls are recorded.
func (a *App) logged(o gateway.Options) gateway.Options {
	if a.calls.On() {
		o.Record, o.Capture = a.calls.Record, a.calls.Capture
	}
	return o
}
