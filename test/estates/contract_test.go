package estates

import (
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/providertest"
	"github.com/bulwarksec/bulwark/internal/replay"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
)

// What the collectors of AWS are still to mend for the contract: where a page is
// empty or its token repeats, the gap names the listing's call and not the one
// that failed; and of some calls the copy of the answer that is observed is left
// out where they fail, and not unknown.
var awsWithout = []providertest.Kind{providertest.EmptyPage, providertest.RepeatedToken}

const noCopy = "its part of what is observed is absent"

var awsKnown = map[string]string{
	"dynamodb:DescribeContinuousBackups": noCopy, "dynamodb:DescribeTable": noCopy, "ec2:DescribeLaunchTemplateVersions": noCopy, "iam:GetAccessKeyLastUsed": noCopy,
	"iam:GetAccountSummary": noCopy, "iam:GetCredentialReport": noCopy, "kms:DescribeKey": noCopy, "kms:GetKeyRotationStatus": noCopy, "s3:GetBucketAcl": noCopy,
	"sns:GetTopicAttributes": noCopy, "sqs:GetQueueAttributes": noCopy,
	"cloudwatchlogs:DescribeDeliveries": "its failure changes nothing",
	"ec2:DescribeRegions":               "regions are read then that are not the account's",
	"s3:GetBucketPolicy":                "a policy that is no JSON is kept as a text",
}

// TestContractAWS has calls of a run over one small account fail in each way.
func TestContractAWS(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	every := 3
	if testing.Short() {
		every = 53
	}
	calls := map[string]replay.Call{}
	providertest.Faults(t, providertest.World{
		Start: func(t *testing.T, f *providertest.Fault) (providertest.Gatherer, func() map[string]int) {
			o := AWS{Accounts: 1, Regions: []string{"eu-west-1"}, Share: 0.02}.Serve()
			if f != nil {
				kind := replay.Kind(f.Kind)
				if f.Kind == providertest.TimedOut {
					kind = replay.Timeout
				}
				c := calls[f.Call]
				o.Faults = []replay.Rule{{Call: replay.Call{Service: c.Service, Operation: c.Operation}, Kind: kind, From: f.From}}
			}
			server, err := awsreplay.New(o)
			if err != nil {
				t.Fatal(err)
			}
			e, err := Reader(loaded.Content.Types, server.Transport())
			if err != nil {
				t.Fatal(err)
			}
			return e, func() map[string]int {
				counts := map[string]int{}
				for c, n := range server.Counts() {
					name := c.Service + ":" + c.Operation
					calls[name] = c
					counts[name] += n.Calls
				}
				return counts
			}
		},
		Every: every, Without: awsWithout, Known: awsKnown,
		Judge: func(assets []*bulwark.Asset) map[string]bulwark.State {
			world, states := pipeline.NewWorld(assets), map[string]bulwark.State{}
			for _, a := range assets {
				for _, x := range loaded.Checks.Judge(a, world, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
					states[x.Check+" "+a.ID] = x.State
				}
			}
			return states
		},
	})
}
