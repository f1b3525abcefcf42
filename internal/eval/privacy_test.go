package eval

import "testing"

// TestPrivacyReachesItsTargets holds the figures that make eval prints.
func TestPrivacyReachesItsTargets(t *testing.T) {
	t.Parallel()
	list, err := readMarkedFile("texts")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 400 {
		t.Errorf("%d texts, want 400", len(list))
	}
	scorePrivacy(list, func(kind, what, text string) { t.Logf("%s %s in %q", kind, what, text) })
	for _, name := range []string{"texts"} {
		rows, err := runPrivacy(name, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Target > 0 && r.Ours < r.Target {
				t.Errorf("%s: %s %.3f of %d, want %.3f", name, r.Metric, r.Ours, r.N, r.Target)
			}
		}
	}
}
