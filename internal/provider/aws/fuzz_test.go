package aws

import (
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
)

func FuzzReadReport(f *testing.F) {
	f.Add([]byte("user,arn,mfa_active\n<root_account>,arn:aws:iam::1:root,true\nann,arn:aws:iam::1:user/ann,N/A\n"))
	f.Add([]byte("user,arn\n\"a\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, err := readReport(content)
		if err == nil && len(rows) == 0 {
			t.Error("no rows and no error")
		}
		for arn, row := range rows {
			if row["arn"] != arn {
				t.Errorf("row %q has ARN %v", arn, row["arn"])
			}
		}
	})
}

func FuzzDocument(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Condition":{"StringEquals":{"AWS:SourceAccount":"1"}}}]}`)
	f.Add(`%7B%22Statement%22%3A%7B%22Principal%22%3A%22%2A%22%7D%7D`)
	f.Add(strings.Repeat("[", 100))
	f.Fuzz(func(t *testing.T, text string) {
		switch v := document(nil, text).(type) {
		case string:
			if v != text {
				t.Errorf("document(%q) = %q", text, v)
			}
		case bulwark.Value:
			if k := v.Kind(); k != bulwark.Object && k != bulwark.List {
				t.Errorf("document(%q) is %s", text, k)
			}
			for _, p := range permissions(v) {
				if p.(map[string]any)["Principal"] == "" {
					t.Logf("a principal of %q is empty", text)
				}
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add("<?xml version=\"1.0\"?><DescribeVpcsResponse>", "EC2", "DescribeVpcs")
	f.Add("<", "EC2", "DescribeVpcs")
	f.Fuzz(func(t *testing.T, head, service, operation string) {
		if answers(head, service, operation) && strings.TrimSpace(head) == "" {
			t.Errorf("answers(%q, %s, %s)", head, service, operation)
		}
	})
}
