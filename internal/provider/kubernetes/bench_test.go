package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// fullPod is a pod of the size that pods have: 4 kB, a quarter of it the
// record of writers.
func fullPod(i int) string {
	deployment := i / 10
	return fmt.Sprintf(`{"metadata":{"name":"till-%d-%x-%d","generateName":"till-%d-%x-","namespace":"ns-%d","uid":"%08x-0000-4000-8000-%012d","resourceVersion":"%d","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"till-%d","pod-template-hash":"%x"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"till-%d-%x","uid":"r","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":%s}]},"spec":{"volumes":[{"name":"kube-api-access-x","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],"containers":[{"name":"till","image":"registry.example/shop/till:1.2.%d","command":["/till","--listen=:8080"],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"env":[{"name":"MODE","value":"production"},{"name":"REGION","value":"eu"},{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"till","key":"token"}}}],"resources":{"limits":{"cpu":"1","memory":"512Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"volumeMounts":[{"name":"kube-api-access-x","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","nodeName":"node-%d","securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}],"hostIP":"10.0.0.1","podIP":"10.1.%d.%d","startTime":"2026-01-01T00:00:00Z","containerStatuses":[{"name":"till","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}},"ready":true,"restartCount":0,"image":"registry.example/shop/till:1.2","imageID":"registry.example/shop/till@sha256:%064x","containerID":"containerd://%064x","started":true}],"qosClass":"Burstable"}}`,
		deployment, deployment, i, deployment, deployment, deployment%100, i, i, i, deployment, deployment, deployment, deployment, writers, deployment, i%200, i/250%250, i%250, deployment, i)
}

var writers = `{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"till\"}":{".":{},"f:command":{},"f:env":{".":{},"k:{\"name\":\"MODE\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}}},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}}}}}}}`

// many serves n pods, made as they are asked for.
func many(t testing.TB, n int) *fake {
	f := newFake(t)
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/pods" {
			return false
		}
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		to, next := min(n, from+pageSize), ""
		if to < n {
			next = fmt.Sprintf(`,"continue":"%d"`, to)
		}
		var b strings.Builder
		fmt.Fprintf(&b, `{"metadata":{"resourceVersion":"1"%s},"items":[`, next)
		for i := from; i < to; i++ {
			if i > from {
				b.WriteByte(',')
			}
			b.WriteString(fullPod(i))
		}
		b.WriteString("]}")
		fmt.Fprint(w, b.String())
		return true
	})
	return f
}

// BenchmarkGather20000 lists 20,000 pods of 4 kB from a server in the same
// process, which makes them too.
func BenchmarkGather20000(b *testing.B) {
	c := many(b, 20_000).open(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := c.Gather(context.Background(), func(g bulwark.Gathered) error {
			if g.Asset != nil {
				n++
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if n < 20_000 {
			b.Fatalf("%d assets", n)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

// TestMemory gathers 50,000 pods, 200 MB of JSON, and holds a fraction of it:
// at the peak while they are read, and afterwards for the watch.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("serves 200 MB")
	}
	const pods = 50_000
	c := many(t, pods).open(t, Config{})
	before := heap()
	var peak atomic.Uint64
	stop := make(chan bool)
	watched := make(chan bool)
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapInuse))
			}
		}
	}()
	n := 0
	if err := c.Gather(context.Background(), func(g bulwark.Gathered) error {
		if g.Asset != nil {
			n++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-watched
	held := heap() - before
	t.Logf("%d assets; heap at the peak %d MB with the server that makes them, held for the watch %d MB", n, peak.Load()>>20, held>>20)
	if n < pods {
		t.Errorf("%d assets, want %d", n, pods)
	}
	const limit = 64 << 20
	if held > limit || peak.Load() > 4*limit {
		t.Errorf("held %d MB, at the peak %d MB; want at most 64 and 256", held>>20, peak.Load()>>20)
	}
	runtime.KeepAlive(c)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
