package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite golden files")

// evil is a text that breaks out of every format that does not escape it.
const evil = "=cmd|' /C calc'!A0\x1b[31m</script><img src=x onerror=alert(1)>\"]]>\u202e"

// sample returns a report with one of everything, and hostile names.
func sample() *bulwark.Report {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	position := bulwark.Position{File: "infra/my bucket#1.tf", Line: 3, EndLine: 9}
	r := &bulwark.Report{
		Version: "1.2.3", Started: at, Ended: at.Add(time.Minute),
		Checks: map[string]*bulwark.Check{
			"aws/s3/open": {ID: "aws/s3/open", Title: "Buckets should be closed", Severity: bulwark.High, Control: "restrict-unauthorized-network-access", Risk: "Anybody reads them.", Attack: []string{"T1530"},
				References: []string{"https://example.org/a?b=1&c=2"}, Was: []string{"aws/s3/public"}, Remediation: bulwark.Remediation{Terraform: "block = true", CLI: "aws s3api …"}},
			"aws/s3/log": {ID: "aws/s3/log", Title: evil, Severity: bulwark.Low},
		},
		Assets: []*bulwark.Asset{
			{ID: "code:shop//infra//aws_s3_bucket.a", Type: "AWS::S3::Bucket", Name: "aws_s3_bucket.a", Scope: "code/shop/infra", Position: position, Declarations: []bulwark.Declaration{
				{Address: "aws_s3_bucket.a", Position: position},
				{Address: "aws_s3_bucket_acl.a", Position: bulwark.Position{File: "infra/acl.tf", Line: 4, EndLine: 7, Via: []string{"main.tf:1 module.m"}}}}},
			{ID: "live:arn:aws:s3:::b", Type: "AWS::S3::Bucket", Name: evil, Scope: "aws/1", Region: "eu-west-1"},
		},
		Assessments: []bulwark.Assessment{
			{Check: "aws/s3/log", Asset: "live:arn:aws:s3:::b", State: bulwark.Unhealthy, Because: evil},
			{Check: "aws/s3/open", Asset: "code:shop//infra//aws_s3_bucket.a", State: bulwark.Unhealthy, Because: "acl is public", Evidence: []bulwark.Evidence{{Asset: "code:shop//infra//aws_s3_bucket.a", Path: "AccessControl", Value: `"PublicRead"`, Position: position}},
				Instances: []bulwark.Instance{{Key: "acl", Location: bulwark.Position{File: "infra/acl.tf", Line: 5}}}},
			{Check: "aws/s3/open", Asset: "live:arn:aws:s3:::b", State: bulwark.Undetermined, Because: "access denied"},
			{Check: "aws/s3/log", Asset: "code:shop//infra//aws_s3_bucket.a", State: bulwark.Healthy},
			{Check: "aws/s3/none", Asset: "code:shop//infra//aws_s3_bucket.a", State: bulwark.NotApplicable},
		},
		Gaps: []bulwark.Gap{{What: "file", Where: "infra/bad.tf:2", Why: "unexpected }", Position: bulwark.Position{File: "infra/bad.tf", Line: 2}}},
	}
	for _, f := range []bulwark.Finding{
		{Check: "aws/s3/open", Asset: "code:shop//infra//aws_s3_bucket.a", Instance: "acl", Severity: bulwark.High, Risk: bulwark.High, Because: "acl is public", Location: bulwark.Position{File: "infra/acl.tf", Line: 5}},
		{Check: "aws/s3/log", Asset: "live:arn:aws:s3:::b", Severity: bulwark.Low, Risk: bulwark.Medium, Because: evil},
	} {
		f.ID, f.State, f.FirstSeen, f.LastChanged = bulwark.FindingID(f.Check, f.Asset, f.Instance), bulwark.Open, at, at
		r.Findings = append(r.Findings, f)
	}
	silenced := bulwark.Finding{ID: "f0", Check: "aws/s3/log", Asset: "code:shop//infra//aws_s3_bucket.a", Severity: bulwark.Low, State: bulwark.Open}
	r.Suppressed = []bulwark.Suppressed{{Finding: silenced, By: bulwark.Suppression{Tool: "bulwark", ID: "aws/s3/log", Reason: "a test bucket", Position: bulwark.Position{File: "infra/main.tf", Line: 4}}}}
	r.Sort()
	return r
}

func written(t testing.TB, name string, r *bulwark.Report) string {
	t.Helper()
	f, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden shows each format whole.
func TestGolden(t *testing.T) {
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			got := written(t, f.Name, sample())
			if again := written(t, f.Name, sample()); again != got {
				t.Error("two writes of one report differ")
			}
			file := "testdata/report." + f.Name
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got), go test ./internal/export -update rewrites it:\n%s", file, diff)
			}
		})
	}
}

// TestEmptyReport: an empty report is whole in every format.
func TestEmptyReport(t *testing.T) {
	for _, f := range Formats() {
		got := written(t, f.Name, &bulwark.Report{})
		switch f.Name {
		case "json", "sarif":
			if !json.Valid([]byte(got)) || strings.Contains(got, "null") {
				t.Errorf("%s of nothing = %s, want JSON with empty lists", f.Name, got)
			}
		case "ocsf":
			if got != "" {
				t.Errorf("ocsf of nothing = %s, want no line", got)
			}
		default:
			if got == "" {
				t.Errorf("%s of nothing is empty", f.Name)
			}
		}
	}
}

func TestByName(t *testing.T) {
	_, err := ByName("pdf")
	if !errors.Is(err, bulwark.ErrInvalid) {
		t.Fatalf("ByName(pdf) = %v, want ErrInvalid", err)
	}
	for _, f := range Formats() {
		if !strings.Contains(err.Error(), f.Name) {
			t.Errorf("ByName(pdf) = %v, want it to name %s", err, f.Name)
		}
	}
}

func TestSARIFIsValid(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(written(t, "sarif", sample())), &v); err != nil {
		t.Fatal(err)
	}
	for _, problem := range validateSARIF(v) {
		t.Error(problem)
	}
	text := written(t, "sarif", sample())
	for _, want := range []string{`"kind": "inSource"`, `"justification": "a test bucket"`, `"text": "file infra/bad.tf:2: unexpected }"`} {
		if !strings.Contains(text, want) {
			t.Errorf("sarif lacks %s", want)
		}
	}
	for file, want := range map[string]sarifArtifact{
		"infra/my bucket#1.tf": {"infra/my%20bucket%231.tf", "%SRCROOT%"},
		"/etc/ssh/sshd_config": {"file:///etc/ssh/sshd_config", ""},
		"a:b.tf":               {"./a:b.tf", "%SRCROOT%"},
	} {
		if got := sarifPlace(bulwark.Position{File: file, Line: 1}).Artifact; got != want {
			t.Errorf("place of %s = %+v, want %+v", file, got, want)
		}
	}
}

func TestOCSFIsValid(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(written(t, "ocsf", sample())), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d events, want two failed, one suppressed, one unknown", len(lines))
	}
	statuses := map[string]int{}
	for _, line := range lines {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		for _, problem := range validateOCSF(e) {
			t.Errorf("%s: %s", problem, line)
		}
		statuses[e["status"].(string)+" "+e["compliance"].(map[string]any)["status"].(string)]++
	}
	want := map[string]int{"New Fail": 2, "New Warning": 1, "Suppressed Fail": 1}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestJUnitCounts(t *testing.T) {
	var got junitSuites
	if err := xml.Unmarshal([]byte(written(t, "junit", sample())), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 4 || got.Failures != 2 || got.Skipped != 1 {
		t.Errorf("tests, failures, skipped = %d, %d, %d, want 4, 2, 1", got.Tests, got.Failures, got.Skipped)
	}
	r := sample()
	r.Findings = nil // all known already
	if err := xml.Unmarshal([]byte(written(t, "junit", r)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Failures != 0 || got.Skipped != 3 {
		t.Errorf("without findings %d failures, %d skipped, want 0, 3", got.Failures, got.Skipped)
	}
}

func TestCSVIsSafe(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(written(t, "csv", sample()))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v, want a header and two", len(rows), err)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
				t.Errorf("cell %q would be a formula", c)
			}
		}
	}
}

func TestTextsAreEscaped(t *testing.T) {
	if html := written(t, "html", sample()); strings.Contains(html, "<img") || strings.Contains(html, "</script>") || strings.Contains(html, "<script") {
		t.Error("the page holds markup of an asset's name")
	}
	if table := written(t, "table", sample()); strings.ContainsAny(table, "\x1b\u202e") {
		t.Error("the table holds control characters of an asset's name")
	}
	r := sample()
	r.Checks["aws/s3/open"].References = []string{"javascript:alert(1)", "https://example.org"}
	html := written(t, "html", r)
	if strings.Contains(html, `href="javascript`) || !strings.Contains(html, `href="https://example.org"`) {
		t.Error("the page links other than https addresses, or not these")
	}
}

func TestReadBaseline(t *testing.T) {
	r := sample()
	known, err := ReadBaseline(strings.NewReader(written(t, "json", r)))
	if err != nil || len(known) != 2 || !known[r.Findings[0].ID] {
		t.Errorf("ReadBaseline = %v, %v, want the two findings", known, err)
	}
	for _, bad := range []string{"", "[]", `{"runs":[]}`, `{"findings":null}`} {
		if _, err := ReadBaseline(strings.NewReader(bad)); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("ReadBaseline(%q) = %v, want ErrInvalid", bad, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrors(t *testing.T) {
	for _, f := range Formats() {
		if err := f.Write(broken{}, sample()); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), f.Name) {
			t.Errorf("%s to a closed file = %v, want the format and the cause", f.Name, err)
		}
	}
}
