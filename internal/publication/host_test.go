package publication_test

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/publication"
	"github.com/hypercare/hypercare/internal/workspace"
)

// TestAHostBelongsToWhoPublishedItFirst refuses a host, and one that overlaps,
// to every other workspace until it is given up.
func TestAHostBelongsToWhoPublishedItFirst(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	one, two := as(t, "w1", workspace.Lead), as(t, "w2", workspace.Lead)
	publish := func(who int, hosts string) error {
		ctx := one
		if who == 2 {
			ctx = two
		}
		d := doc
		if hosts != "" {
			d = at(hosts, doc)
		}
		_, err := s.Publish(ctx, publication.Input{Document: d})
		return err
	}
	for _, tc := range []struct {
		who         int
		hosts, want string
	}{
		{1, "a.example, '*.b.example'", ""},
		{2, "A.example", "The host a.example belongs to another workspace"},
		{2, "x.b.example", "The host x.b.example overlaps with *.b.example"},
		{2, "'*.example'", "The host *.example overlaps with"},
		{2, "'*.x.b.example'", "overlaps with *.b.example"},
		{2, "b.example", ""}, // *.b.example is what is below it
		{2, "", ""},          // any host that nobody has
		{1, "", "name the hosts of your APIs"},
		{1, "c.example", ""}, // gives up the others
		{2, "a.example, '*.b.example'", ""},
		{1, "", ""}, // free by now
	} {
		err := publish(tc.who, tc.hosts)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("workspace %d publishes %q: %v", tc.who, tc.hosts, err)
		case tc.want != "" && (!errs.Is(err, errs.Conflict) || !strings.Contains(errs.Message(err), tc.want)):
			t.Errorf("workspace %d publishes %q: %v, want %q", tc.who, tc.hosts, err, tc.want)
		}
	}
	if _, err := s.RollBack(one, 1, ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("a roll-back takes a host of another: %v", err)
	}
}
