variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of the server and the database."
}

variable "server_group_id" {
  type        = string
  description = "Security group of the server."
}

variable "database_group_id" {
  type        = string
  description = "Security group of the database."
}

variable "pictures_arn" {
  type        = string
  description = "Bucket of the pictures."
}

variable "key_arn" {
  type        = string
  description = "Key of disks and database."
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/debian/release/12/latest/amd64"
}

resource "aws_instance" "server" {
  ami                         = data.aws_ssm_parameter.image.value
  instance_type               = "m7i.large"
  subnet_id                   = var.subnet_ids[0]
  vpc_security_group_ids      = [var.server_group_id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.server.name
  monitoring                  = true
  ebs_optimized               = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 40
    encrypted   = true
    kms_key_id  = var.key_arn
  }

  tags = {
    Name = "${var.name}-server"
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["ec2.amazonaws.com", "monitoring.rds.amazonaws.com"])

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

# The server reads pictures and nothing else.
data "aws_iam_policy_document" "server" {
  statement {
    sid       = "ReadPictures"
    actions   = ["s3:GetObject"]
    resources = ["${var.pictures_arn}/*"]
  }
}

resource "aws_iam_role" "server" {
  name               = "${var.name}-server"
  assume_role_policy = data.aws_iam_policy_document.trust["ec2.amazonaws.com"].json
}

resource "aws_iam_role_policy" "server" {
  name   = "read-pictures"
  role   = aws_iam_role.server.id
  policy = data.aws_iam_policy_document.server.json
}

resource "aws_iam_instance_profile" "server" {
  name = "${var.name}-server"
  role = aws_iam_role.server.name
}

resource "aws_iam_role" "monitoring" {
  name               = "${var.name}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.trust["monitoring.rds.amazonaws.com"].json
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_instance" "this" {
  identifier                          = var.name
  engine                              = "postgres"
  engine_version                      = "17.4"
  instance_class                      = "db.t4g.medium"
  allocated_storage                   = 100
  db_name                             = "shop"
  username                            = "shop"
  manage_master_user_password         = true
  db_subnet_group_name                = aws_db_subnet_group.this.name
  vpc_security_group_ids              = [var.database_group_id]
  publicly_accessible                 = false
  multi_az                            = true
  storage_encrypted                   = true
  kms_key_id                          = var.key_arn
  backup_retention_period             = 14
  deletion_protection                 = true
  auto_minor_version_upgrade          = true
  copy_tags_to_snapshot               = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]
  monitoring_interval                 = 60
  monitoring_role_arn                 = aws_iam_role.monitoring.arn
  performance_insights_enabled        = true
  performance_insights_kms_key_id     = var.key_arn
  final_snapshot_identifier           = "${var.name}-final"
}
