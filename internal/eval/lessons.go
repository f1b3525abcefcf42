package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/nlp/train"
)

// taught is how many corrections of one kind are given.
const taught = 20

// runLessons measures learning on the installation: after twenty corrections
// of one kind of IT ticket, how many unseen tickets of that kind follow, and
// how many of other kinds follow by mistake.
func runLessons(ctx context.Context, dir string) ([]Row, error) {
	rows, err := train.Read(dir, "it_tickets")
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, kind := range []string{"HR Support", "Purchase", "Storage", "Administrative rights"} {
		var teach, usual, like, unlike []train.Row // usual: recent tickets of any kind
		for i := range rows {
			if i%20 == 7 && train.Fold(rows[i].Text) != 0 && len(usual) < 200 {
				usual = append(usual, rows[i])
			}
			switch has := rows[i].Has(kind); {
			case has && train.Fold(rows[i].Text) != 0 && len(teach) < taught:
				teach = append(teach, rows[i])
			case has && train.Fold(rows[i].Text) == 0 && len(like) < 150:
				like = append(like, rows[i])
			case !has && train.Fold(rows[i].Text) == 0 && len(unlike) < 300:
				unlike = append(unlike, rows[i])
			}
		}
		follow, stray, err := teachAndAsk(ctx, kind, teach, usual, like, unlike)
		if err != nil {
			return nil, err
		}
		out = append(out, Row{Set: "lessons", Metric: "follow, " + kind, N: len(like), Ours: follow, Note: fmt.Sprintf("share of unseen %s tickets that follow %d corrections to it (0 before); %.3f of %d others follow by mistake", kind, len(teach), stray, len(unlike))})
	}
	return out, nil
}

// teachAndAsk corrects the tickets in teach to kind and returns which share of
// like and of unlike is then read as kind.
func teachAndAsk(ctx context.Context, kind string, teach, usual, like, unlike []train.Row) (follow, stray float64, err error) {
	l := nlp.NewLessons(nil)
	read, err := readAll(ctx, teach)
	if err != nil {
		return 0, 0, err
	}
	for i, r := range read {
		l.Add(nlp.Correction{Field: "area", Title: teach[i].Title, Text: teach[i].Body(), Static: r.Static, Sentence: r.Sentence, From: r.Area.Name, To: kind, At: time.Unix(int64(i), 0)})
	}
	background, err := readAll(ctx, usual)
	if err != nil {
		return 0, 0, err
	}
	var static, sentence [][]int8
	for _, r := range background {
		static, sentence = append(static, r.Static), append(sentence, r.Sentence)
	}
	l.Background(static, sentence)
	share := func(rows []train.Row) (float64, error) {
		read, err := readAll(ctx, rows)
		if err != nil {
			return 0, err
		}
		n := 0
		for i := range read {
			l.Apply(nlp.Item{Title: rows[i].Title, Text: rows[i].Body()}, &read[i])
			if read[i].Area.Name == kind {
				n++
			}
		}
		return float64(n) / float64(max(1, len(rows))), nil
	}
	if follow, err = share(like); err != nil {
		return 0, 0, err
	}
	stray, err = share(unlike)
	return follow, stray, err
}
