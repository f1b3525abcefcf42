package evidence

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
)

// Window is the time that is looked at.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why" example:"10 minutes before the report, 2 after"`

	parts   []span   // what is really looked at: the two ends may lie apart
	anchors []anchor // moments that the report may be about
	wide    bool     // the text speaks of a length of time
}

type span struct{ from, to time.Time }

// anchor is a moment at which it may have happened.
type anchor struct {
	at     time.Time
	trust  float64       // how much it is believed: 1 for what the sender measured
	rough  time.Duration // it may have been so much later than at
	spread time.Duration // half of what is left of the likelihood so long before
}

// The usual window.
const (
	usualAgo   = 10 * time.Minute
	usualLater = 2 * time.Minute
	widest     = 36 * time.Hour
)

// windowOf is the time that a report speaks of. zone is that of the launch,
// for what people say of the time of day.
func windowOf(f *feedback.Feedback, zone *time.Location) Window {
	occurred, received := f.OccurredAt, f.ReceivedAt
	if received.IsZero() {
		received = occurred
	}
	w := Window{}
	apart := occurred.Sub(received).Abs() > time.Second
	w.anchors = append(w.anchors, anchor{at: received, trust: 1, spread: 2 * time.Minute})
	w.add(received.Add(-usualAgo), received.Add(usualLater))
	w.Why = "10 minutes before the report, 2 after"
	if apart {
		w.anchors[0].trust = .8
		w.anchors = append(w.anchors, anchor{at: occurred, trust: .9, rough: usualLater, spread: 2 * time.Minute})
		w.add(occurred.Add(-usualAgo), occurred.Add(usualLater))
		w.Why = "10 minutes before and 2 after when it happened, and the same around the report"
	}
	flat := fold(clip(f.Title+"\n"+f.Text, maxText))
	if at, say, ok := clockIn(f.Title+"\n"+f.Text, received, zone); ok {
		w.anchors = append(w.anchors, anchor{at: at, trust: .95, rough: 10 * time.Minute, spread: 5 * time.Minute})
		w.add(at.Add(-usualAgo-5*time.Minute), at.Add(15*time.Minute))
		w.Why = fmt.Sprintf("around %s, which the text names, and around the report", say)
	}
	if from, say, ok := since(flat, received, zone); ok {
		w.wide = true
		w.add(from, received.Add(usualLater))
		w.Why = "the text says " + say
	}
	return w
}

// add takes a span into the window.
func (w *Window) add(from, to time.Time) {
	w.parts = append(w.parts, span{from, to})
	slices.SortFunc(w.parts, func(a, b span) int { return a.from.Compare(b.from) })
	merged := w.parts[:1]
	for _, p := range w.parts[1:] {
		last := &merged[len(merged)-1]
		if p.from.Sub(last.to) > 30*time.Minute {
			merged = append(merged, p)
		} else if p.to.After(last.to) {
			last.to = p.to
		}
	}
	w.parts = merged
	w.From, w.To = merged[0].from, merged[len(merged)-1].to
}

var (
	clock  = regexp.MustCompile(`\b([01]?\d|2[0-3])[:h]([0-5]\d)(?::[0-5]\d)?\s*([ap])?\.?m?\b`)
	clock2 = regexp.MustCompile(`(?i)\b(?:at|around|about|um|gegen|a las|sobre las|vers|a|om|alle)\s+([01]?\d|2[0-3])\s*(am|pm|uhr|h|uur|horas)\b`)
)

// clockIn finds a time of day in a text: the latest such moment before the
// report.
func clockIn(text string, received time.Time, zone *time.Location) (time.Time, string, bool) {
	hour, minute, say := -1, 0, ""
	if m := clock.FindStringSubmatch(strings.ToLower(clip(text, maxText))); m != nil {
		hour, _ = strconv.Atoi(m[1])
		minute, _ = strconv.Atoi(m[2])
		hour, say = half(hour, m[3]), m[1]+":"+m[2]
	} else if m := clock2.FindStringSubmatch(clip(text, maxText)); m != nil {
		hour, _ = strconv.Atoi(m[1])
		unit := strings.ToLower(m[2])
		hour, say = half(hour, unit[:1]), m[1]+" "+unit
	}
	if hour < 0 || hour > 23 {
		return time.Time{}, "", false
	}
	local := received.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), hour, minute, 0, 0, zone)
	if at.After(received.Add(5 * time.Minute)) {
		at = at.AddDate(0, 0, -1)
	}
	return at.UTC(), say, true
}

func half(hour int, mark string) int {
	switch {
	case mark == "p" && hour < 12:
		return hour + 12
	case mark == "a" && hour == 12:
		return 0
	}
	return hour
}

// spans are what people say for a length of time, folded.
var spans = []struct {
	words []string
	say   string
	from  func(received time.Time) time.Time // received is local
}{
	{[]string{"since yesterday", "all of yesterday", "seit gestern", "desde ayer", "depuis hier", "da ieri", "desde ontem", "sinds gisteren"}, "since yesterday", func(t time.Time) time.Time { return midnight(t).AddDate(0, 0, -1) }},
	{[]string{"yesterday", "gestern", "ayer", "hier soir", "ieri", "ontem", "gisteren", "last night"}, "yesterday", func(t time.Time) time.Time { return midnight(t).AddDate(0, 0, -1) }},
	{[]string{"this morning", "since the morning", "all morning", "heute morgen", "heute vormittag", "heute fruh", "seit dem morgen", "den ganzen vormittag", "esta manana", "toda la manana", "ce matin", "toute la matinee", "stamattina", "questa mattina", "esta manha", "vanochtend", "vanmorgen"}, "since this morning", func(t time.Time) time.Time {
		from := midnight(t).Add(5 * time.Hour)
		if t.Sub(from) < 2*time.Hour {
			return t.Add(-12 * time.Hour)
		}
		return from
	}},
	{[]string{"all day", "whole day", "the entire day", "today", "den ganzen tag", "heute", "todo el dia", "hoy", "toute la journee", "aujourd hui", "tutto il giorno", "oggi", "o dia todo", "hoje", "hele dag", "vandaag"}, "today", func(t time.Time) time.Time { return midnight(t) }},
	{[]string{"for hours", "several hours", "a few hours", "couple of hours", "seit stunden", "stundenlang", "einigen stunden", "ein paar stunden", "desde hace horas", "hace horas", "varias horas", "depuis des heures", "plusieurs heures", "da ore", "ha horas", "urenlang"}, "for hours", func(t time.Time) time.Time { return t.Add(-6 * time.Hour) }},
	{[]string{"for an hour", "last hour", "past hour", "an hour ago", "seit einer stunde", "letzte stunde", "vor einer stunde", "hace una hora", "desde hace una hora", "ultima hora", "depuis une heure", "il y a une heure", "un ora", "ha uma hora", "sinds een uur", "een uur geleden"}, "for an hour", func(t time.Time) time.Time { return t.Add(-75 * time.Minute) }},
	{[]string{"half an hour", "halben stunde", "media hora", "demi heure", "mezz ora", "meia hora", "half uur"}, "for half an hour", func(t time.Time) time.Time { return t.Add(-45 * time.Minute) }},
	{[]string{"this week", "for days", "diese woche", "seit tagen", "esta semana", "desde hace dias", "cette semaine", "depuis des jours", "questa settimana", "deze week"}, "for days", func(t time.Time) time.Time { return t.Add(-widest) }},
	{[]string{"this afternoon", "heute nachmittag", "esta tarde", "cet apres midi", "questo pomeriggio", "vanmiddag"}, "this afternoon", func(t time.Time) time.Time { return midnight(t).Add(11 * time.Hour) }},
}

var counted = regexp.MustCompile(` (\d{1,2}) (minutes?|mins?|hours?|hrs?|minuten|stunden?|minutos?|horas?|heures?|minuti|ore|uur|uren)( ago|)`)

// since finds a length of time in a folded text: from when on it was so.
func since(flat string, received time.Time, zone *time.Location) (time.Time, string, bool) {
	local := received.In(zone)
	for _, s := range spans {
		if said(flat, s.words) == 0 {
			continue
		}
		from := s.from(local)
		if limit := local.Add(-widest); from.Before(limit) {
			from = limit
		}
		if local.Sub(from) > usualAgo {
			return from.UTC(), s.say, true
		}
	}
	if m := counted.FindStringSubmatch(flat); m != nil {
		n, _ := strconv.Atoi(m[1])
		d := time.Duration(n) * time.Minute
		if !strings.HasPrefix(m[2], "min") {
			d = time.Duration(n) * time.Hour
		}
		if d = min(d+d/4, widest); d > usualAgo {
			return received.Add(-d), strings.TrimSpace(m[0]), true
		}
	}
	return time.Time{}, "", false
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}
