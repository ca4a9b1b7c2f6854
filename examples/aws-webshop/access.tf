# Who may deploy the shop: a user with a policy of its own, which may pass any
# role to anything.

resource "aws_iam_user" "deployer" {
  name = "${local.name}-deployer"
}

data "aws_iam_policy_document" "deployer" {
  statement {
    sid       = "Deploy"
    actions   = ["ec2:*", "rds:*", "s3:*"]
    resources = ["*"]
  }
  statement {
    sid       = "PassAnyRole"
    actions   = ["iam:PassRole"]
    resources = ["*"]
  }
}

resource "aws_iam_user_policy" "deployer" {
  name   = "deploy"
  user   = aws_iam_user.deployer.name
  policy = data.aws_iam_policy_document.deployer.json
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 8
  require_lowercase_characters   = true
  require_uppercase_characters   = false
  require_numbers                = true
  require_symbols                = false
  allow_users_to_change_password = true
}
