package estate

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/replay/azure"
	"github.com/bulwarksec/bulwark/internal/replay/gcp"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// Estate is the company as the providers' servers show it. It is safe for
// concurrent use.
type Estate struct {
	seed        int64
	from, until time.Time // of the history; what is told happens in between

	moving sync.Mutex // held by At
	mu     sync.Mutex // guards now
	now    time.Time
	aws    *aws.Server
	w      *aws.World

	azure *azure.Server

	gcp       *gcp.Server
	resources *gcp.State
	written   map[string][]byte // the resources that are in it

	clusters []*served
}

// served is a cluster as its server shows it.
type served struct {
	*Cluster
	server  *kubernetes.Server
	world   *kubernetes.World
	objects map[string]object // that the world holds, but for its own
}

// New returns the estate as it is at from. Its stories are told between from
// and until, which is later; after until it goes on with small changes.
func New(seed int64, from, until time.Time) (*Estate, error) {
	if !from.Before(until) {
		return nil, fmt.Errorf("estate: the history ends before it begins")
	}
	e := &Estate{seed: seed, from: from.UTC(), until: until.UTC(), now: from.UTC(), w: aws.NewWorld()}
	var err error
	if e.aws, err = aws.New(aws.Options{World: e.w, Accounts: awsAccounts(), Keys: awsKeys(), Now: e.clock, Sessions: time.Now, Limits: replay.Unlimited, Seed: seed, PageSize: 100}); err != nil {
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.resources = gcp.NewState()
	if e.gcp, err = gcp.New(gcp.Options{State: e.resources, Limits: replay.Unlimited, Seed: seed}); err != nil { // by the wall clock, as signed tokens are
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.azure = azure.New(azure.Options{State: &azure.State{TenantID: AzureTenant}, Limits: replay.Unlimited}) // by the wall clock, as tokens are
	for _, path := range []string{"/keys", "/secrets"} {                                                     // the corporate vaults let nobody read what is in them
		for _, a := range subscriptions[1].apps {
			e.azure.Fail(azure.Fault{Kind: azure.Denied, Path: "/vaults/kv-prod-" + a.name + path})
		}
	}
	for i := range Clusters {
		c := &served{Cluster: &Clusters[i], world: kubernetes.NewWorld(seed+int64(i), e.clock), objects: map[string]object{}}
		c.server, err = kubernetes.New(kubernetes.Options{World: c.world, Cluster: c.Name, Version: "v1.33.3", Limits: replay.Unlimited, Seed: seed,
			Users: []kubernetes.User{{Name: "system:serviceaccount:bulwark:bulwark", Token: KubernetesToken, Rules: []kubernetes.Rule{{Verbs: []string{"get", "list", "watch"}, Groups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"get"}, URLs: []string{"*"}}}}}})
		if err != nil {
			return nil, fmt.Errorf("estate: %w", err)
		}
		e.clusters = append(e.clusters, c)
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
	e.moving.Lock()
	defer e.moving.Unlock()
	e.mu.Lock()
	e.now = now.UTC()
	b := &builder{seed: e.seed, from: e.from, until: e.until, now: e.now}
	e.mu.Unlock()
	next := aws.NewWorld()
	b.aws(next)
	e.w.Become(next)
	tenant := b.azure()
	e.azure.Change(func(s *azure.State) { *s = *tenant })
	e.written = differences(e.resources, e.written, b.google(), time.Now())
	for _, c := range e.clusters {
		if err := become(c.world, c.objects, b.kubernetes(c.Cluster)); err != nil {
			return fmt.Errorf("estate: %s: %w", c.Name, err)
		}
	}
	return nil
}

// AWS answers the AWS SDK's requests.
func (e *Estate) AWS() http.RoundTripper { return e.aws.Transport() }

// Azure answers what Azure and Microsoft Graph are asked.
func (e *Estate) Azure() http.RoundTripper { return e.azure.Transport() }

// Google answers what Google Cloud is asked.
func (e *Estate) Google() http.RoundTripper { return e.gcp.Transport() }

// GoogleCredential is a service account's key file that Google takes.
func (e *Estate) GoogleCredential() []byte { return e.gcp.Credential() }

// Kubernetes answers what the API server of a cluster is asked: the one of
// that place in Clusters.
func (e *Estate) Kubernetes(i int) http.RoundTripper { return e.clusters[i].server.Transport() }
