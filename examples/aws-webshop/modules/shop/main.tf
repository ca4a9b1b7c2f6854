variable "name" {
  type        = string
  description = "Prefix of every name."
}

variable "subnet_id" {
  type        = string
  description = "Subnet of the server."
}

variable "database_subnets" {
  type        = list(string)
  description = "Subnets of the database."
}

variable "server_group_id" {
  type        = string
  description = "Security group of the server."
}

variable "database_group_id" {
  type        = string
  description = "Security group of the database."
}

variable "database_public" {
  type        = bool
  description = "Whether the database has a public address."
  default     = false
}

variable "pictures_bucket" {
  type        = string
  description = "Bucket of the pictures."
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/debian/release/12/latest/amd64"
}

resource "aws_instance" "server" {
  ami                         = data.aws_ssm_parameter.image.value
  instance_type               = "m7i.large"
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [var.server_group_id]
  associate_public_ip_address = true
  iam_instance_profile        = aws_iam_instance_profile.server.name

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 40
    encrypted   = false
  }

  user_data = <<-SCRIPT
    #!/bin/sh
    echo "BUCKET=${var.pictures_bucket}" >> /etc/webshop.env
    systemctl restart webshop
  SCRIPT

  tags = {
    Name = "${var.name}-server"
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# The server reads pictures. It may do everything.
data "aws_iam_policy_document" "server" {
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "server" {
  name               = "${var.name}-server"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "server" {
  name   = "everything"
  role   = aws_iam_role.server.id
  policy = data.aws_iam_policy_document.server.json
}

resource "aws_iam_instance_profile" "server" {
  name = "${var.name}-server"
  role = aws_iam_role.server.name
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.database_subnets
}

resource "aws_db_instance" "this" {
  identifier                  = var.name
  engine                      = "postgres"
  engine_version              = "17.4"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 100
  db_name                     = "shop"
  username                    = "shop"
  manage_master_user_password = true
  db_subnet_group_name        = aws_db_subnet_group.this.name
  vpc_security_group_ids      = [var.database_group_id]
  publicly_accessible         = var.database_public
  storage_encrypted           = false
  backup_retention_period     = 0
  deletion_protection         = false
  auto_minor_version_upgrade  = false
  skip_final_snapshot         = true
}
