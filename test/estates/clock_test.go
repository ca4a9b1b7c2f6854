package estates

import (
	"encoding/json"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
)

// answerTime is how long an answer takes.
const answerTime = 50 * time.Millisecond

// slow has each answer take a while.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	t := time.NewTimer(answerTime)
	defer t.Stop()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-t.C:
		return s.RoundTripper.RoundTrip(r)
	}
}

// TestQuotas reads AWS estates from a server that enforces the quotas, on a clock
// that goes on when everybody waits: a run may take half as long again as the
// quotas allow at best, and a call that was throttled is made up for. With
// BULWARK_BENCH_OUT it writes what it measured to that file.
func TestQuotas(t *testing.T) {
	estate := Company
	if testing.Short() {
		estate.Accounts, estate.Share = 3, 0.3
	}
	loaded, problems := content.Load(content.Options{}, content.Embedded())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var r Read
	used := cpu(t)
	synctest.Test(t, func(t *testing.T) {
		server, err := awsreplay.New(estate.Serve())
		if err != nil {
			t.Fatal(err)
		}
		e, err := Reader(loaded.Types, slow{server.Transport()})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var g pipeline.Gatherer = r.Count(e)
		if err := g.Gather(t.Context(), func(bulwark.Gathered) error { return nil }); err != nil {
			t.Fatal(err)
		}
		r.Took, r.Meter = time.Since(began), Metered("aws", server.Counts())
	})
	r.CPU = cpu(t) - used
	t.Logf("figure: %v", &r)
	for _, g := range r.Gaps[:min(len(r.Gaps), 10)] {
		t.Errorf("gap: %s", g)
	}
	if r.Ratio() > 1.5 || r.Meter.Bound < time.Second {
		t.Errorf("the run took %.2f times what the quotas allow, %v", r.Ratio(), r.Meter.Bound)
	}
	if out := os.Getenv("BULWARK_BENCH_OUT"); out != "" {
		data, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(out, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
