package mask

import "strings"

// prefixes begin secrets of well-known services, by their first byte. rest is
// how many characters follow at least.
type prefix struct {
	text string
	rest int
}

var prefixes = func() (t [256][]prefix) {
	for _, p := range []prefix{
		{"hck_", 10}, {"hcs_", 10}, {"hc_", 10}, // our own
		{"sk_live_", 10}, {"sk_test_", 10}, {"rk_live_", 10}, {"rk_test_", 10}, {"pk_live_", 10}, {"pk_test_", 10}, {"whsec_", 16}, // Stripe
		{"sk-", 10}, {"ghp_", 20}, {"gho_", 20}, {"ghu_", 20}, {"ghs_", 20}, {"ghr_", 20}, {"github_pat_", 20}, {"glpat-", 16}, {"glptt-", 16}, {"gldt-", 16}, {"glrt-", 16},
		{"xoxb-", 10}, {"xoxp-", 10}, {"xoxa-", 10}, {"xoxs-", 10}, {"xoxo-", 10}, {"xoxe-", 10}, {"xapp-", 10}, // Slack
		{"AKIA", 16}, {"ASIA", 16}, {"AIza", 30}, {"ya29.", 16}, {"GOCSPX-", 20}, {"SG.", 20}, {"npm_", 20}, {"pypi-", 20}, {"rubygems_", 20}, {"dckr_pat_", 16}, {"hf_", 16},
		{"dop_v1_", 20}, {"doo_v1_", 20}, {"shpat_", 16}, {"shpss_", 16}, {"shpca_", 16}, {"sq0atp-", 16}, {"sq0csp-", 16}, {"hvs.", 16}, {"hvb.", 16}, {"dp.pt.", 16}, {"lin_api_", 16}, {"ntn_", 20},
		{"secret_", 32}, {"sntrys_", 16}, {"sntryu_", 16}, {"glsa_", 16}, {"glc_", 16}, {"NRAK-", 16}, {"key-", 32}, {"sbp_", 20}, {"pscale_tkn_", 16}, {"ATATT3", 20}, {"PMAK-", 16}, {"AGE-SECRET-KEY-1", 30},
		{"dapi", 32}, {"EAAA", 40}, {"figd_", 16}, {"tfp_", 20}, {"rpa_", 20}, {"r8_", 20}, {"gsk_", 20}, {"pat-", 24}, {"SK", 32},
	} {
		t[p.text[0]] = append(t[p.text[0]], p)
	}
	return t
}()

// prefixed looks for a secret that begins at i, and returns where it ends; i
// when there is none.
func (f *finder) prefixed(i int) int {
	text := f.text
	if i > 0 && (alnum(text[i-1]) || text[i-1] == '_' || text[i-1] == '-') {
		return i
	}
	for _, p := range prefixes[text[i]] {
		if i < f.wordsTo || !strings.HasPrefix(text[i:], p.text) {
			continue
		}
		end := tokenEnd(text, i)
		rest := text[i+len(p.text) : max(end, i+len(p.text))]
		if !secretLooking(rest) {
			f.wordsTo = end // what is not random as a whole is not in part: it is looked at once
			continue
		}
		if len(rest) >= p.rest && (p.text != "SK" || hex(rest)) {
			f.add(i, end, Token)
			return end
		}
	}
	if i >= f.dotsTo && strings.HasPrefix(text[i:], "eyJ") { // JSON Web Token (RFC 7519)
		end := tokenEnd(text, i)
		if strings.Count(text[i:end], ".") >= 2 && end-i > 30 {
			f.add(i, end, Token)
			return end
		}
		f.dotsTo = end
	}
	return i
}

func tokenChar(c byte) bool {
	return alnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || c == '='
}

func tokenEnd(text string, i int) int {
	end := i
	for end < len(text) && tokenChar(text[end]) {
		end++
	}
	for end > i && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	return end
}

// secretLooking tells random characters from words: "sk-learn" is none.
func secretLooking(s string) bool {
	if len(s) < 10 {
		return false
	}
	digits, capitals := 0, 0
	for i := range len(s) {
		switch {
		case digit(s[i]):
			digits++
		case upper(s[i]):
			capitals++
		}
	}
	return digits >= 2 || digits+capitals >= 4
}

func hex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !digit(s[i]) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// colon looks at what a colon may be the middle of: the password in an address
// (RFC 3986, 3.2.1), a bot's token, an IPv6 address.
func (f *finder) colon(i int) int {
	text := f.text
	if strings.HasPrefix(text[i:], "://") {
		end := i + 3
		for end < len(text) && end-i < 512 && text[end] > ' ' && strings.IndexByte("/?#\"'<>", text[end]) < 0 {
			end++
		}
		if at := strings.LastIndexByte(text[i+3:end], '@'); at >= 0 {
			at += i + 3
			if c := strings.IndexByte(text[i+3:at], ':'); c >= 0 && at > i+3+c+1 {
				f.auth = at
				if start := i + 3 + c + 1; placeholderAt(text, start) == 0 {
					f.add(start, at, Password)
				}
				return at
			}
		}
		return i + 3
	}
	if i >= 8 && i+36 <= len(text) && digit(text[i-1]) && strings.HasPrefix(text[i+1:], "AA") { // Telegram
		start := i
		for start > 0 && i-start < 11 && digit(text[start-1]) {
			start--
		}
		if end := tokenEnd(text, i+1); i-start >= 8 && i-start <= 10 && end-i == 36 {
			f.add(start, end, Token)
			return end
		}
	}
	if f.want&bit(IP) != 0 && i+1 < len(text) && hexColon(text[i+1]) {
		if n := len(f.out); true {
			end := f.ipv6(i)
			if len(f.out) > n {
				return end
			}
		}
	}
	return i + 1
}

// pemEnds are what private keys begin with (RFC 7468).
const pemBegin, pemEnd = "-----BEGIN ", "-----END "

// dashes looks for a private key; other runs of dashes are passed over.
func (f *finder) dashes(i int) int {
	text := f.text
	end := i
	for end < len(text) && text[end] == '-' {
		end++
	}
	if end-i < 5 || !strings.HasPrefix(text[end-5:], pemBegin) {
		return end
	}
	start := end - 5
	head := text[start:min(len(text), start+60)]
	if !strings.Contains(head, "PRIVATE KEY") {
		return end
	}
	stop := len(text) // what is cut off is all of it
	if n := strings.Index(text[end:], pemEnd); n >= 0 {
		stop = end + n + len(pemEnd)
		if n := strings.Index(text[stop:], "-----"); n >= 0 && n < 60 {
			stop += n + 5
		}
	}
	f.add(start, stop, Token)
	return stop
}
