package measure

import "time"

// dayOf says where in its window a launch stands: its first day is the date
// on which it starts, in its own zone, whatever the clock did meanwhile. A
// window of whole days from one time of day to the same has no day more for
// the date it touches last.
func dayOf(starts, ends, at time.Time, zone *time.Location) Day {
	s, e, t := starts.In(zone), ends.In(zone), at.In(zone)
	days := dates(s, e)
	if clock(e) > clock(s) {
		days++
	}
	days = max(days, 1)
	switch {
	case at.Before(starts):
		return Day{"before", dates(t, s), days}
	case !at.Before(ends):
		return Day{"after", dates(e, t), days}
	}
	return Day{"running", min(dates(s, t)+1, days), days}
}

// dates is how many midnights of the calendar lie between two times.
func dates(from, to time.Time) int {
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	return int(noon(to).Sub(noon(from)) / (24 * time.Hour))
}

// clock is the time of day as it stands on the wall.
func clock(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(t.Nanosecond())
}

// hourFloor is the start of the hour on the wall of a zone.
func hourFloor(t time.Time, zone *time.Location) time.Time {
	l := t.In(zone)
	into := time.Duration(l.Minute())*time.Minute + time.Duration(l.Second())*time.Second + time.Duration(l.Nanosecond())
	return l.Add(-into)
}

// midnight is the start of the date of t, n dates later. Where a date has no
// midnight it is when that date begins.
func midnight(t time.Time, n int, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, zone)
}

// daysBack is the same time on the wall, n dates earlier.
func daysBack(t time.Time, n int, zone *time.Location) time.Time {
	l := t.In(zone)
	y, m, d := l.Date()
	h, mi, s := l.Clock()
	return time.Date(y, m, d-n, h, mi, s, l.Nanosecond(), zone)
}
