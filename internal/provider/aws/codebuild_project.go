package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
)

var _ = collect(collector{
	Type: "AWS::CodeBuild::Project", Service: "codebuild",
	Needs: []need{lists("codebuild:ListProjects"), lists("codebuild:BatchGetProjects")},
	List: func(ctx context.Context, s *session) error {
		client := codebuild.NewFromConfig(s.cfg)
		names, err := all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListProjects(ctx, &codebuild.ListProjectsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Projects, out.NextToken, nil
		})
		if err != nil {
			return err
		}
		return within(ctx, s, chunks(names, 100), func(ctx context.Context, some []string) error {
			out, err := client.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: some})
			if err != nil {
				return err
			}
			err = drafts(ctx, s, out.Projects, func(_ context.Context, v types.Project, d *draft) error {
				d.take(v, nil)
				d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
				return nil
			})
			if len(out.Projects)+len(out.ProjectsNotFound) < len(some) {
				return or(err, errAnswer)
			}
			return err
		})
	},
})
