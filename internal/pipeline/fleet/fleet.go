// Package fleet makes estates of any size for benchmarks: Deployments of about
// 3 KB that differ in names, digests and settings, the same ones in each run.
package fleet

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Fleet yields N Deployments from their JSON, in scopes of 5,000. It is for one
// goroutine at a time.
type Fleet struct {
	Names  *bulwark.Names
	Docs   [][]byte // of which each asset takes one, with its own name for NAME
	N      int
	Change int // of 100, how many differ from the first time
}

const deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"NAME","namespace":"ns%[1]d","labels":{"app.kubernetes.io/name":"svc%[1]d","app.kubernetes.io/part-of":"shop","team":"t%[2]d"},"annotations":{"deployment.kubernetes.io/revision":"%[2]d","checksum/config":"%[3]s"}},
"spec":{"replicas":%[2]d,"progressDeadlineSeconds":600,"revisionHistoryLimit":10,"selector":{"matchLabels":{"app":"svc%[1]d"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%%","maxUnavailable":"25%%"}},
"template":{"metadata":{"labels":{"app":"svc%[1]d","version":"v%[2]d"}},"spec":{"serviceAccountName":"svc%[1]d","automountServiceAccountToken":%[4]v,"hostNetwork":false,"dnsPolicy":"ClusterFirst","restartPolicy":"Always","terminationGracePeriodSeconds":30,"securityContext":{"runAsNonRoot":true,"fsGroup":2000,"seccompProfile":{"type":"RuntimeDefault"}},
"initContainers":[{"name":"init","image":"registry.example.com/shop/init:%[2]d.1","command":["sh","-c","until nslookup db; do sleep 2; done"],"resources":{"limits":{"cpu":"100m","memory":"64Mi"},"requests":{"cpu":"10m","memory":"32Mi"}},"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}],
"containers":[{"name":"app","image":"registry.example.com/shop/svc%[1]d:%[2]d.3.1","imagePullPolicy":"Always","args":["--listen=:8080","--db=postgres://db.ns%[1]d.svc:5432/shop"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"LOG_LEVEL","value":"info"},{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}},{"name":"REGION","value":"eu-west-%[2]d"}],"resources":{"limits":{"cpu":"500m","memory":"512Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"periodSeconds":10,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/readyz","port":8080,"scheme":"HTTP"},"periodSeconds":5},"securityContext":{"allowPrivilegeEscalation":%[5]v,"readOnlyRootFilesystem":true,"runAsUser":10001,"capabilities":{"drop":["ALL"]}},"volumeMounts":[{"name":"config","mountPath":"/etc/svc","readOnly":true},{"name":"tmp","mountPath":"/tmp"}]},
{"name":"proxy","image":"registry.example.com/mesh/proxy@sha256:%[3]s","ports":[{"containerPort":15001}],"resources":{"limits":{"cpu":"200m","memory":"128Mi"}},"securityContext":{"privileged":false,"runAsNonRoot":true,"allowPrivilegeEscalation":false}}],
"volumes":[{"name":"config","configMap":{"name":"svc%[1]d","defaultMode":420}},{"name":"tmp","emptyDir":{"sizeLimit":"64Mi"}}],"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"svc%[1]d"}}}}]}}}}}}`

// Docs returns 2,000 Deployments as people write them when nobody checks: of the
// product's checks about twenty fail on each.
func Docs() [][]byte {
	rng := rand.New(rand.NewPCG(1, 1))
	docs := make([][]byte, 2000)
	for i := range docs {
		digest := fmt.Sprintf("%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())
		docs[i] = fmt.Appendf(nil, deployment, rng.IntN(200), rng.IntN(9)+1, digest, rng.IntN(3) > 0, rng.IntN(4) == 0)
	}
	return docs
}

// Careful returns the Deployments of Docs as people write them who heed the
// checks: one fails on each, since no network policy is among the assets, and a
// second on every fourth, as in Docs.
func Careful() [][]byte {
	mend := strings.NewReplacer(
		`"runAsNonRoot":true,"fsGroup":2000`, `"runAsNonRoot":true,"runAsUser":10001,"runAsGroup":10001,"fsGroup":20000`,
		`.1","command"`, `.1@sha256:`+strings.Repeat("ab", 32)+`","imagePullPolicy":"Always","command"`,
		`.3.1","imagePullPolicy"`, `.3.1@sha256:`+strings.Repeat("cd", 32)+`","imagePullPolicy"`,
		`{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}},`, ``,
		`{"containerPort":15001}`, `{"name":"mesh","containerPort":15001}`,
		`"privileged":false,"runAsNonRoot":true,"allowPrivilegeEscalation":false`, `"privileged":false,"runAsNonRoot":true,"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}`,
		`{"name":"proxy",`, `{"name":"proxy","imagePullPolicy":"Always","livenessProbe":{"tcpSocket":{"port":15001}},"readinessProbe":{"tcpSocket":{"port":15001}},`,
		`"automountServiceAccountToken":true`, `"automountServiceAccountToken":false`,
	)
	docs := Docs()
	for i, doc := range docs {
		docs[i] = []byte(mend.Replace(string(doc)))
	}
	return docs
}

// Asset returns the i-th asset.
func (f *Fleet) Asset(i int) (*bulwark.Asset, error) {
	doc := f.Docs[(i+i/len(f.Docs))%len(f.Docs)]
	name := "n" + strconv.Itoa(i)
	if i%100 < f.Change {
		name += "x"
	}
	scope := scopeOf(i)
	id := "live:k8s/" + scope + "/apps/Deployment/ns/n" + strconv.Itoa(i)
	v, err := bulwark.DecodeJSON(bytes.Replace(doc, []byte("NAME"), []byte(name), 1), bulwark.DecodeOptions{Names: f.Names, Asset: id})
	if err != nil {
		return nil, err
	}
	return &bulwark.Asset{ID: id, Type: "apps/v1/Deployment", Name: name, Scope: scope, Properties: v}, nil
}

func scopeOf(i int) string { return fmt.Sprintf("kubernetes/%08d", i/5000) }

// Gather yields all assets, and after those of a scope its complete listing.
func (f *Fleet) Gather(_ context.Context, yield func(bulwark.Gathered) error) error {
	for i := range f.N {
		a, err := f.Asset(i)
		if err != nil {
			return err
		}
		if err := yield(bulwark.Gathered{Asset: a}); err != nil {
			return err
		}
		if i == f.N-1 || scopeOf(i+1) != a.Scope {
			if err := yield(bulwark.Gathered{Listing: &bulwark.Listing{Scope: a.Scope, Complete: true}}); err != nil {
				return err
			}
		}
	}
	return nil
}
