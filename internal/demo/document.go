package demo

import (
	"fmt"
	"strings"
)

// tokenSecret signs the tokens of the shop's people.
const tokenSecret = "the shop of the demo signs its people's tokens with this" //nolint:gosec // of a sample

// document is what the gateway publishes for the shop, given the faults that
// are on.
func document(shop *Shop, on []*Fault) string {
	var b strings.Builder
	has := func(k Kind) *Fault {
		for _, f := range on {
			if f.Kind == k {
				return f
			}
		}
		return nil
	}
	b.WriteString("gateway: 1\ntrusted_proxies: [127.0.0.1, \"::1\"]\nlog: {release: X-Release, payload: errors, headers: [X-Client-Version, X-Client]}\nupstreams:\n")
	for _, sv := range services {
		upstream(&b, shop, sv, sv.name, has(DNS) != nil)
		upstream(&b, shop, sv, canaryOf(sv.name), false)
	}
	hosts := make([]string, len(Regions))
	for i, r := range Regions {
		hosts[i] = hostOf(r)
	}
	for _, signed := range []bool{false, true} {
		name := map[bool]string{false: "shop", true: "my-orders"}[signed]
		fmt.Fprintf(&b, "%s  - name: %s\n    version: v3\n    hosts: [%s]\n    timeouts: {try: 2s, total: 2s}\n    policies:\n      key: {header: X-API-Key}\n",
			map[bool]string{false: "apis:\n"}[signed], name, strings.Join(hosts, ", "))
		if signed {
			fmt.Fprintf(&b, "      jwt: {secret: %q}\n      identity: {user: {claim: sub, send: X-Shop-User}, session: {header: X-Session-Id}, trust: proxies}\n", tokenSecret)
		} else {
			b.WriteString("      identity: {user: {header: X-User-Id, send: X-Shop-User}, session: {header: X-Session-Id}, trust: proxies}\n")
		}
		partner := 1_000_000
		if has(Quota) != nil {
			partner = 1
		}
		fmt.Fprintf(&b, "      quotas: [{count: 1000000, per: day, by: application, name: calls-a-day, plans: {partner: %d}}]\n    routes:\n", partner)
		for _, o := range operations {
			if o.signed != signed {
				continue
			}
			limit := ""
			if f := has(RateLimit); f != nil && f.Routes[0] == o.route {
				limit = ", policies: {limits: [{rate: 20/m, burst: 1, by: route}]}"
			}
			fmt.Fprintf(&b, "      - {name: %s, path: %q, methods: [%s], upstream: %s%s}\n", o.route, o.path, o.method, o.service, limit)
		}
	}
	return b.String()
}

func upstream(b *strings.Builder, shop *Shop, sv service, name string, unresolved bool) {
	scheme := "http"
	if sv.secure {
		scheme = "https"
	}
	var targets []string
	for _, in := range shop.instances[name] {
		addr := in.addr
		if unresolved && name == "inventory" {
			addr = "inventory.shop.invalid:8080" // never resolves: RFC 6761, section 6.4
		}
		targets = append(targets, fmt.Sprintf("{url: %q}", scheme+"://"+addr))
	}
	fmt.Fprintf(b, "  - name: %s\n    targets: [%s]\n    retries: {attempts: 1}\n", name, strings.Join(targets, ", "))
	if sv.secure {
		fmt.Fprintf(b, "    tls:\n      server_name: %s\n      ca: |\n        %s\n", secureName, strings.ReplaceAll(strings.TrimSpace(shop.issuer.pem), "\n", "\n        "))
	}
}
