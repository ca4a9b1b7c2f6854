package export

import (
	"fmt"
	"io"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// BenchmarkWrite10000Assessments writes a report of 1,000 assets of which each
// tenth assessment is unhealthy.
func BenchmarkWrite10000Assessments(b *testing.B) {
	r := &bulwark.Report{Checks: map[string]*bulwark.Check{}}
	for i := range 10 {
		c := &bulwark.Check{ID: fmt.Sprintf("aws/s3/check%d", i), Title: "Buckets should be closed", Severity: bulwark.High}
		r.Checks[c.ID] = c
	}
	for i := range 1000 {
		a := &bulwark.Asset{ID: fmt.Sprintf("code:shop//infra//aws_s3_bucket.b%d", i), Type: "AWS::S3::Bucket", Name: "b", Scope: "code/shop", Position: bulwark.Position{File: "infra/main.tf", Line: i}}
		r.Assets = append(r.Assets, a)
		for j := range 10 {
			as := bulwark.Assessment{Check: fmt.Sprintf("aws/s3/check%d", j), Asset: a.ID, State: bulwark.Healthy}
			if j == 0 {
				as.State, as.Because = bulwark.Unhealthy, "the bucket is open"
				as.Evidence = []bulwark.Evidence{{Asset: a.ID, Path: "AccessControl", Value: `"PublicRead"`, Position: a.Position}}
				r.Findings = append(r.Findings, bulwark.Finding{ID: bulwark.FindingID(as.Check, a.ID, ""), Check: as.Check, Asset: a.ID, Because: as.Because, State: bulwark.Open, Location: a.Position})
			}
			r.Assessments = append(r.Assessments, as)
		}
	}
	r.Sort()
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Write(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(r.Assets)*b.N)/b.Elapsed().Seconds(), "assets/s")
		})
	}
}
