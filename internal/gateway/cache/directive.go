// Package cache holds the rules of a shared HTTP cache (RFC 9111, with RFC 5861
// for answers that are stale) and a store for answers that is bounded in
// bytes. It does no I/O and knows no gateway: it is told heads, and says what
// may be done.
package cache

import (
	"strconv"
	"strings"
	"time"
)

// Directives are what Cache-Control says, of a request or of an answer.
type Directives struct {
	NoStore, NoCache, Private, Public    bool
	MustRevalidate, ProxyRevalidate      bool
	NoTransform, OnlyIfCached, Immutable bool

	// Nil where it is not said. What can't be read, or is said twice and
	// differently, counts as 0: an answer is better asked for once too often.
	MaxAge, SMaxAge, MinFresh          *time.Duration
	StaleWhileRevalidate, StaleIfError *time.Duration
	MaxStale                           *time.Duration // without a number: for ever
	said                               bool
}

// forever is longer than anything is kept: what a number too large stands for
// (RFC 9111 1.2.2).
const forever = 1 << 31 * time.Second

// Parse reads Cache-Control, of which several lines are joined by commas (RFC
// 9111 5.2). Pragma counts where there is no Cache-Control; "" for none.
func Parse(control, pragma string) Directives {
	var d Directives
	for rest := control; rest != ""; {
		var name, value string
		var valued bool
		name, value, valued, rest = next(rest)
		if name == "" {
			continue
		}
		d.said = true
		switch name {
		case "no-store":
			d.NoStore = true
		case "no-cache": // with fields named: as without, to be on the safe side
			d.NoCache = true
		case "private":
			d.Private = true
		case "public":
			d.Public = true
		case "must-revalidate":
			d.MustRevalidate = true
		case "proxy-revalidate":
			d.ProxyRevalidate = true
		case "no-transform":
			d.NoTransform = true
		case "only-if-cached":
			d.OnlyIfCached = true
		case "immutable":
			d.Immutable = true
		case "max-age":
			d.MaxAge = seconds(d.MaxAge, value)
		case "s-maxage":
			d.SMaxAge = seconds(d.SMaxAge, value)
		case "min-fresh":
			d.MinFresh = seconds(d.MinFresh, value)
		case "stale-while-revalidate":
			d.StaleWhileRevalidate = seconds(d.StaleWhileRevalidate, value)
		case "stale-if-error":
			d.StaleIfError = seconds(d.StaleIfError, value)
		case "max-stale":
			if !valued {
				value = strconv.Itoa(int(forever / time.Second))
			}
			d.MaxStale = seconds(d.MaxStale, value)
		}
	}
	if !d.said && strings.Contains(strings.ToLower(pragma), "no-cache") {
		d.NoCache = true
	}
	return d
}

// next takes one directive off a list: token, or token=token, or
// token="quoted".
func next(s string) (name, value string, valued bool, rest string) {
	s = strings.TrimLeft(s, " \t,")
	end := strings.IndexAny(s, ",=")
	if end < 0 {
		return strings.ToLower(strings.TrimSpace(s)), "", false, ""
	}
	name = strings.ToLower(strings.TrimSpace(s[:end]))
	if s[end] == ',' {
		return name, "", false, s[end+1:]
	}
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ",")
		return name, strings.TrimSpace(value), true, rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			_, rest, _ = strings.Cut(s[i+1:], ",")
			return name, b.String(), true, rest
		default:
			b.WriteByte(s[i])
		}
	}
	return name, "", true, "" // the quote has no end
}

// seconds reads a number of seconds; before is what was said already.
func seconds(before *time.Duration, s string) *time.Duration {
	d := time.Duration(0)
	if s != "" && strings.Trim(s, "0123456789") == "" {
		if n, err := strconv.ParseInt(s, 10, 64); err != nil || n >= int64(forever/time.Second) {
			d = forever
		} else {
			d = time.Duration(n) * time.Second
		}
	}
	if before != nil && *before != d {
		d = 0
	}
	return &d
}
