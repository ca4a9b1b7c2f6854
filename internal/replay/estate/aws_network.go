package estate

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var zones = []string{"a", "b", "c"}

func (s *site) vpc() string                     { return s.ref("vpc", "main") }
func (s *site) subnet(kind, zone string) string { return s.ref("subnet", kind, zone) }

// network is what lies below everything in a region: a network with public and
// private subnets in three zones.
func (s *site) network() {
	id, name := s.vpc(), "halden-"+s.key+"-"+s.region
	put(s, ec2types.Vpc{VpcId: &id, CidrBlock: p(s.cidr() + ".0.0/16"), State: "available", IsDefault: p(false), InstanceTenancy: "default", OwnerId: &s.id,
		DhcpOptionsId: p(s.ref("dopt")), Tags: ec2Tags(s.tagged(shared, name)),
		CidrBlockAssociationSet: []ec2types.VpcCidrBlockAssociation{{CidrBlock: p(s.cidr() + ".0.0/16"), AssociationId: p(s.ref("vpc-cidr-assoc")), CidrBlockState: &ec2types.VpcCidrBlockState{State: "associated"}}}})
	s.vpcAttributes(id)
	igw, nat, eip := s.ref("igw"), s.ref("nat"), s.ref("eipalloc", "nat")
	put(s, ec2types.InternetGateway{InternetGatewayId: &igw, OwnerId: &s.id, Tags: ec2Tags(s.tagged(shared, name)), Attachments: []ec2types.InternetGatewayAttachment{{VpcId: &id, State: "available"}}})
	put(s, ec2types.Address{AllocationId: &eip, PublicIp: p(s.public("nat")), Domain: "vpc", AssociationId: p(s.ref("eipassoc", "nat")), NetworkInterfaceId: p(s.ref("eni", "nat")), Tags: ec2Tags(s.tagged(shared, name+"-nat"))})
	put(s, ec2types.NatGateway{NatGatewayId: &nat, VpcId: &id, SubnetId: p(s.subnet("public", "a")), State: "available", ConnectivityType: "public", CreateTime: p(s.made(name)), Tags: ec2Tags(s.tagged(shared, name)),
		NatGatewayAddresses: []ec2types.NatGatewayAddress{{AllocationId: &eip, PublicIp: p(s.public("nat")), NetworkInterfaceId: p(s.ref("eni", "nat"))}}})
	for k, kind := range []string{"public", "private"} {
		s.subnets(id, name, kind, k)
		via := ec2types.Route{DestinationCidrBlock: p("0.0.0.0/0"), State: "active", Origin: "CreateRoute", GatewayId: &igw}
		if kind == "private" {
			via.GatewayId, via.NatGatewayId = nil, &nat
		}
		table := ec2types.RouteTable{RouteTableId: p(s.ref("rtb", kind)), VpcId: &id, OwnerId: &s.id, Tags: ec2Tags(s.tagged(shared, name+"-"+kind)),
			Routes: []ec2types.Route{{DestinationCidrBlock: p(s.cidr() + ".0.0/16"), GatewayId: p("local"), State: "active", Origin: "CreateRouteTable"}, via}}
		for _, z := range zones {
			table.Associations = append(table.Associations, ec2types.RouteTableAssociation{Main: p(false), RouteTableId: table.RouteTableId, SubnetId: p(s.subnet(kind, z)), RouteTableAssociationId: p(s.ref("rtbassoc", kind, z)),
				AssociationState: &ec2types.RouteTableAssociationState{State: "associated"}})
		}
		put(s, table)
	}
	s.acl(id, name)
	s.groups(id)
	if !s.wrong("no-flow-log", "vpc", 0.35) {
		put(s, ec2types.FlowLog{FlowLogId: p(s.ref("fl")), ResourceId: &id, TrafficType: "ALL", FlowLogStatus: p("ACTIVE"), LogDestinationType: "s3", LogDestination: p("arn:aws:s3:::halden-flow-archive-data"),
			DeliverLogsStatus: p("SUCCESS"), CreationTime: p(s.made("flow/" + name)), MaxAggregationInterval: p(int32(600)), Tags: ec2Tags(s.tagged(shared, name))})
	}
	for _, service := range []string{"s3", "secretsmanager", "ecr.api"} {
		kind := ec2types.VpcEndpointTypeInterface
		if service == "s3" {
			kind = ec2types.VpcEndpointTypeGateway
		}
		if s.care < 1.5 {
			put(s, ec2types.VpcEndpoint{VpcEndpointId: p(s.ref("vpce", service)), VpcId: &id, ServiceName: p("com.amazonaws." + s.region + "." + service), VpcEndpointType: kind, State: "available", OwnerId: &s.id,
				CreationTimestamp: p(s.made("endpoint/" + service)), Tags: ec2Tags(s.tagged(shared, name+"-"+service)),
				PolicyDocument: p(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)})
		}
	}
}

func (s *site) vpcAttributes(id string) {
	yes := &ec2types.AttributeBooleanValue{Value: p(true)}
	tell(s, id+"/enableDnsSupport", &ec2.DescribeVpcAttributeOutput{VpcId: &id, EnableDnsSupport: yes})
	tell(s, id+"/enableDnsHostnames", &ec2.DescribeVpcAttributeOutput{VpcId: &id, EnableDnsHostnames: yes})
}

func (s *site) subnets(vpc, name, kind string, k int) {
	for i, z := range zones {
		open := kind == "public" && s.wrong("public-subnet", z, 0.3)
		put(s, ec2types.Subnet{SubnetId: p(s.subnet(kind, z)), VpcId: &vpc, CidrBlock: p(fmt.Sprintf("%s.%d.0/24", s.cidr(), k*3+i)), AvailabilityZone: p(s.region + z), State: "available", OwnerId: &s.id,
			MapPublicIpOnLaunch: &open, DefaultForAz: p(false), AvailableIpAddressCount: p(int32(240 - s.between(0, 80, s.key, s.region, kind, z))), AssignIpv6AddressOnCreation: p(false),
			SubnetArn: p(s.arn("ec2", "subnet/"+s.subnet(kind, z))), Tags: ec2Tags(s.tagged(shared, name+"-"+kind+"-"+z))})
	}
}

func (s *site) acl(vpc, name string) {
	entry := func(number int32, egress bool, action ec2types.RuleAction, protocol string, ports *ec2types.PortRange) ec2types.NetworkAclEntry {
		return ec2types.NetworkAclEntry{RuleNumber: &number, Egress: &egress, RuleAction: action, Protocol: &protocol, CidrBlock: p("0.0.0.0/0"), PortRange: ports}
	}
	acl := ec2types.NetworkAcl{NetworkAclId: p(s.ref("acl", vpc)), VpcId: &vpc, IsDefault: p(true), OwnerId: &s.id, Tags: ec2Tags(s.tagged(shared, name)),
		Entries: []ec2types.NetworkAclEntry{entry(100, true, "allow", "-1", nil), entry(32767, true, "deny", "-1", nil), entry(32767, false, "deny", "-1", nil)}}
	if s.care < 0.5 {
		acl.Entries = append(acl.Entries, entry(100, false, "allow", "6", &ec2types.PortRange{From: p(int32(443)), To: p(int32(443))}), entry(110, false, "allow", "6", &ec2types.PortRange{From: p(int32(32768)), To: p(int32(65535))}))
	} else {
		acl.Entries = append(acl.Entries, entry(100, false, "allow", "-1", nil))
	}
	put(s, acl)
}

// groups are the default security group, which should be empty, and those of
// people who sign in by SSH.
func (s *site) groups(vpc string) {
	def := s.ref("sg", "default", vpc)
	rules := []ec2types.IpPermission{}
	if s.wrong("default-group", vpc, 0.5) {
		rules = []ec2types.IpPermission{{IpProtocol: p("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &def, UserId: &s.id}}}}
	}
	put(s, ec2types.SecurityGroup{GroupId: &def, GroupName: p("default"), Description: p("default VPC security group"), VpcId: &vpc, OwnerId: &s.id, SecurityGroupArn: p(s.arn("ec2", "security-group/"+def)), IpPermissions: rules})
	from := "10.40.0.0/16" // the network of the VPN
	if s.wrong("ssh-open", vpc, 0.22) {
		from = "0.0.0.0/0"
	}
	s.group(vpc, "bastion", shared, tcp(22, from, "sign-in of administrators"))
}

// group puts a security group that lets everything out.
func (s *site) group(vpc, name string, a app, in ...ec2types.IpPermission) string {
	id := s.ref("sg", name)
	put(s, ec2types.SecurityGroup{GroupId: &id, GroupName: p(name), Description: p(title(name) + " of the " + a.team + " team"), VpcId: &vpc, OwnerId: &s.id, SecurityGroupArn: p(s.arn("ec2", "security-group/"+id)),
		Tags: ec2Tags(s.tagged(a, name)), IpPermissions: in, IpPermissionsEgress: s.egress(name)})
	return id
}

func (s *site) egress(name string) []ec2types.IpPermission {
	if s.care < 0.5 {
		return []ec2types.IpPermission{tcp(443, s.cidr()+".0.0/16", "services by their endpoints")}
	}
	return []ec2types.IpPermission{{IpProtocol: p("-1"), IpRanges: []ec2types.IpRange{{CidrIp: p("0.0.0.0/0"), Description: p("everything")}}}}
}

func tcp(port int32, from, why string) ec2types.IpPermission {
	r := ec2types.IpRange{CidrIp: &from, Description: &why}
	if why == "" {
		r.Description = nil
	}
	return ec2types.IpPermission{IpProtocol: p("tcp"), FromPort: &port, ToPort: &port, IpRanges: []ec2types.IpRange{r}}
}

// fromGroup lets another security group in.
func (s *site) fromGroup(port int32, group, why string) ec2types.IpPermission {
	return ec2types.IpPermission{IpProtocol: p("tcp"), FromPort: &port, ToPort: &port, UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &group, UserId: &s.id, Description: &why}}}
}

// defaultVPC is the network that AWS makes in a region and nobody has removed.
func (s *site) defaultVPC() {
	if !s.wrong("default-vpc", "it", 0.45) {
		return
	}
	id, igw := s.ref("vpc", "default"), s.ref("igw", "default")
	put(s, ec2types.Vpc{VpcId: &id, CidrBlock: p("172.31.0.0/16"), State: "available", IsDefault: p(true), InstanceTenancy: "default", OwnerId: &s.id, DhcpOptionsId: p(s.ref("dopt"))})
	s.vpcAttributes(id)
	put(s, ec2types.InternetGateway{InternetGatewayId: &igw, OwnerId: &s.id, Attachments: []ec2types.InternetGatewayAttachment{{VpcId: &id, State: "available"}}})
	for i, z := range zones {
		subnet := s.ref("subnet", "default", z)
		put(s, ec2types.Subnet{SubnetId: &subnet, VpcId: &id, CidrBlock: p(fmt.Sprintf("172.31.%d.0/20", i*16)), AvailabilityZone: p(s.region + z), State: "available", OwnerId: &s.id, MapPublicIpOnLaunch: p(true), DefaultForAz: p(true),
			AvailableIpAddressCount: p(int32(4091)), SubnetArn: p(s.arn("ec2", "subnet/"+subnet))})
	}
	put(s, ec2types.RouteTable{RouteTableId: p(s.ref("rtb", "default")), VpcId: &id, OwnerId: &s.id,
		Routes:       []ec2types.Route{{DestinationCidrBlock: p("172.31.0.0/16"), GatewayId: p("local"), State: "active"}, {DestinationCidrBlock: p("0.0.0.0/0"), GatewayId: &igw, State: "active"}},
		Associations: []ec2types.RouteTableAssociation{{Main: p(true), RouteTableId: p(s.ref("rtb", "default")), RouteTableAssociationId: p(s.ref("rtbassoc", "default"))}}})
	group := s.ref("sg", "default", id)
	put(s, ec2types.SecurityGroup{GroupId: &group, GroupName: p("default"), Description: p("default VPC security group"), VpcId: &id, OwnerId: &s.id, SecurityGroupArn: p(s.arn("ec2", "security-group/"+group)),
		IpPermissions:       []ec2types.IpPermission{{IpProtocol: p("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &group, UserId: &s.id}}}},
		IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: p("-1"), IpRanges: []ec2types.IpRange{{CidrIp: p("0.0.0.0/0")}}}}})
}
