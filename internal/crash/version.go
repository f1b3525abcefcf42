package crash

import (
	"strconv"
	"strings"
)

// version is a release's number as semantic versioning orders it (semver.org,
// 2.0.0), the numbers of one, two or four parts too.
type version struct {
	parts []int64
	pre   []string
}

// parseVersion reads what stands behind the name of a package in a release:
// shop@2.3.1-beta.1+build, v2.3, 2026.11.27.
func parseVersion(release string) (version, bool) {
	if i := strings.LastIndexByte(release, '@'); i >= 0 {
		release = release[i+1:]
	}
	release = strings.TrimPrefix(strings.TrimSpace(release), "v")
	release, _, _ = strings.Cut(release, "+")
	core, pre, dashed := strings.Cut(release, "-")
	var v version
	for _, p := range strings.Split(core, ".") {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil || n < 0 || len(v.parts) == 6 {
			return v, false
		}
		v.parts = append(v.parts, n)
	}
	if len(v.parts) == 1 && v.parts[0] >= 1e6 { // the number of a commit or build reads like one
		return v, false
	}
	if dashed {
		v.pre = strings.Split(pre, ".")
	}
	return v, true
}

func (v version) compare(w version) int {
	for i := range max(len(v.parts), len(w.parts)) {
		var a, b int64
		if i < len(v.parts) {
			a = v.parts[i]
		}
		if i < len(w.parts) {
			b = w.parts[i]
		}
		if a != b {
			return sign(a - b)
		}
	}
	switch {
	case len(v.pre) == 0 || len(w.pre) == 0:
		return sign(int64(len(w.pre) - len(v.pre))) // what is before a release is older
	}
	for i := range min(len(v.pre), len(w.pre)) {
		a, errA := strconv.ParseInt(v.pre[i], 10, 64)
		b, errB := strconv.ParseInt(w.pre[i], 10, 64)
		switch {
		case errA == nil && errB == nil && a != b:
			return sign(a - b)
		case errA == nil && errB != nil:
			return -1
		case errA != nil && errB == nil:
			return 1
		case errA != nil:
			if c := strings.Compare(v.pre[i], w.pre[i]); c != 0 {
				return c
			}
		}
	}
	return sign(int64(len(v.pre) - len(w.pre)))
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// older reports whether one release is before another. known is false where
// their names do not say so.
func older(release, than string) (yes, known bool) {
	if release == than {
		return false, true
	}
	name := func(s string) string {
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			return s[:i]
		}
		return ""
	}
	v, okV := parseVersion(release)
	w, okW := parseVersion(than)
	if !okV || !okW || name(release) != name(than) {
		return false, false
	}
	return v.compare(w) < 0, true
}
