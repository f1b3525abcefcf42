// Package measure is what is known of a launch: its figures and their
// definitions (docs/reference/measures.md says each in words), the verdict
// that follows from them, and what happened, newest first. It counts what
// feedback and issue hold and changes nothing.
package measure

import (
	"time"

	"github.com/hypercare/hypercare/internal/issue"
)

// State says how a figure or a launch is.
type State string

// The states, from good to bad; idle means that there is nothing to say.
const (
	OK       State = "ok"
	Watch    State = "watch"
	Degraded State = "degraded"
	Critical State = "critical"
	Idle     State = "idle"
)

// States are the states from good to bad.
var States = []State{Idle, OK, Watch, Degraded, Critical}

// Unit says what a figure counts.
type Unit string

// The units.
const (
	Count   Unit = "count"
	Seconds Unit = "seconds"
	Share   Unit = "share" // from 0 to 1
)

// The figures.
const (
	Waiting      = "waiting"
	OldestWait   = "oldest"
	TimeToTriage = "time_to_triage"
	Arrivals     = "arrivals"
	Negative     = "negative"
	Backlog      = "backlog"
	Reopened     = "reopened"
)

// Link leads to the rows behind a figure: to a list with the parameters of
// its address, or to one issue.
type Link struct {
	To     string            `json:"to" enum:"feedback,issues,issue"`
	ID     string            `json:"id,omitempty" doc:"Key of the issue."`
	Search map[string]string `json:"search,omitempty" doc:"Parameters of the list's address in the UI."`
}

// KPI is one figure.
type KPI struct {
	ID     string             `json:"id" enum:"waiting,oldest,time_to_triage,arrivals,negative,backlog,reopened"`
	Value  *float64           `json:"value,omitempty" doc:"Absent when there is nothing to measure."`
	Unit   Unit               `json:"unit" enum:"count,seconds,share"`
	State  State              `json:"state" enum:"ok,watch,degraded,critical,idle"`
	Target *float64           `json:"target,omitempty" doc:"In the same unit; better is below."`
	Spark  []*float64         `json:"spark" nullable:"false" doc:"The last 24 hours, hour by hour; null where there was nothing to measure."`
	More   map[string]float64 `json:"more" doc:"What is said beside it, by name; see docs/reference/measures.md."`
	Issues []issue.Ref        `json:"issues,omitempty" doc:"The issues it counts, where no list can show them."`
	Link   *Link              `json:"link,omitempty" doc:"To the rows it counts; absent when no list can show them, as of the past."`
}

// Day is where in its window a launch stands, in days of its own time zone.
type Day struct {
	Phase string `json:"phase" enum:"before,running,after"`
	Day   int    `json:"day" doc:"Running: which day this is, from 1. Before: days until the start. After: days since the end."`
	Days  int    `json:"days" doc:"How many days the launch has."`
}

// Hour is one bar of the ruler.
type Hour struct {
	Arrived int    `json:"arrived"`
	Triaged int    `json:"triaged"`
	Opened  int    `json:"opened"`
	Closed  int    `json:"closed"`
	Worst   string `json:"worst" doc:"The worst severity of an issue that was open; empty when none was."`
	State   State  `json:"state" enum:"ok,watch,degraded,critical"`
}

// Ruler is the whole window of a launch, one bar an hour.
type Ruler struct {
	From  time.Time   `json:"from"`
	To    time.Time   `json:"to"`
	Step  int         `json:"step_seconds" doc:"An hour; whole hours more for a launch of over 60 days."`
	Hours []Hour      `json:"hours" nullable:"false" doc:"Up to now; the last one may be running."`
	Days  []time.Time `json:"days" nullable:"false" doc:"Midnights of the launch's time zone within the window."`
}

// Band is what is usual at a time of day: the middle of the same time on
// earlier days, and what nine in ten of them stayed above and below.
type Band struct {
	Low  float64 `json:"low"`
	Mid  float64 `json:"mid"`
	High float64 `json:"high"`
}

// Point is one step of the chart.
type Point struct {
	At       time.Time `json:"at" doc:"Its start."`
	Arrived  int       `json:"arrived"`
	Triaged  int       `json:"triaged"`
	Waiting  int       `json:"waiting" doc:"At its end."`
	Opened   int       `json:"opened"`
	Closed   int       `json:"closed"`
	Negative *float64  `json:"negative,omitempty" doc:"Share of the reports said in the hours before its end (6 for a day, 24 otherwise) whose sentiment was read."`
	Usual    *Band     `json:"usual,omitempty" doc:"Of arrivals."`
}

// Chart is how reports came and went over a range.
type Chart struct {
	Range   string  `json:"range" enum:"6h,24h,7d,launch"`
	Step    string  `json:"step" enum:"15m,hour,day"`
	Points  []Point `json:"points" nullable:"false" doc:"Whole steps, oldest first."`
	Running *Point  `json:"running,omitempty" doc:"The step under way."`
}

// Totals are counts over all time.
type Totals struct {
	Reports      int `json:"reports"`
	BeforeLaunch int `json:"before_launch" doc:"Of them said before the launch started."`
	IssuesOpen   int `json:"issues_open"`
	IssuesClosed int `json:"issues_closed"`
}

// Mixed is how many reports a category has in the range of the chart.
type Mixed struct {
	Category string `json:"category"`
	Count    int    `json:"count"`
	Link     *Link  `json:"link,omitempty"`
}

// Pulse is everything the command centre shows of a launch at one time.
type Pulse struct {
	At      time.Time      `json:"at"`
	Live    bool           `json:"live" doc:"False: as it was at another time."`
	Day     Day            `json:"day"`
	Totals  Totals         `json:"totals"`
	Verdict Verdict        `json:"verdict"`
	KPIs    []KPI          `json:"kpis" nullable:"false"`
	Ruler   Ruler          `json:"ruler"`
	Chart   Chart          `json:"chart"`
	Mix     []Mixed        `json:"mix" nullable:"false"`
	Issues  []*issue.Issue `json:"issues" nullable:"false" doc:"Open ones, highest priority first."`
	TookMS  float64        `json:"took_ms"`
}
