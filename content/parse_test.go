package content

import "testing"

// FuzzParseCheck gives it what a stranger may send: it must not panic, and a
// check without problems has what every check has.
func FuzzParseCheck(f *testing.F) {
	f.Add([]byte("title: a\nasset: AWS::S3::Bucket\nseverity: high\nhealthy: 'true'\nbecause: it is not\nrisk: r\nremediation: {shell: x}\nreferences: [https://example.com]\ntests:\n- {name: a, asset: {}, want: healthy}\n- {name: b, asset: {}, want: unhealthy}\n- {name: c, asset: {A: !unknown denied}, want: unknown}\n"))
	f.Add([]byte("overrides: aws/s3/x\nenabled: false\n"))
	f.Add([]byte("a: &a [*a, *a]\n"))
	c, problems := Load(Options{}, Embedded())
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, problems := c.ParseCheck("custom/test/fuzzed", "fuzzed.yaml", data)
		if (k == nil) != (len(problems) > 0) {
			t.Fatalf("check %v with problems %v", k, problems)
		}
		if k != nil && k.Overrides == "" && (k.Title == "" || len(k.Assets) == 0 || k.Healthy.Text == "" || !k.Custom) {
			t.Fatalf("an incomplete check was taken: %+v", k)
		}
	})
}
