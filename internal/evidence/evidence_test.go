package evidence

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

var shopPaths = []string{"/cart", "/checkout/pay", "/search", "/orders", "/account/login", "/catalog/category", "/shipping/options"}

// first fails unless a call is the first of the evidence, as strong as said.
func first(t *testing.T, e *Evidence, id call.ID, want Strength, by Join) {
	t.Helper()
	if len(e.Items) == 0 || e.Items[0].ID != "call:"+id.String() || e.Items[0].Strength != want || e.Items[0].Join != by {
		t.Errorf("want call %s first, %s, by %s; got %s", id, want, by, show(e))
	}
}

func TestTheCallThatFailedComesFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	r.call(112*time.Second, by("u1", "s1", "/cart", 200, 62*time.Millisecond))
	r.call(58*time.Second, by("u1", "s1", "/checkout/3ds/start", 200, 212*time.Millisecond))
	pay := r.call(19*time.Second, by("u1", "s1", "/checkout/pay", 504, 8004*time.Millisecond))
	r.call(8*time.Second, by("u1", "s1", "/checkout/pay/status", 404, 41*time.Millisecond))
	r.call(15*time.Second, by("u2", "s2", "/checkout/pay", 504, 8001*time.Millisecond))
	id := r.report(feedback.Input{Text: "I pressed Pay, my bank app said approved, and the page just kept spinning.", Author: &feedback.Author{SessionID: "s1"}})
	e := r.of(id)
	first(t, e, pay, Strong, BySession)
	if len(e.Before) != 4 || e.Before[0].OffsetMS != -112_000 || !e.Before[2].Bad || e.Before[0].Bad || e.CallsTotal != 4 || e.TiedBy != BySession {
		t.Errorf("before = %+v, %d calls by %s", e.Before, e.CallsTotal, e.TiedBy)
	}
	if e.Items[0].Title != "POST /checkout/pay answered 504 after 8,004 ms" && e.Items[0].Title != "GET /checkout/pay answered 504 after 8,004 ms" {
		t.Errorf("title = %q", e.Items[0].Title)
	}
	for _, i := range e.Items {
		if i.Call != nil && i.Call.User == "u2" {
			t.Errorf("the call of somebody else is among those of a known person: %s", i.Title)
		}
	}
}

func TestJoins(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   feedback.Input
		by   Join
		want Strength
	}{
		{"user", feedbacktest.From("u1", "Paying failed with an error"), ByUser, Strong},
		{"session", feedback.Input{Text: "Zahlung hängt, es dreht sich nur", Author: &feedback.Author{SessionID: "s1"}}, BySession, Strong},
		{"address that calls have", feedback.Input{Text: "No puedo pagar, se queda cargando", Author: &feedback.Author{Email: "priya@mail.example"}}, ByEmail, Strong},
		{"trace", feedback.Input{Text: "payment error", Attrs: map[string]string{"trace_id": "0000000000000063000000000000002a"}}, ByTrace, Strong},
		{"request id in the text", feedback.Input{Text: "Paying fails. Request 00000000-0000-0000-0000-00000000002a"}, ByTrace, Strong},
		{"address of the network", feedback.Input{Text: "payment error", Attrs: map[string]string{"client_ip": "203.0.113.9"}}, ByAddress, Weak},
		{"nobody", feedback.Input{Text: "The payment hangs and fails with an error"}, ByTime, Likely},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.traffic(60, shopPaths...)
			pay := r.call(40*time.Second, func(x *call.Record) {
				by("u1", "s1", "/checkout/pay", 504, 8*time.Second)(x)
				x.ID, x.Trace, x.Client = call.ID{15: 42}, call.ID{7: 0x63, 15: 42}, "203.0.113.9"
				if tc.by == ByEmail {
					x.User = "priya@mail.example"
				}
			})
			e := r.of(r.report(tc.in))
			if len(e.Items) == 0 || e.Items[0].ID != "call:"+pay.String() || e.Items[0].Join != tc.by || e.Items[0].Strength == Strong != (tc.want == Strong) {
				t.Errorf("want %s by %s, got %s", tc.want, tc.by, show(e))
			}
		})
	}
}

func TestAnAddressIsAPersonIsAUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	r.AddTo(r.LaunchID, feedback.Input{Text: "hello", Author: &feedback.Author{Email: "priya@mail.example", UserID: "u1"}})
	pay := r.call(6*time.Minute, by("u1", "s1", "/checkout/pay", 502, 800*time.Millisecond))
	e := r.of(r.report(feedback.Input{Channel: "email", Text: "I could not pay today, it said error", Author: &feedback.Author{Email: "priya@mail.example"}}))
	first(t, e, pay, Strong, ByUser)
	if e.Person == nil || e.Person.ID == "" {
		t.Error("the person is not named")
	}
}

func TestWhatIsNotAboutAFailureHasNoStrongJoin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	for i, text := range []string{
		"Thank you, I love the new shop",
		"Please add a dark theme",
		"How much does delivery to Norway cost?",
		"The blue colour of the new cart icon is ugly",
	} {
		user := fmt.Sprint("u", i)
		r.call(30*time.Second, by(user, "s"+user, "/orders", 500, 90*time.Millisecond))
		r.call(20*time.Second, by(user, "s"+user, "/search", 200, 50*time.Millisecond))
		e := r.of(r.report(feedbacktest.From(user, text)))
		for _, i := range e.Items {
			if i.Strength == Strong {
				t.Errorf("%q: %s", text, show(e))
				break
			}
		}
	}
}

func TestTheTextTellsFailuresApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	for k, tc := range []struct{ text, path string }{
		{"My search finds nothing but an error", "/search"},
		{"Die Suche bringt nur Fehler", "/search"},
		{"I can't log in any more, it throws me out", "/account/login"},
		{"Je ne peux plus me connecter, accès refusé", "/account/login"},
		{"The delivery options do not load: error", "/shipping/options"},
		{"El pago no funciona, da error", "/checkout/pay"},
		{"Error 503 all the time", "/orders"},
	} {
		user := fmt.Sprint("u", k)
		ids := map[string]call.ID{}
		for i, p := range shopPaths {
			status := int64(500)
			switch p {
			case "/account/login":
				status = 401
			case "/orders":
				status = 503
			}
			ids[p] = r.call(time.Duration(20+10*i)*time.Second, by(user, "s"+user, p, status, 60*time.Millisecond))
		}
		e := r.of(r.report(feedbacktest.From(user, tc.text)))
		if len(e.Items) == 0 || e.Items[0].ID != "call:"+ids[tc.path].String() {
			t.Errorf("%q: want %s first, got %s", tc.text, tc.path, show(e))
		}
	}
}

func TestAGoodStatusMayBeWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	r.call(50*time.Second, by("u1", "s1", "/search", 200, 40*time.Millisecond))
	empty := r.call(30*time.Second, func(x *call.Record) {
		by("u1", "s1", "/orders", 200, 35*time.Millisecond)(x)
		x.BytesOut = 24
	})
	e := r.of(r.report(feedbacktest.From("u1", "My orders are gone, the list is empty")))
	if len(e.Items) == 0 || e.Items[0].ID != "call:"+empty.String() {
		t.Errorf("want the empty answer first, got %s", show(e))
	}
}

func TestSlowIsSlow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	late := r.call(30*time.Second, by("u1", "s1", "/catalog/category", 200, 2400*time.Millisecond))
	r.call(20*time.Second, by("u1", "s1", "/cart", 404, 20*time.Millisecond))
	first(t, r.of(r.report(feedbacktest.From("u1", "The category pages are terribly slow since this morning"))), late, Strong, ByUser)
}

func TestWrongTimes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(60, shopPaths...)
	// It happened two hours ago; the report says so, and comes now.
	old := r.call(2*time.Hour, by("u1", "s1", "/checkout/pay", 502, 700*time.Millisecond))
	said := r.at.Add(-2*time.Hour + 4*time.Minute)
	in := feedbacktest.From("u1", "Paying did not work, error")
	in.OccurredAt = &said
	first(t, r.of(r.report(in)), old, Strong, ByUser)
	// It happened two hours ago, and the report says nothing of it.
	first(t, r.of(r.report(feedbacktest.From("u1", "Paying did not work, error"))), old, Likely, ByUser)
}

func TestOtherWorkspacesAreNotSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.traffic(30, shopPaths...)
	r.call(30*time.Second, by("u1", "s1", "/checkout/pay", 502, 700*time.Millisecond))
	id := r.report(feedbacktest.From("u1", "Paying did not work, error"))
	r.sync()
	other := r.Bench.Other()
	if _, err := r.s.Of(other.Ctx, id); err == nil || !strings.Contains(err.Error(), "no feedback") {
		t.Errorf("another workspace got %v", err)
	}
	ids := other.AddTo(other.LaunchID, feedbacktest.From("u1", "Paying did not work, error"))
	e, err := r.s.Of(other.Ctx, ids[0])
	if err != nil || len(e.Items) > 0 {
		t.Errorf("another workspace got %v, %v", e, err)
	}
}
