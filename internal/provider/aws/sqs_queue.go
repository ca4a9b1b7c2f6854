package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var _ = collect(collector{
	Type: "AWS::SQS::Queue", Service: "sqs",
	Needs: []need{lists("sqs:ListQueues"), each("sqs:GetQueueAttributes"), each("sqs:ListQueueTags")},
	List: func(ctx context.Context, s *session) error {
		client := sqs.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{NextToken: token, MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, nil, err
			}
			return out.QueueUrls, out.NextToken, nil
		}, func(ctx context.Context, url string, d *draft) error {
			d.Name = lastPart(url)
			d.set("QueueName", d.Name)
			d.set("QueueUrl", url)
			d.ARN = s.arn("sqs", d.Name)
			if err := s.part(ctx, d, "KmsMasterKeyId SqsManagedSseEnabled RedrivePolicy _Policy", "", func() error {
				out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
				if err != nil || len(out.Attributes) == 0 {
					return or(err, errAnswer)
				}
				d.attributes(out.Attributes)
				d.set("KmsMasterKeyId", attribute(out.Attributes, "KmsMasterKeyId"))
				if v := attribute(out.Attributes, "SqsManagedSseEnabled"); v != nil {
					d.set("SqsManagedSseEnabled", *v == "true")
				}
				d.policy("RedrivePolicy", attribute(out.Attributes, "RedrivePolicy"))
				d.policy("_Policy", attribute(out.Attributes, "Policy"))
				return nil
			}); err != nil {
				return err
			}
			return s.part(ctx, d, "Tags", "", func() error {
				out, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})
				if err != nil {
					return err
				}
				list, _ := tagList(out.Tags)
				d.set("Tags", list)
				return nil
			})
		})
	},
})
