package deploy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// render returns the chart's objects by kind and name, with some values
// changed.
func render(t *testing.T, change func(values map[string]any)) map[string]bulwark.Value {
	t.Helper()
	c, err := loader.Load("helm/bulwark")
	if err != nil {
		t.Fatal(err)
	}
	change(c.Values)
	files, err := engine.Render(c, common.Values{"Chart": c.Metadata, "Values": c.Values, "Capabilities": common.DefaultCapabilities,
		"Release": map[string]any{"Name": "bulwark", "Namespace": "bulwark", "Service": "Helm"}})
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]bulwark.Value{}
	for name, text := range files {
		docs, err := yamldoc.Decode([]byte(text), yamldoc.Options{File: name})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		for _, d := range docs {
			if kind := d.Get("kind").Text(); kind != "" {
				objects[kind+" "+d.At("metadata", "name").Text()] = d
			}
		}
	}
	return objects
}

// TestChart wants the chart and the plain manifests to run the same program in
// the same way.
func TestChart(t *testing.T) {
	objects := render(t, func(map[string]any) {})
	plain := map[string]bulwark.Value{}
	for _, name := range []string{"service", "statefulset", "cluster-role"} {
		text, err := os.ReadFile("kubernetes/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		docs, err := yamldoc.Decode(text, yamldoc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			plain[d.Get("kind").Text()+" "+d.At("metadata", "name").Text()] = d
		}
	}
	for _, same := range []struct {
		object string
		path   []string
	}{
		{"ClusterRole bulwark-reader", []string{"rules"}},
		{"ClusterRoleBinding bulwark-reader", []string{"subjects"}},
		{"StatefulSet bulwark", []string{"spec", "template", "spec"}},
		{"ServiceAccount bulwark", []string{"automountServiceAccountToken"}},
		{"Service bulwark", []string{"spec", "ports"}},
	} {
		want, got := plain[same.object].At(same.path...), objects[same.object].At(same.path...)
		if want.IsAbsent() {
			t.Errorf("the manifests have no %s of %s", strings.Join(same.path, "."), same.object)
		}
		if !bulwark.Equal(want, got) {
			t.Errorf("%s of %s (-manifest +chart):\n%s", strings.Join(same.path, "."), same.object, cmp.Diff(want.String(), got.String()))
		}
	}
}

func TestChartValues(t *testing.T) {
	secrets := func(objects map[string]bulwark.Value) bool {
		return strings.Contains(objects["ClusterRole bulwark-reader"].String(), `"secrets"`)
	}
	objects := render(t, func(map[string]any) {})
	if secrets(objects) {
		t.Error("secrets may be read by default")
	}
	objects = render(t, func(v map[string]any) {
		v["cluster"] = map[string]any{"read": true, "secrets": true, "customRules": []any{map[string]any{"apiGroups": []any{"cert-manager.io"}, "resources": []any{"certificates"}, "verbs": []any{"list"}}}}
		v["image"] = map[string]any{"repository": "x", "digest": "sha256:1"}
	})
	if !secrets(objects) || !strings.Contains(fmt.Sprint(objects["ClusterRole bulwark-reader"]), "cert-manager.io") {
		t.Errorf("role = %v", objects["ClusterRole bulwark-reader"])
	}
	if got := objects["StatefulSet bulwark"].At("spec", "template", "spec", "containers").Index(0).Get("image").Text(); got != "x@sha256:1" {
		t.Errorf("image = %s, want x@sha256:1", got)
	}
	objects = render(t, func(v map[string]any) { v["cluster"] = map[string]any{"read": false} })
	if _, ok := objects["ClusterRole bulwark-reader"]; ok || strings.Contains(objects["StatefulSet bulwark"].String(), "serviceAccountToken") {
		t.Error("the cluster may be read though it should not")
	}
}
