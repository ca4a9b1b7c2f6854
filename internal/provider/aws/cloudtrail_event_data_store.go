package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

var _ = collect(collector{
	Type: "AWS::CloudTrail::EventDataStore", Service: "cloudtrail",
	Needs: []need{lists("cloudtrail:ListEventDataStores"), each("cloudtrail:GetEventDataStore")},
	List: func(ctx context.Context, s *session) error {
		client := cloudtrail.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.EventDataStore, *string, error) {
			out, err := client.ListEventDataStores(ctx, &cloudtrail.ListEventDataStoresInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.EventDataStores, out.NextToken, nil
		}, func(ctx context.Context, v types.EventDataStore, d *draft) error {
			d.ARN, d.Name = aws.ToString(v.EventDataStoreArn), aws.ToString(v.Name)
			d.set("EventDataStoreArn", v.EventDataStoreArn)
			d.set("Name", v.Name)
			return s.part(ctx, d, fields[cloudtrail.GetEventDataStoreOutput](d, nil), "", func() error {
				out, err := client.GetEventDataStore(ctx, &cloudtrail.GetEventDataStoreInput{EventDataStore: v.EventDataStoreArn})
				if err != nil {
					return err
				}
				d.take(out, nil)
				return nil
			})
		})
	},
})
