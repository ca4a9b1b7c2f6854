package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

var _ = collect(collector{
	Type: "AWS::SNS::Topic", Service: "sns",
	Needs: []need{lists("sns:ListTopics"), each("sns:GetTopicAttributes"), each("sns:ListTagsForResource")},
	List: func(ctx context.Context, s *session) error {
		client := sns.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Topic, *string, error) {
			out, err := client.ListTopics(ctx, &sns.ListTopicsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Topics, out.NextToken, nil
		}, func(ctx context.Context, v types.Topic, d *draft) error {
			d.ARN = aws.ToString(v.TopicArn)
			d.Name = lastPart(d.ARN)
			d.set("TopicArn", v.TopicArn)
			d.set("TopicName", d.Name)
			if err := s.part(ctx, d, "KmsMasterKeyId _Policy", "", func() error {
				out, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: v.TopicArn})
				if err != nil || len(out.Attributes) == 0 {
					return or(err, errAnswer)
				}
				d.attributes(out.Attributes)
				d.set("KmsMasterKeyId", attribute(out.Attributes, "KmsMasterKeyId"))
				d.policy("_Policy", attribute(out.Attributes, "Policy"))
				return nil
			}); err != nil {
				return err
			}
			return s.part(ctx, d, "Tags", "", func() error {
				out, err := client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: v.TopicArn})
				if err != nil {
					return err
				}
				list, _ := tagList(append([]types.Tag{}, out.Tags...))
				d.set("Tags", list)
				return nil
			})
		})
	},
})

// attribute returns what a map of attributes has, nil for nothing.
func attribute(attributes map[string]string, name string) *string {
	if v := attributes[name]; v != "" {
		return &v
	}
	return nil
}

// attributes keeps a map of attributes as they were told; texts that are JSON
// documents are kept as their values.
func (d *draft) attributes(m map[string]string) {
	out := map[string]any{}
	for name, v := range m {
		out[name] = document(d.names, v)
	}
	d.observe("Attributes", out)
}
