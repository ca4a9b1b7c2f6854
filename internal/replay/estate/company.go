package estate

import "strings"

// An app is something that the company runs and a team owns.
type app struct {
	name, team string
	class      string // public, internal, confidential, cardholder: of its data
	needs      string // what it is made of, a letter each: see the constants
}

// What an app is made of.
const (
	servers   = "v" // instances behind a load balancer
	functions = "f"
	database  = "d"
	table     = "t"
	queues    = "q"
	buckets   = "b"
	cache     = "c"
)

func (a app) has(what string) bool { return strings.Contains(a.needs, what) }

// account is one of the company's AWS accounts. care is how often mistakes are
// made there, against 1 for what is usual.
type account struct {
	key, id, name, unit string
	env                 string
	care                float64
	apps                []app
	wide                bool    // it uses every region, not only the first
	opened, closed      float64 // parts of the history; 0 is all of it
}

// The regions that the company has enabled; it lives in the first.
var awsRegions = []string{"eu-west-1", "eu-central-1", "us-east-1"}

var company = []account{
	{key: "management", id: "301045118274", name: "halden-management", unit: "root", env: "shared", care: 0.4},
	{key: "log-archive", id: "418820934471", name: "halden-log-archive", unit: "security", env: "shared", care: 0.3,
		apps: []app{{"org-trail", "security", "confidential", "b"}, {"flow-archive", "security", "internal", "b"}, {"dns-logs", "security", "internal", "b"}}},
	{key: "security", id: "527719630018", name: "halden-security", unit: "security", env: "shared", care: 0.4,
		apps: []app{{"siem", "security", "confidential", "fqb"}, {"guardrails", "security", "internal", "ft"}, {"forensics", "security", "confidential", "vb"}}},
	{key: "network", id: "633402157893", name: "halden-network", unit: "infrastructure", env: "shared", care: 0.6, wide: true,
		apps: []app{{"egress", "network", "internal", "v"}, {"dns", "network", "internal", "f"}, {"vpn", "network", "internal", "v"}}},
	{key: "prod-web", id: "740028815536", name: "halden-prod-web", unit: "production", env: "prod", care: 0.8, wide: true,
		apps: []app{{"storefront", "web", "public", "vdcqb"}, {"search", "web", "public", "vfb"}, {"basket", "web", "internal", "ftq"}, {"store-locator", "web", "public", "ftb"},
			{"recommendations", "data", "internal", "vfb"}, {"newsletter", "marketing", "confidential", "fqb"}, {"loyalty", "loyalty", "confidential", "vdtqb"}, {"price-engine", "merchandising", "internal", "vdq"}}},
	{key: "prod-payments", id: "856613290427", name: "halden-prod-payments", unit: "production", env: "prod", care: 0.25,
		apps: []app{{"payments-api", "payments", "cardholder", "vdqb"}, {"tokenizer", "payments", "cardholder", "ftb"}, {"ledger", "payments", "confidential", "vdb"},
			{"settlement", "payments", "confidential", "fqb"}, {"fraud-score", "payments", "confidential", "ftq"}}},
	{key: "staging", id: "962250741185", name: "halden-staging", unit: "non-production", env: "staging", care: 1.1,
		apps: []app{{"storefront", "web", "internal", "vdcqb"}, {"loyalty", "loyalty", "internal", "vdtb"}, {"payments-api", "payments", "internal", "vdq"}, {"search", "web", "internal", "vf"}}},
	{key: "dev", id: "174938205566", name: "halden-dev", unit: "non-production", env: "dev", care: 1.7,
		apps: []app{{"storefront", "web", "internal", "vdqb"}, {"loyalty", "loyalty", "internal", "fdtb"}, {"pos-sync", "shops", "internal", "vfqb"}, {"shelf-camera", "shops", "internal", "fb"}, {"build", "platform", "internal", "vb"}}},
	{key: "sandbox", id: "286071449930", name: "halden-sandbox", unit: "sandbox", env: "sandbox", care: 2.6, wide: true,
		apps: []app{{"hackday", "web", "internal", "vfb"}, {"ml-spike", "data", "internal", "vb"}, {"voice-orders", "web", "internal", "ftb"}, {"training", "people", "internal", "vdb"}}},
	{key: "legacy-pos", id: "395562087714", name: "halden-legacy-pos", unit: "production", env: "prod", care: 1.9, closed: 0.8,
		apps: []app{{"pos-bridge", "shops", "confidential", "vdb"}, {"till-roll", "shops", "confidential", "vb"}}},
	{key: "fennel", id: "607714938822", name: "fennel-foods", unit: "acquisitions", env: "prod", care: 2.2, opened: 0.6,
		apps: []app{{"fennel-shop", "fennel", "confidential", "vdb"}, {"fennel-stock", "fennel", "internal", "vfb"}, {"box-scheme", "fennel", "confidential", "fdb"}}},
}

// serves reports whether an account is there now.
func (b *builder) serves(a *account) bool {
	return (a.opened == 0 || b.since(a.opened)) && (a.closed == 0 || !b.since(a.closed))
}

// First and last names of the people of the company.
var (
	firstNames = strings.Fields("Ada Amir Anouk Astrid Bela Bram Carmen Chidi Clara Dag Daria Elif Emil Esra Femke Finn Freya Goran Greta Hana Hugo Ida Imran Ines Iris Jarek Jonas Kaja Kemal Lars Lea Leila Linus Luca Magda Malik Maren Mats Mina Nadia Nils Nora Olga Omar Oskar Petra Pilar Quentin Rafa Rosa Ruben Saga Samir Selma Sven Tariq Tilde Timo Una Vera Viktor Wanda Yara Yusuf Zoe")
	lastNames  = strings.Fields("Aalto Becker Brandt Castell Dahl Demir Eriksen Farkas Fischer Garcia Haddad Halvorsen Ibsen Jansen Keller Kowal Laine Lindqvist Marek Moreau Nagy Novak Okafor Olsen Pereira Quist Rahman Rossi Sato Schmid Silva Soler Strand Tanaka Toth Ueda Varga Vogel Weiss Winter Yilmaz Zeman")
	teams      = strings.Fields("platform web payments loyalty data shops security network marketing merchandising people finance")
)

// person is somebody who works there.
type person struct {
	first, last, team string
	login             string  // astrid.dahl
	joined, left      float64 // parts of the history; 0 is all of it
}

// people draws who works there: some joined in the history, and some left.
func (b *builder) people(n int) []person {
	var out []person
	taken := map[string]bool{}
	for i := 0; len(out) < n; i++ {
		key := "person" + strings.Repeat("i", i%7) + b.hex(6, "person", strings.Repeat("x", i))
		p := person{first: pick(b, firstNames, key, "first"), last: pick(b, lastNames, key, "last"), team: pick(b, teams, key, "team")}
		p.login = strings.ToLower(p.first + "." + p.last)
		if taken[p.login] {
			continue
		}
		taken[p.login] = true
		switch r := b.ratio(key, "career"); {
		case r < 0.10:
			p.joined = 0.1 + 0.8*b.ratio(key, "joined")
		case r < 0.17:
			p.left = 0.15 + 0.8*b.ratio(key, "left")
		}
		out = append(out, p)
	}
	return out
}
