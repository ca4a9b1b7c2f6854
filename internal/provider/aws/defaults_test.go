package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/bulwarksec/bulwark"
)

// TestEbsEncryption wants an account to be encrypted by default where every
// region is: one that says no decides, one that does not say leaves it unknown.
func TestEbsEncryption(t *testing.T) {
	no, yes := false, true
	tests := map[string]struct {
		us, eu *bool // nil is denied
		want   any   // nil is unknown
	}{
		"all":            {&yes, &yes, true},
		"one_is_off":     {&yes, &no, false},
		"one_is_unknown": {nil, &yes, nil},
		"off_decides":    {nil, &no, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newFake(t, Config{Types: []string{typeAccount}}, func(c call) (any, error) {
				if c.Name != "ec2:GetEbsEncryptionByDefault" {
					return nil, nil
				}
				on := tt.eu
				if c.Region == "us-east-1" {
					on = tt.us
				}
				if on == nil {
					return nil, failure("UnauthorizedOperation", 403)
				}
				return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: on}, nil
			})
			a := gather(t, e).assets["live:arn:aws:iam::"+testAccount+":root"]
			got := a.Properties.Get("_EbsEncryptionByDefault")
			if tt.want == nil {
				if got.Kind() != bulwark.Unknown {
					t.Errorf("_EbsEncryptionByDefault = %v, want it unknown", got)
				}
				return
			}
			if got.Kind() != bulwark.Bool || got.Bool() != tt.want {
				t.Errorf("_EbsEncryptionByDefault = %v, want %v", got, tt.want)
			}
		})
	}
}
