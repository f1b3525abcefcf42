package widget

import (
	"strings"

	"github.com/hypercare/hypercare/internal/channel"
)

// setup says what to put into a page and onto its server.
func (s *Service) setup(c *channel.Channel, base string) []channel.Step {
	fill := strings.NewReplacer("BASE", base, "KEY", c.Key, "VERSION", s.Version)
	var out []channel.Step
	for _, x := range []channel.Step{
		{Title: "Put this into your pages", Language: "html", Text: `<script async src="BASE/w/w.js" data-key="KEY" data-release="1.0.0"></script>`},
		{Title: "Where pages have a content security policy, allow this", Language: "text", Text: "script-src BASE; connect-src BASE; img-src data: blob:"},
		{Title: "Say who is signed in", Language: "js", Text: `Hypercare.identify({ id: "user-42", email: "ana@shop.example", name: "Ana", token: tokenFromYourServer })`},
		{Title: "Make the token on your server, with the channel's signing secret", Language: "js", Text: `import { createHmac } from "node:crypto"

export function careToken(userId) {
  const until = Math.floor(Date.now() / 1000) + 24 * 3600
  return until + "." + createHmac("sha256", process.env.CARE_SECRET).update(userId + "\n" + until).digest("hex")
}`},
		{Title: "Past blockers: pass a path of your own origin to hypercare, and load /care/w/w.js", Language: "yaml", Text: `upstreams:
  - {name: hypercare, targets: [{url: "BASE"}]}
apis:
  - name: care
    version: v1
    base: /care
    strip_base: true
    upstream: hypercare
    routes:
      - {name: widget, prefix: /w/}
      - {name: intake, prefix: /in/widget/}
      - {name: follow, prefix: /f/}`},
		{Title: "A build that never changes, with its digest in the address", Language: "html", Text: `<script async src="BASE/w/vVERSION/w.js" data-key="KEY" data-release="1.0.0"></script>`},
	} {
		if s.Version == "" && strings.Contains(x.Text, "VERSION") {
			continue
		}
		x.Text = fill.Replace(x.Text)
		out = append(out, x)
	}
	return out
}
