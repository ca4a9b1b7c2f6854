package iac

import (
	"slices"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestClaims reads every file by who understands it: a chart or a kustomization
// hides nothing of others that stands in its folders or that it has as data.
func TestClaims(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: "
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"chart/Chart.yaml":             "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"chart/templates/a.yaml":       pod + "{{ .Chart.Name }}}\n",
		"chart/templates/plain.yaml":   pod + "plain}\n",
		"chart/templates/Dockerfile":   "FROM a\n",
		"chart/templates/main.tf":      "resource \"aws_s3_bucket\" \"b\" {}\n",
		"chart/.helmignore":            "templates/ignored.yaml\n",
		"chart/templates/ignored.yaml": pod + "ignored}\n",
		"broken/Chart.yaml":            "apiVersion: [\n",
		"broken/templates/a.yaml":      pod + "broken}\n",
		"k/kustomization.yaml":         "resources: [p.yaml]\nconfigMapGenerator: [{name: c, files: [Dockerfile, data.yaml]}]\n",
		"k/p.yaml":                     pod + "built}\n",
		"k/data.yaml":                  pod + "data}\n",
		"k/Dockerfile":                 "FROM b\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	var got []string
	for _, g := range gather(t, Options{FS: fsys, Types: realTypes(t)}) {
		if g.Asset != nil && g.Asset.Type != "v1/ConfigMap" {
			got = append(got, g.Asset.Type+" "+g.Asset.Name+" "+g.Asset.Position.File)
		}
	}
	slices.Sort(got)
	want := []string{
		"AWS::S3::Bucket aws_s3_bucket.b chart/templates/main.tf",
		"docker/Dockerfile chart/templates/Dockerfile chart/templates/Dockerfile",
		"docker/Dockerfile k/Dockerfile k/Dockerfile",
		"v1/Pod broken broken/templates/a.yaml",
		"v1/Pod built k/p.yaml",
		"v1/Pod c chart/templates/a.yaml",
		"v1/Pod data k/data.yaml",
		"v1/Pod ignored chart/templates/ignored.yaml",
		"v1/Pod plain chart/templates/plain.yaml",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("assets (-want +got):\n%s", diff)
	}
}

// TestReleaseNamespace relates the objects of a chart whose namespace is the
// release's, which is not known.
func TestReleaseNamespace(t *testing.T) {
	fsys := fstest.MapFS{
		"Chart.yaml": {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n")},
		"templates/a.yaml": {Data: []byte(`apiVersion: v1
kind: Service
metadata: {name: s, namespace: {{ .Release.Namespace }}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: a}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "{{ .Release.Namespace }}-r"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "{{ .Release.Namespace }}-r"}
subjects: [{kind: ServiceAccount, name: a, namespace: {{ .Release.Namespace }}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: w}
webhooks: [{name: w.example.com, clientConfig: {service: {name: s, namespace: {{ .Release.Namespace }}}}}]
`)},
	}
	var got []string
	for _, g := range gather(t, Options{FS: fsys, Types: realTypes(t)}) {
		if g.Asset == nil {
			continue
		}
		for _, r := range g.Asset.Relations {
			if r.Name == "role" || r.Name == "subjects" || r.Name == "services" {
				got = append(got, g.Asset.Name+" "+r.Name+" "+r.Target+r.Reason)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"b role code:shop/////ClusterRole/default-r",
		"b subjects code:shop////default/ServiceAccount/a",
		"w services code:shop////default/Service/s",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}
