package estate

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/replay/azure"
)

// Estate is the company as the providers' servers show it. It is safe for
// concurrent use.
type Estate struct {
	seed        int64
	from, until time.Time // of the history; what is told happens in between

	mu  sync.Mutex
	now time.Time
	aws *aws.Server
	w   *aws.World

	azure *azure.Server
}

// New returns the estate as it is at from. Its stories are told between from
// and until, which is later; after until it goes on with small changes.
func New(seed int64, from, until time.Time) (*Estate, error) {
	if !from.Before(until) {
		return nil, fmt.Errorf("estate: the history ends before it begins")
	}
	e := &Estate{seed: seed, from: from.UTC(), until: until.UTC(), w: aws.NewWorld()}
	var err error
	if e.aws, err = aws.New(aws.Options{World: e.w, Accounts: awsAccounts(), Keys: awsKeys(), Now: e.clock, Sessions: time.Now, Limits: replay.Unlimited, Seed: seed, PageSize: 100}); err != nil {
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.azure = azure.New(azure.Options{State: &azure.State{TenantID: AzureTenant}, Now: e.clock, Limits: replay.Unlimited})
	for _, path := range []string{"/keys", "/secrets"} { // the corporate vaults let nobody read what is in them
		for _, a := range subscriptions[1].apps {
			e.azure.Fail(azure.Fault{Kind: azure.Denied, Path: "/vaults/kv-prod-" + a.name + path})
		}
	}
	return e, e.At(e.from)
}

// clock is the time of the servers.
func (e *Estate) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// At moves the estate to a time.
func (e *Estate) At(now time.Time) error {
	e.mu.Lock()
	e.now = now.UTC()
	b := &builder{seed: e.seed, from: e.from, until: e.until, now: e.now}
	e.mu.Unlock()
	next := aws.NewWorld()
	b.aws(next)
	e.w.Become(next)
	tenant := b.azure()
	e.azure.Change(func(s *azure.State) { *s = *tenant })
	return nil
}

// AWS answers the AWS SDK's requests.
func (e *Estate) AWS() http.RoundTripper { return e.aws.Transport() }

// Azure answers what Azure and Microsoft Graph are asked.
func (e *Estate) Azure() http.RoundTripper { return e.azure.Transport() }
