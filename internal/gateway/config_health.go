package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// HealthCheck says how targets are asked whether they are up.
type HealthCheck struct {
	Kind      string   `yaml:"type,omitempty" json:"type,omitempty" doc:"http (default), tcp (a connection is enough) or grpc (grpc.health.v1)."`
	Path      string   `yaml:"path,omitempty" json:"path,omitempty" doc:"For http: what is asked for; / when absent."`
	Host      string   `yaml:"host,omitempty" json:"host,omitempty" doc:"For http: Host of the request; the target's when absent."`
	Statuses  []int    `yaml:"statuses,omitempty" json:"statuses,omitempty" doc:"For http: what is good; 200 to 299 when absent."`
	Service   string   `yaml:"service,omitempty" json:"service,omitempty" doc:"For grpc; the whole server when absent."`
	Interval  Duration `yaml:"interval,omitempty" json:"interval,omitempty" doc:"5s when absent."`
	Timeout   Duration `yaml:"timeout,omitempty" json:"timeout,omitempty" doc:"2s when absent."`
	Healthy   int      `yaml:"healthy_after,omitempty" json:"healthy_after,omitempty" doc:"Good answers in a row; 2 when absent."`
	Unhealthy int      `yaml:"unhealthy_after,omitempty" json:"unhealthy_after,omitempty" doc:"Bad ones in a row; 3 when absent."`
}

// The kinds of health checks.
const (
	healthHTTP = "http"
	healthTCP  = "tcp"
	healthGRPC = "grpc"
)

func (k *checker) health(path string, u Upstream) {
	h := u.Health
	if h == nil {
		return
	}
	path += ".health"
	if !slices.Contains([]string{"", healthHTTP, healthTCP, healthGRPC}, h.Kind) {
		k.fault(path+".type", "there is no check %q; use http, tcp or grpc", h.Kind)
	}
	if h.Path != "" {
		if r, err := http.NewRequest(http.MethodGet, "http://target"+h.Path, nil); err != nil || h.Path[0] != '/' || r.URL.Host != "target" { //nolint:noctx // it is not sent
			k.fault(path+".path", "%q is no path; write it as /healthz", h.Path)
		}
	}
	if h.Host != "" && (len(h.Host) > 255 || !hostForm.MatchString(h.Host)) {
		k.fault(path+".host", "%q is no host", h.Host)
	}
	if len(h.Service) > 100 {
		k.fault(path+".service", "a service's name has at most 100 characters")
	}
	for i, s := range h.Statuses {
		if s < 100 || s > 599 {
			k.fault(fmt.Sprintf("%s.statuses[%d]", path, i), "%d is no status", s)
		}
	}
	k.durations(path, map[string]Duration{"interval": h.Interval, "timeout": h.Timeout})
	if h.Interval > 0 && h.Interval < Duration(100*time.Millisecond) {
		k.fault(path+".interval", "a target is asked every 100ms at most")
	}
	for name, n := range map[string]int{"healthy_after": h.Healthy, "unhealthy_after": h.Unhealthy} {
		if n < 0 || n > 100 {
			k.fault(path+"."+name, "answers in a row are from 1 to 100")
		}
	}
}

// filled is the check with what is absent.
func (h HealthCheck) filled() HealthCheck {
	h.Kind, h.Path = cmp.Or(h.Kind, healthHTTP), cmp.Or(h.Path, "/")
	h.Interval, h.Timeout = cmp.Or(h.Interval, Duration(5*time.Second)), cmp.Or(h.Timeout, Duration(2*time.Second))
	h.Healthy, h.Unhealthy = cmp.Or(h.Healthy, 2), cmp.Or(h.Unhealthy, 3)
	return h
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]{1,5})?$`)
