package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Person is somebody who uses the shop.
type Person struct {
	ID       string // as the shop knows them
	Name     string
	Email    string
	Language string
	Region   string
	Device   string // web, ios, android, partner
	Version  string // of the app
	Agent    string
	Address  string
	Known    bool // hypercare was told that this address and this id are one person
}

// Regions of the shop, each with a host of its own.
var Regions = []string{"eu-west", "us-east", "ap-south"}

// hostOf is the address that a region's people use.
func hostOf(region string) string { return region + ".shop.example" }

// applications by device: what calls the shop has a key of its own.
var applications = map[string]string{"web": "Web shop", "ios": "iOS app", "android": "Android app", "partner": "Marketplace Nord"}

// Application is what the person's calls are made by.
func (p *Person) Application() string { return applications[p.Device] }

// partnerDomain is the one of the partner's addresses.
const partnerDomain = "marketplace-nord.example"

// tier is what somebody is to the shop.
func (p *Person) tier() string {
	switch n := share(p.ID); {
	case p.Device == "partner":
		return "partner"
	case n < 0.1:
		return "gold"
	case n < 0.3:
		return "silver"
	}
	return "standard"
}

// versions that are about, newest last.
var versions = map[string][]string{
	"web":     {"2026.11.3", "2026.11.4"},
	"ios":     {"4.8.0", "4.8.2", "4.9.0"},
	"android": {"2.0.7", "2.1.0", "2.1.3"},
	"partner": {"1.14.0"},
}

var givenNames = strings.Fields("Ada Bruno Clara Dmitri Elif Farid Greta Hugo Ines Jonas Kira Luis Mina Noor Oskar Paula Quentin Rosa Samir Tilda Umut Vera Wim Xenia Yann Zoe Aiko Bela Chiara Deniz Emil Fatou Gianni Hanna Igor Jana Kofi Lena Marek Nadia")
var familyNames = strings.Fields("Albers Berg Costa Duarte Eriksen Fischer Garcia Haddad Ivanov Jansen Keller Lopez Moreau Nowak Okafor Petit Quist Rossi Silva Tanaka Ulrich Vidal Weber Xu Yilmaz Ziegler Becker Dubois Ferrari Gruber Hoffmann Jimenez Kowalski Lindner Martin Navarro Olsen Pereira Richter Sanchez")

func newPeople(r *rand.Rand, n int) []*Person {
	list := make([]*Person, n)
	seen := map[string]bool{}
	for i := range list {
		p := &Person{ID: fmt.Sprintf("u_%05d", 10000+r.IntN(89999))}
		for seen[p.ID] {
			p.ID = fmt.Sprintf("u_%05d", 10000+r.IntN(89999))
		}
		seen[p.ID] = true
		given, family := pick(r, givenNames), pick(r, familyNames)
		p.Name = given + " " + family
		p.Email = strings.ToLower(fmt.Sprintf("%s.%s%d@%s", given, family, i, pick(r, []string{"mail.example", "post.example", "inbox.example"})))
		p.Language = pick(r, []string{"en", "en", "en", "en", "en", "en", "de", "de", "es", "fr"})
		p.Region = pick(r, Regions)
		p.Device = pick(r, []string{"web", "web", "web", "ios", "ios", "android", "android", "android", "partner"})
		if p.Device == "partner" {
			name, _, _ := strings.Cut(p.Email, "@")
			p.Email = name + "@" + partnerDomain
		}
		p.Version = pick(r, versions[p.Device])
		p.Agent = agentOf(p.Device, p.Version, r)
		p.Address = fmt.Sprintf("%d.%d.%d.%d", pick(r, []int{81, 93, 109, 176, 203}), r.IntN(250), r.IntN(250), 1+r.IntN(250))
		p.Known = r.IntN(5) > 0
		list[i] = p
	}
	return list
}

func agentOf(device, version string, r *rand.Rand) string {
	switch device {
	case "ios":
		return fmt.Sprintf("ShopApp/%s (iPhone; iOS 19.%d)", version, r.IntN(4))
	case "android":
		return fmt.Sprintf("ShopApp/%s (Android %d)", version, 13+r.IntN(4))
	case "partner":
		return "marketplace-nord-sdk/" + version
	}
	return pick(r, []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
	})
}
