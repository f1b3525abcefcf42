package evidence

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// shop logs an hour of traffic of many people: regions, releases, upstreams
// and apps in even shares; break makes some of it fail.
func (r *rig) shop(each int, breaks func(x *call.Record, ago time.Duration)) {
	r.t.Helper()
	agents := []string{"ShopApp/4.8.2 (iPhone; iOS 19.1)", "ShopApp/4.9.0 (iPhone; iOS 19.1)", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	regions := []string{"eu-west", "us-east", "ap-south"}
	upstreams := map[string]string{"/cart": "cart", "/checkout/pay": "payments", "/search": "search", "/orders": "orders", "/account/login": "accounts", "/catalog/category": "catalog", "/shipping/options": "shipping"}
	for i := range each {
		for k, p := range shopPaths {
			ago := time.Duration(i)*time.Hour/time.Duration(each) + time.Duration(k)*time.Second
			who := i % 45
			r.call(ago, func(x *call.Record) {
				x.Path, x.User, x.Session = p, fmt.Sprintf("u%d", who), fmt.Sprintf("s%d", who)
				x.Host, x.Agent = regions[who%3]+".shop.example", agents[(who/3)%3]
				x.Upstream = fmt.Sprintf("%s/10.0.0.%d:8080", upstreams[p], 1+(i+k)%2)
				x.Latency, x.BytesOut = int64(30_000+1000*(i%20)), int64(1800+20*(i%20))
				breaks(x, ago)
			})
		}
	}
	r.sync()
}

// blame makes an issue of reports by people, each about a path, and asks for
// its cause.
func (r *rig) blame(text, path string, bad func(*call.Record) bool, people int) *Cause {
	r.t.Helper()
	page, err := r.log.Find(r.t.Context(), r.Workspace, call.Query{Limit: 1000, Where: []call.Filter{{Field: call.Path, Values: []string{path}}}})
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	seen := map[string]bool{}
	for i := range page.Calls {
		x := &page.Calls[i]
		if !bad(x) || seen[x.User] || len(ids) == people {
			continue
		}
		seen[x.User] = true
		id := r.AddTo(r.LaunchID, feedbacktest.From(x.User, text))[0]
		r.receivedAt(id, x.At().Add(20*time.Second), true)
		ids = append(ids, id)
	}
	if len(ids) < people {
		r.t.Fatalf("only %d people met it", len(ids))
	}
	a, err := r.issues.Accept(r.Ctx, ids[0], "")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, id := range ids[1:] {
		if _, err := r.issues.Accept(r.Ctx, id, a.Issue.ID); err != nil {
			r.t.Fatal(err)
		}
	}
	c, err := r.s.CauseOf(r.Ctx, a.Issue.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	r.issueID = a.Issue.ID
	return c
}

func TestReachFeedsThePriority(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shop(120, func(x *call.Record, ago time.Duration) {
		if x.Path == "/orders" && ago < 30*time.Minute {
			x.Status = 500
		}
	})
	c := r.blame("My orders show an error", "/orders", failed, 5)
	before, err := r.issues.Get(r.Ctx, r.issueID)
	if err != nil || before.Reach.Met != 0 {
		t.Fatalf("before = %+v, %v", before, err)
	}
	if err := r.s.MeasureReach(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := r.issues.Get(r.Ctx, r.issueID)
	if err != nil || after.Reach.Met != int(c.Reach.People)-5 || after.Reach.Met < 20 || after.Priority <= before.Priority {
		t.Errorf("after = %+v (priority %g after %g), reach %+v, %v", after.Reach, after.Priority, before.Priority, c.Reach, err)
	}
	// What else counts the issue anew keeps it.
	if _, err := r.issues.Accept(r.Ctx, r.report(feedbacktest.From("u44", "My orders show an error")), r.issueID); err != nil {
		t.Fatal(err)
	}
	if x, err := r.issues.Get(r.Ctx, r.issueID); err != nil || x.Reach.Met != after.Reach.Met || x.Reach.Feedback != 6 {
		t.Errorf("counted anew = %+v, %v", x.Reach, err)
	}
}

func failed(x *call.Record) bool { return x.Status >= 400 || x.Latency > 1_000_000 }

func names(c *Cause, field, value string) int {
	return 1 + slices.IndexFunc(c.Factors, func(f Factor) bool { return f.Field == field && f.Value == value })
}

func TestCauseIsNamed(t *testing.T) {
	t.Parallel()
	const begins = 25 * time.Minute
	for _, tc := range []struct {
		name, text, path string
		breaks           func(x *call.Record, ago time.Duration)
		field, value     string
		depth            int
		label            string
	}{
		{"upstream", "The delivery options fail with an error", "/shipping/options", func(x *call.Record, ago time.Duration) {
			if strings.HasPrefix(x.Upstream, "shipping/") && ago < begins {
				x.Status, x.Error = 502, "connect_failed"
			}
		}, "upstream", "shipping", 2, ""},
		{"target", "Paying fails with an error", "/checkout/pay", func(x *call.Record, ago time.Duration) {
			if x.Upstream == "payments/10.0.0.2:8080" && ago < begins {
				x.Status, x.Latency = 504, 8_000_000
			}
		}, "upstream", "payments/10.0.0.2:8080", 1, ""},
		{"release", "My cart shows an error", "/cart", func(x *call.Record, ago time.Duration) {
			if x.Path == "/cart" && ago < begins {
				if x.Release = "3.0.4"; !strings.HasSuffix(x.Session, "1") {
					x.Status = 500
				}
			}
		}, "release", "3.0.4", 1, labelRelease},
		{"region", "Search is very slow", "/search", func(x *call.Record, ago time.Duration) {
			if x.Path == "/search" && strings.HasPrefix(x.Host, "ap-south") && ago < begins {
				x.Latency = 2_100_000
			}
		}, "region", "ap-south", 2, ""},
		{"client", "I can't log in any more, access denied", "/account/login", func(x *call.Record, ago time.Duration) {
			if x.Path == "/account/login" && strings.Contains(x.Agent, "4.8.2") && ago < begins {
				x.Status = 401
			}
		}, "client_version", "ShopApp/4.8.2", 2, ""},
		{"limit", "Search says too many requests", "/search", func(x *call.Record, ago time.Duration) {
			if x.Path == "/search" && ago < begins && !strings.HasSuffix(x.Session, "2") {
				x.Status, x.Policy, x.Limit, x.Error = 429, "limit", "limit", "limited"
			}
		}, "policy", "limit", 2, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.shop(120, tc.breaks)
			c := r.blame(tc.text, tc.path, failed, 6)
			if at := names(c, tc.field, tc.value); at == 0 || at > tc.depth || tc.label != "" && (c.Label != tc.label || c.Release != tc.value) {
				t.Errorf("want %s %s among the first %d; got %s %s: %s\n%s", tc.field, tc.value, tc.depth, c.Label, c.Release, c.Sentence, factorsOf(c))
			}
			if c.Reach.People < 6 || c.Reach.Reported != 6 || c.Reach.OfPeople < c.Reach.People {
				t.Errorf("reach = %+v", c.Reach)
			}
		})
	}
}

func factorsOf(c *Cause) string {
	var b strings.Builder
	for _, f := range c.Factors {
		fmt.Fprintf(&b, "  %s %s: %d/%d, %d of %d, %d failing, p %.2g, lift %g\n", f.Field, f.Value, f.In, f.Of, f.BaseIn, f.BaseOf, f.Failing, f.PValue, f.Lift)
	}
	return b.String()
}

func TestUnlikeReportsHaveNoCause(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shop(120, func(x *call.Record, _ time.Duration) {
		if strings.HasSuffix(x.Session, "3") && x.BytesOut == 1800 {
			x.Status = 500
		}
	})
	var ids []string
	for i, text := range []string{"I love it", "Please add a dark theme", "How do I return a parcel?", "The parcel was wet", "Nice colours"} {
		ids = append(ids, r.report(feedbacktest.From(fmt.Sprintf("u%d", i), text)))
	}
	a, err := r.issues.Accept(r.Ctx, ids[0], "")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[1:] {
		if _, err := r.issues.Accept(r.Ctx, id, a.Issue.ID); err != nil {
			t.Fatal(err)
		}
	}
	c, err := r.s.CauseOf(r.Ctx, a.Issue.ID)
	if err != nil || len(c.Factors) > 0 || c.Label != labelUnknown || c.Sentence == "" {
		t.Errorf("cause = %+v, %v", c, err)
	}
	if e, err := r.s.OfIssue(r.Ctx, a.Issue.ID); err != nil || e.Reports != 5 {
		t.Errorf("evidence = %+v, %v", e, err)
	}
	if _, err := r.s.CauseOf(r.Other().Ctx, a.Issue.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace got %v", err)
	}
	if _, err := r.s.CauseOf(r.As(workspace.Intake), a.Issue.ID); !errs.Is(err, errs.Denied) {
		t.Errorf("intake got %v", err)
	}
}

func TestWhatBroughtIt(t *testing.T) {
	t.Parallel()
	broken := func(since time.Duration, often int64) func(x *call.Record, ago time.Duration) {
		return func(x *call.Record, ago time.Duration) {
			if x.Path == "/orders" && ago < since && x.Time/18_000_000%often == 0 {
				x.Status = 500
			}
		}
	}
	for _, tc := range []struct {
		name   string
		breaks func(x *call.Record, ago time.Duration)
		launch time.Duration // ago
		mark   time.Duration // ago; 0: none
		want   string
	}{
		{"launch", broken(30*time.Minute, 1), 31 * time.Minute, 0, labelLaunch},
		{"older", broken(59*time.Minute, 2), 30 * time.Minute, 0, labelOlder},
		{"a marker", broken(20*time.Minute, 1), 59 * time.Minute, 21 * time.Minute, labelRelease},
		{"neither", broken(20*time.Minute, 1), 24 * time.Hour, 0, labelUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.shop(200, tc.breaks)
			starts := r.at.Add(-tc.launch)
			if _, err := r.Launches.Change(r.Ctx, r.LaunchID, launch.Change{StartsAt: &starts}); err != nil {
				t.Fatal(err)
			}
			if tc.mark > 0 {
				if err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error {
					_, _, err := release.Mark(r.Ctx, tx, r.Workspace, r.LaunchID, "api", release.Input{Version: "7.1", Service: "orders", At: r.at.Add(-tc.mark)}, r.at)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			c := r.blame("My orders show an error", "/orders", failed, 5)
			if c.Label != tc.want || tc.want == labelRelease && c.Release != "7.1" {
				t.Errorf("label = %s %s, want %s: %s\n%s", c.Label, c.Release, tc.want, c.Sentence, factorsOf(c))
			}
		})
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		all, have int64
		n, k      int
		want      float64
	}{
		{10, 5, 2, 2, 2.0 / 9}, {10, 5, 2, 1, 7.0 / 9}, {10, 5, 2, 0, 1}, {52, 4, 5, 4, 48.0 / 2598960}, {9000, 120, 8, 7, 4.97e-13},
	} {
		if got := tail(tc.all, tc.have, tc.n, tc.k); math.Abs(got-tc.want) > .05*tc.want {
			t.Errorf("tail(%d, %d, %d, %d) = %g, want %g", tc.all, tc.have, tc.n, tc.k, got, tc.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Int64Range(1, 100_000).Draw(t, "all")
		have := rapid.Int64Range(0, all).Draw(t, "have")
		n := rapid.IntRange(1, 40).Draw(t, "n")
		before := 1.0
		for k := range n + 1 {
			p := tail(all, have, n, k)
			if p < 0 || p > before+1e-9 {
				t.Fatalf("tail(%d, %d, %d, %d) = %g after %g", all, have, n, k, p, before)
			}
			before = p
		}
	})
}
