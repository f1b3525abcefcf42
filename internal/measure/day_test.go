package measure

import (
	"testing"
	"time"
)

func TestDayOfALaunch(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, x := range []struct {
		name, zone, starts, ends, at string
		want                         Day
	}{
		{"first minute", "Europe/Berlin", "2026-11-09T23:00:00Z", "2026-11-30T22:59:59Z", "2026-11-09T23:00:00Z", Day{"running", 1, 21}},
		{"midnight begins a day", "Europe/Berlin", "2026-11-10T09:15:00Z", "2026-12-08T09:15:00Z", "2026-11-10T23:00:00Z", Day{"running", 2, 28}},
		{"and not before", "Europe/Berlin", "2026-11-10T09:15:00Z", "2026-12-08T09:15:00Z", "2026-11-10T22:59:59Z", Day{"running", 1, 28}},
		{"the date touched last is the last day", "Europe/Berlin", "2026-11-10T09:15:00Z", "2026-12-08T09:15:00Z", "2026-12-08T08:00:00Z", Day{"running", 28, 28}},
		{"a day more when it ends later than it began", "UTC", "2026-11-10T09:00:00Z", "2026-12-08T10:00:00Z", "2026-12-08T09:30:00Z", Day{"running", 29, 29}},
		{"over the end of summer time", "Europe/Berlin", "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", "2026-10-25T23:30:00Z", Day{"running", 3, 3}},
		{"the day of 25 hours", "Europe/Berlin", "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", "2026-10-25T22:30:00Z", Day{"running", 2, 3}},
		{"over the start of summer time", "America/New_York", "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z", "2026-03-09T04:30:00Z", Day{"running", 3, 3}},
		{"half an hour of offset", "Asia/Kolkata", "2026-11-09T18:30:00Z", "2026-11-12T18:30:00Z", "2026-11-10T18:30:00Z", Day{"running", 2, 3}},
		{"tomorrow", "Europe/Berlin", "2026-11-10T09:00:00Z", "2026-11-12T09:00:00Z", "2026-11-09T22:00:00Z", Day{"before", 1, 2}},
		{"later today", "Europe/Berlin", "2026-11-10T09:00:00Z", "2026-11-12T09:00:00Z", "2026-11-10T08:00:00Z", Day{"before", 0, 2}},
		{"ended today", "UTC", "2026-11-10T09:00:00Z", "2026-11-12T09:00:00Z", "2026-11-12T09:00:00Z", Day{"after", 0, 2}},
		{"ended the day before yesterday", "UTC", "2026-11-10T09:00:00Z", "2026-11-12T23:00:00Z", "2026-11-14T01:00:00Z", Day{"after", 2, 3}},
		{"an hour", "UTC", "2026-11-10T09:00:00Z", "2026-11-10T10:00:00Z", "2026-11-10T09:30:00Z", Day{"running", 1, 1}},
	} {
		zone, err := time.LoadLocation(x.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := dayOf(at(x.starts), at(x.ends), at(x.at), zone); got != x.want {
			t.Errorf("%s: %+v, want %+v", x.name, got, x.want)
		}
	}
}
