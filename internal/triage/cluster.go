package triage

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp/dup"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Cluster is feedback that nobody has triaged yet and that tells the same: a
// proposed issue.
type Cluster struct {
	FeedbackIDs []string // the one that stands for all first
	Title       string
	Words       []string // what its members share and others lack
	People      int      // distinct persons
	Unnamed     int      // reports that name nobody
	Severity    string   // of most members
	Category    string
	Area        string
	Recent      int // occurred in the last 24 hours
	Before      int // in the seven days before those
	Negative    int
}

// Clusters is what is proposed for a launch.
type Clusters struct {
	List       []Cluster
	Considered int // feedback that was looked at
	At         time.Time
}

// clusterSet is the newest answer of one launch.
type clusterSet struct {
	mu      sync.Mutex
	current *Clusters
	took    time.Duration
	version uint64 // of the list when current was computed
	running bool
}

// maxClustered is how much untriaged feedback is looked at, the newest first.
const maxClustered = 30_000

// notProblems are categories that ask for no issue.
var notProblems = map[string]bool{"praise": true, "other": true}

// Clusters groups the untriaged feedback of a launch. The first call waits
// for the answer; later ones get the last answer at once, and a new one is
// made in the background when the feedback has changed.
func (s *Service) Clusters(ctx context.Context, ws workspace.ID, launchID string) (*Clusters, error) {
	key := indexKey{ws, launchID}
	s.mu.Lock()
	set := s.clusters[key]
	if set == nil {
		set = &clusterSet{}
		s.clusters[key] = set
	}
	s.mu.Unlock()
	version, err := s.feedback.Version(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.current == nil {
		return set.current, s.recluster(ctx, key, set, version)
	}
	// A large launch whose feedback changes all the time is not grouped all
	// the time: at most a tenth of one core goes into it.
	if set.version != version && !set.running && s.now().Sub(set.current.At) > max(2*time.Second, 10*set.took) {
		set.running = true
		s.loads.Go(func() {
			work, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
			defer cancel()
			fresh := &clusterSet{}
			err := s.recluster(work, key, fresh, version)
			set.mu.Lock()
			defer set.mu.Unlock()
			set.running = false
			if err != nil {
				s.log.WarnContext(work, "group untriaged feedback", "launch", launchID, "err", err)
				return
			}
			set.current, set.took, set.version = fresh.current, fresh.took, version
			s.bus.Publish(event.Event{Workspace: string(ws), Type: "proposals.updated", LaunchID: launchID})
		})
	}
	return set.current, nil
}

func (s *Service) recluster(ctx context.Context, key indexKey, set *clusterSet, version uint64) error {
	start := time.Now()
	nums, _, err := s.feedback.Numbers(ctx, key.ws, key.launchID, feedback.ListQuery{
		Tab: feedback.TabTriage, Sort: feedback.SortOccurred, Limit: maxClustered})
	if err != nil {
		return err
	}
	all, err := s.feedback.Briefs(ctx, key.ws, nums)
	if err != nil {
		return err
	}
	list := make([]*feedback.Feedback, 0, len(all))
	for _, f := range all {
		if !notProblems[f.Category] {
			list = append(list, f)
		}
	}
	c := &Clusters{Considered: len(list), At: s.now()}
	groups, err := group(ctx, list)
	if err != nil {
		return err
	}
	for _, g := range groups {
		// One report alone is proposed only when it is grave.
		if one := summarise(g, c.At); len(g.members) > 1 || one.Severity <= "sev2" {
			c.List = append(c.List, one)
		}
	}
	set.current, set.took, set.version = c, time.Since(start), version
	return nil
}

// cluster is one group of rows.
type cluster struct {
	title   string
	words   []string
	members []*feedback.Feedback
}

// group parts rows into what tells the same, the largest group first. Rows
// that nothing is like are groups of one.
func group(ctx context.Context, list []*feedback.Feedback) ([]cluster, error) {
	docs := make([]dup.Doc, len(list))
	for i, f := range list {
		docs[i] = doc(f)
	}
	groups, err := dup.Cluster(ctx, docs, dup.ClusterThreshold)
	if err != nil {
		return nil, err
	}
	grouped := make([]bool, len(list))
	out := make([]cluster, 0, len(groups))
	for _, g := range groups {
		c := cluster{title: g.Name, words: g.Words}
		for _, i := range g.Members {
			c.members = append(c.members, list[i])
			grouped[i] = true
		}
		out = append(out, c)
	}
	for i, f := range list {
		if !grouped[i] {
			out = append(out, cluster{title: cmp.Or(f.Title, f.Summary, f.Snippet), members: []*feedback.Feedback{f}})
		}
	}
	return out, nil
}

func summarise(g cluster, now time.Time) Cluster {
	c := Cluster{Title: feedback.Mask(g.title), Words: g.words}
	people := map[string]bool{}
	severities, categories, areas := map[string]int{}, map[string]int{}, map[string]int{}
	for _, f := range g.members {
		c.FeedbackIDs = append(c.FeedbackIDs, f.ID)
		if f.Author.PersonID == "" {
			c.Unnamed++
		} else {
			people[f.Author.PersonID] = true
		}
		severities[f.Severity]++
		categories[f.Category]++
		if f.Area != "" {
			areas[f.Area]++
		}
		switch ago := now.Sub(f.OccurredAt); {
		case ago < 24*time.Hour:
			c.Recent++
		case ago < 8*24*time.Hour:
			c.Before++
		}
		if f.Sentiment == "negative" {
			c.Negative++
		}
	}
	c.People = len(people)
	c.Severity, c.Category, c.Area = commonest(severities), commonest(categories), commonest(areas)
	return c
}

// commonest returns the key with the most, the first by name where they tie:
// for severities the worse one.
func commonest(m map[string]int) string {
	best, n := "", 0
	for k, v := range m {
		if v > n || v == n && k < best {
			best, n = k, v
		}
	}
	return best
}

// Group parts some feedback of a launch into what tells the same, for
// accepting many at once.
func (s *Service) Group(ctx context.Context, ws workspace.ID, launchID string, ids []string) ([][]string, error) {
	list, err := s.feedback.GetMany(ctx, s.db, ws, ids)
	if err != nil {
		return nil, err
	}
	mine := list[:0]
	for _, f := range list {
		if f.LaunchID == launchID {
			mine = append(mine, f)
		}
	}
	var out [][]string
	groups, err := group(ctx, mine)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		var part []string
		for _, f := range g.members {
			part = append(part, f.ID)
		}
		out = append(out, part)
	}
	return out, nil
}
