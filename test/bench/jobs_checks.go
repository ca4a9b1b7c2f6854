package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
)

// Twenty pod-security checks on distinct Deployments of 3 KB, decoded before
// the clock starts: by us (cost limit on, evidence off), by OPA, by cel-go
// over maps, and by Go written by hand over structs.
var _ = register(job{name: "checks", run: benchChecks})

const (
	checkAssets = 10_000
	checkSeed   = 1
	opaAssets   = 1_000 // of them: OPA takes two orders longer
)

func benchChecks(log io.Writer) ([]row, error) {
	docs, err := deployments(checkAssets, checkSeed)
	if err != nil {
		return nil, err
	}
	ours, raw, want, names, err := benchOurs(docs)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  %d assets, %d checks; ours %.2f µs an asset\n", len(docs), len(names), ours/1000)
	ratios := map[string]float64{}
	peers := []struct {
		name string
		run  func() (float64, []string, error)
	}{
		{"hand-written Go", func() (float64, []string, error) { return benchGo(docs, names) }},
		{"cel-go over maps", func() (float64, []string, error) { return benchCEL(docs, names, false) }},
		{"cel-go over maps, cost limit", func() (float64, []string, error) { return benchCEL(docs, names, true) }},
	}
	for _, p := range peers {
		t, got, err := p.run()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if err := sameVerdicts(want, got, names); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		ratios[p.name] = round(t / ours)
		fmt.Fprintf(log, "  %s %.2f µs\n", p.name, t/1000)
	}
	opa, err := benchOPA(docs[:opaAssets], names)
	if err != nil {
		return nil, fmt.Errorf("opa: %w", err)
	}
	if err := sameVerdicts(want[:opaAssets], opa.Verdicts, names); err != nil {
		return nil, fmt.Errorf("opa: %w", err)
	}
	fmt.Fprintf(log, "  opa %.2f µs, a query each %.2f µs, from JSON %.2f µs\n", opa.One/1000, opa.Each/1000, opa.Raw/1000)
	ratios["OPA, one query"], ratios["OPA, a query each"] = round(opa.One/ours), round(opa.Each/ours)
	fromJSON := map[string]float64{"OPA, one query": round(opa.Raw / raw.judged), "decoding alone": round(raw.decoded / raw.judged)}
	return []row{
		{"20 pod-security checks", round(ours / 1000), "µs CPU/asset", ratios},
		{"the same from JSON", round(raw.judged / 1000), "µs CPU/asset", fromJSON},
	}, nil
}

// deployments makes n different variations of the sample.
func deployments(n int, seed uint64) ([][]byte, error) {
	sample, err := os.ReadFile(filepath.Join("testdata", "deployment.json"))
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, seed))
	docs := make([][]byte, n)
	for i := range docs {
		var doc map[string]any
		if err := json.Unmarshal(sample, &doc); err != nil {
			return nil, err
		}
		vary(rng, doc)
		if docs[i], err = json.Marshal(doc); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func vary(rng *rand.Rand, doc map[string]any) {
	pod := doc["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	rarely := func(f func()) {
		if rng.IntN(12) == 0 {
			f()
		}
	}
	for _, name := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		rarely(func() { pod[name] = rng.IntN(2) == 0 })
	}
	rarely(func() { delete(pod, "automountServiceAccountToken") })
	rarely(func() { pod["securityContext"].(map[string]any)["runAsUser"] = 0 })
	rarely(func() {
		pod["volumes"] = append(pod["volumes"].([]any), map[string]any{"name": "host", "hostPath": map[string]any{"path": "/"}})
	})
	for _, list := range []string{"initContainers", "containers"} {
		for _, x := range pod[list].([]any) {
			c := x.(map[string]any)
			sc := c["securityContext"].(map[string]any)
			rarely(func() { sc["privileged"] = rng.IntN(2) == 0 })
			rarely(func() { delete(sc, "allowPrivilegeEscalation") })
			rarely(func() { sc["runAsNonRoot"] = false })
			rarely(func() { delete(sc, "runAsNonRoot") })
			rarely(func() { delete(sc, "readOnlyRootFilesystem") })
			rarely(func() { sc["capabilities"] = map[string]any{"add": []any{"NET_BIND_SERVICE", "SYS_ADMIN"}} })
			rarely(func() { sc["seccompProfile"] = map[string]any{"type": "Unconfined"} })
			rarely(func() { sc["procMount"] = "Unmasked" })
			rarely(func() { sc["runAsUser"] = 0 })
			rarely(func() { delete(c["resources"].(map[string]any)["limits"].(map[string]any), "memory") })
			rarely(func() { delete(c, "livenessProbe") })
			rarely(func() { c["image"] = "registry.example.com/app:latest" })
			rarely(func() { c["ports"].([]any)[0].(map[string]any)["hostPort"] = 8080 })
			rarely(func() { c["env"] = append(c["env"].([]any), map[string]any{"name": "DB_PASSWORD", "value": "x"}) })
			rarely(func() { delete(c, "securityContext") })
		}
	}
}

// sameVerdicts holds a peer's answers, a text of 0 and 1 an asset, to ours.
func sameVerdicts(want, got, names []string) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d answers, want %d", len(got), len(want))
	}
	for i := range want {
		for j := range names {
			if want[i][j] != got[i][j] {
				return fmt.Errorf("asset %d: %s is %c, ours is %c", i, names[j], got[i][j], want[i][j])
			}
		}
	}
	return nil
}

// fromText is processor nanoseconds an asset from its text on.
type fromText struct{ decoded, judged float64 }

func benchOurs(docs [][]byte) (ns float64, raw fromText, verdicts, names []string, err error) {
	archive, err := txtar.ParseFile(filepath.Join("internal", "check", "testdata", "pods.txtar"))
	if err != nil {
		return 0, raw, nil, nil, err
	}
	files, err := txtar.FS(archive)
	if err != nil {
		return 0, raw, nil, nil, err
	}
	c, problems := content.Load(content.Options{}, content.Layer{FS: files, Name: "pods.txtar"})
	set, more := check.Compile(c.Checks, c.Types, check.Options{})
	for _, p := range append(problems, more...) {
		return 0, raw, nil, nil, errors.New(p.String())
	}
	assets := make([]*bulwark.Asset, len(docs))
	for i, doc := range docs {
		id := fmt.Sprintf("live:k8s/bench/apps/Deployment/shop/%d", i)
		v, err := bulwark.DecodeJSON(doc, bulwark.DecodeOptions{Names: c.Types.Names(), Asset: id})
		if err != nil {
			return 0, raw, nil, nil, err
		}
		assets[i] = &bulwark.Asset{ID: id, Type: "apps/v1/Deployment", Properties: v}
	}
	for _, k := range set.For("apps/v1/Deployment") {
		names = append(names, k.ID[strings.LastIndexByte(k.ID, '/')+1:])
	}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var states []bulwark.State
	ns, err = measure(len(assets), func() error {
		for _, a := range assets {
			states = set.States(states[:0], a, nil, now)
		}
		return nil
	})
	for _, a := range assets {
		var b strings.Builder
		for i, s := range set.States(nil, a, nil, now) {
			switch s {
			case bulwark.Healthy:
				b.WriteByte('1')
			case bulwark.Unhealthy:
				b.WriteByte('0')
			default:
				return 0, raw, nil, nil, fmt.Errorf("%s: %s is %s", a.ID, names[i], s)
			}
		}
		verdicts = append(verdicts, b.String())
	}
	if err != nil {
		return 0, raw, nil, nil, err
	}
	read := func(judge bool) func() error {
		return func() error {
			for _, doc := range docs {
				v, err := bulwark.DecodeJSON(doc, bulwark.DecodeOptions{Names: c.Types.Names()})
				if err != nil {
					return err
				}
				if judge {
					states = set.States(states[:0], &bulwark.Asset{ID: "live:x", Type: "apps/v1/Deployment", Properties: v}, nil, now)
				}
			}
			return nil
		}
	}
	if raw.decoded, err = measure(len(docs), read(false)); err == nil {
		raw.judged, err = measure(len(docs), read(true))
	}
	return ns, raw, verdicts, names, err
}

// plainChecks reads the checks in plain CEL, in the order of names.
func plainChecks(names []string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join("test", "bench", "checks", "plain.txt"))
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		byName[name] = text
	}
	list := make([]string, len(names))
	for i, n := range names {
		if list[i] = byName[n]; list[i] == "" {
			return nil, fmt.Errorf("plain.txt lacks %s", n)
		}
	}
	return list, nil
}

func benchCEL(docs [][]byte, names []string, limited bool) (float64, []string, error) {
	env, err := cel.NewEnv(cel.Variable("pod", cel.DynType), cel.Variable("containers", cel.ListType(cel.DynType)))
	if err != nil {
		return 0, nil, err
	}
	texts, err := plainChecks(names)
	if err != nil {
		return 0, nil, err
	}
	programs := make([]cel.Program, len(texts))
	for i, text := range texts {
		ast, iss := env.Compile(text)
		if iss.Err() != nil {
			return 0, nil, fmt.Errorf("%s: %w", names[i], iss.Err())
		}
		opts := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
		if limited {
			opts = append(opts, cel.CostLimit(200_000))
		}
		if programs[i], err = env.Program(ast, opts...); err != nil {
			return 0, nil, err
		}
	}
	pods := make([]map[string]any, len(docs))
	for i, doc := range docs {
		var m map[string]any
		if err := json.Unmarshal(doc, &m); err != nil {
			return 0, nil, err
		}
		pods[i] = m["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	}
	verdicts := make([]string, len(docs))
	row := make([]byte, len(names))
	ns, err := measure(len(docs), func() error {
		for i, pod := range pods {
			var containers []any
			for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
				l, _ := pod[list].([]any)
				containers = append(containers, l...)
			}
			in := map[string]any{"pod": pod, "containers": containers}
			for j, p := range programs {
				v, _, err := p.Eval(in)
				if err != nil {
					return fmt.Errorf("%s: %w", names[j], err)
				}
				row[j] = '0'
				if v.Value() == true {
					row[j] = '1'
				}
			}
			verdicts[i] = string(row)
		}
		return nil
	})
	return ns, verdicts, err
}

// opaResult is processor nanoseconds an asset.
type opaResult struct {
	One, Each, Raw float64
	Verdicts       []string
}

// benchOPA builds the peer's own program and runs it on the same documents.
func benchOPA(docs [][]byte, names []string) (opa opaResult, err error) {
	dir, err := os.MkdirTemp("", "bulwark-bench")
	if err != nil {
		return opa, err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "opa")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".")
	build.Dir = filepath.Join("test", "bench", "peers", "opa")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return opa, fmt.Errorf("build: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, bin, filepath.Join("test", "bench", "checks", "pods.rego"), strings.Join(names, ","))
	cmd.Stdin = bytes.NewReader(bytes.Join(docs, []byte("\n")))
	cmd.Stderr = os.Stderr
	data, err := cmd.Output()
	if err != nil {
		return opa, err
	}
	return opa, json.Unmarshal(data, &opa)
}
