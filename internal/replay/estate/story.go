package estate

// A tale is a mistake that is made in one place for a part of the history.
type tale struct {
	kind, account, app string
	from, to           float64
}

// tales are what happened, beside what drifts and what the audit mends: two
// regressions of what was good, and the one serious thing in payments.
var tales = []tale{
	// A hurried release opens SSH, is mended within days, and comes back with
	// the next rollback.
	{"ssh-open", "prod-web", "storefront", 0.20, 0.26},
	{"ssh-open", "prod-web", "storefront", 0.70, 0.78},
	// The newsletter's pictures were to be public; so became the subscribers.
	{"bucket-public", "prod-web", "halden-newsletter-data", 0.33, 0.46},
	{"bucket-public", "prod-web", "halden-newsletter-data", 0.88, 3},
	// A snapshot of the ledger was shared with an auditor, and with everybody.
	{"snapshot-public", "prod-payments", "ledger", 0.57, 3},
	// An image of the tills was shared with their vendor before they moved.
	{"public-image", "legacy-pos", "pos-bridge", -1, 0.8},
}

// story reports whether a tale of a kind is told now of an app of this account.
func (s *site) story(kind string, a app) bool {
	for _, t := range tales {
		if t.kind == kind && t.account == s.key && t.app == a.name && s.during(t.from, t.to) {
			return true
		}
	}
	return false
}
