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
