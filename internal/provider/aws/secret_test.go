package aws

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	codebuildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/bulwarksec/bulwark"
)

// TestUnlistedSecrets wants what is secret by its name and listed by no type file to be
// no text of an asset: of types without a file, and beside what files list.
func TestUnlistedSecrets(t *testing.T) {
	const hidden = "hunter2"
	e, _ := newFake(t, Config{Types: []string{"AWS::AIOps::InvestigationGroup", "AWS::EC2::LaunchTemplate", "AWS::CodeBuild::Project"}, Regions: []string{"eu-west-1"}}, func(c call) (any, error) {
		switch c.Name {
		case "cloudcontrol:ListResources":
			return &cloudcontrol.ListResourcesOutput{ResourceDescriptions: []types.ResourceDescription{{Identifier: ptr("arn:aws:aiops:eu-west-1:1:group/g"), Properties: ptr(`{
				"Name": "g", "MasterPassword": "hunter2", "Nodes": [{"UserData": "hunter2", "Size": 1}], "SecretArn": "shown-1", "Secret": "arn:aws:secretsmanager:shown-2", "Passwords": {"client_secret": "hunter2"},
				"Environment": [{"Name": "A", "Value": "hunter2"}], "Container": {"Environment": {"A": "hunter2"}, "RuntimeEnvironmentVariables": {"B": "hunter2"}}, "Job": {"Environment": {"Image": "shown-3", "Privileged": true}}}`)}}}, nil
		case "ec2:DescribeLaunchTemplates":
			return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{{LaunchTemplateId: ptr("lt-1"), LatestVersionNumber: ptr(int64(1))}}}, nil
		case "ec2:DescribeLaunchTemplateVersions":
			return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []ec2types.LaunchTemplateVersion{{LaunchTemplateId: ptr("lt-1"), VersionNumber: ptr(int64(1)), DefaultVersion: ptr(true),
				LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{UserData: ptr("judged")}}}}, nil
		case "codebuild:ListProjects":
			return &codebuild.ListProjectsOutput{Projects: []string{"p"}}, nil
		case "codebuild:BatchGetProjects":
			return &codebuild.BatchGetProjectsOutput{Projects: []codebuildtypes.Project{{Name: ptr("p"), Arn: ptr("arn:aws:codebuild:eu-west-1:1:project/p"), Environment: &codebuildtypes.ProjectEnvironment{Image: ptr("shown"),
				PrivilegedMode: ptr(true), EnvironmentVariables: []codebuildtypes.EnvironmentVariable{{Name: ptr("SHOWN"), Value: ptr("hunter2"), Type: "PLAINTEXT"}}}}}}, nil
		}
		return nil, nil
	})
	g := gather(t, e)
	if len(g.assets) != 3 {
		t.Fatalf("%d assets, want 3; gaps %+v", len(g.assets), g.gaps)
	}
	for _, a := range g.assets {
		text, err := json.Marshal([]bulwark.Value{a.Properties, a.Observed})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), hidden) {
			t.Errorf("%s shows its secrets: %s", a.ID, text)
		}
	}
	group := g.assets["live:arn:aws:aiops:eu-west-1:1:group/g"].Observed
	if _, digest := group.Get("MasterPassword").SecretKind(); digest != bulwark.SecretDigest([]byte("k"), hidden) {
		t.Errorf("MasterPassword = %v, want its digest", group.Get("MasterPassword"))
	}
	for _, shown := range []bulwark.Value{group.Get("Name"), group.Get("SecretArn"), group.Get("Secret"), group.At("Job", "Environment", "Image")} {
		if shown.Kind() != bulwark.String {
			t.Errorf("%s is hidden", shown.Path())
		}
	}
	template := g.assets["live:arn:aws:ec2:eu-west-1:"+testAccount+":launch-template/lt-1"]
	if template.Properties.At("LaunchTemplateData", "UserData").Text() != "judged" || template.Observed.At("LatestVersion", "LaunchTemplateData", "UserData").Kind() != bulwark.Secret {
		t.Errorf("the template is %v, %v: want its user data where it is judged alone", template.Properties, template.Observed)
	}
	env := g.assets["live:arn:aws:codebuild:eu-west-1:1:project/p"].Properties.Get("Environment")
	if v := env.Get("EnvironmentVariables").Index(0); v.Get("Name").Text() != "SHOWN" || v.Get("Value").Kind() != bulwark.Secret || env.Get("Image").Text() != "shown" {
		t.Errorf("the project's environment is %v", env)
	}
}
