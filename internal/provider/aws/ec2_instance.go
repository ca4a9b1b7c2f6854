package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::EC2::Instance", Service: "ec2",
	Needs: []need{lists("ec2:DescribeInstances"), once("ec2:DescribeVolumes"), each("ec2:DescribeInstanceAttribute").times(2)},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		volumes, err := s.volumes(ctx)
		disks := &disks{byID: map[string]types.Volume{}}
		for _, v := range volumes {
			disks.byID[aws.ToString(v.VolumeId)] = v
		}
		if err != nil {
			if ended := s.ended(ctx, err); ended != nil {
				return ended
			}
			disks.fault = s.fault(err, s.where())
		}
		return assets(ctx, s, func(ctx context.Context, token *string) ([]reserved, *string, error) {
			out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			var list []reserved
			for _, r := range out.Reservations {
				for _, v := range r.Instances {
					r.Instances = nil
					list = append(list, reserved{v, r})
				}
			}
			return list, out.NextToken, nil
		}, func(ctx context.Context, r reserved, d *draft) error {
			v := r.Instance
			d.take(r.reservation, nil)
			if v.State != nil && v.State.Name == types.InstanceStateNameTerminated {
				return errSkip // listed for a while, though it is gone
			}
			d.instance(v)
			disks.write(s, v, d)
			return s.instanceParts(ctx, client, v, d)
		})
	},
})

// reserved is an instance with the reservation that launched it, which tells
// whose it is.
type reserved struct {
	types.Instance
	reservation types.Reservation
}

// instance puts what an instance's description says.
func (d *draft) instance(v types.Instance) {
	d.take(v, names{"IamInstanceProfile": "", "Monitoring": "", "BlockDeviceMappings": "", "NetworkInterfaces": ""}).nameTag(v.InstanceId)
	if p := v.IamInstanceProfile; p != nil {
		d.set("IamInstanceProfile", lastPart(aws.ToString(p.Arn)))
		d.relate("instance-profile", "instances", "AWS::IAM::InstanceProfile", aws.ToString(p.Arn))
	}
	if v.Monitoring != nil {
		d.set("Monitoring", v.Monitoring.State == types.MonitoringStateEnabled || v.Monitoring.State == types.MonitoringStatePending)
	}
	groups := []string{}
	for _, g := range v.SecurityGroups {
		groups = append(groups, aws.ToString(g.GroupId))
	}
	interfaces := []any{}
	for _, n := range v.NetworkInterfaces {
		for _, g := range n.Groups {
			groups = append(groups, aws.ToString(g.GroupId))
		}
		item := map[string]any{"AssociatePublicIpAddress": n.Association != nil && n.Association.PublicIp != nil}
		put(item, "NetworkInterfaceId", n.NetworkInterfaceId)
		put(item, "SubnetId", n.SubnetId)
		interfaces = append(interfaces, item)
	}
	slices.Sort(groups)
	d.set("SecurityGroupIds", slices.Compact(groups))
	d.set("NetworkInterfaces", interfaces)
	d.set("_AssociatePublicIpAddress", v.PublicIpAddress != nil)
}

// disks are the volumes of a region, which tell whether an instance's disks are
// encrypted.
type disks struct {
	byID  map[string]types.Volume
	fault *bulwark.Fault // why they are not known
}

func (l *disks) write(s *session, v types.Instance, d *draft) {
	list := []any{}
	for _, m := range v.BlockDeviceMappings {
		item, _ := tree(m).(map[string]any)
		if m.Ebs == nil {
			list = append(list, item)
			continue
		}
		encrypted, key := l.encrypted(s, d, aws.ToString(m.Ebs.VolumeId))
		if ebs, ok := item["Ebs"].(map[string]any); ok {
			ebs["Encrypted"] = encrypted
			if key != nil {
				ebs["KmsKeyId"] = key
			}
		}
		if aws.ToString(m.DeviceName) == aws.ToString(v.RootDeviceName) {
			d.set("_RootEncrypted", encrypted)
		}
		list = append(list, item)
	}
	d.set("BlockDeviceMappings", list)
}

// encrypted tells whether a volume is, and by which key.
func (l *disks) encrypted(s *session, d *draft, id string) (encrypted, key any) {
	if l.fault != nil {
		s.gap("BlockDeviceMappings", l.fault)
		why := unknownValue(d.names, provider.Reason(l.fault))
		return why, why
	}
	volume, ok := l.byID[id]
	if !ok {
		why := unknownValue(d.names, "absent: "+id+" was not listed")
		return why, why
	}
	return aws.ToBool(volume.Encrypted), tree(volume.KmsKeyId)
}

// instanceParts asks for what the description leaves out.
func (s *session) instanceParts(ctx context.Context, client *ec2.Client, v types.Instance, d *draft) error {
	err := s.part(ctx, d, "DisableApiTermination", "", func() error {
		out, err := client.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: v.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination})
		if err != nil {
			return err
		}
		return d.attribute("DisableApiTermination", out.DisableApiTermination)
	})
	if err != nil {
		return err
	}
	return s.part(ctx, d, "UserData", "", func() error {
		out, err := client.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: v.InstanceId, Attribute: types.InstanceAttributeNameUserData})
		if err != nil {
			return err
		}
		if out.UserData == nil {
			return errAnswer
		}
		d.set("UserData", out.UserData.Value)
		return nil
	})
}
