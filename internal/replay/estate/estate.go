package estate

import (
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
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
	denied      []string  // of Azure's actions
	from, until time.Time // of the history; what is told happens in between

	mu  sync.Mutex // guards now
	now time.Time

	moving sync.Mutex // held by Move
	aws    *aws.Server
	world  *aws.World
	azure  *azure.Server

	gcp       *gcp.Server
	resources *gcp.State
	written   map[string][]byte // the resources that are in it

	clusters []*served
	files    map[string]*trees // of repositories and machines
}

// The parts of the estate beside its clusters, repositories and machines, which
// go by their names.
const (
	AWS    = "aws"
	Azure  = "azure"
	Google = "gcp"
)

// Options say which estate it is. Its stories are told between From and Until,
// which is later; after Until it goes on with small changes.
type Options struct {
	Seed        int64
	From, Until time.Time
	// Denied are actions, and permissions of Google Cloud, that whoever reads
	// the estate has not, beside those that the company keeps to itself:
	// s3:GetBucketPolicy, Microsoft.KeyVault/vaults/read,
	// cloudasset.assets.listResource. A * is any text.
	Denied []string
	Limits replay.Limits // nil is the providers' own quotas
}

// served is a cluster as its server shows it.
type served struct {
	*Cluster
	server  *kubernetes.Server
	world   *kubernetes.World
	objects map[string]object // that the world holds, but for its own
}

// New returns the estate as it is at its beginning.
func New(o Options) (*Estate, error) {
	if !o.From.Before(o.Until) {
		return nil, fmt.Errorf("estate: the history ends before it begins")
	}
	e := &Estate{seed: o.Seed, denied: o.Denied, from: o.From.UTC(), until: o.Until.UTC(), now: o.From.UTC(), world: aws.NewWorld()}
	var err error
	if e.aws, err = aws.New(aws.Options{World: e.world, Accounts: awsAccounts(o.Denied), Keys: awsKeys(o.Denied), Now: e.clock, Wall: time.Now, Limits: o.Limits, Seed: o.Seed, PageSize: 100}); err != nil {
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.resources = gcp.NewState()
	if e.gcp, err = gcp.New(gcp.Options{State: e.resources, Denied: o.Denied, Limits: o.Limits, Seed: o.Seed}); err != nil { // by the wall clock, as signed tokens are
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.azure = azure.New(azure.Options{State: &azure.State{TenantID: AzureTenant}, Limits: o.Limits}) // by the wall clock, as tokens are
	for _, path := range []string{"/keys", "/secrets"} {                                             // the corporate vaults let nobody read what is in them
		for _, a := range subscriptions[1].apps {
			e.azure.Fail(azure.Fault{Kind: azure.Denied, Path: "/vaults/kv-prod-" + a.name + path})
		}
	}
	for i := range Clusters {
		c := &served{Cluster: &Clusters[i], world: kubernetes.NewWorld(o.Seed+int64(i), e.clock), objects: map[string]object{}}
		c.server, err = kubernetes.New(kubernetes.Options{World: c.world, Cluster: c.Name, Version: "v1.33.3", Wall: time.Now, Limits: o.Limits, Seed: o.Seed,
			Users: []kubernetes.User{{Name: "system:serviceaccount:bulwark:bulwark", Token: KubernetesToken, Rules: []kubernetes.Rule{{Verbs: []string{"get", "list", "watch"}, Groups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"get"}, URLs: []string{"*"}}}}}})
		if err != nil {
			return nil, fmt.Errorf("estate: %w", err)
		}
		e.clusters = append(e.clusters, c)
	}
	e.files = map[string]*trees{}
	for _, r := range Repositories {
		e.files[r.Name] = &trees{}
	}
	for _, m := range Machines {
		e.files[m.Name] = &trees{}
	}
	return e, e.At(e.from)
}

// clock is the time of the servers.
func (e *Estate) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// Served are the parts that Handler answers for: AWS, Azure, Google and clusters.
func (e *Estate) Served() []string {
	parts := []string{AWS, Azure, Google}
	for _, c := range e.clusters {
		parts = append(parts, c.Name)
	}
	return parts
}

// Parts are what is moved apart from the rest: what is served, repositories and
// machines.
func (e *Estate) Parts() []string {
	parts := e.Served()
	for _, r := range Repositories {
		parts = append(parts, r.Name)
	}
	for _, m := range Machines {
		parts = append(parts, m.Name)
	}
	return parts
}

// At moves all of the estate to a time.
func (e *Estate) At(now time.Time) error {
	for _, part := range e.Parts() {
		if err := e.Move(part, now); err != nil {
			return err
		}
	}
	return nil
}

// Move moves a part of the estate to a time. Who reads it page by page must not
// be at it: between two pages things would come and go that no page shows.
func (e *Estate) Move(part string, now time.Time) error {
	e.moving.Lock()
	defer e.moving.Unlock()
	e.mu.Lock()
	e.now = now.UTC()
	e.mu.Unlock()
	b := &builder{seed: e.seed, from: e.from, until: e.until, now: now.UTC()}
	switch part {
	case AWS:
		next := aws.NewWorld()
		b.aws(next)
		e.world.Become(next)
	case Azure:
		tenant := b.azure()
		for _, c := range tenant.Clients {
			c.Denied = e.denied
		}
		e.azure.Change(func(s *azure.State) { *s = *tenant })
	case Google:
		e.written = differences(e.resources, e.written, b.google(), time.Now())
	default:
		if err := e.moveNamed(b, part); err != nil {
			return fmt.Errorf("estate: %s: %w", part, err)
		}
	}
	return nil
}

// moveNamed moves a cluster, repository or machine.
func (e *Estate) moveNamed(b *builder, part string) error {
	if c := e.cluster(part); c != nil {
		return become(c.world, c.objects, b.kubernetes(c.Cluster))
	}
	made := func(t *tree, err error) error {
		if err == nil {
			e.files[part].Store(t)
		}
		return err
	}
	for i := range Repositories {
		if Repositories[i].Name == part {
			return made(b.code(&Repositories[i]))
		}
	}
	for i := range Machines {
		if Machines[i].Name == part {
			return made(b.machine(&Machines[i]))
		}
	}
	return fmt.Errorf("%w: there is no such part", bulwark.ErrInvalid)
}

// Files are those of a repository, or of a machine from its root, as it was
// moved last; nil for another part.
func (e *Estate) Files(part string) fs.FS {
	if t := e.files[part]; t != nil {
		return t
	}
	return nil
}

func (e *Estate) cluster(name string) *served {
	for _, c := range e.clusters {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Handler answers what the provider of a part is asked, nil for no part.
func (e *Estate) Handler(part string) http.Handler {
	switch part {
	case AWS:
		return e.aws
	case Azure:
		return e.azure
	case Google:
		return e.gcp
	}
	if c := e.cluster(part); c != nil {
		return c.server
	}
	return nil
}

// Transport answers requests as Handler does, in this process.
func (e *Estate) Transport(part string) http.RoundTripper { return replay.Transport(e.Handler(part)) }

// GoogleCredential is a service account's key file that Google takes; address
// is where it is reached, "" for its own hosts.
func (e *Estate) GoogleCredential(address string) []byte { return e.gcp.Credential(address) }
