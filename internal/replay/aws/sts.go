package aws

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

var _ = handle(func(c *Call, in *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &c.UserID}, nil
})

// AssumeRole gives a session of a role that exists, trusts the caller's account
// and has the external id.
var _ = handle(func(c *Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	if in.RoleArn == nil || in.RoleSessionName == nil {
		return nil, invalid(c.Service, "RoleArn and RoleSessionName are required")
	}
	external := ""
	if in.ExternalId != nil {
		external = *in.ExternalId
	}
	role, account, ok := c.server.keys.role(*in.RoleArn, external, c.Account)
	if !ok {
		return nil, denied(c.Service, c.Principal, "sts:AssumeRole")
	}
	duration := time.Hour
	if in.DurationSeconds != nil {
		duration = time.Duration(*in.DurationSeconds) * time.Second
	}
	if duration < 15*time.Minute || duration > 12*time.Hour {
		return nil, invalid(c.Service, "DurationSeconds is out of range")
	}
	now := c.server.wall()
	expires := now.Add(duration).UTC().Truncate(time.Second)
	key := c.server.keys.issue(role, account, *in.RoleSessionName, now, expires)
	id, _, _ := strings.Cut(key.UserID, ":")
	id += ":" + *in.RoleSessionName
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &ststypes.AssumedRoleUser{Arn: &key.ARN, AssumedRoleId: &id},
		Credentials:     &ststypes.Credentials{AccessKeyId: &key.ID, SecretAccessKey: &key.Secret, SessionToken: &key.SessionToken, Expiration: &expires},
	}, nil
})
