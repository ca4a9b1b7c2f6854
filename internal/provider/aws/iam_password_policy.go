package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// An account without a policy of its own is held to the defaults, which the
// type file has.
var _ = collect(collector{
	Type: "AWS::IAM::AccountPasswordPolicy", Service: "iam", Where: global,
	Needs: []need{lists("iam:GetAccountPasswordPolicy")},
	List: func(ctx context.Context, s *session) error {
		d := s.draft()
		d.Name = "Password policy of " + s.account.info().Name
		out, err := s.iam().GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
		switch {
		case err == nil && out.PasswordPolicy == nil:
			return errAnswer
		case err == nil:
			d.take(out.PasswordPolicy, nil)
		case code(err) != "NoSuchEntity":
			return err
		}
		return s.put(d)
	},
})
