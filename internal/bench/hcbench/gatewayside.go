//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

// nginxConf passes everything on to the rig, over kept connections, and logs
// as much as the call log keeps.
const nginxConf = `daemon off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx-error.log warn;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http {
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  log_format calls escape=json '{"time":"$time_iso8601","msec":"$msec","id":"$request_id","connection":"$connection","requests":"$connection_requests","client":"$remote_addr","port":"$remote_port","method":"$request_method","scheme":"$scheme","host":"$host","path":"$uri","query":"$args","proto":"$server_protocol","server":"$server_name","route":"r-1","service":"s-1","application":"a-1","status":"$status","upstream":"$upstream_addr","upstream_status":"$upstream_status","in":"$request_length","out":"$body_bytes_sent","ms":"$request_time","upstream_ms":"$upstream_response_time","agent":"$http_user_agent"}';
  access_log %[1]s/calls.log calls buffer=64k flush=1s;
  keepalive_timeout 120s; keepalive_requests 100000000; tcp_nodelay on; server_tokens off; client_body_buffer_size 64k;
  upstream rig { server %[3]s; keepalive 512; keepalive_requests 100000000; keepalive_timeout 120s; }
  server {
    listen %[2]s backlog=4096;
    location / { proxy_pass http://rig; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id; }
    location /events { proxy_pass http://rig; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Request-Id $request_id; proxy_buffering off; }
  }
}
`

func (b *gatewayRun) nginx(ctx context.Context, bin string) (*side, error) {
	addr, err := proc.FreeAddr()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, b.dir, addr, b.rig.Addr()), 0o600); err != nil {
		return nil, err
	}
	s, err := b.started(exec.CommandContext(ctx, "taskset", "-c", "0", bin, "-p", b.dir, "-c", conf), addr)
	if s != nil {
		s.name = nginxName
	}
	return s, err
}

// started starts a process and waits until it accepts connections.
func (b *gatewayRun) started(cmd *exec.Cmd, addr string) (*side, error) {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	stop := func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-done:
			var ended *exec.ExitError // by the signal
			if errors.As(err, &ended) {
				return nil
			}
			return err
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
			return errors.New("it did not stop in 15 s")
		}
	}
	for until := time.Now().Add(30 * time.Second); ; {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = c.Close()
			break
		}
		select {
		case err := <-done:
			return nil, fmt.Errorf("it ended before it was ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(until) {
			return nil, errors.Join(errors.New("it was not ready in 30 s"), stop())
		}
	}
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	pid := cmd.Process.Pid
	return &side{addr: to, stop: stop, cpu: func() time.Duration { return familyCPU(pid) }, rss: func() int64 { now, _ := proc.RSS(pid); return now }}, nil
}

// familyCPU is the processor time of a process and its children.
func familyCPU(pid int) time.Duration {
	sum := proc.CPU(pid)
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return sum
	}
	for f := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(f); err == nil {
			sum += proc.CPU(child)
		}
	}
	return sum
}

// document is the bench's API: with a key, and a limit that is never reached.
const document = `gateway: 1
upstreams:
  - {name: rig, targets: [{url: "http://%s"}], idle_connections: 512}
apis:
  - name: bench
    upstream: rig
    policies:
      key: {}
      limit: {rate: 1000000/s, burst: 1000000}
    routes:
      - {name: echo, path: /echo, methods: [GET]}
      - {name: chat, path: /chat, methods: [POST]}
      - {name: long, path: /long, methods: [POST]}
      - {name: events, path: /events, methods: [GET]}
`

func (b *gatewayRun) hypercare(ctx context.Context, log bool) (*side, error) {
	cfg, remove, err := b.c.config()
	if err != nil {
		return nil, err
	}
	cfg.Under = []string{"taskset", "-c", "0"}
	if !log {
		cfg.Args = append(cfg.Args, withoutCallLog...)
	}
	srv, err := proc.Start(ctx, cfg)
	if err != nil {
		remove()
		return nil, err
	}
	stop := func() error { defer remove(); return srv.Stop() }
	s, err := published(ctx, cfg, srv, fmt.Sprintf(document, b.rig.Addr()))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	s.name, s.stop, s.cpu = plainName, stop, srv.CPU
	s.rss = func() int64 { now, _ := srv.RSS(); return now }
	return s, nil
}

// withoutCallLog are the flags that leave the call log out.
var withoutCallLog = []string{"--call-log=false"}

func published(ctx context.Context, cfg proc.Config, srv *proc.Server, doc string) (*side, error) {
	token, err := cfg.NewToken(ctx, "admin", "bench")
	if err != nil {
		return nil, err
	}
	if err := srv.Call(ctx, token, "POST", "/api/v1/gateway/publications", map[string]any{"document": doc}, nil); err != nil {
		return nil, err
	}
	var app struct {
		ID string `json:"id"`
	}
	if err := srv.Call(ctx, token, "POST", "/api/v1/applications", map[string]any{"name": "Bench"}, &app); err != nil {
		return nil, err
	}
	var key struct {
		Secret string `json:"secret"`
	}
	if err := srv.Call(ctx, token, "POST", "/api/v1/applications/"+app.ID+"/keys", map[string]any{}, &key); err != nil {
		return nil, err
	}
	var state struct {
		URL string `json:"url"`
	}
	if err := srv.Call(ctx, token, "GET", "/api/v1/gateway/state", nil, &state); err != nil {
		return nil, err
	}
	to, err := netip.ParseAddrPort(strings.TrimPrefix(state.URL, "http://"))
	if err != nil {
		return nil, fmt.Errorf("the gateway's address is %q: %w", state.URL, err)
	}
	return &side{addr: to, key: key.Secret}, nil
}
