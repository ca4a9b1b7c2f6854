package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/bulwarksec/bulwark"
)

func (s *session) route53() *route53.Client { return route53.NewFromConfig(s.cfg) }

// hostedZones returns the account's zones.
func (s *session) hostedZones(ctx context.Context) ([]types.HostedZone, error) {
	return shared(ctx, s, "hosted zones", func() ([]types.HostedZone, error) {
		client := s.route53()
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.HostedZone, *string, error) {
			out, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{Marker: token, MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.NextMarker)
			return out.HostedZones, next, err
		})
	})
}

// zone returns a zone's ARN. Its id is told as a path.
func (s *session) zone(v types.HostedZone) string {
	return "arn:" + s.account.partition + ":route53:::hostedzone/" + lastPart(aws.ToString(v.Id))
}

var _ = collect(collector{
	Type: "AWS::Route53::HostedZone", Service: "route53", Where: global,
	Needs: []need{lists("route53:ListHostedZones"), each("route53:GetHostedZone"), once("route53:ListQueryLoggingConfigs")},
	List: func(ctx context.Context, s *session) error {
		zones, err := s.hostedZones(ctx)
		if err != nil {
			return err
		}
		client := s.route53()
		return drafts(ctx, s, zones, func(ctx context.Context, v types.HostedZone, d *draft) error {
			d.take(v, names{"Id": "", "Config": ""})
			d.set("Id", lastPart(aws.ToString(v.Id)))
			d.ARN, d.Name = s.zone(v), strings.TrimSuffix(aws.ToString(v.Name), ".")
			d.observe("Config", v.Config)
			d.set("_Private", v.Config != nil && v.Config.PrivateZone)
			if err := s.part(ctx, d, "VPCs", "", func() error {
				out, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: v.Id})
				if err != nil || out.HostedZone == nil {
					return or(err, errAnswer)
				}
				d.set("VPCs", append([]types.VPC{}, out.VPCs...))
				d.observe("DelegationSet", out.DelegationSet)
				return nil
			}); err != nil {
				return err
			}
			return s.part(ctx, d, "QueryLoggingConfig", "", func() error {
				out, err := client.ListQueryLoggingConfigs(ctx, &route53.ListQueryLoggingConfigsInput{HostedZoneId: aws.String(lastPart(aws.ToString(v.Id)))})
				if err != nil {
					return err
				}
				for _, c := range out.QueryLoggingConfigs {
					d.set("QueryLoggingConfig.CloudWatchLogsLogGroupArn", c.CloudWatchLogsLogGroupArn)
				}
				return nil
			})
		})
	},
})

// zoneRecords is how many records of a zone become assets: zones of customers'
// names have hundreds of thousands.
const zoneRecords = 3000

var _ = collect(collector{
	Type: "AWS::Route53::RecordSet", Service: "route53", Where: global,
	Needs: []need{lists("route53:ListHostedZones"), lists("route53:ListResourceRecordSets")},
	List: func(ctx context.Context, s *session) error {
		zones, err := s.hostedZones(ctx)
		if err != nil {
			return err
		}
		return within(ctx, s, zones, func(ctx context.Context, zone types.HostedZone) error { return records(ctx, s, zone) })
	},
})

// records lists a zone's records, up to zoneRecords.
func records(ctx context.Context, s *session, zone types.HostedZone) error {
	client := s.route53()
	n := 0
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: zone.Id, MaxItems: aws.Int32(300)}
	return s.pages(ctx, func(ctx context.Context, _ *string) (*string, error) {
		out, err := client.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, err
		}
		n += len(out.ResourceRecordSets)
		if err := drafts(ctx, s, out.ResourceRecordSets, func(_ context.Context, v types.ResourceRecordSet, d *draft) error {
			d.take(v, nil)
			d.Name = strings.TrimSuffix(aws.ToString(v.Name), ".")
			d.ARN = fmt.Sprintf("%s/recordset/%s/%s", s.zone(zone), d.Name, v.Type)
			if v.SetIdentifier != nil {
				d.ARN += "/" + *v.SetIdentifier
			}
			values := []string{}
			for _, r := range v.ResourceRecords {
				values = append(values, aws.ToString(r.Value))
			}
			d.set("ResourceRecords", values)
			d.relate("zone", "records", "AWS::Route53::HostedZone", s.zone(zone))
			return nil
		}); err != nil {
			return nil, err
		}
		if !out.IsTruncated {
			return nil, nil
		}
		if n >= zoneRecords {
			s.incomplete(&bulwark.Fault{Kind: bulwark.FaultFailed, Call: "route53:ListResourceRecordSets", Object: s.zone(zone), Err: fmt.Errorf("only its first %d records are read", n)})
			return nil, nil
		}
		in = &route53.ListResourceRecordSetsInput{HostedZoneId: zone.Id, MaxItems: in.MaxItems, StartRecordName: out.NextRecordName, StartRecordType: out.NextRecordType, StartRecordIdentifier: out.NextRecordIdentifier}
		if out.NextRecordName == nil {
			return nil, errAnswer
		}
		next := aws.ToString(out.NextRecordName) + " " + string(out.NextRecordType) + " " + aws.ToString(out.NextRecordIdentifier)
		return &next, nil
	})
}
