package watch

import (
	"errors"
	"fmt"
	"text/template/parse"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// maxTemplate bounds the text of a label or an annotation: it is written out
// for each alert, and for each series that it lists.
const maxTemplate = 4000

// templates says what is wrong with those of a group. A template runs for each
// series of its rule, and nothing ends one that is under way: what could count
// to any number, or call itself, would stop the rules of everybody and fill
// the memory.
func templates(g *rulefmt.RuleGroup) error {
	for i, r := range g.Rules {
		if r.Alert == "" {
			continue
		}
		// The group's labels are templates in each rule, too.
		for _, list := range []map[string]string{g.Labels, r.Labels, r.Annotations} {
			for name, text := range list {
				if err := bounded(text); err != nil {
					return fmt.Errorf("rule %d: %s: %w", i+1, name, err)
				}
			}
		}
	}
	return nil
}

// bounded reports a template that may not end.
func bounded(text string) error {
	if len(text) > maxTemplate {
		return fmt.Errorf("the text is longer than %d bytes; write less", maxTemplate)
	}
	t := parse.New("x")
	t.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	// The variables are those that Prometheus declares before each.
	if _, err := t.Parse("{{$labels := 0}}{{$externalLabels := 0}}{{$externalURL := 0}}{{$value := 0}}"+text, "", "", set); err != nil {
		return err // rulefmt has said so before
	}
	if len(set) > 1 {
		return errors.New("define and block can't be used; write the text out")
	}
	return ends(t.Root, false)
}

// ends walks a template; inside is within range.
func ends(n parse.Node, inside bool) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			if err := ends(c, inside); err != nil {
				return err
			}
		}
	case *parse.TemplateNode:
		return errors.New("template can't be used; write the text out")
	case *parse.IfNode:
		return errors.Join(ends(n.List, inside), ends(n.ElseList, inside))
	case *parse.WithNode:
		return errors.Join(ends(n.List, inside), ends(n.ElseList, inside))
	case *parse.RangeNode:
		if inside {
			return errors.New("a range in a range can't be used; ask for what is needed in one query")
		}
		if !listsSeries(n.Pipe) {
			return errors.New(`range goes over a query only, such as range query "up" or range query "up" | sortByLabel "job"`)
		}
		return errors.Join(ends(n.List, true), ends(n.ElseList, inside))
	}
	return nil
}

// listsSeries reports whether a pipeline gives the result of a query.
func listsSeries(p *parse.PipeNode) bool {
	last := p.Cmds[len(p.Cmds)-1]
	word, ok := last.Args[0].(*parse.IdentifierNode)
	return ok && (word.Ident == "query" || word.Ident == "sortByLabel")
}
