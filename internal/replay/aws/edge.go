package aws

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// CloudFront's lists stand in a structure of their own, with their size.

var _ = handle(func(c *Call, in *cloudfront.ListDistributionsInput) (*cloudfront.ListDistributionsOutput, error) {
	items := All[cftypes.DistributionSummary](c.World(), c.Place())
	out := &cloudfront.ListDistributionsOutput{DistributionList: &cftypes.DistributionList{}}
	err := fillNested(c, in, out, reflect.ValueOf(&out.DistributionList), items)
	return out, err
})

var _ = handle(func(c *Call, in *cloudfront.ListOriginAccessControlsInput) (*cloudfront.ListOriginAccessControlsOutput, error) {
	items := All[cftypes.OriginAccessControlSummary](c.World(), c.Place())
	out := &cloudfront.ListOriginAccessControlsOutput{OriginAccessControlList: &cftypes.OriginAccessControlList{}}
	err := fillNested(c, in, out, reflect.ValueOf(&out.OriginAccessControlList), items)
	return out, err
})

var _ = handle(func(c *Call, in *cloudfront.ListFunctionsInput) (*cloudfront.ListFunctionsOutput, error) {
	items := All[cftypes.FunctionSummary](c.World(), c.Place())
	out := &cloudfront.ListFunctionsOutput{FunctionList: &cftypes.FunctionList{}}
	err := fillNested(c, in, out, reflect.ValueOf(&out.FunctionList), items)
	return out, err
})

var (
	_ = answer[cloudfront.GetDistributionInput, cloudfront.GetDistributionOutput]("Id", notFound("NoSuchDistribution", 404))
	_ = answer[cloudfront.GetDistributionConfigInput, cloudfront.GetDistributionConfigOutput]("Id", notFound("NoSuchDistribution", 404))
	_ = answer[cloudfront.ListTagsForResourceInput, cloudfront.ListTagsForResourceOutput]("Resource", notFound("NoSuchResource", 404))
)

// fillNested puts a page of items into the list structure that listOf points
// to.
func fillNested[T any](c *Call, in, out any, listOf reflect.Value, items []T) error {
	from, to, err := c.page(c.Service.Name+"."+c.Operation, in, out, len(items))
	if err != nil {
		return err
	}
	list := listOf.Elem().Elem()
	list.FieldByName("Items").Set(reflect.ValueOf(items[from:to:to]))
	n, size := int32(to-from), int32(min(c.size(in), maxSize))
	list.FieldByName("Quantity").Set(reflect.ValueOf(&n))
	if f := list.FieldByName("MaxItems"); f.IsValid() {
		f.Set(reflect.ValueOf(&size))
	}
	if f := list.FieldByName("IsTruncated"); f.IsValid() && to == len(items) {
		more := false
		f.Set(reflect.ValueOf(&more))
	}
	return nil
}

var (
	_ = answer[route53.GetDNSSECInput, route53.GetDNSSECOutput]("HostedZoneId", nil)
	_ = answer[route53.GetHostedZoneInput, route53.GetHostedZoneOutput]("Id", notFound("NoSuchHostedZone", 404))
	_ = list[route53.ListHealthChecksInput, route53.ListHealthChecksOutput, r53types.HealthCheck]()
	_ = list[route53.ListHostedZonesInput, route53.ListHostedZonesOutput, r53types.HostedZone]()
	_ = list[route53.ListQueryLoggingConfigsInput, route53.ListQueryLoggingConfigsOutput, r53types.QueryLoggingConfig]()
	_ = answer[route53.ListTagsForResourceInput, route53.ListTagsForResourceOutput]("ResourceType ResourceId", nil)
)

// ListResourceRecordSets asks for the next page by a record's name and type.
var _ = handle(func(c *Call, in *route53.ListResourceRecordSetsInput) (*route53.ListResourceRecordSetsOutput, error) {
	at := c.Place()
	at.Parent = keyOf(in, "HostedZoneId")
	items := All[r53types.ResourceRecordSet](c.World(), at)
	from := 0
	if in.StartRecordName != nil {
		for from < len(items) && !startsAt(items[from], in) {
			from++
		}
	}
	to := min(len(items), from+c.size(in))
	size := int32(min(c.size(in), maxSize))
	out := &route53.ListResourceRecordSetsOutput{ResourceRecordSets: items[from:to:to], MaxItems: &size}
	if to < len(items) {
		out.IsTruncated = true
		out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier = items[to].Name, items[to].Type, items[to].SetIdentifier
	}
	return out, nil
})

func startsAt(r r53types.ResourceRecordSet, in *route53.ListResourceRecordSetsInput) bool {
	return r.Name != nil && *r.Name == *in.StartRecordName && (in.StartRecordType == "" || r.Type == in.StartRecordType) &&
		(in.StartRecordIdentifier == nil || r.SetIdentifier != nil && *r.SetIdentifier == *in.StartRecordIdentifier)
}

var _ = handle(func(c *Call, in *route53.ListTagsForResourcesInput) (*route53.ListTagsForResourcesOutput, error) {
	out := &route53.ListTagsForResourcesOutput{}
	for _, id := range in.ResourceIds {
		if one := answerOf[route53.ListTagsForResourceOutput](c.World(), c.Place(), string(in.ResourceType)+"/"+id); one != nil && one.ResourceTagSet != nil {
			out.ResourceTagSets = append(out.ResourceTagSets, *one.ResourceTagSet)
		}
	}
	return out, nil
})
