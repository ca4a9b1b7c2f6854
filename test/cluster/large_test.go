package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	provider "github.com/bulwarksec/bulwark/internal/provider/kubernetes"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
	"github.com/bulwarksec/bulwark/internal/store"
)

type object = map[string]any

// workload is the specification of a till's pods, as large as real ones are.
func workload(n int, privileged bool) object {
	return object{"serviceAccountName": "till", "nodeName": fmt.Sprintf("node-%d", n%50), "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
		"terminationGracePeriodSeconds": 30, "securityContext": object{}, "tolerations": []object{{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}},
		"volumes": []object{{"name": "settings", "configMap": object{"name": fmt.Sprintf("till-%d", n), "defaultMode": 420}}},
		"containers": []object{{"name": "till", "image": fmt.Sprintf("registry.example/shop/till-%d:1.2", n), "command": []string{"/till", "--listen=:8080"}, "imagePullPolicy": "IfNotPresent",
			"ports":        []object{{"name": "http", "containerPort": 8080, "protocol": "TCP"}},
			"env":          []object{{"name": "MODE", "value": "production"}, {"name": "TOKEN", "valueFrom": object{"secretKeyRef": object{"name": fmt.Sprintf("till-%d", n), "key": "token"}}}},
			"resources":    object{"limits": object{"cpu": "1", "memory": "512Mi"}, "requests": object{"cpu": "100m", "memory": "128Mi"}},
			"volumeMounts": []object{{"name": "settings", "readOnly": true, "mountPath": "/etc/till"}}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
			"livenessProbe":   object{"httpGet": object{"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
			"securityContext": object{"runAsNonRoot": n%3 > 0, "privileged": privileged, "allowPrivilegeEscalation": n%5 == 0, "readOnlyRootFilesystem": n%2 > 0, "capabilities": object{"drop": []string{"ALL"}}}}}}
}

// app puts ten objects of one application into a namespace.
func app(tx *kubernetes.Tx, namespace string, n int) error {
	name := fmt.Sprintf("till-%d", n)
	labels := object{"app": name}
	put := func(version, kind, name, owner string, body object) error {
		meta := object{"name": name, "namespace": namespace, "labels": labels}
		if owner != "" {
			meta["ownerReferences"] = []object{{"apiVersion": "apps/v1", "kind": owner, "name": fmt.Sprintf("till-%d", n), "uid": "u", "controller": true}}
		}
		body["apiVersion"], body["kind"], body["metadata"] = version, kind, meta
		return tx.Put(body)
	}
	template := object{"metadata": object{"labels": labels}, "spec": workload(n, false)}
	sets := []struct {
		version, kind, name, owner string
		body                       object
	}{
		{"v1", "ServiceAccount", name, "", object{}},
		{"v1", "ConfigMap", name, "", object{"data": object{"log": "info"}}},
		{"v1", "Secret", name, "", object{"type": "Opaque", "data": object{"token": "bWFya2Vy"}}},
		{"v1", "Service", name, "", object{"spec": object{"selector": labels, "ports": []object{{"port": 80}}}}},
		{"apps/v1", "Deployment", name, "", object{"spec": object{"replicas": 4, "selector": object{"matchLabels": labels}, "template": template}}},
		{"apps/v1", "ReplicaSet", name, "Deployment", object{"spec": object{"replicas": 4, "selector": object{"matchLabels": labels}, "template": template}}},
	}
	for _, s := range sets {
		if err := put(s.version, s.kind, s.name, s.owner, s.body); err != nil {
			return err
		}
	}
	for i := range 4 {
		if err := put("v1", "Pod", fmt.Sprintf("%s-%d", name, i), "ReplicaSet", object{"spec": workload(n, false), "status": object{"phase": "Running", "qosClass": "Burstable",
			"containerStatuses": []object{{"name": "till", "ready": true, "restartCount": i, "imageID": fmt.Sprintf("registry.example/till@sha256:%064x", n)}}}}); err != nil {
			return err
		}
	}
	return nil
}

// TestMain is a server of a large cluster instead where the environment says
// so: in a process of its own, so that its work is not measured.
func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv("BULWARK_SERVE_OBJECTS")); err == nil {
		if err := serveLarge(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveLarge serves objects until its input ends, and writes the address. What
// is posted to /privileged/NAME has a deployment of the namespace shop-0 make
// privileged pods.
func serveLarge(objects int) error {
	w := kubernetes.NewWorld(1, time.Now)
	err := w.Update(func(tx *kubernetes.Tx) error {
		for n := range objects / 10 {
			namespace := fmt.Sprintf("shop-%d", n/20)
			if n%20 == 0 {
				if err := tx.Put(object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": namespace}}); err != nil {
					return err
				}
			}
			if err := app(tx, namespace, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s, err := kubernetes.New(kubernetes.Options{World: w, Limits: replay.Unlimited, Users: []kubernetes.User{{Name: "reader", Token: "token", Rules: reads()}}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.HandleFunc("POST /privileged/{name}", func(rw http.ResponseWriter, r *http.Request) {
		if err := w.Update(func(tx *kubernetes.Tx) error {
			o := tx.Get("apps/v1", "Deployment", "shop-0", r.PathValue("name"))
			o["spec"].(object)["template"].(object)["spec"] = workload(0, true)
			return tx.Put(o)
		}); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, mux) }() // until the process ends
	fmt.Println("http://" + l.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startLarge starts serveLarge in a process of its own and returns its address.
func startLarge(t *testing.T, objects int) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Env, c.Stderr = append(os.Environ(), fmt.Sprintf("BULWARK_SERVE_OBJECTS=%d", objects)), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// TestLarge measures a cluster of BULWARK_BENCH_OBJECTS objects, or 20,000 (2,000
// in short tests): from the start of the engine until all are read, stored and
// judged by the product's own content, and from a change of one until what is
// wrong with it is found.
func TestLarge(t *testing.T) {
	objects := 20_000
	if v, err := strconv.Atoi(os.Getenv("BULWARK_BENCH_OBJECTS")); err == nil {
		objects = v
	} else if testing.Short() {
		objects = 2_000
	}
	server := startLarge(t, objects)
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, err := provider.New(provider.Config{Name: "large", Server: server}, provider.Options{Secret: provider.Secret{Token: "token"}, Types: loaded.Content.Types,
		Limiter: quota.NewLimiter(), Connector: "k", SecretKey: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	defer func() { cancel(); <-ended }()
	notices := e.Subscribe(ctx)
	used, began := cpu(t), time.Now()
	e.Add(pipeline.Source{ID: "k", Kind: "kubernetes", Interval: time.Hour, Gatherer: c})
	go func() { defer close(ended); e.Run(ctx) }()
	var run *bulwark.Run
	for n := range notices {
		if n.Run != nil && !n.Run.Ended.IsZero() {
			run = n.Run
			break
		}
	}
	took, spent := time.Since(began), cpu(t)-used
	if run.Error != "" || run.Gaps > 0 || run.Assets < int64(objects) || run.Judged == 0 {
		t.Fatalf("run %+v, want %d objects judged and no gap", run, objects)
	}
	t.Logf("figure: %d assets read, stored and %d judged in %.1f s, %.1f s of processor, at most %d MB resident", run.Assets, run.Judged, took.Seconds(), spent.Seconds(), resident(t))

	for i, name := range []string{"till-1", "till-2"} { // the first also waits for the watch to begin
		began := time.Now()
		resp, err := http.Post(server+"/privileged/"+name, "", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("change %s: %v %v", name, resp, err)
		}
		resp.Body.Close()
		found := 0
		for range notices {
			list, _, err := st.Findings(ctx, bulwark.FindingQuery{Checks: []string{"kubernetes/workloads/privileged_disabled"}, States: []bulwark.FindingState{bulwark.Open}, Page: bulwark.Page{Limit: 10}})
			if err != nil {
				t.Fatal(err)
			}
			if found = len(list); found > i {
				break
			}
		}
		if found <= i {
			t.Fatalf("no finding of %s", name)
		}
		if i > 0 {
			t.Logf("figure: a changed deployment is judged and its finding to be seen after %.2f s", time.Since(began).Seconds())
		}
	}
}

// resident is the most that this process has held, in megabytes.
func resident(t *testing.T) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u.Maxrss >> 10
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
