# A virtual machine that runs Bulwark, reached from named ranges on one port and
# administered through Session Manager: no SSH, no public address, no password.

data "aws_caller_identity" "current" {}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/debian/release/12/latest/amd64"
}

data "aws_subnet" "this" {
  id = var.subnet_id
}

# One key for the volumes and the logs.
resource "aws_kms_key" "this" {
  description             = "Bulwark: volumes and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Administration"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/bulwark/*"]
    }
  }
}

# The clouds answer on addresses that change daily, so that one port is all that
# can be said about where to.
# bulwark:ignore aws/ec2/no_open_egress interfaces of clouds have no fixed addresses; only port 443 is open
resource "aws_security_group" "this" {
  name        = "bulwark"
  description = "Bulwark: pages for viewers, and the interfaces of the clouds"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "pages" {
  for_each = toset(var.viewers)

  security_group_id = aws_security_group.this.id
  description       = "Pages for ${each.value}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8443
  to_port           = 8443
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "Interfaces of the clouds"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_instance" "this" {
  ami                         = data.aws_ssm_parameter.image.value
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this.id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.this.name
  monitoring                  = true
  ebs_optimized               = true
  disable_api_termination     = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
    kms_key_id  = aws_kms_key.this.arn
  }

  user_data_replace_on_change = true
  user_data = templatefile("${path.module}/start.sh.tftpl", {
    release    = var.release
    tls_secret = var.tls_secret_arn
    region     = var.region
    unit       = file("${path.module}/../systemd/bulwark.service")
  })

  tags = {
    Name = "bulwark"
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.this.availability_zone
  type              = "gp3"
  size              = var.data_gib
  encrypted         = true
  kms_key_id        = aws_kms_key.this.arn

  tags = {
    Name   = "bulwark-data"
    Backup = "daily"
  }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.this.id
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/bulwark/server"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.this.arn
}

output "address" {
  description = "Where the pages are, from the ranges that may see them."
  value       = "https://${aws_instance.this.private_ip}:8443"
}
