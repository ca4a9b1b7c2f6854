package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var _ = collect(collector{
	Type: "AWS::DynamoDB::Table", Service: "dynamodb",
	Needs: []need{lists("dynamodb:ListTables"), each("dynamodb:DescribeTable"), each("dynamodb:DescribeContinuousBackups"), each("dynamodb:GetResourcePolicy"), each("dynamodb:ListTagsOfResource")},
	List: func(ctx context.Context, s *session) error {
		client := dynamodb.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListTables(ctx, &dynamodb.ListTablesInput{ExclusiveStartTableName: token, Limit: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.TableNames, out.LastEvaluatedTableName, nil
		}, func(ctx context.Context, name string, d *draft) error {
			d.Name = name
			d.set("TableName", name)
			d.ARN = s.arn("dynamodb", "table/"+name)
			return tableParts(ctx, s, client, name, d)
		})
	},
})

func tableParts(ctx context.Context, s *session, client *dynamodb.Client, name string, d *draft) error {
	parts := []struct {
		properties, absent string
		get                func() error
	}{
		{"BillingMode SSESpecification DeletionProtectionEnabled ProvisionedThroughput", "", func() error {
			out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
			if err != nil || out.Table == nil {
				return or(err, errAnswer)
			}
			d.table(out.Table)
			return nil
		}},
		{"PointInTimeRecoverySpecification", "", func() error {
			out, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
			if err != nil || out.ContinuousBackupsDescription == nil {
				return or(err, errAnswer)
			}
			d.observe("ContinuousBackups", out.ContinuousBackupsDescription)
			p := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
			d.set("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", p != nil && p.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled)
			return nil
		}},
		{"ResourcePolicy", "PolicyNotFoundException", func() error {
			out, err := client.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: &d.ARN})
			if err != nil {
				return err
			}
			if out.Policy != nil {
				d.set("ResourcePolicy", map[string]any{"PolicyDocument": document(d.names, *out.Policy)})
			}
			d.observe("PolicyRevisionId", out.RevisionId)
			return told(out.Policy)
		}},
		{"Tags", "", func() error {
			tags, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Tag, *string, error) {
				out, err := client.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: &d.ARN, NextToken: token})
				if err != nil {
					return nil, nil, err
				}
				return out.Tags, out.NextToken, nil
			})
			list, _ := tagList(append([]types.Tag{}, tags...))
			d.set("Tags", list)
			return err
		}},
	}
	for _, p := range parts {
		if err := s.part(ctx, d, p.properties, p.absent, p.get); err != nil {
			return err
		}
	}
	return nil
}

// table puts what a table's description says. A table that says nothing of its
// key is encrypted with one of DynamoDB's own.
func (d *draft) table(v *types.TableDescription) {
	d.take(v, names{"TableArn": "Arn", "SSEDescription": ""})
	if b := v.BillingModeSummary; b != nil {
		d.set("BillingMode", b.BillingMode)
	} else {
		d.set("BillingMode", types.BillingModeProvisioned)
	}
	if e := v.SSEDescription; e != nil {
		d.set("SSESpecification", map[string]any{"SSEEnabled": e.Status == types.SSEStatusEnabled || e.Status == types.SSEStatusUpdating,
			"SSEType": tree(e.SSEType), "KMSMasterKeyId": tree(e.KMSMasterKeyArn)})
	}
	d.set("DeletionProtectionEnabled", aws.ToBool(v.DeletionProtectionEnabled))
}
