# What the machine itself may do: be administered through Session Manager, fetch
# its program and certificate, write its log, and read the configuration of this
# account. It may change nothing.

resource "aws_iam_role" "this" {
  name                 = "bulwark"
  description          = "Bulwark's machine: reads this account, changes nothing"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = {
    administered = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    reads        = "arn:aws:iam::aws:policy/SecurityAudit"
  }

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

data "aws_iam_policy_document" "own" {
  statement {
    sid       = "Program"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.release.bucket}/${var.release.key}"]
  }

  statement {
    sid       = "Certificate"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.tls_secret_arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.own.json
}

resource "aws_iam_instance_profile" "this" {
  name = "bulwark"
  role = aws_iam_role.this.name
}
