data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "storefront" {
  name               = "storefront"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_policy" "storefront" {
  name        = "halden-storefront"
  description = "What the storefront does in AWS"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
[[- if .Wrong "storefront/all-actions" 0.3]]
      Action   = "*"
      Resource = "*"
[[- else]]
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${module.assets.arn}/*"
[[- end]]
    }]
  })
}

resource "aws_iam_role_policy_attachment" "storefront" {
  role       = aws_iam_role.storefront.name
  policy_arn = aws_iam_policy.storefront.arn
}

resource "aws_iam_role" "pipeline" {
  name = "shop-pipeline"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::174938205566:role/build" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "pipeline" {
  role       = aws_iam_role.pipeline.name
  policy_arn = "arn:aws:iam::aws:policy/[[if .Wrong "pipeline/administrator" 0.5]]AdministratorAccess[[else]]PowerUserAccess[[end]]"
}
