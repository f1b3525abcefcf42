package web

import (
	"strconv"
	"strings"
)

// Accepts tells whether an Accept-Encoding header takes an encoding, by its
// name or by the star; a weight of zero forbids it (RFC 9110, 12.5.3).
func Accepts(header, encoding string) bool {
	star := false
	for item := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		allowed := true
		if weight, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			q, err := strconv.ParseFloat(weight, 64)
			allowed = err == nil && q > 0
		}
		if name == encoding {
			return allowed
		}
		if name == "*" {
			star = allowed
		}
	}
	return star
}
