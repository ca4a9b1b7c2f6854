package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/bulwarksec/bulwark"
)

// A region in which Security Hub is off has no hub.
var _ = collect(collector{
	Type: "AWS::SecurityHub::Hub", Service: "securityhub",
	Needs: []need{lists("securityhub:DescribeHub")},
	List: func(ctx context.Context, s *session) error {
		out, err := securityhub.NewFromConfig(s.cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{})
		if off(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return drafts(ctx, s, []*securityhub.DescribeHubOutput{out}, func(_ context.Context, v *securityhub.DescribeHubOutput, d *draft) error {
			d.take(v, names{"HubArn": "ARN"})
			d.ARN = aws.ToString(v.HubArn)
			return nil
		})
	},
})

// off tells whether an error says that a service is not in use here.
func off(err error) bool {
	if err == nil {
		return false
	}
	k := faultOf(err, "").Kind
	return k == bulwark.FaultAbsent || k == bulwark.FaultDisabled && code(err) == "InvalidAccessException"
}
