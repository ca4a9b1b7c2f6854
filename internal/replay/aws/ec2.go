package aws

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// DescribeInstances has each instance in a reservation of its own.
var _ = handle(func(c *Call, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	items, err := selected(c, in, All[ec2types.Instance](c.World(), c.Place()), listing{absent: notFound("InvalidInstanceID.NotFound", 400)})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstancesOutput{}
	from, to, err := c.page("ec2.DescribeInstances", in, out, len(items))
	if err != nil {
		return nil, err
	}
	for _, i := range items[from:to] {
		id := "r-" + text(reflect.ValueOf(i.InstanceId))
		out.Reservations = append(out.Reservations, ec2types.Reservation{Instances: []ec2types.Instance{i}, OwnerId: &c.Account, ReservationId: &id})
	}
	return out, nil
})

var (
	_ = answer[ec2.DescribeImageAttributeInput, ec2.DescribeImageAttributeOutput]("ImageId Attribute", nil)
	_ = answer[ec2.DescribeInstanceAttributeInput, ec2.DescribeInstanceAttributeOutput]("InstanceId Attribute", nil)
	_ = answer[ec2.DescribeSnapshotAttributeInput, ec2.DescribeSnapshotAttributeOutput]("SnapshotId Attribute", nil)
	_ = answer[ec2.DescribeVpcAttributeInput, ec2.DescribeVpcAttributeOutput]("VpcId Attribute", nil)
	_ = answer[ec2.DescribeVpcBlockPublicAccessOptionsInput, ec2.DescribeVpcBlockPublicAccessOptionsOutput]("", nil)
	_ = answer[ec2.GetEbsDefaultKmsKeyIdInput, ec2.GetEbsDefaultKmsKeyIdOutput]("", nil)
	_ = answer[ec2.GetEbsEncryptionByDefaultInput, ec2.GetEbsEncryptionByDefaultOutput]("", nil)
	_ = answer[ec2.GetImageBlockPublicAccessStateInput, ec2.GetImageBlockPublicAccessStateOutput]("", nil)
	_ = answer[ec2.GetInstanceMetadataDefaultsInput, ec2.GetInstanceMetadataDefaultsOutput]("", nil)
	_ = answer[ec2.GetSerialConsoleAccessStatusInput, ec2.GetSerialConsoleAccessStatusOutput]("", nil)
	_ = answer[ec2.GetSnapshotBlockPublicAccessStateInput, ec2.GetSnapshotBlockPublicAccessStateOutput]("", nil)

	_ = list[ec2.DescribeAccountAttributesInput, ec2.DescribeAccountAttributesOutput, ec2types.AccountAttribute]()
	_ = list[ec2.DescribeAddressesInput, ec2.DescribeAddressesOutput, ec2types.Address]()
	_ = list[ec2.DescribeAvailabilityZonesInput, ec2.DescribeAvailabilityZonesOutput, ec2types.AvailabilityZone]()
	_ = list[ec2.DescribeClientVpnEndpointsInput, ec2.DescribeClientVpnEndpointsOutput, ec2types.ClientVpnEndpoint]()
	_ = list[ec2.DescribeCustomerGatewaysInput, ec2.DescribeCustomerGatewaysOutput, ec2types.CustomerGateway]()
	_ = list[ec2.DescribeDhcpOptionsInput, ec2.DescribeDhcpOptionsOutput, ec2types.DhcpOptions]()
	_ = list[ec2.DescribeEgressOnlyInternetGatewaysInput, ec2.DescribeEgressOnlyInternetGatewaysOutput, ec2types.EgressOnlyInternetGateway]()
	_ = list[ec2.DescribeFlowLogsInput, ec2.DescribeFlowLogsOutput, ec2types.FlowLog]()
	_ = list[ec2.DescribeHostsInput, ec2.DescribeHostsOutput, ec2types.Host]()
	_ = list[ec2.DescribeIamInstanceProfileAssociationsInput, ec2.DescribeIamInstanceProfileAssociationsOutput, ec2types.IamInstanceProfileAssociation]()
	_ = list[ec2.DescribeImagesInput, ec2.DescribeImagesOutput, ec2types.Image](absent("InvalidAMIID.NotFound"), by("Owners", "OwnerId"))
	_ = list[ec2.DescribeInstanceStatusInput, ec2.DescribeInstanceStatusOutput, ec2types.InstanceStatus]()
	_ = list[ec2.DescribeInternetGatewaysInput, ec2.DescribeInternetGatewaysOutput, ec2types.InternetGateway]()
	_ = list[ec2.DescribeKeyPairsInput, ec2.DescribeKeyPairsOutput, ec2types.KeyPairInfo]()
	_ = list[ec2.DescribeLaunchTemplatesInput, ec2.DescribeLaunchTemplatesOutput, ec2types.LaunchTemplate]()
	_ = list[ec2.DescribeLaunchTemplateVersionsInput, ec2.DescribeLaunchTemplateVersionsOutput, ec2types.LaunchTemplateVersion]()
	_ = list[ec2.DescribeManagedPrefixListsInput, ec2.DescribeManagedPrefixListsOutput, ec2types.ManagedPrefixList]()
	_ = list[ec2.DescribeNatGatewaysInput, ec2.DescribeNatGatewaysOutput, ec2types.NatGateway]()
	_ = list[ec2.DescribeNetworkAclsInput, ec2.DescribeNetworkAclsOutput, ec2types.NetworkAcl]()
	_ = list[ec2.DescribeNetworkInterfacesInput, ec2.DescribeNetworkInterfacesOutput, ec2types.NetworkInterface]()
	_ = list[ec2.DescribePrefixListsInput, ec2.DescribePrefixListsOutput, ec2types.PrefixList]()
	_ = list[ec2.DescribeRegionsInput, ec2.DescribeRegionsOutput, ec2types.Region](everywhere)
	_ = list[ec2.DescribeRouteTablesInput, ec2.DescribeRouteTablesOutput, ec2types.RouteTable]()
	_ = list[ec2.DescribeSecurityGroupsInput, ec2.DescribeSecurityGroupsOutput, ec2types.SecurityGroup](absent("InvalidGroup.NotFound"))
	_ = list[ec2.DescribeSecurityGroupRulesInput, ec2.DescribeSecurityGroupRulesOutput, ec2types.SecurityGroupRule]()
	_ = list[ec2.DescribeSubnetsInput, ec2.DescribeSubnetsOutput, ec2types.Subnet](absent("InvalidSubnetID.NotFound"))
	_ = list[ec2.DescribeTagsInput, ec2.DescribeTagsOutput, ec2types.TagDescription]()
	_ = list[ec2.DescribeTransitGatewaysInput, ec2.DescribeTransitGatewaysOutput, ec2types.TransitGateway]()
	_ = list[ec2.DescribeTransitGatewayAttachmentsInput, ec2.DescribeTransitGatewayAttachmentsOutput, ec2types.TransitGatewayAttachment]()
	_ = list[ec2.DescribeTransitGatewayRouteTablesInput, ec2.DescribeTransitGatewayRouteTablesOutput, ec2types.TransitGatewayRouteTable]()
	_ = list[ec2.DescribeVolumesInput, ec2.DescribeVolumesOutput, ec2types.Volume](absent("InvalidVolume.NotFound"))
	_ = list[ec2.DescribeVpcEndpointsInput, ec2.DescribeVpcEndpointsOutput, ec2types.VpcEndpoint]()
	_ = list[ec2.DescribeVpcEndpointServiceConfigurationsInput, ec2.DescribeVpcEndpointServiceConfigurationsOutput, ec2types.ServiceConfiguration]()
	_ = list[ec2.DescribeVpcEndpointServicePermissionsInput, ec2.DescribeVpcEndpointServicePermissionsOutput, ec2types.AllowedPrincipal](of("ServiceId"))
	_ = list[ec2.DescribeVpcPeeringConnectionsInput, ec2.DescribeVpcPeeringConnectionsOutput, ec2types.VpcPeeringConnection]()
	_ = list[ec2.DescribeVpcsInput, ec2.DescribeVpcsOutput, ec2types.Vpc](absent("InvalidVpcID.NotFound"))
	_ = list[ec2.DescribeVpnConnectionsInput, ec2.DescribeVpnConnectionsOutput, ec2types.VpnConnection]()
	_ = list[ec2.DescribeVpnGatewaysInput, ec2.DescribeVpnGatewaysOutput, ec2types.VpnGateway]()
	_ = list[ec2.GetManagedPrefixListEntriesInput, ec2.GetManagedPrefixListEntriesOutput, ec2types.PrefixListEntry](of("PrefixListId"))
)

// DescribeSnapshots tells, of those who may restore a snapshot, by what its
// attribute createVolumePermission says.
var _ = handle(func(c *Call, in *ec2.DescribeSnapshotsInput) (*ec2.DescribeSnapshotsOutput, error) {
	items := All[ec2types.Snapshot](c.World(), c.Place())
	if len(in.RestorableByUserIds) > 0 {
		items = keep(items, func(s *ec2types.Snapshot) bool {
			return restorable(c, text(reflect.ValueOf(s.SnapshotId)), in.RestorableByUserIds)
		})
	}
	items, err := selected(c, in, items, listing{absent: notFound("InvalidSnapshot.NotFound", 400)})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSnapshotsOutput{}
	from, to, err := c.page("ec2.DescribeSnapshots", in, out, len(items))
	if err != nil {
		return nil, err
	}
	out.Snapshots = items[from:to:to]
	return out, nil
})

// restorable tells whether one of these, account ids, self or all, may restore
// a snapshot.
func restorable(c *Call, id string, who []string) bool {
	if contains(who, "self") || contains(who, c.Account) {
		return true
	}
	a := answerOf[ec2.DescribeSnapshotAttributeOutput](c.World(), c.Place(), id+"/createVolumePermission")
	if a == nil {
		return false
	}
	for _, p := range a.CreateVolumePermissions {
		if p.Group == ec2types.PermissionGroupAll && contains(who, "all") || p.UserId != nil && contains(who, *p.UserId) {
			return true
		}
	}
	return false
}
