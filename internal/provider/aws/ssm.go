package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// The account's own documents; those of AWS cannot be configured.
var _ = collect(collector{
	Type: "AWS::SSM::Document", Service: "ssm",
	Needs: []need{lists("ssm:ListDocuments"), each("ssm:GetDocument"), each("ssm:DescribeDocumentPermission")},
	List: func(ctx context.Context, s *session) error {
		client := ssm.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DocumentIdentifier, *string, error) {
			out, err := client.ListDocuments(ctx, &ssm.ListDocumentsInput{NextToken: token, MaxResults: aws.Int32(50), Filters: []types.DocumentKeyValuesFilter{{Key: aws.String("Owner"), Values: []string{"Self"}}}})
			if err != nil {
				return nil, nil, err
			}
			return out.DocumentIdentifiers, out.NextToken, nil
		}, func(ctx context.Context, v types.DocumentIdentifier, d *draft) error {
			d.take(v, nil)
			d.Name = aws.ToString(v.Name)
			if err := s.part(ctx, d, "Content", "", func() error {
				out, err := client.GetDocument(ctx, &ssm.GetDocumentInput{Name: v.Name, DocumentFormat: types.DocumentFormatJson})
				if err != nil {
					return err
				}
				content := out.Content
				out.Content = nil
				d.take(out, nil)
				d.policy("Content", content)
				return told(content)
			}); err != nil {
				return err
			}
			return s.part(ctx, d, "_SharedWith", "", func() error {
				shared := []types.AccountSharingInfo{}
				with, err := all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
					out, err := client.DescribeDocumentPermission(ctx, &ssm.DescribeDocumentPermissionInput{Name: v.Name, PermissionType: types.DocumentPermissionTypeShare, NextToken: token})
					if err != nil {
						return nil, nil, err
					}
					shared = append(shared, out.AccountSharingInfoList...)
					return out.AccountIds, out.NextToken, nil
				})
				d.observe("AccountSharingInfoList", shared)
				d.set("_SharedWith", append([]string{}, with...))
				return err
			})
		})
	},
})

// Of a parameter its description is read, never its value.
var _ = collect(collector{
	Type: "AWS::SSM::Parameter", Service: "ssm",
	Needs: []need{lists("ssm:DescribeParameters")},
	List: func(ctx context.Context, s *session) error {
		client := ssm.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ParameterMetadata, *string, error) {
			out, err := client.DescribeParameters(ctx, &ssm.DescribeParametersInput{NextToken: token, MaxResults: aws.Int32(50)})
			if err != nil {
				return nil, nil, err
			}
			return out.Parameters, out.NextToken, nil
		}, func(_ context.Context, v types.ParameterMetadata, d *draft) error {
			d.take(v, nil)
			d.set("_KeyId", v.KeyId)
			d.Name = aws.ToString(v.Name)
			if d.ARN = aws.ToString(v.ARN); d.ARN == "" {
				d.ARN = s.arn("ssm", "parameter/"+strings.TrimPrefix(d.Name, "/"))
			}
			return nil
		})
	},
})

// Instances and other machines on which the agent of Systems Manager runs.
var _ = collect(collector{
	Type: "AWS::SSM::ManagedInstance", Service: "ssm",
	Needs: []need{lists("ssm:DescribeInstanceInformation")},
	List: func(ctx context.Context, s *session) error {
		client := ssm.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.InstanceInformation, *string, error) {
			out, err := client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{NextToken: token, MaxResults: aws.Int32(50)})
			if err != nil {
				return nil, nil, err
			}
			return out.InstanceInformationList, out.NextToken, nil
		}, func(_ context.Context, v types.InstanceInformation, d *draft) error {
			d.take(v, nil)
			if d.Name = aws.ToString(v.ComputerName); d.Name == "" {
				d.Name = aws.ToString(v.InstanceId)
			}
			if id := aws.ToString(v.InstanceId); strings.HasPrefix(id, "i-") {
				d.relate("instance", "managed-by", "AWS::EC2::Instance", s.arn("ec2", "instance/"+id))
			}
			return nil
		})
	},
})
