package importer

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A dateOrder is how dates such as 03/04/2024 are meant. One file has one
// order; it is decided from the sample.
type dateOrder string

const (
	orderDMY dateOrder = "dmy"
	orderMDY dateOrder = "mdy"
)

var (
	reYMD   = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:T|\b)`)
	reDMY   = regexp.MustCompile(`^(\d{1,2})([-/.]) ?(\d{1,2})[-/.] ?(\d{4}|\d{2})\b`)
	reCJK   = regexp.MustCompile(`^(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]`)
	reDayM  = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|er|\.|º)?[ -]+(?:de |of )?(\p{L}+)\.?,?[ -]+(?:de |del )?(\d{4}|\d{2})\b`)
	reMDay  = regexp.MustCompile(`^(\p{L}+)\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})\b`)
	reAnsiC = regexp.MustCompile(`^(\p{L}+) +(\d{1,2}) (\d{1,2}:\d{2}:\d{2}) ?([A-Z]{3,4}|[+-]\d{4})? ?(\d{4})$`)
	reDay   = regexp.MustCompile(`^\p{L}+\.?,? +`)
	reClock = regexp.MustCompile(`^(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2})(?:[.,](\d{1,9}))?)? ?(?i:(am|pm|a\.m\.|p\.m\.))?(?: ?(?i:uhr))? ?(z|Z|[A-Z]{2,4})? ?((?:[+-]\d{2}:?\d{2})|[+-]\d{2})?$`)
	reParen = regexp.MustCompile(` ?\([^)]*\)$`)
)

// zones are the abbreviations that mean one thing in the dates that tools
// write.
var zones = map[string]int{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// months by their first letters in the languages that exports use.
var months = []struct {
	month    time.Month
	prefixes string
}{
	{1, "jan ene gen"}, {2, "feb fev fév"}, {3, "mar mär mrz maa"}, {4, "apr avr abr"}, {5, "may mai maj mei mag"}, {6, "jun juin giu"},
	{7, "jul juil lug"}, {8, "aug aoû aou ago"}, {9, "sep set"}, {10, "oct okt ott out"}, {11, "nov"}, {12, "dec dez dic déc"},
}

func monthOf(word string) (time.Month, bool) {
	word = strings.ToLower(word)
	for _, m := range months {
		for p := range strings.FieldsSeq(m.prefixes) {
			if strings.HasPrefix(word, p) && len([]rune(word)) <= 10 {
				return m.month, true
			}
		}
	}
	return 0, false
}

// parseTime reads the times that tools and people write. loc is the zone of
// those that name none; nil means UTC.
func parseTime(s string, order dateOrder, loc *time.Location) (time.Time, bool) {
	if loc == nil {
		loc = time.UTC
	}
	s = strings.TrimSpace(s)
	if len(s) < 5 || len(s) > 80 {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	if t, ok := numericTime(s, loc); ok {
		return t, true
	}
	s = strings.Join(strings.Fields(reParen.ReplaceAllString(s, "")), " ")
	if t, ok := writtenDate(s, order, loc); ok {
		return t, true
	}
	if day := reDay.FindString(s); day != "" { // a weekday's name
		return writtenDate(s[len(day):], order, loc)
	}
	return time.Time{}, false
}

func writtenDate(s string, order dateOrder, loc *time.Location) (time.Time, bool) {
	var y, d string
	var month time.Month
	rest := ""
	switch {
	case match(reYMD, s, &rest, func(g []string) { y, month, d = g[1], monthNumber(g[2]), g[3] }):
	case match(reDMY, s, &rest, func(g []string) {
		y, month, d = g[4], monthNumber(g[3]), g[1]
		if order == orderMDY && g[2] != "." {
			month, d = monthNumber(g[1]), g[3]
		}
	}):
	case match(reCJK, s, &rest, func(g []string) { y, month, d = g[1], monthNumber(g[2]), g[3] }):
	case match(reDayM, s, &rest, func(g []string) { y, d = g[3], g[1]; month, _ = monthOf(g[2]) }):
	case match(reMDay, s, &rest, func(g []string) { y, d = g[3], g[2]; month, _ = monthOf(g[1]) }):
	case match(reAnsiC, s, &rest, func(g []string) {
		y, d = g[5], g[2]
		month, _ = monthOf(g[1])
		rest = g[3] + " " + g[4]
	}):
	default:
		return time.Time{}, false
	}
	year, day := atoi(y), atoi(d)
	if len(y) == 2 {
		if year += 2000; year >= 2070 {
			year -= 100
		}
	}
	hour, minute, sec, nano, zone, ok := clock(rest, loc)
	if !ok || month < 1 || month > 12 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, sec, nano, zone)
	if t.Day() != day || t.Month() != month { // 31 April, or a clock change at midnight
		if c := time.Date(year, month, day, 12, 0, 0, 0, time.UTC); c.Day() != day || c.Month() != month {
			return time.Time{}, false
		}
	}
	return t, true
}

// match applies re to the beginning of s and leaves in rest what follows.
func match(re *regexp.Regexp, s string, rest *string, use func(groups []string)) bool {
	g := re.FindStringSubmatch(s)
	if g == nil {
		return false
	}
	*rest = s[len(g[0]):]
	use(g)
	return true
}

// clock reads the time of day that follows a date; nothing is midnight.
func clock(s string, loc *time.Location) (hour, minute, sec, nano int, zone *time.Location, ok bool) {
	s = strings.TrimLeft(s, " ,T-")
	for _, word := range []string{"at ", "um ", "à ", "a las ", "às ", "alle ", "om "} {
		s = strings.TrimPrefix(s, word)
	}
	if s = strings.TrimSpace(s); s == "" {
		return 0, 0, 0, 0, loc, true
	}
	g := reClock.FindStringSubmatch(s)
	if g == nil || g[2] == "" && g[5] == "" {
		return 0, 0, 0, 0, nil, false
	}
	hour, minute, sec = atoi(g[1]), atoi(g[2]), atoi(g[3])
	if g[4] != "" {
		nano = atoi((g[4] + "000000000")[:9])
	}
	if half := strings.ToLower(g[5]); half != "" {
		if hour < 1 || hour > 12 {
			return 0, 0, 0, 0, nil, false
		}
		if hour %= 12; half[0] == 'p' {
			hour += 12
		}
	}
	zone = loc
	if name := strings.ToUpper(g[6]); name != "" {
		h, known := zones[name]
		if !known {
			return 0, 0, 0, 0, nil, false
		}
		zone = time.FixedZone(name, h*3600)
	}
	if off := strings.ReplaceAll(g[7], ":", ""); off != "" {
		seconds := atoi(off[1:3]) * 3600
		if len(off) == 5 {
			seconds += atoi(off[3:5]) * 60
		}
		if off[0] == '-' {
			seconds = -seconds
		}
		zone = time.FixedZone("", seconds)
	}
	if hour == 24 && minute == 0 && sec == 0 {
		hour = 0
	}
	return hour, minute, sec, nano, zone, hour < 24 && minute < 60 && sec < 61
}

// numericTime reads seconds, milliseconds, micro- and nanoseconds since 1970,
// days of Excel's calendar, and dates written without separators.
func numericTime(s string, loc *time.Location) (time.Time, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if !digits(whole) || frac != "" && !digits(frac) {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, false
	}
	switch len(whole) {
	case 5:
		if n >= 30000 { // 1982; smaller numbers are no dates of reports
			return excelTime(f, false, loc), true
		}
	case 8, 14:
		layout := "20060102150405"[:len(whole)]
		if t, err := time.ParseInLocation(layout, whole, loc); err == nil && frac == "" && t.Year() >= 1990 && t.Year() < 2100 {
			return t, true
		}
	case 9, 10:
		return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), true
	case 12, 13:
		return time.UnixMicro(int64(math.Round(f * 1e3))).UTC(), true
	case 15, 16:
		return time.UnixMicro(n).UTC(), true
	case 18, 19:
		return time.Unix(0, n).UTC(), true
	}
	return time.Time{}, false
}

// excelTime converts days of Excel's calendar, which has a 29 February 1900
// that never was, or begins in 1904 in old workbooks of Macs.
func excelTime(days float64, date1904 bool, loc *time.Location) time.Time {
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, loc)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, loc)
	}
	day := math.Floor(days)
	ms := math.Round((days - day) * 86400e3) // Excel's own precision
	return time.Date(epoch.Year(), epoch.Month(), epoch.Day()+int(day), 0, 0, 0, int(ms)*1e6, loc)
}

// guessOrder decides how a file means dates such as 03/04/2024, and says why;
// why is empty when no date is ambiguous.
func guessOrder(values []string, now time.Time) (order dateOrder, why string) {
	ambiguous, future := 0, map[dateOrder]int{}
	back := map[dateOrder]int{}
	var previous map[dateOrder]time.Time
	for _, s := range values {
		g := reDMY.FindStringSubmatch(strings.TrimSpace(s))
		if g == nil || g[2] == "." {
			continue
		}
		a, b := atoi(g[1]), atoi(g[3])
		switch {
		case a > 12:
			return orderDMY, "day before month, as in " + s
		case b > 12:
			return orderMDY, "month before day, as in " + s
		}
		ambiguous++
		at := map[dateOrder]time.Time{}
		for _, o := range []dateOrder{orderDMY, orderMDY} {
			at[o], _ = parseTime(s, o, nil)
			if at[o].After(now.Add(24 * time.Hour)) {
				future[o]++
			}
			if previous != nil && at[o].Before(previous[o]) {
				back[o]++
			}
		}
		previous = at
	}
	switch {
	case ambiguous == 0:
		return orderDMY, ""
	case future[orderDMY] != future[orderMDY]:
		if future[orderDMY] < future[orderMDY] {
			return orderDMY, "day before month, for the other way dates lie in the future"
		}
		return orderMDY, "month before day, for the other way dates lie in the future"
	case sorted(back[orderMDY], ambiguous) && !sorted(back[orderDMY], ambiguous):
		return orderMDY, "month before day, for that way the rows are in order"
	case sorted(back[orderDMY], ambiguous) && !sorted(back[orderMDY], ambiguous):
		return orderDMY, "day before month, for that way the rows are in order"
	case strings.ContainsAny(strings.ToLower(values[0]), "apm") && strings.HasSuffix(strings.ToLower(values[0]), "m"):
		return orderMDY, "month before day, for the times are written with AM and PM; set date_order to dmy if that is wrong"
	}
	return orderDMY, "day before month is assumed, nothing in the sample tells; set date_order to mdy if that is wrong"
}

// sorted reports whether n dates of which back lie before the one above them
// are in order, upwards or downwards.
func sorted(back, n int) bool { return n > 4 && (back == 0 || back >= n-2) }

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// atoi reads a short run of digits; 0 for none.
func atoi(s string) int {
	n, _ := strconv.Atoi(s) // callers pass what \d matched
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

func monthNumber(s string) time.Month { return time.Month(atoi(s)) }
