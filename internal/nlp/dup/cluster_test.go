package dup

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClusterFindsTheGroups(t *testing.T) {
	t.Parallel()
	subjects := []string{
		"spinner never stops on the payment page with 3-D Secure cards",
		"export of invoices to PDF makes an empty document",
		"cannot log in after the password reset mail",
		"Benachrichtigungen kommen zweimal auf dem Telefon an",
	}
	var docs []Doc
	for i := range 400 {
		s := subjects[i%4]
		w := strings.Fields(s)
		docs = append(docs, Doc{ID: fmt.Sprint(i), Text: fmt.Sprintf("%s %s please help, customer %d", strings.Join(w[i/4%3:], " "), w[0], i%40)})
	}
	for i := range 50 { // nobody else says these
		docs = append(docs, Doc{ID: fmt.Sprint("single", i), Text: fmt.Sprintf("lonely%d words%d nobody%d shares%d", i, i, i, i)})
	}
	groups, err := Cluster(t.Context(), docs, ClusterThreshold)
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 4 {
		t.Fatalf("%d groups, want 4: %+v", len(groups), groups)
	}
	for _, g := range groups {
		if len(g.Members) != 100 {
			t.Errorf("group %q has %d members, want 100", g.Name, len(g.Members))
		}
		for _, m := range g.Members {
			if m%4 != g.Members[0]%4 || m >= 400 {
				t.Errorf("group %q holds %q", g.Name, docs[m].Text)
			}
		}
		if len(g.Words) == 0 || g.Name == "" {
			t.Errorf("group without name or words: %+v", g)
		}
		for _, w := range g.Words {
			if !strings.Contains(subjects[g.Members[0]%4]+" please help, customer", w) {
				t.Errorf("group %q: word %q is not shared", g.Name, w)
			}
		}
	}
}

func TestClusterJoinsEqualErrorsAndMeanings(t *testing.T) {
	t.Parallel()
	var docs []Doc
	for i, d := range corpus(60, true) {
		d.ID = fmt.Sprint("noise", i)
		docs = append(docs, d)
	}
	first := len(docs)
	docs = append(docs, Doc{ID: "t1", Text: "one\n" + javaTrace}, Doc{ID: "t2", Text: strings.Replace(javaTrace, ":31", ":35", 1)})
	v := docs[0].Sentence
	docs = append(docs, Doc{ID: "m1", Text: "alpha beta", Sentence: v}, Doc{ID: "m2", Text: "gamma delta", Sentence: v})
	groups, err := Cluster(t.Context(), docs, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	together := func(a, b int) bool {
		return slices.ContainsFunc(groups, func(g Group) bool { return slices.Contains(g.Members, a) && slices.Contains(g.Members, b) })
	}
	if !together(first, first+1) {
		t.Errorf("equal errors are not grouped: %+v", groups)
	}
	if together(first, first+2) {
		t.Errorf("an error and other words are one group: %+v", groups)
	}
}

func TestClusterIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	docs := corpus(3000, true)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := Cluster(t.Context(), docs, ClusterThreshold)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(4)
	four, err := Cluster(t.Context(), docs, ClusterThreshold)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, four); diff != "" {
		t.Errorf("groups differ (-one +four processors):\n%s", diff)
	}
	if len(one) < 10 {
		t.Errorf("%d groups of 3000 documents, a fifth of them copies", len(one))
	}
}

func TestClusterStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Cluster(ctx, corpus(10, false), ClusterThreshold); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if groups, err := Cluster(t.Context(), nil, ClusterThreshold); err != nil || groups != nil {
		t.Errorf("Cluster of nothing: %v, %v", groups, err)
	}
}
