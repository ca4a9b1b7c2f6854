package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/check"
	"github.com/bulwarksec/bulwark/internal/store"
)

// fleet yields Deployments of about 3 KB from their JSON, in scopes of 5,000.
type fleet struct {
	names  *bulwark.Names
	docs   [][]byte // of which each asset takes one, with its own name
	n      int
	change int // of 100, how many differ from the first time
}

const deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"NAME","namespace":"ns%[1]d","labels":{"app.kubernetes.io/name":"svc%[1]d","app.kubernetes.io/part-of":"shop","team":"t%[2]d"},"annotations":{"deployment.kubernetes.io/revision":"%[2]d","checksum/config":"%[3]s"}},
"spec":{"replicas":%[2]d,"progressDeadlineSeconds":600,"revisionHistoryLimit":10,"selector":{"matchLabels":{"app":"svc%[1]d"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%%","maxUnavailable":"25%%"}},
"template":{"metadata":{"labels":{"app":"svc%[1]d","version":"v%[2]d"}},"spec":{"serviceAccountName":"svc%[1]d","automountServiceAccountToken":%[4]v,"hostNetwork":false,"dnsPolicy":"ClusterFirst","restartPolicy":"Always","terminationGracePeriodSeconds":30,"securityContext":{"runAsNonRoot":true,"fsGroup":2000,"seccompProfile":{"type":"RuntimeDefault"}},
"initContainers":[{"name":"init","image":"registry.example.com/shop/init:%[2]d.1","command":["sh","-c","until nslookup db; do sleep 2; done"],"resources":{"limits":{"cpu":"100m","memory":"64Mi"},"requests":{"cpu":"10m","memory":"32Mi"}},"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}],
"containers":[{"name":"app","image":"registry.example.com/shop/svc%[1]d:%[2]d.3.1","imagePullPolicy":"Always","args":["--listen=:8080","--db=postgres://db.ns%[1]d.svc:5432/shop"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"LOG_LEVEL","value":"info"},{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}},{"name":"REGION","value":"eu-west-%[2]d"}],"resources":{"limits":{"cpu":"500m","memory":"512Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"periodSeconds":10,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/readyz","port":8080,"scheme":"HTTP"},"periodSeconds":5},"securityContext":{"allowPrivilegeEscalation":%[5]v,"readOnlyRootFilesystem":true,"runAsUser":10001,"capabilities":{"drop":["ALL"]}},"volumeMounts":[{"name":"config","mountPath":"/etc/svc","readOnly":true},{"name":"tmp","mountPath":"/tmp"}]},
{"name":"proxy","image":"registry.example.com/mesh/proxy@sha256:%[3]s","ports":[{"containerPort":15001}],"resources":{"limits":{"cpu":"200m","memory":"128Mi"}},"securityContext":{"privileged":false,"runAsNonRoot":true,"allowPrivilegeEscalation":false}}],
"volumes":[{"name":"config","configMap":{"name":"svc%[1]d","defaultMode":420}},{"name":"tmp","emptyDir":{"sizeLimit":"64Mi"}}],"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"svc%[1]d"}}}}]}}}}}}`

func newFleet(names *bulwark.Names, n int) *fleet {
	rng := rand.New(rand.NewPCG(1, 1))
	f := &fleet{names: names, n: n}
	for range 2000 {
		digest := fmt.Sprintf("%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())
		f.docs = append(f.docs, fmt.Appendf(nil, deployment, rng.IntN(200), rng.IntN(9)+1, digest, rng.IntN(3) > 0, rng.IntN(4) == 0))
	}
	return f
}

func (f *fleet) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	var buf []byte
	scope := ""
	for i := range f.n {
		if s := fmt.Sprintf("kubernetes/%08d", i/5000); s != scope {
			if err := f.end(scope, yield); err != nil {
				return err
			}
			scope = s
		}
		doc := f.docs[(i+i/len(f.docs))%len(f.docs)]
		name := "n" + strconv.Itoa(i)
		if i%100 < f.change {
			name += "x"
		}
		before, after, _ := strings.Cut(string(doc), "NAME")
		buf = append(append(append(buf[:0], before...), name...), after...)
		id := "live:k8s/" + scope + "/apps/Deployment/ns/n" + strconv.Itoa(i)
		v, err := bulwark.DecodeJSON(buf, bulwark.DecodeOptions{Names: f.names, Asset: id})
		if err != nil {
			return err
		}
		a := &bulwark.Asset{ID: id, Type: "apps/v1/Deployment", Name: name, Scope: scope, Properties: v}
		if err := yield(bulwark.Gathered{Asset: a}); err != nil {
			return err
		}
	}
	return f.end(scope, yield)
}

func (f *fleet) end(scope string, yield func(bulwark.Gathered) error) error {
	if scope == "" {
		return nil
	}
	return yield(bulwark.Gathered{Listing: &bulwark.Listing{Scope: scope, Complete: true}})
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkCollect decodes, stores and judges a fleet by the product's own
// content: the first time, again unchanged, and with 1 % changed. Its size is
// BULWARK_BENCH_ASSETS or 10,000, its store BULWARK_BENCH_STORE or a SQLite
// file. Processor time is this process's alone.
func BenchmarkCollect(b *testing.B) {
	n := 10_000
	if v, err := strconv.Atoi(os.Getenv("BULWARK_BENCH_ASSETS")); err == nil {
		n = v
	}
	for _, some := range []int{30, 0} {
		b.Run(map[int]string{30: "thirty_checks", 0: "all_checks"}[some], func(b *testing.B) { benchCollect(b, n, benchContent(b, some)) })
	}
}

// benchContent is the product's content, or of it some checks of Deployments
// of which three fail on a typical one.
func benchContent(b *testing.B, some int) *Loaded {
	l, problems := LoadContent(ContentOptions{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	if some == 0 {
		return l
	}
	var sample *bulwark.Asset
	_ = newFleet(l.Content.Types.Names(), 1).Gather(b.Context(), func(g bulwark.Gathered) error {
		if g.Asset != nil {
			sample = g.Asset
		}
		return nil
	})
	var chosen []*bulwark.Check
	bad := 0
	for _, a := range l.Checks.Judge(sample, NewWorld(nil), time.Now()) {
		if a.State == bulwark.Unhealthy || a.State == bulwark.Undetermined {
			if bad++; bad > 3 {
				continue
			}
		}
		if len(chosen) < some-max(0, 3-bad) {
			chosen = append(chosen, l.Check(a.Check))
		}
	}
	set, problems := check.Compile(chosen, l.Content.Types, check.Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	out := &Loaded{Content: l.Content, Checks: set, byID: map[string]*bulwark.Check{}}
	for _, c := range set.Checks() {
		out.byID[c.ID] = c
	}
	return out
}

func benchCollect(b *testing.B, n int, l *Loaded) {
	checks := len(l.Checks.For("apps/v1/Deployment"))
	for b.Loop() {
		file := tempFile(b)
		address := os.Getenv("BULWARK_BENCH_STORE")
		if address == "" {
			address = file
		}
		st, err := store.Open(b.Context(), address, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		e := NewEngine(st, l, time.Now, testLog(b))
		f := newFleet(l.Content.Types.Names(), n)
		e.Add(Source{ID: "fleet", Gatherer: f})
		for _, step := range []struct {
			name   string
			change int
		}{{"first", 0}, {"unchanged", 0}, {"1percent", 1}} {
			f.change = step.change
			began, used := time.Now(), cpu()
			run := collect(b, e, "fleet")
			used = cpu() - used
			b.Logf("%-9s %d assets, %d checks: %d judged, %d changed; cpu %v (%v an asset), wall %v, %.0f assets/s", step.name, n, checks, run.Judged, run.Changed,
				used.Round(time.Millisecond), (used / time.Duration(n)).Round(time.Microsecond), time.Since(began).Round(time.Millisecond), float64(n)/time.Since(began).Seconds())
			b.ReportMetric(float64(used.Microseconds())/float64(n), step.name+"-cpu-µs/asset")
			if step.name == "first" {
				reportSize(b, file, n, st)
			}
		}
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func reportSize(b *testing.B, file string, n int, st *store.Store) {
	_, findings, err := st.FindingFacets(b.Context(), bulwark.FindingQuery{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(findings)/float64(n), "findings/asset")
	if info, err := os.Stat(file); err == nil {
		b.ReportMetric(float64(info.Size())/float64(n), "B/asset")
	}
}

// BenchmarkDecode is the yardstick of BenchmarkCollect: reading one of its
// documents alone, which tells how fast a machine is.
func BenchmarkDecode(b *testing.B) {
	f := newFleet(bulwark.NewNames(nil), 1)
	b.ReportAllocs()
	b.SetBytes(int64(len(f.docs[0])))
	for b.Loop() {
		if _, err := bulwark.DecodeJSON(f.docs[0], bulwark.DecodeOptions{Names: f.names}); err != nil {
			b.Fatal(err)
		}
	}
}
