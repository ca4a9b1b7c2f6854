package onboard

import (
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// maxAWSPolicy bounds a managed policy, in characters: IAM allows 6,144 without
// white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxAWSPolicy = 5500

// AWS returns the role of a connector of kind aws: as a policy, a template for
// a stack or a stack set over an organisation, and as Terraform.
func AWS(access []bulwark.Access) []bulwark.Template {
	list := permissions(access)
	parts := awsParts(list)
	return append(AWSPolicy(list),
		bulwark.Template{Name: "role.cfn.yaml", ContentType: "application/yaml", Text: awsStack(parts), About: "A role that Bulwark's own account may assume. For one account: " +
			"aws cloudformation deploy --stack-name bulwark --template-file role.cfn.yaml --capabilities CAPABILITY_NAMED_IAM --parameter-overrides Principal=ARN ExternalId=ID. " +
			"For all accounts of an organisation: the same template as a StackSet with service-managed permissions and automatic deployment; the management account, which a StackSet leaves out, needs the stack."},
		bulwark.Template{Name: "main.tf", ContentType: "text/plain", Text: awsTerraform(parts), About: "The same role by Terraform, for one account: apply it in each, or by for_each over providers."})
}

// AWSPolicy returns policies with all the permissions, of which each fits into a
// managed policy.
func AWSPolicy(list []string) []bulwark.Template {
	var out []bulwark.Template
	parts := awsParts(list)
	for i, actions := range parts {
		policy, file := "BulwarkRead", "policy.json"
		if len(parts) > 1 {
			policy, file = fmt.Sprintf("BulwarkRead%d", i+1), fmt.Sprintf("policy-%d.json", i+1)
		}
		out = append(out, bulwark.Template{Name: file, ContentType: "application/json", Text: awsPolicy(actions),
			About: "A policy for the role or user that Bulwark reads with: aws iam create-policy --policy-name " + policy + " --policy-document file://" + file + ", then aws iam attach-role-policy."})
	}
	return out
}

// awsParts cuts actions into policies that IAM takes.
func awsParts(actions []string) [][]string {
	out := [][]string{nil}
	size := 0
	for _, a := range actions {
		if size += len(a) + 3; size > maxAWSPolicy {
			out = append(out, nil)
			size = len(a) + 3
		}
		out[len(out)-1] = append(out[len(out)-1], a)
	}
	return out
}

func awsPolicy(actions []string) string {
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
	}
	return indented(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{"BulwarkReads", "Allow", actions, "*"}}})
}

func awsStack(parts [][]string) string {
	var policies string
	for i, actions := range parts {
		policies += filled(awsStackPolicy, "«n»", fmt.Sprint(i+1), "«actions»", each("              - %s\n", actions))
	}
	return filled(awsStackText, "«policies»", policies)
}

const awsStackText = `
AWSTemplateFormatVersion: "2010-09-09"
Description: A role by which Bulwark reads this account. It can change nothing.
Parameters:
  Principal:
    Type: String
    Description: ARN of the role or user that Bulwark runs as
    AllowedPattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$"
  ExternalId:
    Type: String
    Description: A text that Bulwark tells when it assumes the role, and nobody else knows
    NoEcho: true
    MinLength: 16
  RoleName:
    Type: String
    Default: BulwarkReader
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Description: Bulwark reads this account by it
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref Principal
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                sts:ExternalId: !Ref ExternalId
«policies»Outputs:
  RoleArn:
    Value: !GetAtt Role.Arn
`

const awsStackPolicy = `
  Read«n»:
    # bulwark:ignore aws/iam/no_wildcards it reads whatever there is, and its actions only read
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: What Bulwark reads
      Roles:
        - !Ref Role
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: BulwarkReads
            Effect: Allow
            Action:
«actions»            Resource: "*"
`

func awsTerraform(parts [][]string) string {
	var policies string
	for i, actions := range parts {
		policies += filled(awsTerraformPolicy, "«n»", fmt.Sprint(i+1), "«actions»", each("      %q,\n", actions))
	}
	return filled(awsTerraformText, "«policies»", policies)
}

const awsTerraformText = `
# A role by which Bulwark reads this account. It can change nothing.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "principal" {
  description = "ARN of the role or user that Bulwark runs as."
  type        = string
}

variable "external_id" {
  description = "A text that Bulwark tells when it assumes the role, and nobody else knows."
  type        = string
  sensitive   = true
}

variable "role_name" {
  description = "Name of the role."
  type        = string
  default     = "BulwarkReader"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.principal]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "reader" {
  name                 = var.role_name
  description          = "Bulwark reads this account by it"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}
«policies»
output "role_arn" {
  value = aws_iam_role.reader.arn
}
`

const awsTerraformPolicy = `

data "aws_iam_policy_document" "read«n»" {
  statement {
    sid       = "BulwarkReads"
    resources = ["*"]

    actions = [
«actions»    ]
  }
}

# bulwark:ignore aws/iam/no_wildcards it reads whatever there is, and its actions only read
resource "aws_iam_policy" "read«n»" {
  name        = "${var.role_name}-«n»"
  description = "What Bulwark reads"
  policy      = data.aws_iam_policy_document.read«n».json
}

resource "aws_iam_role_policy_attachment" "read«n»" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.read«n».arn
}
`
