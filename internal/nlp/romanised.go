package nlp

import (
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

// romanHindi are everyday words of Hindi as people type them in Latin letters,
// those that no other language of the product writes the same.
var romanHindi = wordSet(`hai hain nahi nahin nhi kya aur bhi raha rahe rahi karo karna karke yeh woh toh bhai aap aapko hum hume humko tumhe tumko
mera meri mere tera teri apna apne apni sabko abhi kyu kyun kyon kuch hoga hogi honge liye wala wale wali gaya gaye gayi pyar pyaar desh aaj bahut bohot
accha achha acha matlab jaise unka unke iska iske uska uske inko unko isko usko kaise kahan yahan wahan jab tab phir fir sirf zyada jyada chahiye
chahie milega milta kaam paisa paise kabhi koi kisi kuchh dekho dekh suno bolo bol rahega karenge karega karte karta hota hoti hote lekin magar isliye ek baat log logo logon
hamare hamara tumhara aapka aapke jaldi theek thik bilkul sahi galat`)

// wordSet makes a set of the words of s.
func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// hindiInLatin tells whether a text is Hindi in Latin letters, which n-gram
// tables take for one European language or another: two such words at least,
// and a seventh of all. It returns two of the words.
func hindiInLatin(text string) (words []string, ok bool) {
	all, hits := 0, 0
	for _, w := range linear.SplitWords(clipBytes(text, 2000)) {
		if w[0] >= 0x80 || !(w[0] >= 'a' && w[0] <= 'z' || w[0] >= 'A' && w[0] <= 'Z') {
			continue
		}
		all++
		if f := linear.Fold(w); romanHindi[f] {
			hits++
			if len(words) < 2 && !containsFold(words, f) {
				words = append(words, f)
			}
		}
	}
	return words, len(words) == 2 && hits*7 >= all
}
