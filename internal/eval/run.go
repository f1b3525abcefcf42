package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/hypercare/hypercare/internal/errs"
)

// sets are all measurements, in the order of the table.
func sets() []set {
	return slices.Concat([]set{
		{"nlbse24_issues", runIssues},
		{"maalej_reviews", runReviews},
		{"senti4sd", runSenti4SD},
		{"umsab_sentiment", runPosts},
		{"so_emotions", runEmotions},
		{"security_reports", runSecurity},
		{"reviews_quality", runQuality},
		{"signal_issues", runSignal},
		{"mozilla_severity", runSeverity},
		{"it_tickets", runTickets},
		{"banking77", runBanking},
		{"lessons", runLessons},
		langSet, parallelSet,
	}, duplicateSets, privacySets)
}

// Run measures the sets named in only, or all, and writes one table to w. Sets
// whose file is missing from dataDir are named below the table.
func Run(ctx context.Context, dataDir string, only []string, w io.Writer) error {
	all := sets()
	for _, name := range only {
		if !slices.ContainsFunc(all, func(s set) bool { return s.name == name }) {
			var names []string
			for _, s := range all {
				names = append(names, s.name)
			}
			return errs.New(errs.Invalid, "there is no set called %q; choose from %s", name, strings.Join(names, ", "))
		}
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "set\tmetric\tn\tours\tfloor\tpublished\ttarget\tnote")
	var missing []string
	measured := 0
	for _, s := range all {
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("measure %s: %w", s.name, err)
		}
		rows, err := s.run(ctx, dataDir)
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, s.name)
			continue
		}
		if err != nil {
			return fmt.Errorf("measure %s: %w", s.name, err)
		}
		measured++
		for _, r := range rows {
			fmt.Fprintf(tw, "%s\t%s\t%d\t%.3f\t%s\t%s\t%s\t%s\n", r.Set, r.Metric, r.N, r.Ours, dash(r.Floor), dash(r.Published), verdict(r), r.Note)
		}
		if err := tw.Flush(); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(w, "\nnot measured, no data in %s: %s\n", dataDir, strings.Join(missing, ", "))
	}
	if measured == 0 {
		return errs.New(errs.NotFound, "no labelled set was found in %s; point HYPERCARE_EVAL_DATA or -data to the folder with the .jsonl files", cmp.Or(dataDir, "."))
	}
	return nil
}

func dash(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", x)
}

// verdict shows the target and whether it is reached.
func verdict(r Row) string {
	switch {
	case r.Target == 0:
		return "-"
	case r.Ours+0.0005 >= r.Target:
		return fmt.Sprintf("%.3f reached", r.Target)
	}
	return fmt.Sprintf("%.3f missed", r.Target)
}
