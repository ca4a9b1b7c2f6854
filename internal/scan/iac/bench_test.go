package iac

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bulwarksec/bulwark"
)

// generated is a tree of some number of lines in all languages: services, each
// a Terraform root that calls a shared module, a CloudFormation and an ARM
// template, manifests and a Dockerfile.
func generated(lines int) (tree fstest.MapFS, total int) {
	tree = fstest.MapFS{"modules/store/main.tf": {Data: []byte(sharedModule)}}
	put := func(name, text string) {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
		total += bytes.Count([]byte(text), []byte("\n"))
	}
	for i := 0; total < lines; i++ {
		dir := fmt.Sprintf("services/s%04d/", i)
		var tf bytes.Buffer
		for j := range 10 {
			fmt.Fprintf(&tf, terraformService, i, j)
		}
		fmt.Fprintf(&tf, "module \"store\" {\n  source = \"../../modules/store\"\n  name   = \"s%d\"\n}\n", i)
		put(dir+"main.tf", tf.String())
		var cfn, arm, k8s bytes.Buffer
		cfn.WriteString("Parameters:\n  Env: {Type: String, Default: prod}\nResources:\n")
		arm.WriteString(armHead + "\n\"variables\": {\"base\": \"store\"},\n\"resources\": [\n")
		for j := range 10 {
			fmt.Fprintf(&cfn, cloudFormationService, i, j)
			fmt.Fprintf(&k8s, kubernetesService, i, j)
			if j > 0 {
				arm.WriteString(",\n")
			}
			fmt.Fprintf(&arm, armService, i, j)
		}
		arm.WriteString("\n]}\n")
		put(dir+"stack.yaml", cfn.String())
		put(dir+"azure.json", arm.String())
		put(dir+"app.yaml", k8s.String())
		put(dir+"Dockerfile", "FROM alpine:3.20\nRUN apk add curl\nUSER 1000\nHEALTHCHECK CMD true\n")
	}
	return tree, total
}

const (
	sharedModule = `variable "name" {}

resource "aws_s3_bucket" "it" {
  bucket = "${var.name}-store"
}

resource "aws_s3_bucket_versioning" "it" {
  bucket = aws_s3_bucket.it.id
  versioning_configuration {
    status = "Enabled"
  }
}
`
	terraformService = `resource "aws_security_group" "g%[2]d" {
  name = "s%[1]d-%[2]d"
  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"]
  }
}

resource "aws_s3_bucket" "b%[2]d" {
  bucket = "s%[1]d-%[2]d"
  tags   = { team = "shop" }
}

resource "aws_s3_bucket_policy" "b%[2]d" {
  bucket = aws_s3_bucket.b%[2]d.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "${aws_s3_bucket.b%[2]d.arn}/*" }]
  })
}

`
	cloudFormationService = `  Bucket%[2]d:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub '${Env}-s%[1]d-%[2]d'
      VersioningConfiguration: {Status: Enabled}
  Policy%[2]d:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket%[2]d
      PolicyDocument:
        Statement:
          - {Effect: Deny, Principal: '*', Action: 's3:*', Resource: !Sub '${Bucket%[2]d.Arn}/*'}
`
	armService = `{
  "type": "Microsoft.Storage/storageAccounts",
  "name": "[concat(variables('base'), '%[1]d%[2]d')]",
  "location": "[resourceGroup().location]",
  "properties": {
    "supportsHttpsTrafficOnly": true,
    "minimumTlsVersion": "TLS1_2"
  }
}`
	kubernetesService = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: s%[1]d-%[2]d
spec:
  replicas: 2
  selector: {matchLabels: {app: s%[1]d-%[2]d}}
  template:
    metadata: {labels: {app: s%[1]d-%[2]d}}
    spec:
      containers:
        - name: app
          image: registry.example.org/app:1.0
          securityContext: {runAsNonRoot: true}
---
`
)

// scanTree scans without keeping what is gathered.
func scanTree(tb testing.TB, tree fstest.MapFS, types *bulwark.Types) (assets, gaps int) {
	tb.Helper()
	s, err := New(Options{FS: tree, RepositoryID: "shop", Types: types})
	if err != nil {
		tb.Fatal(err)
	}
	err = s.Gather(context.Background(), func(g bulwark.Gathered) error {
		switch {
		case g.Asset != nil:
			assets++
		case g.Gap != nil:
			gaps++
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return assets, gaps
}

// BenchmarkScan scans 50,000 lines in all languages.
func BenchmarkScan(b *testing.B) {
	types := realTypes(b)
	tree, lines := generated(50_000)
	b.ReportAllocs()
	for b.Loop() {
		if assets, _ := scanTree(b, tree, types); assets == 0 {
			b.Fatal("no assets")
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkNew makes a scanner and scans one small template, as a check on save
// in an editor does.
func BenchmarkNew(b *testing.B) {
	types := realTypes(b)
	tree := fstest.MapFS{"good.yaml": {Data: []byte(goodTemplate)}}
	b.ReportAllocs()
	for b.Loop() {
		scanTree(b, tree, types)
	}
}

// TestScale scans 50,000 lines: every resource becomes an asset without a gap,
// in a second or two, or half a minute on a machine that is busy with else.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("scans 50,000 lines; not with -short")
	}
	types := realTypes(t)
	tree, lines := generated(50_000)
	services := (len(tree) - 1) / 5
	start := time.Now()
	assets, gaps := scanTree(t, tree, types)
	took := time.Since(start)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("figure: scanned %d lines into %d assets in %s, %.0f lines/s, %d MiB from the system", lines, assets, took.Round(time.Millisecond), float64(lines)/took.Seconds(), m.Sys>>20)
	if want := services * (20 + 1 + 10 + 10 + 10 + 1); assets != want || gaps != 0 {
		t.Errorf("%d assets and %d gaps, want %d and none", assets, gaps, want)
	}
	if took > 30*time.Second {
		t.Errorf("scanning took %s", took)
	}
}
