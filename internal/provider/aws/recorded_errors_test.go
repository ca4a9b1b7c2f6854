package aws

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// kinds are what the recorded error codes mean.
var kinds = map[string]bulwark.FaultKind{
	"AWSOrganizationsNotInUseException": bulwark.FaultAbsent, "AccessDenied": bulwark.FaultDenied, "AccessDeniedException": bulwark.FaultDenied,
	"CloudHsmServiceException": bulwark.FaultFailed, "DBInstanceNotFound": bulwark.FaultAbsent, "DBParameterGroupNotFound": bulwark.FaultAbsent,
	"DeploymentGroupDoesNotExistException": bulwark.FaultAbsent, "InternalServiceError": bulwark.FaultFailed, "InvalidAccessException": bulwark.FaultDisabled,
	"InvalidDocument": bulwark.FaultFailed, "InvalidServiceName": bulwark.FaultFailed, "NotFound": bulwark.FaultAbsent, "NotFoundException": bulwark.FaultAbsent,
	"ObjectLockConfigurationNotFoundError": bulwark.FaultAbsent, "OwnershipControlsNotFoundError": bulwark.FaultAbsent, "PolicyNotFound": bulwark.FaultAbsent,
	"PolicyNotFoundException": bulwark.FaultAbsent, "PreconditionNotMetException": bulwark.FaultFailed, "ReplicationConfigurationNotFoundError": bulwark.FaultAbsent,
	"ReportInProgress": bulwark.FaultAbsent, "ReportNotPresent": bulwark.FaultAbsent, "ResourceNotFoundException": bulwark.FaultAbsent, "ResourceNotFoundFault": bulwark.FaultAbsent,
	"ServerSideEncryptionConfigurationNotFoundError": bulwark.FaultAbsent, "TableNotFoundException": bulwark.FaultAbsent, "ThrottlingException": bulwark.FaultThrottled,
	"TooManyRequestsException": bulwark.FaultThrottled, "UnsupportedOperationException": bulwark.FaultFailed, "UnsupportedUserEditionException": bulwark.FaultDenied,
}

// noneIsAnswer are types of which an error says that there is none.
var noneIsAnswer = map[string]string{"AWS::IAM::AccountPasswordPolicy": "NoSuchEntity", "AWS::SecurityHub::Hub": "InvalidAccessException"}

// TestRecordedErrors wants each recorded error to be of its kind, and to cost
// the collector that gets it no more than a part or one listing.
func TestRecordedErrors(t *testing.T) {
	all := readRecordings(t)
	seeds := seedsOf(all)
	n, fed := map[bulwark.FaultKind]int{}, 0
	for _, r := range all {
		var data struct {
			Error struct{ Code, Message string }
		}
		if !r.failed() || json.Unmarshal(r.Data, &data) != nil || data.Error.Code == "" {
			continue
		}
		status, _ := strconv.Atoi(string(r.Status))
		code := data.Error.Code
		want, ok := kinds[code]
		if strings.HasPrefix(code, "NoSuch") || strings.HasSuffix(code, ".NotFound") {
			want, ok = bulwark.FaultAbsent, true
		}
		if got := faultOf(failure(code, status), "").Kind; !ok || got != want {
			t.Errorf("%s %s %d is %s, want %s", r.Call, code, status, got, want)
		}
		n[want]++
		c, need := reads(r.Call)
		if c == nil || need.Each && !seeds.has(c) && !oneCall(c) {
			continue
		}
		fed++
		answer := seeded(r, nil, c, seeds)
		e, f := newFake(t, only(c.Type), func(x call) (any, error) {
			if x.Name == r.Call {
				return nil, failure(code, status)
			}
			return answer(x)
		})
		if c.Where == global {
			e.config.Regions = nil
		}
		g := gather(t, e)
		if f.calls[r.Call] == 0 {
			continue
		}
		for where, l := range g.listings {
			if l.Complete != need.Optional && strings.HasPrefix(where, c.Type) && noneIsAnswer[c.Type] == "" {
				t.Errorf("%s %s: listing %s complete: %v", r.Call, code, where, l.Complete)
			}
		}
	}
	t.Logf("%v, of which %d went through a collector", n, fed)
}

// TestRecordedReports reads the recorded credential reports.
func TestRecordedReports(t *testing.T) {
	rows := 0
	for _, r := range readRecordings(t) {
		var data struct{ Content string }
		if r.Call != "iam:GetCredentialReport" || r.failed() || json.Unmarshal(r.Data, &data) != nil {
			continue
		}
		content := []byte(data.Content)
		if decoded, err := base64.StdEncoding.DecodeString(data.Content); err == nil {
			content = decoded
		}
		report, err := readReport(content)
		if err != nil {
			t.Errorf("%s: %v", r.Flight, err)
		}
		for arn, row := range report {
			rows++
			if _, ok := row["mfa_active"].(bool); !ok && row["user"] != "<root_account>" {
				t.Errorf("%s: mfa_active of %s is %v", r.Flight, arn, row["mfa_active"])
			}
		}
	}
	t.Logf("%d rows", rows)
}
