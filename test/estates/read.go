package estates

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/aws"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
)

// Read is what reading an estate once came to.
type Read struct {
	Assets   int
	Gaps     []string
	Took     time.Duration
	CPU      time.Duration
	RSSBytes int64 // at most
	Judged   int64
	Meter    Meter
}

// Meter is what the server saw. Its bound is the least time that the quotas
// allow: of all buckets the longest (calls - burst) / rate.
type Meter struct {
	Calls, Throttled int
	Bound            time.Duration
	Bucket           string // that sets the bound
}

// Metered sums up a server's counts.
func Metered(provider string, counts map[replay.Call]replay.Count) Meter {
	var m Meter
	served := map[quota.Key]int{}
	limits := map[quota.Key]quota.Limit{}
	for call, n := range counts {
		m.Calls += n.Calls
		m.Throttled += n.Throttled
		limit, key := quota.For(quota.Key{Provider: provider, Scope: call.Scope, Region: call.Region, Service: call.Service, Action: call.Operation})
		served[key] += n.Calls - n.Throttled
		limits[key] = limit
	}
	for key, n := range served {
		l := limits[key]
		if d := time.Duration((float64(n) - l.Burst) / l.Rate * float64(time.Second)); d > m.Bound {
			m.Bound, m.Bucket = d, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", key.Service, key.Action, key.Scope, key.Region)), " ")
		}
	}
	return m
}

// Ratio is how many times the bound a run took.
func (r *Read) Ratio() float64 { return r.Took.Seconds() / r.Meter.Bound.Seconds() }

// Unmade counts the gaps that throttling left: calls that were refused and not
// made up for.
func (r *Read) Unmade() int {
	n := 0
	for _, g := range r.Gaps {
		if strings.Contains(g, string(bulwark.FaultThrottled)) {
			n++
		}
	}
	return n
}

func (r *Read) String() string {
	return fmt.Sprintf("%d assets in %.1f s; the quotas' bound is %.1f s (%s): × %.2f; %d calls, %d throttled, %d of these not made up for, %d gaps; %.1f s CPU, %d MB",
		r.Assets, r.Took.Seconds(), r.Meter.Bound.Seconds(), r.Meter.Bucket, r.Ratio(), r.Meter.Calls, r.Meter.Throttled, r.Unmade(), len(r.Gaps), r.CPU.Seconds(), r.RSSBytes>>20)
}

// Count counts what a gatherer yields.
func (r *Read) Count(g pipeline.Gatherer) pipeline.Gatherer { return counted{g, r} }

type counted struct {
	pipeline.Gatherer
	read *Read
}

func (c counted) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	return c.Gatherer.Gather(ctx, func(g bulwark.Gathered) error {
		switch {
		case g.Asset != nil:
			c.read.Assets++
		case g.Gap != nil:
			c.read.Gaps = append(c.read.Gaps, g.Gap.Where+": "+g.Gap.Why)
		case g.Listing != nil && g.Listing.Gap != nil:
			c.read.Gaps = append(c.read.Gaps, g.Listing.Gap.Where+": "+g.Listing.Gap.Why)
		}
		return yield(g)
	})
}

// Reader returns the collectors of an AWS estate; nil is a transport of their own.
func Reader(types *bulwark.Types, transport http.RoundTripper) (*aws.Estate, error) {
	return aws.New(aws.Config{Organization: true}, aws.Options{Connector: "aws", Types: types, HTTP: transport, SecretKey: []byte("made-up"),
		Secret: &aws.Secret{AccessKeyID: AWSKey, SecretAccessKey: AWSSecret}})
}
